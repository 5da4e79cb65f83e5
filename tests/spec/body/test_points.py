"""Points on the body: where they lie, that WHO's proportions hold there, and that they move with the body."""

import re
from collections.abc import Iterator

import numpy as np
import pytest

from surface.build import name_of, new_placer, place_neutral, read_table
from surface.rules import Placer, RuleError
from surface.skin import Place as SkinPlace
from tautband.atlas import Atlas
from tautband.atlas.body import SHAPES, Body, Place
from tautband.atlas.body.chart import mirrored_place
from tautband.atlas.tables import SurfacePoint

ATLAS = Atlas.load()
BODY = Body.load()
POINTS = ATLAS.surface_points
BORDER_CM = 1.0
"""A region's border is a judgement of about this size."""


def position(point: SurfacePoint, shape: str = "neutral", side: str = "left") -> np.ndarray:
    place = Place(point.cell, point.u, point.v)
    if side == "right":
        place = mirrored_place(place)
    return BODY.shape(shape).place_cm(place.cell, place.u, place.v)


def at(name: str) -> np.ndarray:
    return position(ATLAS.surface_points_of[name][0])


@pytest.fixture(scope="module")
def neutral() -> Placer:
    """The neutral shape with every point at its stored address."""
    placer = new_placer("neutral")
    placer.places.update(
        {
            name_of(row): SkinPlace(int(row["cell"]), float(row["u"]), float(row["v"]))
            for row in read_table("surface_points")
        }
    )
    return placer


def test_every_trigger_point_every_who_acupoint_and_every_extra_point_has_a_place() -> None:
    placed = {(point.kind, point.point) for point in POINTS}
    assert {name for kind, name in placed if kind == "trigger_point"} == set(ATLAS.trigger_points)
    assert {name for kind, name in placed if kind == "acupoint"} == set(ATLAS.acupoints)
    assert {name for kind, name in placed if kind == "landmark"} == set(ATLAS.landmarks)
    on_channels = [point for point in ATLAS.acupoints.values() if point.meridian != "EX"]
    assert (len(on_channels), len(ATLAS.trigger_points)) == (361, 226)


def test_the_table_is_what_the_rules_give() -> None:
    rows = read_table("surface_points")
    placer, places = place_neutral(rows)
    stored = {name_of(row): (int(row["cell"]), float(row["u"]), float(row["v"])) for row in rows}
    off = {}
    for name, place in places.items():
        apart_cm = np.linalg.norm(placer.skin.position(place) - BODY.shape().place_cm(*stored[name]))
        if apart_cm > 0.01:
            off[name] = round(float(apart_cm), 2)
    assert off == {}, "run PYTHONPATH=scripts python -m surface.build"


def test_a_midline_point_lies_in_the_midline_and_a_sided_one_to_the_left() -> None:
    wrong = [
        (point.point, point.part)
        for point in POINTS
        if (abs(position(point)[0]) > 1e-6 if point.midline else position(point)[0] <= 0.2)
    ]
    assert wrong == []


@pytest.mark.parametrize("shape", SHAPES)
def test_right_is_left_mirrored_exactly(shape: str) -> None:
    left = np.array([position(point, shape) for point in POINTS if not point.midline])
    right = np.array([position(point, shape, "right") for point in POINTS if not point.midline])
    np.testing.assert_allclose(right, left * [-1, 1, 1], rtol=0, atol=1e-12)


# --- WHO's proportions

ON_THE_HEADS_WIDTH = {"forehead_corners", "mastoids"}


def test_whos_lengths_hold_on_the_body_within_the_stated_tolerance(neutral: Placer) -> None:
    """One cun of any stretch is within 45 % of a seventy-fifth of the height, as the page on points states."""
    whole = neutral.cun_cm("total_height")
    ratios = {
        measure: neutral.cun_cm(measure) / whole
        for measure in ATLAS.bcun_landmarks
        if ATLAS.bcun[measure].unit == "B-cun"
    }
    assert {m: round(r, 2) for m, r in ratios.items() if not 0.6 <= r <= 1.45} == {}
    on_limbs_and_trunk = [r for m, r in ratios.items() if ATLAS.bcun[m].body_area not in ("head", "neck")]
    assert 0.95 <= float(np.median(on_limbs_and_trunk)) <= 1.1


def test_every_measure_of_the_who_table_is_taken_between_landmarks() -> None:
    who = {m.id for m in ATLAS.bcun.values() if m.kind == "b_cun"}
    assert who <= set(ATLAS.bcun_landmarks)


