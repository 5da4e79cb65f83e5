"""The safety corridor: how deep, with which needle, and which sites stay closed."""

from dataclasses import replace

import pytest
from tests.spec.planning.clinic import (
    ATLAS,
    AVERAGE,
    PERSON,
    TRAINED,
    finds,
    names,
    planned,
    reasons,
    screened,
)

from tautband.planning import Patient, Setting, plan
from tautband.planning.corridor import Tightness, allowed_mm, depth_of

LOOSE, TIGHT = Tightness(False, False), Tightness(True, True)


def ceiling(point: str, tight: Tightness = LOOSE) -> int | None:
    muscle = ATLAS.trigger_points[point].muscle
    return depth_of(ATLAS.needling[muscle], point, ATLAS, tight).ceiling_mm


def test_at_the_top_of_the_shoulder_the_ultrasound_figure_counts_not_cadaver_or_mri() -> None:
    # 14.6 mm on average in women; three quarters of it is 10.9, less breathing 10.1
    depth = depth_of(ATLAS.needling["upper_trapezius"], "upper_trapezius_2", ATLAS, LOOSE)
    assert depth.ceiling_mm == 10
    assert depth.limits[0].id == "gb21_us_1"
    assert {use.id for use in depth.limits} == {"gb21_us_1", "gb21_us_2", "ut_cad_1"}
    assert depth.sources
    assert "pleura" in depth.structure


def test_a_thin_or_unknown_build_takes_more_off_at_the_lung() -> None:
    assert ceiling("upper_trapezius_2", TIGHT) == 5
    (average,) = planned("upper_trapezius_1:left").passes
    (unknown,) = planned("upper_trapezius_1:left", patient=Patient(irritability="low")).passes
    (thin,) = planned("upper_trapezius_1:left", patient=Patient("thin", irritability="low")).passes
    assert average.depth.ceiling_mm == 10
    assert unknown.depth.ceiling_mm == thin.depth.ceiling_mm == 5


def test_between_spine_and_shoulder_blade_a_needle_stays_clearly_under_the_one_that_did_harm() -> None:
    # 19 mm is recommended, yet 20 mm has caused a pneumothorax
    assert ceiling("rhomboid_major_1") == 15
    assert ceiling("rhomboid_major_1", TIGHT) == 9


@pytest.mark.parametrize("point", list(ATLAS.trigger_points))
def test_no_ceiling_is_deeper_than_the_shallowest_figure_that_may_cap(point: str) -> None:
    muscle = ATLAS.trigger_points[point].muscle
    capping = [
        row.value_mm
        for row in ATLAS.depth_limits.values()
        if row.use_as_limit == "yes"
        and row.quantity in ("depth", "needle_length")
        and muscle in row.muscles
        and (not row.trigger_points or point in row.trigger_points)
    ]
    for tight in (LOOSE, TIGHT):
        found = ceiling(point, tight)
        assert (found is None) == (not capping)
        assert found is None or found <= min(capping)


@pytest.mark.parametrize(
    "row", [r for r in ATLAS.depth_limits.values() if r.use_as_limit != "yes"], ids=lambda r: r.id
)
def test_a_figure_that_may_not_cap_never_does(row: object) -> None:
    for muscle in getattr(row, "muscles"):  # noqa: B009
        for point in ATLAS.trigger_points_of[muscle]:
            depth = depth_of(ATLAS.needling[muscle], point.id, ATLAS, LOOSE)
            assert getattr(row, "id") not in {use.id for use in depth.limits}  # noqa: B009


def test_sideways_gaps_and_window_widths_are_not_depths() -> None:
    wide = ATLAS.depth_limits["tp_mid_2"]
    assert wide.use_as_limit == "yes"
    assert wide.quantity == "window_width"
    assert ceiling("tibialis_posterior_1") is None


def test_an_average_with_a_published_spread_is_read_at_two_standard_deviations() -> None:
    navel = ATLAS.depth_limits["abd_nw_1"]
    assert allowed_mm(navel, ATLAS.planning_rules, LOOSE) == navel.derived_low_mm == 3


def test_where_the_shallowest_figure_leaves_no_room_the_site_is_closed() -> None:
    made = planned("rectus_abdominis_1:left")
    assert made.passes == ()
    assert "no safe blind depth" in reasons(made, "rectus_abdominis")


def test_without_a_sourced_depth_the_plan_says_so_and_relies_on_bone_or_grip() -> None:
    (gluteal,) = planned("gluteus_medius_1:right").passes
    assert gluteal.depth.ceiling_mm is None
    assert gluteal.depth.statement == "no sourced depth"
    assert gluteal.stop == "bone"
    (hip,) = planned("piriformis_1:right").passes
    assert ATLAS.needling["piriformis"].stop == "none"
    assert hip.technique.id == "superficial_baldry"
    assert hip.stop == "over_muscle"
    assert hip.working_depth_mm == (5, 10)


