"""Screening: every contraindication asks one plain question, changes something, and only ever takes away."""

from dataclasses import replace

import pytest
from tests.spec.planning.clinic import ATLAS, CLEAR, PERSON, TRAINED, finds, names, planned, reasons, screened

from tautband.assessment.triage import Flag, Triage
from tautband.assessment.verdict import Needling
from tautband.atlas.tables import EFFECTS
from tautband.planning import Patient, Setting, plan

NOT_ASKED = {"sternal_foramen", "forbidden_sites"}


@pytest.mark.parametrize("row", list(ATLAS.contraindications.values()), ids=lambda r: r.id)
def test_every_contraindication_has_a_question_a_scope_and_an_effect(row: object) -> None:
    assert getattr(row, "effects")  # noqa: B009
    assert set(getattr(row, "effects")) <= set(EFFECTS)  # noqa: B009
    if getattr(row, "id") in NOT_ASKED:  # noqa: B009
        assert not getattr(row, "ask")  # noqa: B009
    else:
        assert "?" in getattr(row, "ask")  # noqa: B009


def test_what_nobody_can_answer_is_taken_to_apply() -> None:
    made = planned("gluteus_medius_1:left")
    assert {a.id for a in made.screening.active} >= NOT_ASKED


def test_an_unanswered_absolute_or_relative_contraindication_keeps_the_plan_provisional() -> None:
    assert planned("gluteus_medius_1:left").status == "ready"
    for about in ("pacemaker", "epilepsy"):
        made = planned("gluteus_medius_1:left", case=screened(**{about: "unknown"}))
        assert made.status == "provisional"
        assert [o.id for o in made.screening.open if o.provisional] == [about]
        assert any("unanswered" in line for line in made.why)


def test_an_unanswered_precaution_does_not() -> None:
    assert planned("gluteus_medius_1:left", case=screened(cpap="unknown")).status == "ready"


@pytest.mark.parametrize(
    "about", [c.id for c in ATLAS.contraindications.values() if "no_needling" in c.effects]
)
def test_an_absolute_bar_leaves_no_pass(about: str) -> None:
    made = planned("gluteus_medius_1:left", case=screened(**{about: "yes"}))
    assert made.passes == ()
    assert made.status == "closed"
    assert ATLAS.contraindications[about].condition in made.why[0]


def test_fear_of_needles_leaves_other_treatment_and_a_heart_attack_does_not() -> None:
    afraid = planned("splenius_capitis_1:left", case=screened(needle_phobia="yes"))
    assert afraid.adjuncts
    ill = planned("splenius_capitis_1:left", case=screened(unstable_cardiac="yes"))
    assert ill.adjuncts == ()


def test_a_limb_with_lymphoedema_is_closed_to_its_root_and_the_other_one_is_not() -> None:
    sites = ("extensor_digitorum_1:left", "extensor_digitorum_1:right", "gluteus_medius_1:left")
    made = planned(*sites, case=screened(lymphoedema_limb=("left:hand",)))
    assert sorted(names(made.passes)) == ["extensor_digitorum:right", "gluteus_medius:left"]


def test_a_place_that_was_not_named_closes_every_site_until_it_is() -> None:
    made = planned("gluteus_medius_1:left", case=screened(local_infection_broken_skin="yes"))
    assert made.passes == ()
    assert "no place was named" in reasons(made, "gluteus_medius")


def test_sore_skin_closes_its_region_and_the_ones_that_border_it() -> None:
    region = ATLAS.trigger_points["gluteus_medius_1"].region
    beside = ATLAS.neighbours_of[region][0].neighbour
    for place in (region, beside):
        made = planned("gluteus_medius_1:left", case=screened(local_infection_broken_skin=(f"left:{place}",)))
        assert made.passes == ()
    assert planned(
        "gluteus_medius_1:left", case=screened(local_infection_broken_skin=(f"right:{region}",))
    ).passes


def test_sore_skin_on_the_midline_closes_both_sides_beside_it() -> None:
    for side in ("left", "right"):
        sore = screened(local_infection_broken_skin=("midline:lumbar_spine",))
        assert planned(f"multifidus_lumbar_2:{side}", case=sore).passes == ()


def test_a_suspected_clot_closes_the_legs() -> None:
    made = planned("gastrocnemius_1:left", "extensor_digitorum_1:left", case=screened(dvt_suspicion="yes"))
    assert names(made.passes) == ["extensor_digitorum:left"]


