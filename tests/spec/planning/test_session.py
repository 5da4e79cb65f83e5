"""A session: load, order, technique, dose, current, adjuncts, aftercare, law, vocabularies, consent."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.spec.planning.clinic import (
    ATLAS,
    AVERAGE,
    CLEAR,
    PERSON,
    TRAINED,
    finds,
    names,
    planned,
    reasons,
    screened,
)

from tautband.assessment import Case, Finding, PaintedRegion, assess
from tautband.assessment.assess import MuscleEstimate
from tautband.assessment.verdict import Needling
from tautband.atlas import Atlas
from tautband.planning import Patient, Plan, Setting, plan
from tautband.planning.consent import digest_of
from tautband.planning.law import pack_of
from tautband.planning.setting import jurisdictions
from tautband.planning.stimulation import cover

FIRST = replace(TRAINED, session=1)
ELECTRICAL = replace(TRAINED, modalities=("manual", "electrical"))
ANYTHING = replace(TRAINED, training="pelvic", ultrasound=True)
LEG = (
    "vastus_lateralis_1:left",
    "tibialis_anterior_1:left",
    "gastrocnemius_1:left",
    "gluteus_medius_1:left",
    "vastus_lateralis_1:right",
)


def test_a_first_session_is_light_and_takes_the_likeliest_muscles() -> None:
    made = planned(*LEG, setting=FIRST)
    assert len(made.passes) == 3
    assert sorted(names(made.passes)) == sorted(
        ["vastus_lateralis:left", "tibialis_anterior:left", "gastrocnemius:left"]
    )
    assert made.session.light
    assert "does not fit" in reasons(made, "gluteus_medius")


def test_a_later_session_holds_more() -> None:
    assert len(planned(*LEG).passes) == 5


def test_the_person_turns_over_as_few_times_as_possible() -> None:
    made = planned("gastrocnemius_1:left", "tibialis_anterior_1:left", "soleus_1:left")
    # calf muscles are needled prone, the shin supine: one turn, and the likeliest first
    assert [p.position for p in made.passes] == ["prone", "prone", "supine"]
    assert made.session.turns == 1
    assert [p.turn for p in made.passes] == [False, False, True]


def test_limits_and_intervals_come_from_the_data() -> None:
    rules = ATLAS.planning_rules
    session = planned("gluteus_medius_1:left", setting=FIRST).session
    assert session.muscles_high == rules["first_session_muscles"].value == 3
    assert session.insertions_high == rules["first_session_insertions"].value
    assert session.interval_days_low == rules["interval_days_low"].value


def test_pistoning_only_where_nothing_in_the_path_forbids_it() -> None:
    (thigh,) = planned("vastus_lateralis_1:left").passes
    assert thigh.technique.id == "deep_fast_in_fast_out"
    assert {"local_twitches_per_site", "insertion_speed"} <= {p.name for p in thigh.technique.parameters}
    (hip,) = planned("gluteus_minimus_1:left").passes
    assert hip.technique.id == "static_in_situ"
    assert "sciatic" in hip.technique.why


def test_irritable_pain_is_needled_superficially() -> None:
    (calm,) = planned("vastus_lateralis_1:left", patient=Patient("average", irritability="moderate")).passes
    (sore,) = planned("vastus_lateralis_1:left", patient=Patient("average", irritability="high")).passes
    assert calm.technique.id == "deep_fast_in_fast_out"
    assert sore.technique.id == "superficial_baldry"
    unknown = replace(PERSON, pain=())
    (careful,) = planned("vastus_lateralis_1:left", case=unknown, patient=Patient("average")).passes
    assert careful.technique.id == "superficial_baldry"


INTO_THE_MUSCLE = re.compile(
    r"\b(grip(ped)?|grasp|pincer|fold|roll|perforate|(?<!no )(?<!never )perpendicular|bony stop"
    r"|(at|on|onto|to|hug) (the )?(bone|rib))\b"
)


@pytest.mark.parametrize("point", list(ATLAS.trigger_points))
def test_every_line_of_a_needle_that_stays_over_the_muscle_says_so(point: str) -> None:
    sore = Patient("average", irritability="high")
    for made in planned(f"{point}:left", patient=sore, setting=ANYTHING).passes:
        own = ATLAS.techniques["superficial_baldry"]
        site = ATLAS.needling[made.muscle]
        assert (made.approach, made.direction, made.stop) == (own.approach, own.direction, "over_muscle")
        assert made.palpation == site.palpation
        assert made.working_depth_mm is not None
        for line in (made.approach, made.direction, made.avoidance, *(h.avoid for h in made.hazards)):
            assert not INTO_THE_MUSCLE.search(line), line


def test_a_needle_that_enters_the_muscle_goes_the_way_of_its_site() -> None:
    (arm,) = planned("biceps_brachii_1:left").passes
    row = ATLAS.needling["biceps_brachii"]
    assert (arm.approach, arm.direction, arm.stop) == (row.approach, row.direction, "grip")
    assert row.avoidance in arm.avoidance
    assert row.avoidance_in_muscle in arm.avoidance
    (sore,) = planned("biceps_brachii_1:left", patient=Patient("average", irritability="high")).passes
    assert sore.avoidance == row.avoidance
    assert sore.palpation == "pincer"


def test_the_dose_is_one_to_three_twitches_with_its_source_and_no_promise() -> None:
    (thigh,) = planned("vastus_lateralis_1:left").passes
    assert (thigh.dose.twitches_low, thigh.dose.twitches_high) == (1, 3)
    for words in ("1 to 3 meaningful twitches", "EMG", "let go"):
        assert words in thigh.dose.rule
    assert "No trial has shown a best dose" in thigh.dose.why
    assert "not a promise" in thigh.dose.why
    assert "doi:10.1093/pm/pnz182" in thigh.dose.sources


def test_a_lighter_dose_stops_at_one_twitch() -> None:
    (thigh,) = planned("vastus_lateralis_1:left", case=screened(diabetes="yes")).passes
    assert thigh.dose.light
    assert thigh.dose.twitches_high == 1


def test_tendon_and_bone_techniques_need_a_likely_look_alike_and_the_means() -> None:
    from tautband.assessment.assess import CauseEstimate

    found = finds("gastrocnemius_1:left")
    tendon = CauseEstimate(
        "achilles_tendinopathy",
        "lookalike",
        "left",
        "articular",
        "routine",
        "x",
        0.4,
        0.4,
        0.3,
        (),
        (),
        (),
        (),
    )
    both = replace(found, causes=(*found.causes, tendon))
    without = plan(PERSON, both, ATLAS, AVERAGE, TRAINED)
    assert without.other_tissue == ()
    made = plan(PERSON, both, ATLAS, AVERAGE, replace(TRAINED, modalities=("manual", "tendon")))
    assert {t.modality for t in made.other_tissue} == {"tendon"}


def test_scars_are_needled_only_where_it_is_at_hand_and_nothing_speaks_against_it() -> None:
    scars = replace(TRAINED, modalities=("manual", "scar"))
    made = planned("gluteus_medius_1:left", setting=scars)
    assert [t.id for t in made.other_tissue] == ["scar_needling"]
    for reply in ("yes", "unknown"):
        case = screened(keloid_scar=reply)
        assert planned("gluteus_medius_1:left", case=case, setting=scars).other_tissue == ()


def test_current_covers_the_roots_with_the_fewest_needles() -> None:
    made = planned("vastus_lateralis_1:left", setting=ELECTRICAL)
    assert made.stimulation is not None
    assert set(made.stimulation.covered) == {"L2", "L3", "L4"}
    levels = {e.level for p in made.stimulation.pairs for e in (p.first, p.second) if e.level}
    assert len(levels) == 2
    assert made.modalities == ("manual", "electrical")
    assert "fewest levels" in made.stimulation.why
    assert all(e.side == "left" for p in made.stimulation.pairs for e in (p.first, p.second))


def test_an_odd_level_is_paired_with_the_needle_in_the_muscle() -> None:
    assert cover(("L4", "L5"), ATLAS.segments)[0] == ("L5",)
    made = planned("tibialis_anterior_1:left", setting=ELECTRICAL)
    assert made.stimulation is not None
    (pair,) = made.stimulation.pairs
    assert (pair.first.level, pair.second.pass_key) == ("L5", "tibialis_anterior_1:left")
    assert made.stimulation.extra_needles == 1


@pytest.mark.parametrize(
    "about",
    [
        "pacemaker",
        "icd",
        "neurostimulator_pump",
        "epilepsy",
        "pregnancy_first_trimester",
        "pregnancy_later",
        "metal_hardware",
    ],
)
@pytest.mark.parametrize("reply", ["yes", "unknown"])
def test_no_current_when_something_forbids_it_or_was_not_answered(about: str, reply: str) -> None:
    made = planned("tibialis_anterior_1:left", case=screened(**{about: reply}), setting=ELECTRICAL)
    assert made.stimulation is None
    assert "electrical" not in made.modalities
    assert made.stimulation_closed


def test_no_current_that_is_not_at_hand() -> None:
    assert planned("tibialis_anterior_1:left").stimulation is None


def test_every_area_has_something_that_goes_with_needling_or_before_it() -> None:
    areas = {a.area for a in ATLAS.adjuncts}
    assert areas >= {r.area for r in ATLAS.regions.values()}
    neck = planned("splenius_capitis_1:left").adjuncts
    assert {a.when for a in neck} >= {"first", "along"}
    assert all(a.sources for a in neck)


def conditions(made: Plan) -> set[str]:
    return {a.condition for a in made.adjuncts}


def test_jaw_treatment_goes_with_jaw_muscles_only() -> None:
    jaw = "jaw muscle pain (TMD)"
    scalp = planned("occipitalis_1:left", "upper_trapezius_1:left")
    assert "head" in {ATLAS.regions[p.region].area for p in scalp.passes}
    assert jaw not in conditions(scalp)
    assert jaw in conditions(planned("masseter_superficial_1:left"))
    # likely, though this session has no room for it
    neck = (
        "splenius_capitis_1:left",
        "occipitalis_1:left",
        "frontalis_1:left",
        "masseter_superficial_1:left",
    )
    full = planned(*neck, setting=FIRST)
    assert "masseter_superficial" not in {p.muscle for p in full.passes}
    assert jaw in conditions(full)


def test_pelvic_floor_treatment_does_not_go_with_the_buttock() -> None:
    buttock = planned("gluteus_medius_1:left")
    assert "pelvic floor pain" not in conditions(buttock)
    assert "buttock and hip pain" in conditions(buttock)
    case = replace(PERSON, pain=(PaintedRegion("perineum", "midline", 4),))
    floor = planned("levator_ani_1:left", case=case)  # closed to the needle, and that is when it is wanted
    assert "pelvic floor pain" in conditions(floor)


def test_whiplash_treatment_waits_for_an_injury_and_a_thrower_s_for_throwing() -> None:
    for about, answer, condition, site in (
        ("injury_level", "major", "whiplash", "splenius_capitis_1:left"),
        ("hurts_when", "throw_racket", "shoulder pain in overhead athletes", "infraspinatus_1:left"),
    ):
        told = replace(PERSON, answers={about: (answer,)})
        assert condition in conditions(planned(site, case=told))
        assert condition not in conditions(planned(site))
    unhurt = replace(PERSON, answers={"injury_level": ("none",)})
    assert "whiplash" not in conditions(planned("splenius_capitis_1:left", case=unhurt))


def test_what_a_pass_goes_with_is_about_its_own_muscle() -> None:
    made = planned("occipitalis_1:left", "masseter_superficial_1:left")
    said = {p.muscle: " ".join(p.adjuncts) for p in made.passes}
    assert "Jaw exercise" in said["masseter_superficial"]
    assert "Jaw exercise" not in said["occipitalis"]


def test_a_layer_beside_muscle_that_holds_a_share_is_named_with_what_to_look_for() -> None:
    from tautband.assessment.assess import CauseEstimate

    root = CauseEstimate(
        "radiculopathy_l5", "lookalike", "left", "neural", "routine", "x", 0.3, 0.3, 0.2, (), (), (), ()
    )
    found = finds("gluteus_medius_1:left", layers={"myofascial": 0.8, "neural": 0.2})
    made = plan(PERSON, replace(found, causes=(*found.causes, root)), ATLAS, AVERAGE, TRAINED)
    (other,) = made.other_layers
    assert (other.layer, other.cause) == ("neural", "radiculopathy_l5")
    assert other.look_for
    assert planned("gluteus_medius_1:left").other_layers == ()


def test_thoracic_work_names_other_ways_before_a_deep_needle() -> None:
    made = planned("rhomboid_major_1:left")
    assert any(a.when == "instead" and a.area == "back" for a in made.adjuncts)


def test_after_work_near_the_lung_the_patient_is_told_about_days_later() -> None:
    said = {a.id: a for a in planned("upper_trapezius_1:left").aftercare}
    assert "several days later" in said["lung_warning"].text
    assert "no_fly_dive" in said
    assert "lung_warning" not in {a.id for a in planned("gluteus_medius_1:left").aftercare}
    assert all(a.record for a in said.values())


def test_the_first_session_ends_with_a_rest() -> None:
    made = planned("gluteus_medius_1:left", setting=FIRST)
    assert "stay_after_first" in {a.id for a in made.aftercare}
    assert any("Rest 15 minutes" in note for note in made.session.notes)


@pytest.mark.parametrize("name", jurisdictions(ATLAS))
def test_every_jurisdiction_answers_every_question_sourced_or_to_be_confirmed(name: str) -> None:
    pack = pack_of(name, ATLAS)
    assert {line.rule for line in pack.lines} == {
        "who",
        "term",
        "written_consent",
        "skin_preparation",
        "retention_years",
        "minors",
    }
    for line in pack.lines:
        assert line.status == "confirm" or line.sources != ("own_judgement",), line


def test_the_unset_jurisdiction_is_the_strictest() -> None:
    unset = pack_of("unset", ATLAS)
    packs = [pack_of(name, ATLAS) for name in jurisdictions(ATLAS)]
    assert unset.written_consent
    assert unset.disinfect
    assert unset.retention_years == max(p.retention_years for p in packs)


def test_tables_of_ones_own_may_say_less_and_what_they_leave_out_is_taken_at_its_strictest(
    tmp_path: Path,
) -> None:
    (tmp_path / "jurisdictions.csv").write_text(
        "jurisdiction,rule,value,text,status,sources,confidence,source_read\n"
        "erewhon,term,free,Call it what you like,sourced,own_judgement,low,no\n",
        encoding="utf-8",
    )
    (tmp_path / "vocabularies.csv").write_text(
        "vocabulary,term,words,sources,confidence,source_read\nplain,act,needling,own_judgement,low,no\n",
        encoding="utf-8",
    )
    own = Atlas.load(tmp_path)
    setting = replace(TRAINED, jurisdiction="erewhon", vocabulary="plain")
    made = plan(PERSON, finds("gluteus_medius_1:left"), own, AVERAGE, setting)
    assert made.law.written_consent
    assert made.law.retention_years == pack_of("unset", ATLAS).retention_years
    assert made.consent.text[0].startswith("What: needling")


def test_the_packs_asked_for_are_there() -> None:
    assert set(jurisdictions(ATLAS)) >= {
        "british_columbia",
        "ontario",
        "colorado",
        "england",
        "ireland",
        "queensland",
        "unset",
    }


def test_a_muscle_known_only_from_studies_is_pressed_before_a_needle_is_planned_for_it() -> None:
    drawing = Case(pain=(PaintedRegion("neck_posterior_upper", "right", 4),), screening=CLEAR)
    muscle = ("levator_scapulae", "right")

    def likely(case: Case) -> MuscleEstimate:
        return next(m for m in assess(case, ATLAS).muscles if (m.muscle, m.side) == muscle)

    def needled(case: Case) -> bool:
        sure = replace(assess(case, ATLAS), needling=Needling("suits", "made for a test"))
        made = plan(case, sure, ATLAS, AVERAGE, TRAINED)
        sites = [(p.muscle, p.side) for p in made.passes] + [(r.muscle, r.side) for r in made.refused]
        return muscle in sites

    pressed = drawing.with_finding(
        Finding("levator_scapulae_1", "right", taut_band=True, tender=True, familiar_pain=True)
    )
    assert likely(drawing).probability > 0.2 > 0.1 > likely(drawing).shown
    assert not needled(drawing)
    assert likely(pressed).shown > 0.5
    assert needled(pressed)


def test_one_act_is_read_in_both_vocabularies_and_written_in_the_one_allowed() -> None:
    (western,) = planned("upper_trapezius_1:left").passes
    ashi = next(r for r in western.readings if r.vocabulary == "ashi")
    assert "阿是穴" in ashi.text
    assert "GB21" in ashi.text
    assert "经筋" in ashi.text
    made = planned("upper_trapezius_1:left", setting=replace(TRAINED, vocabulary="ashi"))
    assert made.vocabulary == "ashi"
    assert made.consent.text[0].startswith("What: acupuncture")
    assert planned("upper_trapezius_1:left").consent.text[0].startswith("What: dry needling")


def test_the_consent_text_names_what_where_risks_alternatives_and_the_right_to_stop() -> None:
    made = planned("upper_trapezius_1:left")
    text = "\n".join(made.consent.text)
    for words in (
        "Trapezius, upper fibres, left",
        "7 of 71,782",
        "1,463 of 7,629",
        "Instead of it",
        "stop at any moment",
    ):
        assert words in text
    assert all(r.sources for r in made.consent.risks)


def test_the_digest_points_at_the_exact_words() -> None:
    one, two = planned("upper_trapezius_1:left").consent, planned("upper_trapezius_1:right").consent
    assert one.digest == digest_of(one.text)
    assert one.digest != two.digest
    assert planned("upper_trapezius_1:left").consent.digest == one.digest


def test_feet_are_disinfected_whatever_the_law_says() -> None:
    lenient = Setting(training="advanced", session=2, jurisdiction="england")
    assert planned("gluteus_maximus_1:left", setting=lenient).session.skin.startswith("disinfect")
    assert planned("vastus_lateralis_1:left", setting=lenient).session.skin.startswith("clean")