def test_the_needle_is_the_shortest_that_does_the_work_and_cannot_reach_the_hazard() -> None:
    (elbow,) = planned("pronator_teres_1:left").passes
    assert elbow.depth.ceiling_mm == 13
    assert elbow.needle.length_mm == 13
    (shoulder,) = planned("upper_trapezius_1:left").passes
    assert shoulder.needle.length_mm == 13
    assert shoulder.needle.outside_mm == 3


def test_a_needle_that_did_harm_elsewhere_in_the_muscle_is_not_chosen() -> None:
    # at T12-L1 a 50 mm needle entered the canal; at L4-5 no depth is sourced, and the needle stays shorter
    (low,) = planned("multifidus_lumbar_2:left").passes
    assert low.depth.ceiling_mm is None
    assert low.needle.length_mm < 50


def test_over_the_lung_a_flat_needle_stays_superficial() -> None:
    for point in (
        "rhomboid_major_1",
        "iliocostalis_thoracis_1",
        "longissimus_thoracis_1",
        "serratus_anterior_1",
    ):
        (made,) = planned(f"{point}:left").passes
        assert made.technique.id == "superficial_baldry", point
        assert made.needle.length_mm <= 15


def test_high_risk_sites_are_closed_without_declared_training() -> None:
    for setting in (Setting(), Setting(training="foundation")):
        made = planned("levator_scapulae_1:left", setting=setting)
        assert made.passes == ()
        assert "advanced training" in reasons(made, "levator_scapulae")
    assert names(planned("levator_scapulae_1:left").passes) == ["levator_scapulae:left"]


@pytest.mark.parametrize(
    "muscle",
    [m for m, r in ATLAS.needling.items() if r.risk == "high" and not r.provenance.source_read],
)
def test_a_high_risk_row_from_memory_is_closed_and_shown(muscle: str) -> None:
    point = ATLAS.trigger_points_of[muscle][0].id
    made = planned(f"{point}:left", setting=Setting(training="pelvic", ultrasound=True))
    assert made.passes == ()
    assert "memory" in reasons(made, muscle)


def test_some_sites_open_only_on_a_screen_and_some_never() -> None:
    assert planned("longus_colli_1:left").passes == ()
    assert names(planned("longus_colli_1:left", setting=replace(TRAINED, ultrasound=True)).passes)
    assert planned("intercostals_1:left", setting=Setting(training="pelvic", ultrasound=True)).passes == ()


def test_never_both_sides_of_the_chest_wall() -> None:
    made = planned("upper_trapezius_1:left", "levator_scapulae_1:left", "upper_trapezius_1:right")
    assert {p.side for p in made.passes} == {"left"}
    assert "both sides of the chest wall" in reasons(made, "upper_trapezius")


def test_when_both_sides_are_equally_likely_the_practitioner_chooses() -> None:
    both = finds("upper_trapezius_1:left", "upper_trapezius_1:right")
    same = replace(both, muscles=tuple(replace(m, probability=0.8) for m in both.muscles))
    undecided = plan(PERSON, same, ATLAS, AVERAGE, TRAINED)
    assert undecided.passes == ()
    assert "choose it" in reasons(undecided, "upper_trapezius")
    decided = plan(PERSON, same, ATLAS, AVERAGE, replace(TRAINED, chest_side="right"))
    assert names(decided.passes) == ["upper_trapezius:right"]


def test_lung_disease_tightens_the_chest_and_an_earlier_collapse_closes_it() -> None:
    (well,) = planned("upper_trapezius_1:left").passes
    (ill,) = planned("upper_trapezius_1:left", case=screened(lung_disease_thin="yes")).passes
    assert ill.depth.ceiling_mm is not None
    assert well.depth.ceiling_mm is not None
    assert ill.depth.ceiling_mm < well.depth.ceiling_mm
    assert ill.technique.id == "superficial_baldry"
    collapsed = planned("upper_trapezius_1:left", case=screened(pneumothorax_history="yes"))
    assert collapsed.passes == ()


def test_every_pass_says_everything_a_colleague_needs() -> None:
    for p in planned("upper_trapezius_1:left", "infraspinatus_1:left", "pronator_teres_1:left").passes:
        for said in (
            p.site,
            p.landmarks,
            p.position_detail,
            p.palpation,
            p.approach,
            p.direction,
            p.avoidance,
        ):
            assert said
        assert p.needle.diameter_mm > 0
        assert p.hazards
        assert all(h.avoid for h in p.hazards)
        assert p.technique.known
        assert p.technique.contested
        assert p.dose.rule
        assert p.dose.sources
        assert {r.vocabulary for r in p.readings} == {"trigger_point", "ashi", "ims"}
        assert p.sources
