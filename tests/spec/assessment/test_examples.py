"""The worked examples: what tautband says of each is what a careful clinician would say."""

import pytest
from tests.spec.assessment.clinic import assessed, example

# name, verdict, muscles of which one comes first, its side
SUITS = [
    ("neck_and_headache", "upper_trapezius", "left"),
    ("shoulder", "infraspinatus", "right"),
    ("low_back_leg", "gluteus_minimus", "right"),
    ("heel", "soleus", "left"),
    ("forearm_elbow", "extensor_carpi_radialis_longus", "right"),
    ("chest_wall", "pectoralis_major_sternal", "left"),
]


@pytest.mark.parametrize(("name", "muscle", "side"), SUITS)
def test_a_screened_myofascial_complaint_suits_needling_of_the_muscle_that_gave_the_familiar_pain(
    name: str, muscle: str, side: str
) -> None:
    found = assessed(name)
    assert found.triage.urgency == "none"
    assert found.triage.screened
    assert found.needling.verdict == "suits"
    assert (found.muscles[0].muscle, found.muscles[0].side) == (muscle, side)
    assert found.layers["myofascial"] >= 0.6


def test_a_clicking_jaw_with_a_masseter_that_gives_the_familiar_pain_is_muscle_or_joint_and_says_so() -> None:
    found = assessed("jaw")
    assert found.triage.screened
    assert found.muscles[0].muscle == "masseter_superficial"
    assert found.needling.verdict in ("suits", "unclear")
    joint = next(c for c in found.causes if c.id == "tmj_arthropathy")
    assert joint.main_source > 0.1


def test_a_drawing_alone_stays_unclear_however_muscular_it_looks() -> None:
    found = assessed("upper_back_drawing")
    assert found.muscles[0].muscle == "levator_scapulae"
    assert found.layers["myofascial"] > 0.6
    assert found.needling.verdict == "unclear"
    assert "not screened" in found.needling.why


def test_groin_pain_of_a_footballer_is_not_yet_for_the_needle() -> None:
    found = assessed("groin")
    assert found.needling.verdict != "suits"
    assert any(c.id == "adductor_related_groin_pain" and c.main_source > 0.1 for c in found.causes)
    assert {m.muscle for m in found.muscles[:4]} & {"adductor_longus", "adductor_brevis", "adductor_magnus"}


def test_heart_pain_in_the_shoulder_is_an_emergency_whatever_knots_the_shoulder_has() -> None:
    found = assessed("red_flag")
    assert found.triage.urgency == "emergency"
    assert found.triage.flags[0].id == "acs"
    assert "ambulance" in found.triage.flags[0].action
    assert found.needling.verdict == "refer_first"
    assert found.layers["vascular"] > 0.9
    assert max(found.causes, key=lambda c: c.main_source).id == "acute_coronary_syndrome"


def test_a_root_lesion_comes_before_the_needle_without_any_red_flag() -> None:
    found = assessed("neck_root_arm")
    assert found.triage.flags == ()
    assert found.triage.screened
    assert (found.needling.verdict, found.needling.layer) == ("refer_first", "neural")
    assert max(found.causes, key=lambda c: c.main_source).id == "radiculopathy_c6"


def test_every_example_is_solved_exactly() -> None:
    names = [name for name, *_ in SUITS] + ["jaw", "upper_back_drawing", "groin", "red_flag", "neck_root_arm"]
    assert {assessed(name).method for name in names} == {"exact"}


def test_the_free_text_is_kept_and_never_interpreted() -> None:
    from dataclasses import replace

    from tests.spec.assessment.clinic import ATLAS

    from tautband.assessment import assess, write_assessment

    case = example("shoulder")
    dangerous = replace(case, complaint="crushing chest pain, cannot feel my legs, cancer")
    assert write_assessment(assess(dangerous, ATLAS)) == write_assessment(assessed("shoulder"))
