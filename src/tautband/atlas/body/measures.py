"""Numbers about drawings: how large, how strong, how widespread, and how one visit differs from another.

Areas are measured on the neutral body whatever shape was drawn on, so that they compare between visits and people.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tautband.atlas.atlas import Atlas
from tautband.atlas.body.body import Body
from tautband.atlas.body.drawing import Painting


@dataclass(frozen=True, slots=True)
class Extent:
    """How large and how strong the pain of a drawing is.

    Attributes
    ----------
    area_cm2, percent_of_skin
        Painted area.
    mean_intensity
        Mean over the painted area where an intensity was given, weighted by area.
    intensity_area_cm2
        Sum over the painted cells of area times intensity, 0 to 10; painted without an intensity counts nothing.
    """

    area_cm2: float
    percent_of_skin: float
    mean_intensity: float | None
    intensity_area_cm2: float


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the painted area between two drawings.

    Attributes
    ----------
    before_cm2, after_cm2
        Painted areas.
    kept_cm2, gone_cm2, new_cm2
        Painted in both, only before, only after.
    jaccard
        Kept area by the area painted in either (Jaccard 1912); 1 when both are empty.
    overlap
        Kept area by the smaller of the two; 1 when one is empty.
    """

    before_cm2: float
    after_cm2: float
    kept_cm2: float
    gone_cm2: float
    new_cm2: float
    jaccard: float
    overlap: float


def extent(painting: Painting) -> Extent:
    """Measure one drawing."""
    body = Body.load()
    areas, covered = body.shape().areas_cm2, painting.covered
    area = float(areas[covered].sum())
    intensity = painting.intensity_of_cell
    rated = ~np.isnan(intensity)
    weighted = float((areas[rated] * intensity[rated]).sum())
    rated_area = float(areas[rated].sum())
    return Extent(
        area, 100 * area / body.skin_area_cm2(), weighted / rated_area if rated_area else None, weighted
    )


def change(before: Painting, after: Painting) -> Change:
    """Compare the drawings of two visits; they may have been painted on different shapes and in different views."""
    areas = Body.load().shape().areas_cm2
    kept, gone, new = (
        float(areas[cells].sum())
        for cells in (
            before.covered & after.covered,
            before.covered & ~after.covered,
            after.covered & ~before.covered,
        )
    )
    either, smaller = kept + gone + new, min(kept + gone, kept + new)
    return Change(
        kept + gone,
        kept + new,
        kept,
        gone,
        new,
        kept / either if either else 1.0,
        kept / smaller if smaller else 1.0,
    )


def widespread_pain_index(places: Iterable[tuple[str, str]], atlas: Atlas) -> int:
    """Count the areas of the widespread pain index that hold a painted place, 0 to 19.

    The areas, and which regions stand for them, are rows of the atlas (`widespread_areas`) with their sources. The
    index asks about the past week and is one part of criteria that need more than a drawing.

    Parameters
    ----------
    places
        Region and side of each painted place.
    """
    area_of = {row.region: row for row in atlas.widespread_areas}
    return len(
        {
            (row.area, side if row.sided else "")
            for region, side in places
            if (row := area_of.get(region)) is not None
        }
    )
