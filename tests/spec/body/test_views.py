"""Views and charts: the way from picture to surface and back, outlines, fields, pictures that are well formed."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from tautband.atlas import Atlas
from tautband.atlas.body import SHAPES, VIEWS, Body, view
from tautband.atlas.body.chart import mirrored_place
from tautband.atlas.body.fields import of_places, referral, referral_zones, smooth
from tautband.atlas.body.illustrate import of_channel, of_muscle, of_region
from tautband.atlas.body.views import flip_path, other_view

ATLAS = Atlas.load()
BODY = Body.load()
ALL = [(name, shape) for name in VIEWS for shape in SHAPES]


@pytest.mark.parametrize("name", VIEWS)
def test_the_place_at_the_middle_of_a_visible_cell_is_that_cell(name: str) -> None:
    shown = view(name)
    chosen = np.random.default_rng(3).choice(len(shown.cells), 40, replace=False)
    found = []
    for i in chosen:
        place = shown.place_at(float(shown.x_from_middle[i] + shown.width / 2), float(shown.y[i]))
        assert place is not None
        found.append(place.cell == shown.cells[i])
        assert 0 <= place.u <= 1
        assert 0 <= place.v <= 1
    assert np.mean(found) > 0.9, "but for cells partly hidden by others"


def test_beside_the_body_there_is_no_place() -> None:
    assert view("front").place_at(3, 3) is None
    assert view("front").place_at(-1e6, 3) is None


@pytest.mark.parametrize("name", VIEWS)
def test_a_place_is_drawn_where_it_was_picked(name: str) -> None:
    shown = view(name)
    i = len(shown.cells) // 2
    x, y = float(shown.x_from_middle[i] + shown.width / 2), float(shown.y[i])
    place = shown.place_at(x, y)
    assert place is not None
    at = BODY.shape(shown.shape, shown.geometry["pose"]).place_cm(place.cell, place.u, place.v)
    assert shown.project(at[None])[0, :2] == pytest.approx((x, y), abs=1e-6)


def test_views_together_show_nearly_all_of_the_skin() -> None:
    seen = np.zeros(len(BODY.topology.cells), bool)
    for name in VIEWS:
        seen[view(name).cells] = True
    areas, on_skin = BODY.shape().areas_cm2, BODY.place_of_cell >= 0
    assert areas[seen & on_skin].sum() > 0.93 * areas[on_skin].sum()
    for number, place in enumerate(BODY.places):
        cells = BODY.place_of_cell == number
        assert areas[seen & cells].sum() > 0.5 * areas[cells].sum(), place


@pytest.mark.parametrize(("name", "shape"), ALL)
def test_every_view_is_a_well_formed_picture_with_labelled_outlines(name: str, shape: str) -> None:
    shown = view(name, shape)
    ET.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg">{shown.art}</svg>')
    assert len(shown.art) < 130_000
    places = {(o.region, o.side) for o in shown.outlines}
    assert places <= set(BODY.places)
    assert len(places) == len(shown.outlines)
    visible = set(np.unique(BODY.place_of_cell[shown.cells]).tolist()) - {-1}
    areas = BODY.place_areas_cm2(shape)
    missing = [BODY.places[i] for i in visible if BODY.places[i] not in places]
    for place in missing:  # only slivers may lack an outline
        number = BODY.places.index(place)
        cells = shown.cells[BODY.place_of_cell[shown.cells] == number]
        assert BODY.shape(shape).areas_cm2[cells].sum() < 0.08 * areas[number], place


@pytest.mark.parametrize(("name", "shape"), ALL)
def test_outlines_are_closed_and_no_curve_of_theirs_swings_out(name: str, shape: str) -> None:
    for outline in view(name, shape).outlines:
        rings = outline.path.split("z")
        assert rings.pop() == ""
        assert all(ring.startswith("M") for ring in rings)
        curves = [re.findall(r"-?\d+", curve) for ring in rings for curve in ring.split("c")[1:]]
        first, second, end = np.array(curves, float).reshape(-1, 3, 2).transpose(1, 0, 2)
        # a third of the chord, and what rounding to whole units can add at both ends
        room = np.hypot(*end.T) / 3 + 2
        assert (np.hypot(*first.T) <= room).all()
        assert (np.hypot(*(end - second).T) <= room).all()


@pytest.mark.parametrize("name", VIEWS)
def test_the_other_side_is_the_mirror_image(name: str) -> None:
    here, there = view(name), view(other_view(name))
    mirrored = np.sort(BODY.topology.mirrored_cell[here.cells])
    assert np.array_equal(mirrored, there.cells)
    assert (here.width, here.height) == (there.width, there.height)
    if name != other_view(name):
        one = {(o.region, o.side): o.path for o in here.outlines}
        flip = {"left": "right", "right": "left", "midline": "midline"}
        assert {(r, flip[s]) for r, s in one} == {(o.region, o.side) for o in there.outlines}


def test_flipping_a_path_twice_gives_it_back() -> None:
    path = "M10 20c1.5 -2 3 0 4.5 6z"
    assert flip_path(path, 100) == "M90 20c-1.5 -2 -3 0 -4.5 6z"
    assert re.sub(r"\s", "", flip_path(flip_path(path, 100), 100)) == re.sub(r"\s", "", path)


def test_smoothing_moves_a_field_and_loses_nothing() -> None:
    areas = BODY.shape().areas_cm2
    before = (BODY.place_of_cell == BODY.places.index(("calf_upper", "left"))).astype(float)
    after = smooth(before)
    assert (areas * after).sum() == pytest.approx((areas * before).sum(), rel=1e-9)
    assert 0 <= after.min() < after.max() <= 1


def test_a_referral_field_is_strongest_in_the_essential_zone() -> None:
    zones = referral_zones("infraspinatus_1", "left", ATLAS)
    field = referral("infraspinatus_1", "left", ATLAS)

    def mean(kind: str) -> float:
        cells = [BODY.place_of_cell == BODY.places.index((r, s)) for r, s, k in zones if k == kind]
        return float(field[np.any(cells, axis=0)].mean())

    assert mean("essential") > 0.75 > mean("spillover") > 0.2
    assert field.min() >= 0
    assert field.max() <= 1


def test_the_right_field_is_the_mirrored_left_one() -> None:
    left, right = (referral("upper_trapezius_1", side, ATLAS) for side in ("left", "right"))
    assert right[BODY.topology.mirrored_cell] == pytest.approx(left, abs=1e-12)


def test_a_mirrored_place_lies_opposite() -> None:
    place = view("back").place_at(430, 560)
    assert place is not None
    shape = BODY.shape()
    here = shape.place_cm(place.cell, place.u, place.v)
    other = mirrored_place(place)
    assert shape.place_cm(other.cell, other.u, other.v) == pytest.approx(here * [-1, 1, 1], abs=1e-9)


def test_a_chart_of_a_muscle_turns_to_where_its_points_lie_not_only_to_where_it_is_felt() -> None:
    assert of_muscle("infraspinatus", ATLAS, "right").views[-1] == "back"
    assert "front" in of_muscle("infraspinatus", ATLAS, "right").views


def test_an_empty_field_is_no_field() -> None:
    assert of_places([]).max() == 0


def test_charts_show_themselves_in_notebooks_and_speak_both_vocabularies() -> None:
    chart = of_muscle("infraspinatus", ATLAS, "right")
    text = chart._repr_svg_()
    ET.fromstring(text)
    assert "Infraspinatus, right" in text
    assert "SI11 Tiānzōng 天宗" in text
    for other in (of_channel("BL", ATLAS), of_region("temple", ATLAS, "left")):
        ET.fromstring(other.svg())
