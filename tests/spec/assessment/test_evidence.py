"""What each kind of evidence may do to a cause."""

from itertools import pairwise

import pytest
from tests.spec.assessment.clinic import (
    ATLAS,
    activity,
    assessed,
    drawn,
    example,
    pressed,
    shares,
    without_findings,
)

from tautband.assessment import assess
from tautband.assessment.guard import is_guarded
from tautband.assessment.judgement import judge

SIGNS = ("taut_band", "tender", "familiar_pain", "referred_pain", "twitch")
GLUTEALS = [
    p.id
    for p in ATLAS.trigger_points.values()
    if p.muscle in ("gluteus_minimus", "gluteus_medius", "gluteus_maximus")
]
ROOTS = ("radiculopathy_l4", "radiculopathy_l5", "radiculopathy_s1")


# --- the drawing ------------------------------------------------------------------------------------------


def test_each_region_of_a_pattern_that_is_painted_speaks_for_it() -> None:
    pattern = [r.region for r in ATLAS.referrals_of["infraspinatus_1"] if r.zone == "essential"]
    grown = [
        activity(drawn(*(f"right:{r}" for r in pattern[:n])), "infraspinatus_1", "right") for n in range(1, 4)
    ]
    assert all(b > a for a, b in pairwise(grown))


def test_a_silent_region_speaks_against_a_cause_but_softly() -> None:
    for name in ("shoulder", "neck_and_headache", "jaw", "heel", "upper_back_drawing"):
        for cause in assessed(name).causes[:5]:
            for row in cause.why:
                if row.kind == "silent_region":
                    assert abs(row.log_odds) < 1.5, (name, cause.id, row)


@pytest.mark.parametrize("silent", [0, 1, 2, 3])
def test_a_muscle_stays_in_sight_when_people_leave_a_region_of_its_pattern_unpainted(silent: int) -> None:
    pattern = [r.region for r in ATLAS.referrals_of["infraspinatus_1"] if r.zone == "essential"]
    shown = [r for i, r in enumerate(pattern) if i != silent % len(pattern)]
    found = assess(drawn(*(f"right:{r}" for r in shown)), ATLAS)
    assert "infraspinatus" in {m.muscle for m in found.muscles[:3]}


def test_a_place_that_nothing_explains_is_named() -> None:
    case = example("shoulder")
    found = assess(drawn(*(f"right:{p.region}" for p in case.pain), "left:great_toe"), ATLAS)
    assert {(e.region, e.side) for e in found.unexplained} <= {("great_toe", "left")}
    assert all(e.share > 0.5 for e in found.unexplained)
    assert assessed("shoulder").unexplained == ()


# --- palpation --------------------------------------------------------------------------------------------


def effect(sign: str, there: bool) -> float:
    case = without_findings(example("shoulder"))
    return activity(
        pressed(case, "infraspinatus_1", "right", **{sign: there}), "infraspinatus_1", "right"
    ) - activity(case, "infraspinatus_1", "right")


def test_of_all_signs_the_recognised_pain_weighs_most_and_the_twitch_least() -> None:
    found = {sign: effect(sign, True) for sign in SIGNS}
    assert max(found, key=lambda s: found[s]) == "familiar_pain"
    assert min(found, key=lambda s: found[s]) == "twitch"
    assert min(found.values()) > 0.0


def test_an_absent_twitch_says_almost_nothing_and_an_unrecognised_pain_much() -> None:
    missing = {sign: effect(sign, False) for sign in SIGNS}
    assert -0.2 < missing["twitch"] < 0.0
    assert min(missing, key=lambda s: missing[s]) == "familiar_pain"
    assert missing["familiar_pain"] < 4 * missing["twitch"]


def test_a_sign_that_was_not_looked_for_changes_nothing() -> None:
    case = without_findings(example("shoulder"))
    assert activity(pressed(case, "infraspinatus_1", "right"), "infraspinatus_1", "right") == pytest.approx(
        activity(case, "infraspinatus_1", "right"), abs=1e-9
    )


@pytest.mark.parametrize("there", [True, False])
def test_pressing_alone_claims_nothing_while_nothing_is_painted(there: bool) -> None:
    found = assess(pressed(drawn(), "soleus_1", "left", tender=there, familiar_pain=there), ATLAS)
    assert found.layers == {}
    assert found.muscles == ()
    assert found.needling.verdict == "unclear"


def test_signs_found_together_say_less_than_their_sum_because_one_hand_finds_them() -> None:
    case = without_findings(example("shoulder"))
    together = pressed(case, "infraspinatus_1", "right", taut_band=True, tender=True, familiar_pain=True)
    gained = activity(together, "infraspinatus_1", "right") - activity(case, "infraspinatus_1", "right")
    assert gained < sum(effect(sign, True) for sign in ("taut_band", "tender", "familiar_pain")) + 1e-9


@pytest.mark.parametrize("point", GLUTEALS)
@pytest.mark.parametrize("answered", [True, False], ids=["answered", "drawing only"])
def test_a_gluteal_trigger_point_found_never_lowers_a_root_lesion(point: str, answered: bool) -> None:
    case = without_findings(example("low_back_leg"))
    if not answered:
        case = drawn(*(f"{p.side}:{p.region}" for p in case.pain))
    active, main = shares(case)
    found = pressed(case, point, "right", taut_band=True, tender=True, familiar_pain=True, referred_pain=True)
    active_found, main_found = shares(found)
    for root in ROOTS:
        assert active_found[root, "right"] >= active[root, "right"] - 1e-12
        assert main_found[root, "right"] >= main[root, "right"] - 1e-12


def test_it_raises_the_root_lesion_on_its_own_side_as_published() -> None:
    case = drawn("right:lumbar_paraspinal_lower", "right:leg_lateral_upper", "right:buttock_middle")
    before, _ = shares(case)
    signs = {"tender": True, "familiar_pain": True}
    same, _ = shares(pressed(case, "gluteus_minimus_2", "right", **signs))
    other, _ = shares(pressed(case, "gluteus_minimus_2", "left", **signs))
    assert same["radiculopathy_l5", "right"] > 2 * before["radiculopathy_l5", "right"]
    assert other["radiculopathy_l5", "right"] < 2 * before["radiculopathy_l5", "right"]


@pytest.mark.parametrize("name", ["red_flag", "neck_root_arm", "low_back_leg", "chest_wall"])
def test_no_trigger_point_found_lowers_a_dangerous_or_neural_cause(name: str) -> None:
    case = without_findings(example(name))
    side = case.pain[0].side
    judgement = judge(case, ATLAS)
    points = [c.id for c in judgement.network.causes if c.muscle and c.side == side][:6]
    for point in points:
        found = pressed(case, point, side, tender=True, familiar_pain=True, referred_pain=True)
        after = shares(found)[0]
        for i, cause in enumerate(judgement.network.causes):
            if is_guarded(cause):
                assert after[cause.id, cause.side] >= float(judgement.shares.active[i]) - 1e-9, (
                    point,
                    cause.id,
                )
