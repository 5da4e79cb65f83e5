"""Screening: which contraindications apply, which are still to be asked, and what they close or change."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tautband.assessment.case import Case
from tautband.atlas import Atlas
from tautband.atlas.tables import Contraindication, NeedlingSite
from tautband.planning.setting import Patient, Setting

CHILD_UNDER = 18
SCOPES = ("absolute", "relative", "local", "precaution")
QUARTERS = (
    frozenset({"arm", "hand", "shoulder", "chest"}),
    frozenset({"foot", "leg", "knee", "thigh", "pelvis"}),
)
"""The areas that drain with an arm and with a leg."""


@dataclass(frozen=True, slots=True)
class Active:
    """A contraindication or precaution that applies, why we think so, and what it changes."""

    id: str
    condition: str
    scope: str
    because: str
    modifies: str
    effects: tuple[str, ...]
    places: tuple[str, ...]
    where: tuple[tuple[str, str], ...]
    why: str
    evidence_status: str
    sources: tuple[str, ...]
    source_read: bool


@dataclass(frozen=True, slots=True)
class Open:
    """A screening question nobody has answered; an absolute or relative one keeps the plan provisional."""

    id: str
    condition: str
    scope: str
    ask: str
    provisional: bool


@dataclass(frozen=True, slots=True)
class Screening:
    """What screening found.

    Attributes
    ----------
    active
        What applies, the gravest scope first.
    open
        What is unanswered, the gravest scope first.
    """

    active: tuple[Active, ...]
    open: tuple[Open, ...]

    @property
    def complete(self) -> bool:
        """Whether every absolute and relative contraindication is answered."""
        return not any(o.provisional for o in self.open)

    def having(self, effect: str) -> tuple[Active, ...]:
        """What applies and has an effect."""
        return tuple(a for a in self.active if effect in a.effects)

    def unanswered_electrical(self, atlas: Atlas) -> tuple[Open, ...]:
        """The open questions whose yes would forbid current."""
        return tuple(o for o in self.open if "no_electrical" in atlas.contraindications[o.id].effects)


def screen_case(case: Case, atlas: Atlas, patient: Patient, setting: Setting) -> Screening:
    """Find what applies and what is still open.

    Parameters
    ----------
    case
        Its replies, its answers and its age and sex settle questions.
    atlas
        The contraindications, and which answers of the interview mean a yes or a no.
    patient
        A thin build counts as a yes to the question about lung disease or a very slim build.
    setting
        Its replies stand beside those of the case.

    Returns
    -------
    Screening
        A yes from anywhere counts as a yes; a no counts only where nothing says yes.
    """
    active, still_open = [], []
    for row in atlas.contraindications.values():
        if not _can_apply(row, case):
            continue
        reasons, where, denied = _replies(row, case, atlas, patient, setting)
        if reasons or not row.ask:
            active.append(_active(row, "; ".join(reasons) or "holds for everyone", where))
        elif not denied:
            still_open.append(
                Open(row.id, row.condition, row.scope, row.ask, row.scope in ("absolute", "relative"))
            )
    return Screening(
        tuple(sorted(active, key=lambda a: SCOPES.index(a.scope))),
        tuple(sorted(still_open, key=lambda o: SCOPES.index(o.scope))),
    )


def _can_apply(row: Contraindication, case: Case) -> bool:
    if row.sex != "any" and case.sex not in (row.sex, "other", None):
        return False
    if case.age is None:
        return True
    return (row.age_min is None or case.age >= row.age_min) and (
        row.age_max is None or case.age <= row.age_max
    )


def _replies(
    row: Contraindication, case: Case, atlas: Atlas, patient: Patient, setting: Setting
) -> tuple[list[str], tuple[tuple[str, str], ...], bool]:
    reasons: list[str] = []
    places: list[tuple[tuple[str, str], ...]] = []
    denied = False
    for reply in (case.screening.get(row.id), setting.screening.get(row.id)):
        if reply is not None and reply.answer == "yes":
            reasons.append("answered yes")
            places.append(reply.where)
        denied = denied or (reply is not None and reply.answer == "no")
    for known in atlas.screening_answers:
        if known.contraindication == row.id and known.answer in case.answers.get(known.question, ()):
            if known.means == "yes":
                reasons.append(f"the interview: “{atlas.questions[known.question].ask}” {known.answer}")
                places.append(())
            else:
                denied = True
    if row.id == "under_18" and case.age is not None:
        denied = case.age >= CHILD_UNDER
        if not denied:
            reasons.append("the age given")
            places.append(())
    if row.id == "lung_disease_thin" and patient.build == "thin":
        reasons.append("a thin build")
        places.append(())
    # one reply without a place means everywhere, whatever another one names
    where = () if any(not named for named in places) else tuple(p for named in places for p in named)
    return list(dict.fromkeys(reasons)), where, denied


def _active(row: Contraindication, because: str, where: tuple[tuple[str, str], ...]) -> Active:
    return Active(
        id=row.id,
        condition=row.condition,
        scope=row.scope,
        because=because,
        modifies=row.modifies,
        effects=row.effects,
        places=row.places,
        where=where,
        why=row.why,
        evidence_status=row.evidence_status,
        sources=row.provenance.sources,
        source_read=row.provenance.source_read,
    )


@dataclass(frozen=True, slots=True)
class SitePlace:
    """Where a site lies, as far as screening needs to know."""

    row: NeedlingSite
    trigger_point: str
    region: str
    side: str


def closings(screening: Screening, site: SitePlace, atlas: Atlas, setting: Setting) -> tuple[Active, ...]:
    """What closes a site for this person.

    Parameters
    ----------
    screening
        What applies.
    site
        The site.
    atlas
        Regions, hazards, acupoints.
    setting
        A needle guided on a screen opens the lung field again where the contraindication allows that.
    """
    return tuple(a for a in screening.active if _closes(a, site, atlas, setting))


def _closes(item: Active, site: SitePlace, atlas: Atlas, setting: Setting) -> bool:
    area = atlas.regions[site.region].area
    kinds = {atlas.hazards[h].kind for h in site.row.hazards}
    deep = atlas.muscles[site.row.muscle].depth == "deep"
    listed = site.region in item.places or area in item.places
    tests: Mapping[str, Callable[[], bool]] = {
        "no_needling": lambda: True,
        "close": lambda: listed and _on_side(item, site.side),
        "close_device": lambda: listed,
        "close_here": lambda: not item.where or _named(item, site, area, atlas),
        "close_if_placed": lambda: bool(item.where) and _named(item, site, area, atlas),
        "close_lung": lambda: (
            "lung" in kinds and not (setting.ultrasound and item.id == "pneumothorax_history")
        ),
        "close_uncompressible": lambda: deep or bool(kinds & {"cord", "organ"}),
        "close_paraspinal": lambda: "cord" in kinds and listed,
        "flat_only": lambda: listed and site.row.stop not in ("tangent", "grip"),
        "no_points": lambda: bool(_forbidden_points(site.trigger_point, atlas)),
    }
    return any(tests[effect]() for effect in item.effects if effect in tests)


def _on_side(item: Active, side: str) -> bool:
    sides = {s for _, s in item.where}
    return not item.where or bool({"", "midline", side} & sides)


def _named(item: Active, site: SitePlace, area: str, atlas: Atlas) -> bool:
    return any(
        side in ("", "midline", site.side) and _reaches(item, place, site, area, atlas)
        for place, side in item.where
    )


def _reaches(item: Active, place: str, site: SitePlace, area: str, atlas: Atlas) -> bool:
    if place not in atlas.regions:
        return area in _drained_with(place) if "lymph" in item.id or "node" in item.id else area == place
    if "lymph" in item.id or "node" in item.id:
        return area in _drained_with(atlas.regions[place].area)
    return site.region == place or any(n.neighbour == site.region for n in atlas.neighbours_of.get(place, ()))


def _drained_with(area: str) -> frozenset[str]:
    return next((quarter for quarter in QUARTERS if area in quarter), frozenset({area}))


def _forbidden_points(trigger_point: str, atlas: Atlas) -> tuple[str, ...]:
    """The acupoints at a site that texts forbid in pregnancy."""
    return tuple(
        row.acupoint
        for row in atlas.correspondence
        if row.trigger_point == trigger_point
        and row.relation == "same_site"
        and row.acupoint in atlas.pregnancy_points
    )
