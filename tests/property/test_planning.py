"""The safety corridor, fuzzed: no random patient, setting or assessment ever gets a plan that leaves it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tautband.assessment import Assessment, Case, PaintedRegion, Screened
from tautband.assessment.assess import CauseEstimate, MuscleEstimate
from tautband.assessment.triage import Flag, Triage
from tautband.assessment.verdict import Needling
from tautband.atlas import Atlas
from tautband.atlas.tables import AREAS, URGENCIES
from tautband.planning import Patient, Plan, Setting, plan, write_plan
from tautband.planning.setting import MODALITIES, TRAINING, jurisdictions, vocabularies
from tautband.planning.technique import LADDER

ATLAS = Atlas.load()
POINTS = list(ATLAS.trigger_points)
CONTRAINDICATIONS = list(ATLAS.contraindications)
CLEAN = {c: Screened("no") for c in CONTRAINDICATIONS}
SIDED = st.sampled_from(["left", "right"])


def assessment_of(
    muscles: Iterable[tuple[str, str, float]],
    urgency: str = "none",
    verdict: str = "suits",
) -> Assessment:
    """An assessment that finds these trigger points, most probable first."""
    ranked = sorted(muscles, key=lambda m: (-m[2], m[0], m[1]))
    causes = tuple(
        CauseEstimate(
            point, "trigger_point", side, "myofascial", "none", point, p, p, p, (), (), (), ("own_judgement",)
        )
        for point, side, p in ranked
    )
    best: dict[tuple[str, str], float] = {}
    for point, side, p in ranked:
        muscle = ATLAS.trigger_points[point].muscle
        best[muscle, side] = max(p, best.get((muscle, side), 0.0))
    flag = Flag(
        id="x",
        name="a flag",
        urgency=urgency,
        condition="something",
        why="because",
        action="act",
        evidence="",
        causes=(),
        sources=("own_judgement",),
    )
    flags = () if urgency == "none" else (flag,)
    return Assessment(
        atlas=ATLAS.version,
        method="exact",
        triage=Triage(urgency=urgency, flags=flags, open=(), screened=True),
        needling=Needling(verdict, "made for a test"),
        layers={"myofascial": 1.0},
        causes=causes,
        muscles=tuple(
            MuscleEstimate(m, side, p, p) for (m, side), p in sorted(best.items(), key=lambda i: -i[1])
        ),
        unexplained=(),
        channels=(),
        next=(),
    )


@st.composite
def found(draw: st.DrawFn) -> list[tuple[str, str, float]]:
    sites = draw(st.lists(st.tuples(st.sampled_from(POINTS), SIDED), min_size=1, max_size=12, unique=True))
    return [(p, s, draw(st.floats(0.0, 1.0))) for p, s in sites]


@st.composite
def replies(draw: st.DrawFn) -> dict[str, Screened]:
    given_yes = draw(st.lists(st.sampled_from(CONTRAINDICATIONS), max_size=4, unique=True))
    clean = CLEAN if draw(st.booleans()) else {}
    place = st.tuples(st.sampled_from([*AREAS, *ATLAS.regions]), st.sampled_from(["", "left", "right"]))
    return {**clean, **{c: Screened("yes", tuple(draw(st.lists(place, max_size=2)))) for c in given_yes}}


@st.composite
def people(draw: st.DrawFn) -> tuple[Case, Patient]:
    case = Case(
        age=draw(st.none() | st.integers(0, 100)),
        sex=draw(st.sampled_from([None, "female", "male", "other"])),
        pain=(PaintedRegion("temple", "left", draw(st.none() | st.integers(0, 10))),),
        screening=draw(replies()),
        build=draw(st.sampled_from([None, "thin", "average", "heavy"])),
    )
    patient = Patient(
        build=draw(st.sampled_from([None, "thin", "average", "heavy"])),
        height_cm=draw(st.none() | st.floats(100, 220)),
        weight_kg=draw(st.none() | st.floats(30, 200)),
        irritability=draw(st.sampled_from([None, "low", "moderate", "high"])),
    )
    return case, patient


SETTINGS = st.builds(
    Setting,
    session=st.integers(1, 5),
    training=st.none() | st.sampled_from(TRAINING),
    modalities=st.lists(st.sampled_from(MODALITIES), min_size=1, unique=True).map(tuple),
    jurisdiction=st.sampled_from(jurisdictions(ATLAS)),
    vocabulary=st.sampled_from(vocabularies(ATLAS)),
    ultrasound=st.booleans(),
    chest_side=st.none() | SIDED,
)


def shallowest_mm(muscle: str, trigger_point: str) -> float | None:
    """The shallowest published figure that may cap at a site, read straight from the table."""
    figures = [
        row.value_mm
        for row in ATLAS.depth_limits.values()
        if row.use_as_limit == "yes"
        and row.quantity in ("depth", "needle_length")
        and muscle in row.muscles
        and (not row.trigger_points or trigger_point in row.trigger_points)
    ]
    return min(figures, default=None)


def keys(made: Plan) -> set[str]:
    return {p.key for p in made.passes}


@settings(max_examples=3000)
@given(found(), people(), SETTINGS)
def test_no_plan_leaves_the_corridor(
    sites: list[tuple[str, str, float]], person: tuple[Case, Patient], setting: Setting
) -> None:
    case, patient = person
    made = plan(case, assessment_of(sites), ATLAS, patient, setting)
    for p in made.passes:
        row = ATLAS.needling[p.muscle]
        shallowest = shallowest_mm(p.muscle, p.trigger_point)
        if shallowest is None:
            assert p.depth.ceiling_mm is None
            assert p.depth.statement == "no sourced depth"
            # nothing but bone, a grip, a flat path or a screen stops a needle there, or it stays over the muscle
            assert (
                row.stop in ("bone", "grip", "tangent")
                or p.technique.id == "superficial_baldry"
                or setting.ultrasound
            )
        else:
            assert p.depth.ceiling_mm is not None
            assert p.depth.ceiling_mm <= shallowest
            assert p.depth.sources
            assert p.needle.length_mm - p.needle.outside_mm <= p.depth.ceiling_mm
            assert p.needle.outside_mm >= 0
        if p.working_depth_mm is not None and p.depth.ceiling_mm is not None:
            assert p.working_depth_mm[1] <= p.depth.ceiling_mm
        assert p.palpation
        assert p.position
        assert p.approach
        assert p.direction
        assert p.landmarks
        assert all(h.avoid for h in p.hazards)
        if row.risk == "high":
            assert setting.trained("advanced")
            assert row.provenance.source_read
        assert row.access != "never"
        if row.access == "imaging":
            assert setting.ultrasound
        if row.access == "pelvic":
            assert setting.trained("pelvic")
        if any(not ATLAS.hazards[h].pistoning for h in row.hazards):
            assert p.technique.id != "deep_fast_in_fast_out"
    assert len({p.side for p in made.passes if p.lung}) <= 1
    assert len({(p.muscle, p.side) for p in made.passes}) <= made.session.muscles_high
    assert made.session.insertions <= made.session.insertions_high
    if setting.session == 1:
        assert len(made.passes) <= 3
    assert made.session.turns == sum(p.turn for p in made.passes)


@settings(max_examples=500)
@given(found(), people(), SETTINGS, st.sampled_from(CONTRAINDICATIONS), st.data())
def test_a_contraindication_more_only_ever_takes_away(
    sites: list[tuple[str, str, float]],
    person: tuple[Case, Patient],
    setting: Setting,
    added: str,
    data: st.DataObject,
) -> None:
    case, patient = person
    place = st.tuples(st.sampled_from([*AREAS, *ATLAS.regions]), st.sampled_from(["", "left", "right"]))
    reply = Screened("yes", tuple(data.draw(st.lists(place, max_size=2))))
    if case.screening.get(added, Screened("no")).answer == "yes":
        reply = Screened("yes")  # a yes that is there already can only become wider
    assessment = assessment_of(sites)
    before = plan(case, assessment, ATLAS, patient, setting)
    after = plan(
        replace(case, screening={**case.screening, added: reply}), assessment, ATLAS, patient, setting
    )
    assert keys(after) <= keys(before)
    assert set(after.modalities) <= set(before.modalities)
    assert {t.id for t in after.other_tissue} <= {t.id for t in before.other_tissue}
    then = {p.key: p for p in before.passes}
    for p in after.passes:
        was = then[p.key]
        if was.depth.ceiling_mm is not None:
            assert p.depth.ceiling_mm is not None
            assert p.depth.ceiling_mm <= was.depth.ceiling_mm
        assert p.needle.length_mm <= was.needle.length_mm
        assert p.needle.diameter_mm <= was.needle.diameter_mm
        assert LADDER.index(p.technique.id) <= LADDER.index(was.technique.id)
        assert (p.dose.twitches_high or 0) <= (
            was.dose.twitches_high or 0
        ) or p.technique.id != was.technique.id
        assert p.press_seconds >= was.press_seconds
    if after.stimulation is not None:
        assert before.stimulation is not None
        assert after.stimulation.extra_needles <= before.stimulation.extra_needles
    if before.status == "closed":
        assert not after.passes or before.passes


@given(found(), people(), SETTINGS, st.sampled_from(URGENCIES[2:]), st.booleans())
def test_an_emergency_or_somebody_else_first_gives_a_referral_and_no_pass(
    sites: list[tuple[str, str, float]],
    person: tuple[Case, Patient],
    setting: Setting,
    urgency: str,
    flagged: bool,
) -> None:
    assessment = assessment_of(sites, urgency if flagged else "none", "refer_first")
    made = plan(person[0], assessment, ATLAS, person[1], setting)
    assert made.status == "refer"
    assert made.referral is not None
    assert made.referral.actions
    assert (made.passes, made.stimulation, made.modalities, made.other_tissue) == ((), None, (), ())
    assert made.aftercare == ()


@given(found(), people(), SETTINGS)
def test_an_unanswered_grave_question_keeps_a_plan_from_being_ready(
    sites: list[tuple[str, str, float]], person: tuple[Case, Patient], setting: Setting
) -> None:
    made = plan(person[0], assessment_of(sites), ATLAS, person[1], setting)
    if any(o.scope in ("absolute", "relative") for o in made.screening.open):
        assert made.status != "ready"
        assert any("unanswered" in line for line in made.why) or made.screening.having("no_needling")


@given(found(), people(), SETTINGS)
def test_the_same_inputs_give_the_same_plan(
    sites: list[tuple[str, str, float]], person: tuple[Case, Patient], setting: Setting
) -> None:
    one, two = (plan(person[0], assessment_of(sites), ATLAS, person[1], setting) for _ in range(2))
    assert one == two
    assert write_plan(one) == write_plan(two)


@settings(max_examples=120)
@given(found(), people(), SETTINGS)
def test_a_thinner_person_never_gets_a_deeper_or_longer_needle(
    sites: list[tuple[str, str, float]], person: tuple[Case, Patient], setting: Setting
) -> None:
    case = replace(person[0], build=None, height_cm=None, weight_kg=None)
    assessment = assessment_of(sites)
    average, unknown, thin = (
        plan(case, assessment, ATLAS, Patient(build=b, irritability="low"), setting)
        for b in ("average", None, "thin")
    )
    for looser, tighter in ((average, unknown), (unknown, thin)):
        then = {p.key: p for p in looser.passes}
        for p in tighter.passes:
            if p.key in then:
                assert p.needle.length_mm <= then[p.key].needle.length_mm
                assert (p.depth.ceiling_mm or 0) <= (then[p.key].depth.ceiling_mm or 0)


OPPOSITE = {"left": "right", "right": "left"}


@settings(max_examples=100)
@given(found(), people(), SETTINGS)
def test_a_mirrored_person_gets_the_mirrored_sites(
    sites: list[tuple[str, str, float]], person: tuple[Case, Patient], setting: Setting
) -> None:
    probabilities = [round(p, 6) for _, _, p in sites]
    if len(set(probabilities)) < len(probabilities):
        sites = [(point, side, (i + 1) / (len(sites) + 1)) for i, (point, side, _) in enumerate(sites)]
    made = plan(person[0], assessment_of(sites), ATLAS, person[1], setting)
    swapped = [(point, OPPOSITE[side], p) for point, side, p in sites]
    other = plan(person[0].mirrored(), assessment_of(swapped), ATLAS, person[1], setting.mirrored())

    def mirror(key: str) -> str:
        point, side = key.split(":")
        return f"{point}:{OPPOSITE[side]}"

    assert [p.key for p in other.passes] == [mirror(p.key) for p in made.passes]
    assert other.status == made.status


def test_every_muscle_can_be_planned_for_or_says_why_not() -> None:
    silent: list[Any] = []
    person = Case(age=40, sex="female", pain=(PaintedRegion("temple", "left", 4),), screening=CLEAN)
    for muscle in ATLAS.muscles:
        point = ATLAS.trigger_points_of[muscle][0].id
        made = plan(
            person,
            assessment_of([(point, "left", 0.9)]),
            ATLAS,
            Patient(build="average"),
            Setting(training="pelvic", ultrasound=True),
        )
        if not made.passes and not any(r.muscle == muscle and r.reasons for r in made.refused):
            silent.append(muscle)
    assert not silent
