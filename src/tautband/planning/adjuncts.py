"""What goes with the needles: the paired treatments of an area, and which of them should come first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tautband.assessment.assess import Assessment
from tautband.assessment.rules import CaseView, evaluate, parse
from tautband.atlas import Atlas
from tautband.atlas.tables import Adjunct

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


@dataclass(frozen=True, slots=True)
class OtherLayer:
    """A layer beside muscle that holds a share: its likeliest cause, and what to look for before needling."""

    layer: str
    share: float
    cause: str
    name: str
    look_for: tuple[str, ...]
    sources: tuple[str, ...]


def other_layers(assessment: Assessment, worth: float, atlas: Atlas) -> tuple[OtherLayer, ...]:
    """The other layers that hold a share worth minding, the largest first.

    Parameters
    ----------
    assessment
        Shares of the layers and the causes in them.
    worth
        Shares below it are left out.
    atlas
        The look-alikes.
    """
    found = []
    for layer, share in assessment.layers.items():
        causes = [c for c in assessment.causes if c.kind == "lookalike" and c.layer == layer]
        if layer == "myofascial" or share < worth or not causes:
            continue
        first = max(causes, key=lambda c: (c.main_source, c.id))
        row = atlas.lookalikes[first.id]
        found.append(OtherLayer(layer, share, row.id, row.name, row.signs[:3], row.provenance.sources))
    return tuple(sorted(found, key=lambda o: (-round(o.share, 9), o.layer)))


def paired_treatments(
    areas: Iterable[str], muscles: frozenset[str], likely: frozenset[str], told: CaseView, atlas: Atlas
) -> tuple[PairedTreatment, ...]:
    """The treatments that fit areas, muscles and complaint, those that come before a needle first.

    Parameters
    ----------
    areas
        Areas of the passes, or of the complaint when there are none.
    muscles
        Muscles that are needled or likely; a row about some muscles is shown only with one of them.
    likely
        Look-alikes that hold a share; a row about one of them is shown only then.
    told
        What was painted and answered; a row about an injury or a sport is shown only when it was told.
    atlas
        The adjuncts.
    """
    wanted = {*areas, "any"}
    rows = [row for row in atlas.adjuncts if row.area in wanted and _fits(row, muscles, likely, told, atlas)]
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


def _fits(
    row: Adjunct, muscles: frozenset[str], likely: frozenset[str], told: CaseView, atlas: Atlas
) -> bool:
    about = {m for name in row.muscles for m in atlas.muscles_named(name)}
    return (
        (not about or bool(about & muscles))
        and (not row.lookalikes or bool(likely & set(row.lookalikes)))
        and evaluate(parse(row.applies_when), told) is True
    )
