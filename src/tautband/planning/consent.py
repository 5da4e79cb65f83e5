"""The consent text, assembled from the plan: what, where, risks with their figures, alternatives, the right to stop."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tautband.atlas import Atlas
from tautband.atlas.tables import AdverseEvent
from tautband.planning.adjuncts import PairedTreatment
from tautband.planning.law import Pack
from tautband.planning.needle_pass import Pass
from tautband.planning.screening import Screening

ALWAYS = ("any_mild", "bruise", "bleeding", "post_needling_soreness", "aggravation", "drowsiness", "syncope")
GRAVE = ("any_significant", "any_major")
CURRENT = ("e_stim_burn",)


@dataclass(frozen=True, slots=True)
class Risk:
    """A risk as it is told: the event, plain words, and every published figure with its denominator."""

    id: str
    event: str
    grade: str
    tell: str
    figures: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consent:
    """What the person is told before the first needle.

    Attributes
    ----------
    text
        The exact words, paragraph by paragraph.
    digest
        First 16 hexadecimal digits of a SHA-256 over the text: a signature that names it points at these words.
    written
        Whether it has to be signed here.
    extra
        What needs a consent of its own, and why.
    risks
        The risks told, the special ones of these passes first.
    """

    text: tuple[str, ...]
    digest: str
    written: bool
    extra: tuple[str, ...]
    risks: tuple[Risk, ...]


def digest_of(text: Sequence[str]) -> str:
    """The digest of a text.

    Parameters
    ----------
    text
        Its paragraphs.
    """
    return hashlib.sha256("\n".join(text).encode()).hexdigest()[:16]


def consent_for(
    passes: Sequence[Pass],
    current: int,
    act: str,
    screening: Screening,
    adjuncts: Iterable[PairedTreatment],
    pack: Pack,
    atlas: Atlas,
) -> Consent:
    """Assemble the consent text of a plan.

    Parameters
    ----------
    passes
        The passes; without any there is nothing to consent to, and the text says so.
    current
        Needles beside the spine that are there for electrical stimulation; 0 without it.
    act
        The name of the act in the vocabulary of the note.
    screening
        What applies and asks for a consent of its own.
    adjuncts
        The alternatives.
    pack
        The jurisdiction.
    atlas
        Risks and their figures.
    """
    extra = [f"{a.condition}: {a.modifies}" for a in screening.having("extra_consent")]
    if current:
        extra.append("Electricity through the needles")
    if not passes:
        nothing = ("No needling is planned, so there is nothing to consent to.",)
        return Consent(nothing, digest_of(nothing), False, (), ())
    named = {e for p in passes for h in p.hazards for e in atlas.hazards[h.id].adverse_events}
    grave = [e for e in dict.fromkeys(row.id for row in atlas.adverse_events) if e in named]
    risks = tuple(_risk(e, atlas) for e in (*grave, *(CURRENT if current else ()), *GRAVE, *ALWAYS))
    where = "; ".join(dict.fromkeys(f"{p.name}, {p.side}" for p in passes))
    instead = (
        "; ".join(dict.fromkeys(a.what for a in adjuncts if a.when != "along"))
        or "exercise, hands-on treatment"
    )
    text = (
        f"What: {act} with thin, sterile, single-use needles. You may feel a prick, an ache or a twitch of the muscle.",
        f"Where: {where}. {_needles(len(passes) + current)} through the skin"
        f"{', some of them joined to a small current' if current else ''}.",
        "Why: these muscles most probably take part in your pain. Needling helps some people for a time; how sure that "
        "is for your complaint, and that no best dose is known, has been explained.",
        *(_told(r) for r in risks),
        f"Instead of it, or before it: {instead}; or no needling at all.",
        "You may say no, ask for fewer needles, or stop at any moment, without giving a reason and without being "
        "treated worse for it.",
        *(f"Needs a yes of its own: {item}." for item in extra),
        "You have been asked about your health, medicines and devices, and know what to look for afterwards and whom "
        "to call.",
    )
    return Consent(text, digest_of(text), pack.written_consent, tuple(extra), risks)


def _needles(count: int) -> str:
    return "1 needle" if count == 1 else f"{count} needles"


def _told(risk: Risk) -> str:
    figures = f" ({'; '.join(risk.figures)})" if risk.figures else " (no rate is known)"
    tell = f" {risk.tell}." if risk.tell else ""
    return f"Risk: {risk.event.lower()}{figures}.{tell}"


def _risk(event: str, atlas: Atlas) -> Risk:
    rows = [row for row in atlas.adverse_events if row.id == event]
    return Risk(
        id=event,
        event=rows[0].event,
        grade=rows[0].grade,
        tell=rows[0].tell_patient,
        figures=tuple(f for row in rows if (f := _figure(row))),
        sources=tuple(dict.fromkeys(s for row in rows for s in row.provenance.sources)),
    )


def _figure(row: AdverseEvent) -> str:
    if row.numerator is not None and row.denominator is not None:
        plural = "" if row.denominator == 1 else "s"
        interval = (
            f", 95% interval {row.ci_low_pct:.3g} to {row.ci_high_pct:.3g}%"
            if row.ci_low_pct is not None and row.ci_high_pct is not None
            else ""
        )
        study = f"{row.study}: " if row.study != "none" else ""
        unit = row.unit.replace("reported incident", "reported incident (a share of reports, not a rate)")
        return f"{study}{row.numerator:,} of {row.denominator:,} {unit}{plural if '(' not in unit else ''}{interval}"
    if row.rate_pct is not None:
        return f"{row.study}: {row.rate_pct:g}% per {row.unit}"
    return (
        "single cases are published"
        if "case" in row.study or "textbook" in row.study or "cadaver" in row.study
        else ""
    )
