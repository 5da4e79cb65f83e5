"""Outlines of cells as they show in a view, so that what was painted in one view can be shown in every other."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from tautband.atlas.body.body import Body
from tautband.atlas.body.drawing import Painting
from tautband.atlas.body.surface import Ints
from tautband.atlas.body.views import View


@dataclass(frozen=True, slots=True)
class SeenStroke:
    """What shows of a stroke in a view that it was not painted in.

    Attributes
    ----------
    stroke
        Its index in the drawing.
    path
        An SVG path in the view's coordinates, to be filled by the even-odd rule.
    """

    stroke: int
    path: str


def seen_from_elsewhere(painting: Painting, shown: View) -> tuple[SeenStroke, ...]:
    """What shows in a view of the brush strokes of other views, painting or erasing, as far as none lies over it."""
    last = painting.last_of_cell[shown.cells]
    strokes = painting.drawing.strokes
    return tuple(
        SeenStroke(i, cells_path(shown.cells[last == i], shown))
        for i in np.unique(last[last >= 0]).tolist()
        if strokes[i].view not in ("", shown.id)
    )


def cells_path(cells: Ints, shown: View) -> str:
    """The outline of cells in a view as an SVG path of `M`, `Q` and `Z`, with its corners rounded off.

    Parameters
    ----------
    cells
        Ascending.
    """
    body = Body.load()
    corners = body.topology.cells[cells]
    starts, ends = corners.ravel(), np.roll(corners, -1, axis=1).ravel()
    n = int(starts.max(initial=0)) + 1
    # inside, every edge is run through once either way
    rim = ~np.isin(starts * n + ends, ends * n + starts)
    following: dict[int, list[int]] = defaultdict(list)
    for start, end in zip(starts[rim].tolist(), ends[rim].tolist(), strict=True):
        following[start].append(end)
    vertices = body.shape(shown.shape, shown.geometry["pose"]).vertices_cm
    parts = []
    while following:
        ring = [next(iter(following))]
        while (at := following.get(ring[-1])) is not None:
            end = at.pop()
            if not at:
                del following[ring[-1]]
            ring.append(end)
        parts.append(_rounded(shown.project(vertices[ring[:-1]])[:, :2].tolist()))
    return "".join(parts)


def _rounded(points: list[list[float]]) -> str:
    """A closed line through the middles of a polygon's sides, drawn towards its corners."""
    before = points[-1]
    x, y = _middle(before, points[0])
    path = [f"M{x} {y}"]
    for point, after in zip(points, [*points[1:], points[0]], strict=True):
        x, y = _middle(point, after)
        path.append(f"Q{round(point[0])} {round(point[1])} {x} {y}")
    return "".join(path) + "Z"


def _middle(one: list[float], other: list[float]) -> tuple[int, int]:
    return round((one[0] + other[0]) / 2), round((one[1] + other[1]) / 2)
