"""Who is needled and who needles: the patient's build, the practitioner's training, the law, the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tautband.assessment.case import BUILDS, OPPOSITE, Case, Screened, read_screening
from tautband.atlas import Atlas
from tautband.document import choice, key_name, mapping, number, parse_json, sequence, shown
from tautband.errors import CaseError, nearest

SCHEMA = "tautband.setting/1"
TRAINING = ("foundation", "advanced", "pelvic")
"""Declared training, least to most; each includes the ones before it."""

MODALITIES = ("manual", "electrical", "periosteal", "scar", "tendon")
IRRITABILITIES = ("low", "moderate", "high")
KEYS = (
    "schema",
    "patient",
    "screening",
    "session",
    "training",
    "modalities",
    "jurisdiction",
    "vocabulary",
    "ultrasound",
    "chest_side",
)


@dataclass(frozen=True, slots=True)
class Patient:
    """What of a person changes how deep and how strongly to needle; what is unknown is taken as the worst.

    Attributes
    ----------
    build
        `thin`, `average`, `heavy`; worked out from height and weight when it is not given.
    height_cm, weight_kg
        If known.
    irritability
        `low`, `moderate`, `high`; taken from the strongest pain painted when it is not given.
    """

    build: str | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
    irritability: str | None = None


@dataclass(frozen=True)
class Setting:
    """Where, by whom and with what the session takes place; the defaults are the strictest reading.

    Attributes
    ----------
    session
        1 for the first session of this person.
    training
        What the practitioner declares: `foundation`, `advanced`, `pelvic`, or nothing.
    modalities
        What is at hand and learnt: `manual`, `electrical`, `periosteal`, `scar`, `tendon`.
    jurisdiction
        A jurisdiction of the atlas; `unset` is the strictest.
    vocabulary
        The terms of the note: `trigger_point`, `ashi` or `ims`.
    ultrasound
        Whether the needle is guided on a screen.
    chest_side
        The side of the chest wall to treat when both are equally likely.
    screening
        Replies that stand beside those of the case; where they differ, the yes counts.
    """

    session: int = 1
    training: str | None = None
    modalities: tuple[str, ...] = ("manual",)
    jurisdiction: str = "unset"
    vocabulary: str = "trigger_point"
    ultrasound: bool = False
    chest_side: str | None = None
    screening: Mapping[str, Screened] = field(default_factory=dict)

    def trained(self, level: str) -> bool:
        """Whether the declared training includes a level."""
        return self.training is not None and TRAINING.index(self.training) >= TRAINING.index(level)

    def mirrored(self) -> Setting:
        """The same setting with left and right exchanged."""
        return replace(
            self,
            chest_side=self.chest_side and OPPOSITE[self.chest_side],
            screening={
                about: Screened(r.answer, tuple((p, OPPOSITE.get(s, "")) for p, s in r.where))
                for about, r in self.screening.items()
            },
        )


def read_setting(content: bytes | str | Mapping[str, Any], atlas: Atlas) -> tuple[Patient, Setting]:
    """Read a `tautband.setting/1` document: patient and setting in one file.

    Parameters
    ----------
    content
        The JSON document as bytes or text, or already parsed.
    atlas
        The atlas whose jurisdictions, vocabularies and contraindications it speaks of.

    Raises
    ------
    CaseError
        One line that names the field, the value and the nearest valid choice.
    """
    document = parse_json(content, "setting") if isinstance(content, bytes | str) else content
    if not isinstance(document, Mapping):
        raise CaseError(f"setting: expected a JSON object, got {shown(document)}")
    for key in document:
        if key not in KEYS:
            raise CaseError(f"{key_name(key)}: unknown field{nearest(key, KEYS)}")
    if document.get("schema") != SCHEMA:
        raise CaseError(f"schema: expected {SCHEMA!r}, got {shown(document.get('schema'))}")
    about = mapping(document.get("patient"), "patient", ("build", "height_cm", "weight_kg", "irritability"))
    patient = Patient(
        build=choice(about.get("build"), "patient.build", BUILDS),
        height_cm=number(about.get("height_cm"), "patient.height_cm", 50, 250),
        weight_kg=number(about.get("weight_kg"), "patient.weight_kg", 10, 400),
        irritability=choice(about.get("irritability"), "patient.irritability", IRRITABILITIES),
    )
    strictest = Setting()
    setting = Setting(
        session=_session(document.get("session")),
        training=choice(document.get("training"), "training", TRAINING),
        modalities=_modalities(document.get("modalities")) or strictest.modalities,
        jurisdiction=choice(document.get("jurisdiction"), "jurisdiction", jurisdictions(atlas))
        or strictest.jurisdiction,
        vocabulary=choice(document.get("vocabulary"), "vocabulary", vocabularies(atlas))
        or strictest.vocabulary,
        ultrasound=_switch(document.get("ultrasound"), "ultrasound"),
        chest_side=choice(document.get("chest_side"), "chest_side", ("left", "right")),
        screening=read_screening(document.get("screening"), atlas),
    )
    return patient, setting


def jurisdictions(atlas: Atlas) -> tuple[str, ...]:
    """The jurisdictions an atlas has a pack for.

    Parameters
    ----------
    atlas
        The atlas to read.
    """
    return tuple(dict.fromkeys(row.jurisdiction for row in atlas.jurisdictions))


def vocabularies(atlas: Atlas) -> tuple[str, ...]:
    """The vocabularies a note can be written in.

    Parameters
    ----------
    atlas
        The atlas to read.
    """
    return tuple(dict.fromkeys(row.vocabulary for row in atlas.vocabularies))


def known_of(patient: Patient, case: Case, atlas: Atlas) -> Patient:
    """Complete what is known of a patient from the case; where the two differ, the more cautious counts.

    Parameters
    ----------
    patient
        What was declared beside the case.
    case
        Its build, height, weight and intensities fill the gaps.
    atlas
        Its planning rules say what counts as thin and as irritable.
    """
    rules = atlas.planning_rules
    height = patient.height_cm or case.height_cm
    weight = patient.weight_kg or case.weight_kg
    builds = [b for b in (patient.build, case.build) if b is not None]
    if height and weight:
        bmi = weight / (height / 100) ** 2
        heavy = bmi >= rules["heavy_from_bmi"].value
        builds.append("thin" if bmi < rules["thin_below_bmi"].value else "heavy" if heavy else "average")
    strongest = [p.intensity for p in case.pain if p.intensity is not None]
    irritability = patient.irritability
    if irritability is None:
        sore = not strongest or max(strongest) >= rules["irritable_from_intensity"].value
        irritability = "high" if sore else "moderate"
    return Patient(min(builds, key=BUILDS.index, default=None), height, weight, irritability)


def _session(value: Any) -> int:
    if value is None:
        return 1
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1000:
        raise CaseError(f"session: {shown(value)} is not a session number; write 1 for the first")
    return value


def _modalities(value: Any) -> tuple[str, ...]:
    found = [choice(m, f"modalities[{i}]", MODALITIES) for i, m in enumerate(sequence(value, "modalities"))]
    return tuple(dict.fromkeys(m for m in found if m is not None))


def _switch(value: Any, where: str) -> bool:
    if value is None:
        return False
    if not isinstance(value, bool):
        raise CaseError(f"{where}: expected true or false, got {shown(value)}")
    return value
