"""Pain drawings: strokes become cells and regions, the same for ever, and mirror as the body does."""

import json
from typing import Any

import numpy as np
import pytest

from tautband.atlas.body import (
    VIEWS,
    Body,
    Drawing,
    RegionShare,
    Stroke,
    paint,
    read_drawing,
    resolve,
    view,
    write_drawing,
)
from tautband.atlas.body.views import other_view
from tautband.errors import CaseError, DrawingError

BODY = Body.load()


def middle_of(region: str, side: str, name: str) -> tuple[float, float]:
    """A point of a view in the middle of what shows of a region there."""
    shown = view(name)
    here = np.flatnonzero(BODY.place_of_cell[shown.cells] == BODY.places.index((region, side)))
    x, y = shown.x_from_middle[here] + shown.width / 2, shown.y[here]
    nearest = np.argmin((x - x.mean()) ** 2 + (y - y.mean()) ** 2)
    return float(x[nearest]), float(y[nearest])


def drawing(*strokes: dict[str, Any], shape: str = "neutral") -> Drawing:
    return read_drawing({"body": BODY.version, "shape": shape, "strokes": list(strokes)})


def dab(region: str, side: str, name: str, radius: float = 15, **more: Any) -> dict[str, Any]:
    return {"view": name, "points": [list(middle_of(region, side, name))], "radius": radius, **more}


def shares(*strokes: dict[str, Any]) -> dict[tuple[str, str], RegionShare]:
    return {(r.region, r.side): r for r in resolve(drawing(*strokes))}


@pytest.mark.parametrize(
    ("region", "name"),
    [
        ("temple", "head_left"),
        ("breast", "front"),
        ("infraspinous", "back"),
        ("flank", "left"),
        ("palm_thenar", "left_hand_palm"),
        ("hand_dorsal_middle", "left_hand_back"),
        ("sole_medial", "left_foot_sole"),
        ("foot_dorsal_medial", "left_foot_top"),
        ("ankle_medial", "left_foot_inner"),
        ("ankle_lateral", "left_foot_outer"),
        ("thigh_medial_lower", "left_leg_inner"),
    ],
)
def test_left_is_the_persons_own_left_in_every_view(region: str, name: str) -> None:
    radius = 0.6 * view(name).units_per_cm
    assert list(shares(dab(region, "left", name, radius))) == [(region, "left")]
    assert list(shares(dab(region, "right", other_view(name), radius))) == [(region, "right")]


def test_the_persons_left_is_to_the_right_from_the_front_and_to_the_left_from_behind() -> None:
    assert middle_of("breast", "left", "front")[0] > view("front").width / 2
    assert middle_of("infraspinous", "left", "back")[0] < view("back").width / 2


def test_the_same_place_from_the_front_and_from_the_side_is_one_place() -> None:
    """Of two brushes on one shoulder, what both reach counts once."""
    front = paint(drawing(dab("shoulder_lateral", "left", "front", 25)))
    side = paint(drawing(dab("shoulder_lateral", "left", "left", 25)))
    both = paint(
        drawing(dab("shoulder_lateral", "left", "front", 25), dab("shoulder_lateral", "left", "left", 25))
    )
    assert (front.covered & side.covered).any()
    assert np.array_equal(both.covered, front.covered | side.covered)


def test_a_stroke_is_as_wide_as_the_brush() -> None:
    x, y = middle_of("thigh_anterior_lower", "left", "front")
    stroke = {"view": "front", "points": [[x, y - 40], [x, y + 40]], "radius": 20}
    area = sum(share.area_cm2 for share in resolve(drawing(stroke)))
    flat = (80 * 40 + np.pi * 20**2) / view("front").units_per_cm ** 2
    assert flat < area < 1.2 * flat, "skin that bends away from the viewer has more area than its picture"


def test_erasing_uncovers_and_later_paint_lies_on_top() -> None:
    painted = dab("breast", "left", "front", 30, intensity=3, quality=["aching"])
    again = dab("breast", "left", "front", 30, intensity=8, quality=["burning"])
    erased = dab("breast", "left", "front", 60, mode="erase")
    assert shares(painted, erased) == {}
    after = shares(painted, again)["breast", "left"]
    assert (after.intensity, after.quality) == (8, ("burning",))


