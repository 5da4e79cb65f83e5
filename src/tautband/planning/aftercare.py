"""Aftercare and what to expect: which advice belongs to these passes, for the person and for the record."""

from __future__ import annotations

from dataclasses import dataclass

from tautband.atlas import Atlas

PARTS = ("now", "today", "expect", "days", "warning", "later")


@dataclass(frozen=True, slots=True)
class Advice:
    """One piece of advice: plain words for the person, a few for the record."""

    id: str
    part: str
    text: str
    record: str
    timing: str
    evidence_status: str
    sources: tuple[str, ...]
    source_read: bool


def aftercare_for(who: frozenset[str], atlas: Atlas) -> tuple[Advice, ...]:
    """The advice that belongs to a session.

    Parameters
    ----------
    who
        What of the session calls for advice: `first`, `faint`, `lung`, `spine`, `limb`, `bleeding`.
    atlas
        The advice; that for `all` always belongs.
    """
    chosen = [row for row in atlas.aftercare.values() if (who | {"all"}) & set(row.who) and row.part in PARTS]
    chosen.sort(key=lambda row: PARTS.index(row.part))
    return tuple(
        Advice(
            row.id,
            row.part,
            row.text,
            row.record,
            row.timing,
            row.evidence_status,
            row.provenance.sources,
            row.provenance.source_read,
        )
        for row in chosen
    )
