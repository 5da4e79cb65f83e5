"""A case takes a drawing beside named regions or instead of them, and says the same of the same pain."""

from typing import Any

import numpy as np
import pytest

from tautband.assessment import assess, read_case, write_case
from tautband.atlas import Atlas
from tautband.atlas.body import VIEWS, Body, View, view
from tautband.atlas.body.fields import referral_zones

ATLAS = Atlas.load()
BODY = Body.load()


def clearest_view(place: tuple[str, str]) -> View:
    """The view in which most of a place shows."""
    number, areas = BODY.places.index(place), BODY.shape().areas_cm2

    def seen(name: str) -> float:
        cells = view(name).cells
        return float(areas[cells[BODY.place_of_cell[cells] == number]].sum())

    return view(max(VIEWS, key=seen))


def scribble(place: tuple[str, str], **more: Any) -> list[dict[str, Any]]:
    """Strokes beside each other over a place, as a person fills it in, a little over its border here and there."""
    shown = clearest_view(place)
    here = BODY.place_of_cell[shown.cells] == BODY.places.index(place)
    x, y = shown.x_from_middle[here] + shown.width / 2, shown.y[here]
    radius = 0.5 * shown.units_per_cm
    strokes = []
    for top in np.arange(y.min() + radius, max(y.max() - radius / 2, y.min() + 1.5 * radius), 1.6 * radius):
        row = np.sort(x[np.abs(y - top) < radius])
        for run in np.split(row, np.flatnonzero(np.diff(row) > 2 * radius) + 1):
            if len(run):
                middle, half = (run[0] + run[-1]) / 2, max((run[-1] - run[0] - radius) / 2, 0)
                points = [[float(middle - half), float(top)], [float(middle + half), float(top)]]
                strokes.append({"view": shown.id, "points": points, "radius": radius, **more})
    return strokes


def drawn(strokes: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    drawing = {"body": BODY.version, "strokes": strokes}
    return {"schema": "tautband.case/1", "drawing": drawing, **more}


def named(places: list[tuple[str, str]]) -> dict[str, Any]:
    pain = [{"region": region, "side": side} for region, side in places]
    return {"schema": "tautband.case/1", "pain": pain}


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    "point",
    [
        "upper_trapezius_1",
        "infraspinatus_1",
        "gluteus_minimus_1",
        "scm_sternal_1",
        "masseter_superficial_1",
        "soleus_1",
        "extensor_carpi_radialis_longus_1",
        "quadratus_lumborum_1",
    ],
)
def test_painting_a_referral_zone_gives_the_first_causes_that_naming_it_gives(point: str, side: str) -> None:
    zone = [(r, s) for r, s, kind in referral_zones(point, side, ATLAS) if kind == "essential"]
    by_name = read_case(named(zone), ATLAS)
    by_hand = read_case(drawn([stroke for place in zone for stroke in scribble(place)]), ATLAS)
    assert {(p.region, p.side) for p in by_hand.pain} == set(zone)
    first, second = assess(by_name, ATLAS), assess(by_hand, ATLAS)
    assert [(c.id, c.side) for c in first.causes[:3]] == [(c.id, c.side) for c in second.causes[:3]]


def test_a_drawing_may_stand_alone_or_beside_named_regions() -> None:
    alone = read_case(drawn(scribble(("temple", "left"), intensity=6, quality=["throbbing"])), ATLAS)
    (temple,) = alone.pain
    assert (temple.region, temple.side, temple.intensity, temple.quality) == (
        "temple",
        "left",
        6,
        ("throbbing",),
    )
    assert temple.share is not None
    assert 0.5 < temple.share <= 1
    beside = read_case(
        {
            **drawn(scribble(("temple", "left"), intensity=3)),
            "pain": [{"region": "temple", "side": "left", "intensity": 5}],
        },
        ATLAS,
    )
    assert [p.intensity for p in beside.pain] == [5], "the stronger counts"


def test_a_dab_in_a_large_region_counts_and_the_rim_of_a_patch_next_door_does_not() -> None:
    shown = view("back")
    here = BODY.place_of_cell[shown.cells] == BODY.places.index(("calf_upper", "left"))
    x, y = shown.x_from_middle[here] + shown.width / 2, shown.y[here]
    dab = {"view": "back", "points": [[float(x.mean()), float(y.mean())]], "radius": 8}
    assert [p.region for p in read_case(drawn([dab]), ATLAS).pain] == ["calf_upper"]
    over = {"view": "back", "points": [[float(x.mean()), float(y.max()) - 18]], "radius": 20}
    resolved = read_case(drawn([over]), ATLAS).pain
    assert [p.region for p in resolved] == ["calf_upper"]


def test_a_line_down_the_leg_counts_every_region_on_its_way() -> None:
    shown = view("back")

    def middle(region: str) -> list[float]:
        here = BODY.place_of_cell[shown.cells] == BODY.places.index((region, "left"))
        return [float(shown.x_from_middle[here].mean() + shown.width / 2), float(shown.y[here].mean())]

    course = [
        "buttock_lower",
        "thigh_posterior_upper",
        "thigh_posterior_lower",
        "knee_posterior",
        "calf_upper",
    ]
    line = {"view": "back", "points": [middle(region) for region in course], "radius": 10}
    painted = {p.region for p in read_case(drawn([line]), ATLAS).pain}
    assert painted >= {"thigh_posterior_upper", "thigh_posterior_lower", "knee_posterior"}


def test_a_mirrored_drawing_is_a_mirrored_case() -> None:
    case = read_case(drawn([*scribble(("temple", "left")), *scribble(("hip_lateral", "right"))]), ATLAS)
    document = write_case(case.mirrored())
    again = read_case(document, ATLAS)
    assert again == case.mirrored()
    assert [(p.region, p.side) for p in again.pain] == [("temple", "right"), ("hip_lateral", "left")]
    one, other = assess(case, ATLAS), assess(again, ATLAS)
    flip = {"left": "right", "right": "left"}
    assert {(c.id, flip.get(c.side, c.side), c.probability) for c in one.causes} == {
        (c.id, c.side, c.probability) for c in other.causes
    }


def test_a_case_with_a_drawing_is_read_as_it_was_written() -> None:
    document = drawn(
        [*scribble(("temple", "left"), intensity=6), {"region": "nose", "side": "left"}],
        pain=[{"region": "jaw_angle", "side": "left"}],
        complaint="headache",
    )
    case = read_case(document, ATLAS)
    assert read_case(write_case(case), ATLAS) == case
    assert [p.region for p in case.pain] == ["temple", "nose", "jaw_angle"]
    assert write_case(case)["pain"] == [{"region": "jaw_angle", "side": "left"}]


def test_an_empty_drawing_is_an_empty_case() -> None:
    assert read_case(drawn([]), ATLAS).pain == ()