LEVELS = {
    "umbilicus": ("umbilicus", "y", {"superior": "xiphoid_umbilicus", "inferior": "umbilicus_pubis"}),
    "xiphisternal junction": ("xiphisternal_junction", "y", {"inferior": "xiphoid_umbilicus"}),
    "suprasternal fossa": ("sternal_notch", "y", {"inferior": "sternum"}),
    "palmar wrist crease": ("palmar_wrist_crease", "forearm", {"proximal": "elbow_wrist"}),
    "dorsal wrist crease": ("dorsal_wrist_crease", "forearm", {"proximal": "elbow_wrist"}),
    "cubital crease": ("cubital_crease", "", {"proximal": "axilla_elbow", "distal": "elbow_wrist"}),
    "anterior axillary fold": ("anterior_axillary_fold", "upper_arm", {"distal": "axilla_elbow"}),
    "prominence of olecranon": ("olecranon", "", {"proximal": "axilla_elbow", "distal": "elbow_wrist"}),
    "prominence of medial malleolus": ("medial_malleolus", "y", {"proximal": "patella_medial_malleolus"}),
    "prominence of lateral malleolus": (
        "lateral_malleolus",
        "y",
        {"proximal": "popliteal_lateral_malleolus"},
    ),
    "popliteal crease": (
        "popliteal_crease",
        "y",
        {"distal": "popliteal_lateral_malleolus", "proximal": "trochanter_popliteal"},
    ),
    "gluteal fold": ("gluteal_fold", "y", {"distal": "gluteal_popliteal"}),
    "base of patella": ("patella_base", "y", {"proximal": "pubis_patella"}),
    "medial end of base of patella": ("patella_base_medial", "y", {"proximal": "pubis_patella"}),
    "ST35": ("ST35", "y", {"distal": "popliteal_lateral_malleolus"}),
    "BL60": ("BL60", "y", {"proximal": "popliteal_lateral_malleolus"}),
    "ST30": ("ST30", "y", {"distal": "pubis_patella"}),
}
"""Where the WHO rows measure from, along what, and in which cun."""

KEPT_APART = {
    "SP13": "above the inguinal line, which the same row demands",
    "EX-CA1": "above the inguinal line",
    "LI12": "half a cun more than nothing",
    "GB31": "no cun in the standard",
    "SP9": "the landmark that divides the leg",
}
TOLERANCE_CUN = 0.35


def written_offsets() -> Iterator[tuple[str, str, str, float]]:
    for point in ATLAS.acupoints.values():
        for offset in point.cun_offsets.split(";"):
            found = re.fullmatch(
                r"from (.+) (superior|inferior|proximal|distal) ([\d.]+) cun", offset.strip()
            )
            if found and found[1] in LEVELS and found[2] in LEVELS[found[1]][2]:
                yield point.code, found[1], found[2], float(found[3])


def test_points_lie_as_many_cun_from_their_landmark_as_their_row_says(neutral: Placer) -> None:
    """Read from the rows, not from the rules that placed the points."""
    checked, off = 0, {}
    for code, landmark, direction, cun in written_offsets():
        if code in KEPT_APART:
            continue
        name, along, measures = LEVELS[landmark]
        axis = along or ("upper_arm" if direction == "proximal" else "forearm")
        unit = neutral.cun_cm(measures[direction])
        if landmark == "ST35":  # the standard counts 16 cun from here to the ankle as well
            unit = (at("ST35")[1] - at("ST41")[1]) / 16
        if axis == "y":
            apart_cm = abs(at(code)[1] - at(name)[1])
        else:
            ends = ATLAS.limb_segments[axis]
            begin, end = (
                np.mean([at(landmark) for landmark in pair], axis=0) for pair in (ends.begin, ends.end)
            )
            apart_cm = abs((at(code) - at(name)) @ (end - begin)) / np.linalg.norm(end - begin)
        checked += 1
        if abs(apart_cm / unit - cun) > TOLERANCE_CUN:
            off[code, landmark] = (round(float(apart_cm / unit), 2), cun)
    assert off == {}
    assert checked >= 80, "the rows are still read"


# --- regions


def named_regions() -> dict[str, str]:
    trigger_points = {name: row.region for name, row in ATLAS.trigger_points.items()}
    return trigger_points | {code: row.region for code, row in ATLAS.acupoints.items()}


def test_a_point_lies_in_the_region_of_its_row_or_its_remark_says_why_not() -> None:
    region_of = named_regions()
    middles = BODY.shape().centroids_cm
    number = {region: i for i, region in enumerate(BODY.regions)}
    unsettled = {}
    for point in POINTS:
        if point.kind == "landmark" or point.remark:
            continue
        named = region_of[point.point]
        found = BODY.region_of_cell[point.cell]
        if found != number[named]:
            cells = middles[BODY.region_of_cell == number[named]]
            apart_cm = float(np.linalg.norm(cells - position(point), axis=1).min())
            if apart_cm > BORDER_CM:
                unsettled[point.point, point.part] = (named, BODY.regions[found], round(apart_cm, 1))
    assert unsettled == {}


def test_what_we_ourselves_call_the_same_site_lies_together() -> None:
    """Within 5 cm, as both placements may err; a point that texts forbid in pregnancy stays a caution all the same."""
    apart = {
        (row.trigger_point, row.acupoint): float(np.linalg.norm(at(row.trigger_point) - at(row.acupoint)))
        for row in ATLAS.correspondence
        if row.trigger_point and row.relation == "same_site" and row.evidence == "compiled"
        if row.acupoint not in ATLAS.pregnancy_points
    }
    assert len(apart) > 50
    assert {pair: cm for pair, cm in apart.items() if cm > 5} == {}


