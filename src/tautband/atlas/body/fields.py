"""Smooth fields on the skin: a trigger point's referral, a posterior, a drawing, a cohort.

A field has one value from 0 to 1 for each cell. It starts from whole regions or cells and is smoothed along the skin by
averaging each cell with its neighbours; in space and not in the picture, so every view shows the same field. The mesh
is finer where the body is finer, and the smoothing with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from tautband.atlas.atlas import Atlas
from tautband.atlas.body.body import Body
from tautband.atlas.body.drawing import Painting
from tautband.atlas.body.surface import Floats
from tautband.atlas.body.views import OTHER_SIDE

ZONE_LEVEL = {"essential": 1.0, "spillover": 0.4, "local": 0.4}
"""How strongly a zone shows in a picture; only the order means something."""

STEPS = 30


def smooth(values: Floats, steps: int = STEPS) -> Floats:
    """Average each cell with its neighbours so many times, weighing by area; the whole keeps its sum.

    Parameters
    ----------
    values
        (107024,) one value for each cell.
    """
    body = Body.load()
    pairs = body.topology.neighbours
    one, other = pairs.T
    areas = body.shape().areas_cm2
    for _ in range(steps):
        # what flows over each edge is symmetric, so nothing is lost; a quarter keeps the step stable
        flow = 0.25 * np.minimum(areas[one], areas[other]) * (values[other] - values[one])
        values = (
            values + (np.bincount(one, flow, len(values)) - np.bincount(other, flow, len(values))) / areas
        )
    return values


def of_places(levels: Iterable[tuple[str, str, float]], steps: int = STEPS) -> Floats:
    """A smooth field from levels of whole regions: region, side, level from 0 to 1; the highest counts."""
    body = Body.load()
    by_place = np.zeros(len(body.places) + 1)
    for region, side, level in levels:
        i = body.places.index((region, side))
        by_place[i] = max(by_place[i], level)
    return np.clip(smooth(by_place[body.place_of_cell], steps), 0, 1)


def referral_zones(trigger_point: str, side: str, atlas: Atlas) -> tuple[tuple[str, str, str], ...]:
    """Where a trigger point of one side refers: region, side and zone of every row of its pattern."""
    body = Body.load()

    def place_side(region: str, relative: str) -> str:
        if region in body.midline:
            return "midline"
        return side if relative == "same" else OTHER_SIDE[side]

    rows = atlas.referrals_of.get(trigger_point, ())
    return tuple((row.region, place_side(row.region, row.side), row.zone) for row in rows)


def referral(trigger_point: str, side: str, atlas: Atlas) -> Floats:
    """The referral of one trigger point as a field: near 1 in the essential zone, lower where it spills over."""
    zones = referral_zones(trigger_point, side, atlas)
    return of_places((region, at, ZONE_LEVEL[zone]) for region, at, zone in zones)


def posterior(causes: Iterable[tuple[str, str, float]], atlas: Atlas) -> Floats:
    """The chance that a cell is reached by one of several trigger points: each with its side and probability."""
    missed = np.ones(len(Body.load().topology.cells))
    for trigger_point, side, probability in causes:
        missed *= 1 - probability * referral(trigger_point, side, atlas)
    return 1 - missed


def drawn(painting: Painting) -> Floats:
    """A drawing as a field: intensity by ten, and 0.6 where none was given."""
    intensity = painting.intensity_of_cell / 10
    return np.where(painting.covered, np.where(np.isnan(intensity), 0.6, intensity), 0.0)


def cohort(paintings: Sequence[Painting]) -> Floats:
    """The share of drawings that cover each cell."""
    counts = np.zeros(len(Body.load().topology.cells))
    for painting in paintings:
        counts += painting.covered
    return counts / max(len(paintings), 1)