def test_intensity_is_weighted_by_area() -> None:
    x, y = middle_of("thigh_anterior_upper", "left", "front")
    weak = {"view": "front", "points": [[x, y]], "radius": 40, "intensity": 2}
    strong = {"view": "front", "points": [[x, y]], "radius": 20, "intensity": 10}
    share = shares(weak, strong)["thigh_anterior_upper", "left"]
    assert share.intensity == pytest.approx(2 + 8 / 4, abs=0.15)


def test_a_region_can_be_filled_at_once() -> None:
    share = shares({"region": "axilla", "side": "right", "intensity": 5})
    assert list(share) == [("axilla", "right")]
    assert share["axilla", "right"].share == 1
    assert shares({"region": "sacrum"})["sacrum", "midline"].share == 1


def test_an_empty_drawing_covers_nothing() -> None:
    assert resolve(drawing()) == ()


@pytest.mark.parametrize("name", VIEWS)
def test_a_mirrored_drawing_covers_the_mirrored_cells(name: str) -> None:
    shown = view(name)
    rng = np.random.default_rng(7)
    points = (rng.random((12, 2)) * [shown.width, shown.height]).round(2).tolist()
    original = drawing({"view": name, "points": points, "radius": 2.2 * shown.units_per_cm, "intensity": 4})
    covered = paint(original).covered
    assert covered.any()
    mirrored = paint(original.mirrored()).covered
    assert np.array_equal(mirrored[BODY.topology.mirrored_cell], covered)
    assert original.mirrored().mirrored() == original


def test_a_drawing_is_read_as_it_was_written() -> None:
    original = drawing(
        dab("temple", "left", "head_left", 40, intensity=6, quality=["aching"]),
        {"view": "back", "points": [[10, 20, 0.5], [30, 40]], "radius": 12.5, "mode": "erase"},
        {"region": "groin", "side": "left"},
    )
    assert read_drawing(json.loads(json.dumps(write_drawing(original)))) == original
    assert original.strokes[1] == Stroke("erase", "back", ((10, 20, 0.5), (30, 40, 1)), radius=12.5)


@pytest.mark.parametrize(
    ("document", "line"),
    [
        ([], "drawing: expected an object, got an empty list"),
        ({"strokes": []}, "drawing.body: missing; this tautband reads drawings on body '1'"),
        (
            {"body": "0", "strokes": []},
            "drawing.body: '0' is unknown; this tautband reads drawings on body '1'",
        ),
        ({"body": "1"}, "drawing.strokes: expected a list, got nothing"),
        ({"body": "1", "strokes": {}, "shape": "thin"}, "drawing.shape: 'thin'; choose one of"),
        ({"body": "1", "strokes": [{}]}, "drawing.strokes[0].view: missing"),
        (
            {"body": "1", "strokes": [{"view": "fornt", "points": [[1, 1]], "radius": 3}]},
            "drawing.strokes[0].view: 'fornt'; did you mean 'front'?",
        ),
        (
            {"body": "1", "strokes": [{"view": "front", "points": [], "radius": 3}]},
            "drawing.strokes[0].points: expected a list of [x, y], got an empty list",
        ),
        (
            {"body": "1", "strokes": [{"view": "front", "points": [[1, 1e9]], "radius": 3}]},
            "drawing.strokes[0].points[0][1]: 1000000000.0 is outside -1702 to 3404",
        ),
        (
            {"body": "1", "strokes": [{"view": "front", "points": [[1, 1]], "radius": 0}]},
            "drawing.strokes[0].radius: 0.0 paints nothing",
        ),
        (
            {"body": "1", "strokes": [{"region": "temple", "side": "midline"}]},
            "drawing.strokes[0].side: 'midline', but temple exists left and right; write 'left' or 'right'",
        ),
        (
            {"body": "1", "strokes": [{"region": "temple", "side": "left", "intensity": 11}]},
            "drawing.strokes[0].intensity: 11 is outside 0 to 10",
        ),
        ({"body": "1", "strokes": [], "svg": ""}, "drawing.svg: unknown field"),
    ],
)
def test_what_cannot_be_read_gets_one_clear_line(document: Any, line: str) -> None:
    with pytest.raises(DrawingError) as error:
        read_drawing(document)
    assert str(error.value).startswith(line)
    assert "\n" not in str(error.value)
    assert isinstance(error.value, CaseError)