def test_most_points_lie_in_the_region_of_their_row() -> None:
    region_of = named_regions()
    sited = [point for point in POINTS if point.kind != "landmark"]
    inside = [p for p in sited if BODY.regions[BODY.region_of_cell[p.cell]] == region_of[p.point]]
    assert len(inside) / len(sited) >= 0.8


# --- order along the meridians

UP, DOWN = 1, -1
RUNS = [
    ("LU", 3, 11, DOWN),
    ("LI", 5, 15, UP),
    ("ST", 1, 4, DOWN),
    ("ST", 9, 11, DOWN),
    ("ST", 13, 30, DOWN),
    ("ST", 31, 45, DOWN),
    ("SP", 5, 12, UP),
    ("SP", 13, 16, UP),
    ("SP", 17, 20, UP),
    ("HT", 1, 9, DOWN),
    ("SI", 1, 8, UP),
    ("BL", 11, 30, DOWN),
    ("BL", 31, 36, DOWN),
    ("BL", 36, 38, DOWN),
    ("BL", 41, 54, DOWN),
    ("BL", 55, 57, DOWN),
    ("BL", 58, 61, DOWN),
    ("KI", 11, 27, UP),
    ("PC", 2, 9, DOWN),
    ("TE", 1, 14, UP),
    ("GB", 4, 7, DOWN),
    ("GB", 9, 12, DOWN),
    ("GB", 22, 22, DOWN),
    ("GB", 31, 34, DOWN),
    ("GB", 36, 40, DOWN),
    ("LR", 4, 9, UP),
    ("LR", 10, 12, UP),
    ("LR", 13, 14, UP),
    ("GV", 1, 19, UP),
    ("GV", 24, 28, DOWN),
    ("CV", 2, 24, UP),
]
"""Stretches on which a channel runs up or down the standing figure."""


@pytest.mark.parametrize(("channel", "first", "last", "way"), RUNS)
def test_points_follow_one_another_along_their_channel(channel: str, first: int, last: int, way: int) -> None:
    heights = [at(f"{channel}{number}")[1] for number in range(first, last + 1)]
    back = [
        f"{channel}{first + i + 1}"
        for i, step in enumerate(np.diff(heights))
        if step * way <= 0 and f"{channel}{first + i + 1}" not in SIDEWAYS
    ]
    assert back == []


SIDEWAYS = {"TE7", "LR7", "ST40", "TE10", "BL39", "SP21"}
"""Points that by the standard lie beside the one before, on its level, or on a line of their own."""


def test_the_scalp_points_follow_one_another_from_front_to_back() -> None:
    for line in (
        ("GV24", "GV23", "GV22", "GV21", "GV20", "GV19"),
        ("BL4", "BL5", "BL6", "BL7", "BL8"),
        ("GB15", "GB16", "GB17", "GB18"),
    ):
        depth = [at(code)[2] for code in line]
        assert depth == sorted(depth, reverse=True), line


def test_points_of_the_abdomen_keep_the_order_of_their_channels_from_the_midline_out() -> None:
    rows = (
        ("CV8", "KI16", "ST25", "SP15"),
        ("CV12", "KI19", "ST21"),
        ("CV3", "KI12", "ST29"),
        ("CV17", "KI23", "ST17", "PC1"),
    )
    for row in rows:
        aside = [at(code)[0] for code in row]
        assert aside == sorted(aside), row


# --- moving with the body


def test_a_place_carried_to_another_shape_stays_near_where_its_rule_puts_it_there() -> None:
    """The page on points states these figures."""
    for shape in SHAPES[1:]:
        apart = {
            (point.point, point.part): getattr(point, f"{shape}_mm")
            for point in POINTS
            if point.kind != "landmark"
        }
        assert float(np.median(list(apart.values()))) <= 4
        assert {name: mm for name, mm in apart.items() if mm > 30} == {}


def test_every_point_states_how_far_off_it_may_be() -> None:
    assert [point.point for point in POINTS if not 2 <= point.error_mm <= 25] == []


# --- the rule language


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (
            "share(umbilicus, nowhere, 0.5)",
            "'nowhere' is no landmark, measure, segment or point placed before",
        ),
        ("umbilicus +", "invalid syntax"),
        ("between(umbilicus, C7)", "'between' is no word of the rules"),
        ("front(0, 500)", "no skin from"),
        ("cun(2, nipples)", "gives a number where a place is wanted"),
        ("front(umbilicus, 3)", "a word got what it cannot use"),
        ("front(0, y(umbilicus) ** 2)", "cannot stand in a rule"),
        ("__import__('os')", "'__import__' is no word of the rules"),
    ],
)
def test_a_rule_that_cannot_be_worked_out_says_which_and_why(neutral: Placer, rule: str, what: str) -> None:
    with pytest.raises(RuleError, match=re.escape(what)) as failure:
        neutral.place("a new point", rule)
    assert "a new point" in str(failure.value)