def test_blood_thinners_close_deep_sites_thin_the_needle_and_lighten_the_dose() -> None:
    sites = ("vastus_lateralis_1:left", "multifidus_lumbar_2:left")
    before = planned(*sites)
    after = planned(*sites, case=screened(anticoagulant_antiplatelet="yes"))
    assert names(before.passes) != names(after.passes) == ["vastus_lateralis:left"]
    assert after.session.light
    assert after.passes[0].press_seconds > before.passes[0].press_seconds
    assert after.passes[0].technique.id != "deep_fast_in_fast_out"
    assert any("Takes blood thinners" in item for item in after.consent.extra)


def test_a_site_near_a_point_that_texts_forbid_in_pregnancy_is_closed_then() -> None:
    pregnant = screened(pregnancy_later="yes")
    assert planned("upper_trapezius_1:left", case=pregnant).passes == ()
    assert planned("gluteus_medius_1:left", case=pregnant).passes == ()
    (forearm,) = planned("tibialis_posterior_1:left", case=pregnant).passes
    assert forearm.position.startswith("side_lying")


def test_pregnancy_is_not_asked_of_a_man() -> None:
    man = replace(PERSON, sex="male", screening={})
    asked = {o.id for o in planned("gluteus_medius_1:left", case=man).screening.open}
    assert not {i for i in asked if i.startswith("pregnancy")}


def test_somebody_who_faints_lies_down() -> None:
    sitting = "first_dorsal_interosseous_1:left"
    assert planned(sitting).passes[0].position == "sitting"
    made = planned(sitting, "gluteus_medius_1:left", case=screened(fainting_history="yes"))
    assert all(p.position != "sitting" for p in made.passes)
    assert "no position is left" in reasons(made, "first_dorsal_interosseous")


def test_age_answers_the_question_about_age() -> None:
    child = replace(screened(under_18="unknown"), age=15)
    made = planned("gluteus_medius_1:left", "upper_trapezius_1:left", case=child)
    assert "under_18" in {a.id for a in made.screening.active}
    assert names(made.passes) == ["gluteus_medius:left"]
    unknown = replace(screened(under_18="unknown"), age=None)
    assert "under_18" in {o.id for o in planned("gluteus_medius_1:left", case=unknown).screening.open}


def test_an_answer_of_the_interview_is_not_asked_again() -> None:
    case = replace(screened(diabetes="unknown"), answers={"diabetes": ("yes",)})
    made = planned("gluteus_medius_1:left", case=case)
    (found,) = (a for a in made.screening.active if a.id == "diabetes")
    assert "interview" in found.because


def test_a_yes_from_anywhere_outweighs_a_no() -> None:
    setting = replace(TRAINED, screening=screened(pacemaker="yes").screening)
    made = planned("gluteus_medius_1:left", setting=setting)
    assert "pacemaker" in {a.id for a in made.screening.active}


def test_an_emergency_gives_its_action_and_no_pass() -> None:
    flag = Flag("x", "A sign", "emergency", "a danger", "because", "Call now.", "", ("own_judgement",), ())
    alarm = finds(
        "gluteus_medius_1:left",
        triage=Triage(urgency="emergency", flags=(flag,), open=(), screened=True),
        needling=Needling("refer_first", "Red flag: A sign."),
    )
    made = plan(PERSON, alarm, ATLAS, Patient("average"), TRAINED)
    assert (made.status, made.passes, made.aftercare) == ("refer", (), ())
    assert made.adjuncts == ()  # no stretching for a heart
    assert made.session.notes == ()
    assert made.referral is not None
    assert made.referral.actions == ("Call now.",)
    assert made.consent.text == ("No needling is planned, so there is nothing to consent to.",)


def test_an_unclear_assessment_keeps_the_plan_provisional() -> None:
    unclear = finds("gluteus_medius_1:left", needling=Needling("unclear", "not enough known"))
    made = plan(PERSON, unclear, ATLAS, Patient("average"), TRAINED)
    assert made.status == "provisional"


def test_without_patient_and_setting_everything_is_taken_at_its_strictest() -> None:
    made = plan(replace(PERSON, screening={}), finds("gluteus_medius_1:left"), ATLAS)
    assert made.status == "provisional"
    assert made.setting == Setting()
    assert made.law.jurisdiction == "unset"
    assert made.modalities == ("manual",)
    assert CLEAR
