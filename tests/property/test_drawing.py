"""Drawings: the fast way from strokes to cells against a slow obvious one, and anything at all as a drawing."""

import json
from itertools import pairwise
from math import hypot
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tautband.atlas.body import SHAPES, VIEWS, Body, Drawing, Stroke, paint, read_drawing, view, write_drawing
from tautband.errors import DrawingError

BODY = Body.load()


@st.composite
def strokes(draw: st.DrawFn, shape: str) -> dict[str, Any]:
    mode = draw(st.sampled_from(["paint", "erase"]))
    if draw(st.integers(0, 5)) == 0:
        region, side = draw(st.sampled_from(BODY.places))
        return {"mode": mode, "region": region, "side": side}
    name = draw(st.sampled_from(list(VIEWS)))
    shown = view(name, shape)
    x, y = st.floats(-50, shown.width + 50), st.floats(-50, shown.height + 50)
    plain = st.tuples(x, y).map(list)
    pressed = st.tuples(x, y, st.floats(0, 1)).map(list)
    points = draw(st.lists(plain | pressed, min_size=1, max_size=12))
    radius = draw(st.floats(1, 120))
    return {
        "mode": mode,
        "view": name,
        "points": points,
        "radius": radius,
        "intensity": draw(st.integers(0, 10)),
    }


@st.composite
def drawings(draw: st.DrawFn) -> Drawing:
    shape = draw(st.sampled_from(SHAPES))
    made = draw(st.lists(strokes(shape), max_size=4))
    return read_drawing({"body": BODY.version, "shape": shape, "strokes": made})


def slowly_under(stroke: Stroke, shape: str) -> set[int]:
    """Cell by cell and segment by segment."""
    shown = view(stroke.view, shape)
    points = [(x - shown.width / 2, y, pressure * stroke.radius) for x, y, pressure in stroke.points]
    segments = list(pairwise(points)) or [(points[0], points[0])]
    low = min(y - r for _, y, r in points) - 1, min(x - r for x, _, r in points) - 1
    touched = set()
    for cell, x, y in zip(shown.cells.tolist(), shown.x_from_middle.tolist(), shown.y.tolist(), strict=True):
        if y < low[0] - stroke.radius or x < low[1] - stroke.radius:
            continue
        for (x0, y0, r0), (x1, y1, r1) in segments:
            length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
            t = 0.0 if length2 == 0 else ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2
            t = min(max(t, 0.0), 1.0)
            if hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0)) <= r0 + t * (r1 - r0):
                touched.add(cell)
                break
    return touched


@settings(max_examples=15, deadline=None)
@given(drawings())
def test_the_fast_resolution_is_the_slow_one(drawing: Drawing) -> None:
    covered: set[int] = set()
    for stroke in drawing.strokes:
        if stroke.region:
            number = BODY.places.index((stroke.region, stroke.side))
            touched = set(np.flatnonzero(BODY.place_of_cell == number).tolist())
        else:
            touched = slowly_under(stroke, drawing.shape)
        covered = covered | touched if stroke.mode == "paint" else covered - touched
    fast = set(np.flatnonzero(paint(drawing).covered).tolist())
    assert len(fast ^ covered) <= 1e-4 * len(covered), "but for rounding at the very rim"


@settings(max_examples=30, deadline=None)
@given(drawings())
def test_mirroring_before_or_after_resolving_is_the_same(drawing: Drawing) -> None:
    here, there = paint(drawing), paint(drawing.mirrored())
    assert np.array_equal(there.stroke_of_cell[BODY.topology.mirrored_cell], here.stroke_of_cell)
    flip = {"left": "right", "right": "left", "midline": "midline"}
    one = {(r.region, flip[r.side]): (r.area_cm2, r.share, r.intensity) for r in here.regions}
    assert one == {(r.region, r.side): (r.area_cm2, r.share, r.intensity) for r in there.regions}


@settings(max_examples=30, deadline=None)
@given(drawings())
def test_a_drawing_is_read_as_it_was_written(drawing: Drawing) -> None:
    assert read_drawing(json.loads(json.dumps(write_drawing(drawing)))) == drawing


@settings(max_examples=30, deadline=None)
@given(drawings())
def test_shares_are_shares(drawing: Drawing) -> None:
    for place in paint(drawing).regions:
        assert 0 < place.share <= 1
        assert 0 < place.share_of_patch <= 1
        assert place.area_cm2 > 0


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
KEYS = st.sampled_from(
    ["body", "shape", "strokes", "view", "points", "radius", "mode", "region", "side", "intensity", "quality"]
)
VALUES = SCALARS | st.sampled_from(["1", "front", "paint", "temple", "left", "neutral"])
ANYTHING = st.recursive(
    VALUES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(ANYTHING, st.booleans())
def test_anything_is_read_or_refused_in_one_line(value: Any, as_stroke: bool) -> None:
    document = {"body": BODY.version, "strokes": [value]} if as_stroke else value
    try:
        paint(read_drawing(document))
    except DrawingError as error:
        line = str(error)
        assert line.splitlines() == [line]
        assert line.startswith("drawing")
