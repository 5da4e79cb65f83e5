"""A complaint that studies examined makes its muscles likely, shown by the drawing or not, and names the studies."""

from dataclasses import replace

import pytest
from tests.spec.assessment.clinic import ATLAS, activity, drawn, log_odds, pressed

from tautband.assessment import assess
from tautband.assessment.judgement import judge
from tautband.assessment.model import compile_model
from tautband.assessment.network import palpation_ratio
from tautband.assessment.priors import complaint_prevalence
from tautband.atlas import Atlas

NECK = ("right:neck_posterior_upper", "right:neck_posterior_lower", "right:neck_angle")
LOW_BACK = ("right:lumbar_paraspinal_upper", "right:lumbar_paraspinal_lower")


def muscles(*places: str, atlas: Atlas = ATLAS) -> dict[tuple[str, str], float]:
    return {(m.muscle, m.side): m.probability for m in assess(drawn(*places), atlas).muscles}


def unstudied() -> Atlas:
    """The atlas as if nobody had ever counted active trigger points by complaint."""
    return replace(ATLAS, version="unstudied", complaint_regions=())


@pytest.mark.parametrize(("places", "complaint"), [(NECK, "neck_pain"), (LOW_BACK, "low_back_pain")])
def test_who_paints_a_studied_complaint_has_its_muscles_at_least_as_often_as_the_people_studied(
    places: tuple[str, ...], complaint: str
) -> None:
    found = muscles(*places)
    for muscle, share in complaint_prevalence(ATLAS)[complaint].items():
        assert found[muscle, "right"] >= share - 1e-9
        assert found.get((muscle, "left"), 0.0) < 0.05


def test_a_muscle_whose_pattern_misses_the_drawing_is_named_when_people_with_the_complaint_have_it() -> None:
    places = ("right:neck_posterior_upper", "right:neck_posterior_lower")
    assert muscles(*places, atlas=unstudied())["levator_scapulae", "right"] < 0.05
    assert muscles(*places)["levator_scapulae", "right"] > 0.5


def test_the_less_the_drawing_is_the_complaint_the_less_the_studies_say() -> None:
    elsewhere = ("right:great_toe", "right:knee_lateral", "right:heel", "right:forearm_volar_ulnar")
    heard = [muscles(*NECK, *elsewhere[:n])["levator_scapulae", "right"] for n in range(5)]
    assert heard == sorted(heard, reverse=True)
    assert heard[-1] < heard[0]


def test_studies_speak_of_what_is_active_not_of_what_the_main_source_is() -> None:
    case = drawn(*NECK)
    with_studies, without = judge(case, ATLAS), judge(case, unstudied())
    assert with_studies.needling == without.needling
    for layer, share in without.layers.items():
        assert with_studies.layers[layer] == pytest.approx(share, abs=0.002)


def test_pressing_finds_a_point_that_the_drawing_does_not_show_like_any_other() -> None:
    case = drawn("right:neck_posterior_upper", "right:neck_posterior_lower")
    before = activity(case, "levator_scapulae_1", "right")
    for signs in ({"tender": True, "familiar_pain": True}, {"tender": False, "familiar_pain": False}):
        told = pressed(case, "levator_scapulae_1", "right", **signs)
        gained = activity(told, "levator_scapulae_1", "right") - before
        (finding,) = told.findings
        assert gained == pytest.approx(log_odds_of(palpation_ratio(finding, ATLAS, compile_model(ATLAS))))


def log_odds_of(ratio: float) -> float:
    return log_odds(ratio / (1.0 + ratio))


def test_the_reason_names_the_complaint_its_share_and_its_studies() -> None:
    (cause,) = [
        c
        for c in assess(drawn(*LOW_BACK), ATLAS).causes
        if c.id.startswith("quadratus_lumborum") and c.side == "right" and c.why
    ]
    (row,) = [r for r in cause.why if r.kind == "complaint"]
    assert row.id == "low_back_pain"
    assert float(row.value) == pytest.approx(
        complaint_prevalence(ATLAS)["low_back_pain"]["quadratus_lumborum"], abs=0.005
    )
    assert row.log_odds > 0.0
    studies = {
        source
        for r in ATLAS.prevalence
        if r.complaint_key == "low_back_pain" and r.muscle == "quadratus_lumborum"
        for source in r.provenance.sources
    }
    assert studies
    assert studies <= set(cause.sources)


def test_the_sites_of_a_muscle_share_out_what_studies_say_of_the_muscle() -> None:
    for complaint in compile_model(ATLAS).complaints:
        for muscle, share in complaint.muscles.items():
            none = 1.0
            for site in ATLAS.trigger_points_of.get(muscle, ()):
                none *= 1.0 - complaint.points[site.id]
            assert 1.0 - none == pytest.approx(share) or muscle not in ATLAS.trigger_points_of


def test_a_study_in_which_everybody_had_it_makes_nothing_certain() -> None:
    weightless = replace(ATLAS.model["prevalence_weight"], value=0.0)
    row = next(r for r in ATLAS.prevalence if r.complaint_key == "low_back_pain")
    atlas = replace(
        ATLAS,
        version="everybody",
        model={**ATLAS.model, "prevalence_weight": weightless},
        prevalence=(replace(row, muscle="quadratus_lumborum", active_pct=100.0),),
    )
    found = next(m for m in assess(drawn(*LOW_BACK), atlas).muscles if m.muscle == "quadratus_lumborum")
    assert 0.99 < found.probability < 1.0
    assert found.shown < 0.5
