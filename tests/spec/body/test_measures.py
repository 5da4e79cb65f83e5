"""Numbers about drawings: area, intensity, change between visits, the widespread pain index."""

from typing import Any

import pytest

from tautband.atlas import Atlas
from tautband.atlas.body import SHAPES, Body, Painting, paint, read_drawing
from tautband.atlas.body.measures import change, extent, widespread_pain_index

ATLAS = Atlas.load()
BODY = Body.load()


def painted(*strokes: dict[str, Any], shape: str = "neutral") -> Painting:
    return paint(read_drawing({"body": BODY.version, "shape": shape, "strokes": list(strokes)}))


def fill(region: str, side: str | None = None, **more: Any) -> dict[str, Any]:
    return {"region": region, **({"side": side} if side else {}), **more}


def area(region: str) -> float:
    side = "midline" if region in BODY.midline else "left"
    return float(BODY.place_areas_cm2()[BODY.places.index((region, side))])


def test_the_extent_of_filled_regions_is_their_area() -> None:
    found = extent(painted(fill("temple", "left", intensity=4), fill("sternum", intensity=8)))
    temple, sternum = area("temple"), area("sternum")
    assert found.area_cm2 == pytest.approx(temple + sternum, rel=1e-5)
    assert found.percent_of_skin == pytest.approx(100 * (temple + sternum) / BODY.skin_area_cm2(), rel=1e-5)
    assert found.mean_intensity == pytest.approx((4 * temple + 8 * sternum) / (temple + sternum), rel=1e-5)
    assert found.intensity_area_cm2 == pytest.approx(4 * temple + 8 * sternum, rel=1e-5)


def test_nothing_painted_measures_nothing() -> None:
    found = extent(painted())
    assert (found.area_cm2, found.mean_intensity, found.intensity_area_cm2) == (0, None, 0)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_region_measures_the_same_on_every_shape(shape: str) -> None:
    assert extent(painted(fill("flank", "right"), shape=shape)) == extent(painted(fill("flank", "right")))


def test_change_between_visits() -> None:
    before = painted(fill("temple", "left"), fill("eye", "left"))
    after = painted(fill("temple", "left"), fill("nose", "left"))
    found = change(before, after)
    temple, eye, nose = area("temple"), area("eye"), area("nose")
    assert found.kept_cm2 == pytest.approx(temple, rel=1e-5)
    assert (found.gone_cm2, found.new_cm2) == pytest.approx((eye, nose), rel=1e-5)
    assert found.jaccard == pytest.approx(temple / (temple + eye + nose), rel=1e-5)
    assert found.overlap == pytest.approx(temple / min(temple + eye, temple + nose), rel=1e-5)


def test_a_drawing_compared_with_itself_has_not_changed_and_one_that_vanished_has() -> None:
    one, nothing = painted(fill("calf_upper", "left")), painted()
    assert (change(one, one).jaccard, change(one, one).overlap) == (1, 1)
    assert change(one, nothing).jaccard == 0
    assert change(nothing, nothing).jaccard == 1


def test_the_widespread_pain_index_counts_areas_not_regions() -> None:
    assert widespread_pain_index([], ATLAS) == 0
    assert widespread_pain_index([("shin", "left"), ("calf_upper", "left")], ATLAS) == 1
    assert widespread_pain_index([("shin", "left"), ("shin", "right")], ATLAS) == 2
    assert widespread_pain_index([("neck_lateral", "left"), ("neck_lateral", "right")], ATLAS) == 1, (
        "one neck"
    )
    assert widespread_pain_index([("temple", "left"), ("little_finger", "right")], ATLAS) == 0


def test_all_of_the_body_is_all_nineteen_areas() -> None:
    assert widespread_pain_index(BODY.places, ATLAS) == 19
