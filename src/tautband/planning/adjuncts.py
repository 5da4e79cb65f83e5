"""What goes with the needles: the paired treatments of an area, and which of them should come first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tautband.atlas import Atlas

WHEN = ("instead", "first", "along")


@dataclass(frozen=True, slots=True)
class PairedTreatment:
    """A treatment beside needling: when it comes, and what trials found needling to add to it."""

    area: str
    condition: str
    kinds: tuple[str, ...]
    what: str
    when: str
    verdict: str
    added_value: str
    note: str
    sources: tuple[str, ...]
    source_read: bool


def paired_treatments(
    areas: Iterable[str], likely: frozenset[str], atlas: Atlas
) -> tuple[PairedTreatment, ...]:
    """The treatments that belong to the areas of the passes, those that come before a needle first.

    Parameters
    ----------
    areas
        Areas of the passes, or of the complaint when there are none.
    likely
        Look-alikes that hold a share; a row about one of them is shown only then.
    atlas
        The adjuncts.
    """
    wanted = {*areas, "any"}
    rows = [
        row for row in atlas.adjuncts if row.area in wanted and (not row.lookalike or row.lookalike in likely)
    ]
    rows.sort(key=lambda row: (row.area == "any", WHEN.index(row.when)))
    return tuple(
        PairedTreatment(
            row.area,
            row.condition,
            row.kinds,
            row.what,
            row.when,
            row.verdict,
            row.added_value,
            row.note,
            row.provenance.sources,
            row.provenance.source_read,
        )
        for row in rows
    )
