"""What is painted in one view shows in every other view of the same skin, exactly where its cells are."""

import itertools
import re
from typing import Any

import numpy as np
import pytest

from tautband.atlas.body import Drawing, View, paint, read_drawing, view
from tautband.atlas.body.outline import cells_path, seen_from_elsewhere


def stroke(name: str, *points: tuple[float, float], **more: Any) -> dict[str, Any]:
    """A stroke along points given in shares of the picture, 3 cm wide each side."""
    shown = view(name)
    path = [[x * shown.width, y * shown.height] for x, y in points]
    return {"view": name, "points": path, "radius": 3 * shown.units_per_cm, **more}


def drawing(*strokes: dict[str, Any]) -> Drawing:
    return read_drawing({"body": "1", "strokes": list(strokes)})


def inside(path: str, shown: View) -> np.ndarray:
    """Which of the view's cells have their middle within a path of quadratic curves, by the even-odd rule."""
    x, y = shown.x_from_middle + shown.width / 2, shown.y
    crossed = np.zeros(len(x), bool)
    for ring in filter(None, path.split("Z")):
        numbers = np.array([float(n) for n in re.findall(r"-?\d+", ring)]).reshape(-1, 2)
        line = [numbers[0]]
        for corner, end in zip(numbers[1::2], numbers[2::2], strict=True):
            start = line[-1]
            line += [
                (1 - t) ** 2 * start + 2 * t * (1 - t) * corner + t * t * end for t in (0.25, 0.5, 0.75, 1)
            ]
        for (x0, y0), (x1, y1) in itertools.pairwise(line):
            if y0 != y1:
                crossed ^= ((y0 <= y) != (y1 <= y)) & (x < x0 + (y - y0) * (x1 - x0) / (y1 - y0))
    return crossed


THIGH = stroke("front", (0.64, 0.56), (0.65, 0.6))


@pytest.mark.parametrize("name", ["left", "front", "left_leg_inner", "back"])
def test_a_path_of_cells_holds_those_cells_and_no_others(name: str) -> None:
    shown = view(name)
    painting = paint(drawing(THIGH))
    chosen = painting.covered[shown.cells]
    found = inside(cells_path(shown.cells[chosen], shown), shown)
    # rounding its corners and its numbers shifts the rim by a part of a cell
    wrong = int((found != chosen).sum())
    assert wrong <= 0.03 * max(int(chosen.sum()), 1)


def test_a_stroke_of_the_front_shows_from_the_side_but_not_from_behind_nor_twice() -> None:
    painting = paint(drawing(THIGH))
    (seen,) = seen_from_elsewhere(painting, view("left"))
    assert seen.stroke == 0
    covered = painting.covered[view("left").cells]
    assert covered.sum() > 100
    assert inside(seen.path, view("left")).sum() == pytest.approx(covered.sum(), rel=0.03)
    assert seen_from_elsewhere(painting, view("back")) == ()
    assert seen_from_elsewhere(painting, view("front")) == ()


def test_what_is_painted_or_erased_over_it_later_takes_its_place() -> None:
    over = stroke("left", (0.6, 0.5), (0.7, 0.62))
    rubbed = stroke("left", (0.6, 0.5), (0.7, 0.62), mode="erase")
    everything = {"view": "left", "points": [[300, 900]], "radius": 400}
    assert seen_from_elsewhere(paint(drawing(THIGH, everything, everything)), view("left")) == ()
    alone = seen_from_elsewhere(paint(drawing(THIGH)), view("left"))
    assert seen_from_elsewhere(paint(drawing(over, THIGH)), view("left")) == (
        type(alone[0])(1, alone[0].path),
    )
    # what was rubbed out from the side is told to the front, which painted it
    (erased,) = seen_from_elsewhere(paint(drawing(THIGH, {**rubbed, "radius": 300})), view("front"))
    assert erased.stroke == 1


def test_a_filled_region_is_no_stroke_of_a_view() -> None:
    filled = {"region": "thigh_lateral_upper", "side": "left"}
    assert seen_from_elsewhere(paint(drawing(filled)), view("left")) == ()
