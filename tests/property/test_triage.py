"""What must hold of triage for every case, not only for the vignettes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tautband.assessment.case import Case, Finding, PaintedRegion
from tautband.assessment.rules import Ticked, atoms, evaluate, lowering_terms
from tautband.assessment.triage import next_screens, rule_book, screen, view_of
from tautband.atlas import Atlas
from tautband.atlas.tables import URGENCIES

ATLAS = Atlas.load()
BOOK = rule_book(ATLAS)
EXAMPLES = settings(max_examples=60)

DANGEROUS = {
    (question, answer)
    for _, expression in BOOK.flags
    for atom in atoms(expression)
    if isinstance(atom, Ticked)
    for question in BOOK.parts_of.get(atom.question, (atom.question,))
    for answer in atom.answers
}
"""Answers that some red flag asks for; every other answer is reassuring."""


@st.composite
def painted_regions(draw: st.DrawFn) -> PaintedRegion:
    region = ATLAS.regions[draw(st.sampled_from(sorted(ATLAS.regions)))]
    side = "midline" if region.midline else draw(st.sampled_from(("left", "right")))
    return PaintedRegion(region.id, side, draw(st.none() | st.integers(0, 10)))


@st.composite
def answers(draw: st.DrawFn, question: str | None = None) -> tuple[str, tuple[str, ...]]:
    """An answer to any question, former ids of split questions included; dangerous ones are drawn as often as not."""
    chosen = question or draw(st.sampled_from([*ATLAS.questions, *BOOK.parts_of]))
    choices = [a.answer for a in ATLAS.answers_of.get(chosen, ())] or ["yes", "no"]
    return chosen, (draw(st.sampled_from(choices)),)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    return Case(
        age=draw(st.none() | st.integers(0, 100)),
        sex=draw(st.sampled_from((None, "female", "male", "other"))),
        pain=tuple(draw(st.lists(painted_regions(), max_size=5))),
        answers=dict(draw(st.lists(answers(), max_size=25))),
    )


def fired(case: Case) -> set[str]:
    return {flag.id for flag in screen(case, ATLAS).flags}


@EXAMPLES
@given(cases(), answers())
def test_no_added_answer_takes_a_flag_back(case: Case, answer: tuple[str, tuple[str, ...]]) -> None:
    question, ticked = answer
    if question not in case.answers:
        assert fired(case) <= fired(case.with_answer(question, *ticked))


@EXAMPLES
@given(cases())
def test_all_reassurance_at_once_lowers_nothing(case: Case) -> None:
    reassured = case
    for question in ATLAS.questions:
        calm = [a.answer for a in ATLAS.answers_of[question] if (question, a.answer) not in DANGEROUS]
        if question not in case.answers and calm:
            reassured = reassured.with_answer(question, calm[0])
    before, after = screen(case, ATLAS), screen(reassured, ATLAS)
    assert URGENCIES.index(after.urgency) >= URGENCIES.index(before.urgency)
    assert {f.id for f in before.flags} <= {f.id for f in after.flags}


@EXAMPLES
@given(cases(), painted_regions())
def test_no_added_drawing_takes_a_flag_back(case: Case, painted: PaintedRegion) -> None:
    assert fired(case) <= fired(replace(case, pain=(*case.pain, painted)))


@EXAMPLES
@given(cases(), st.sampled_from(sorted(ATLAS.trigger_points)), st.booleans())
def test_palpation_changes_nothing(case: Case, point: str, found: bool) -> None:
    palpated = case.with_finding(Finding(point, "left", taut_band=found, tender=found, familiar_pain=found))
    assert screen(palpated, ATLAS) == screen(case, ATLAS)


@EXAMPLES
@given(cases())
def test_the_mirrored_case_raises_the_same_flags(case: Case) -> None:
    assert fired(case.mirrored()) == fired(case)


@EXAMPLES
@given(cases())
def test_an_open_flag_is_shown_with_what_settles_it(case: Case) -> None:
    triage = screen(case, ATLAS)
    view = view_of(case, ATLAS)
    for flag in triage.open:
        assert flag.questions or flag.facts, flag.id
        for question in flag.questions:
            assert question not in view.answers
            assert evaluate(BOOK.gates[question], view) is True
    assert triage.screened == all(flag.urgency == "routine" for flag in triage.open)


@EXAMPLES
@given(cases(), st.data())
def test_a_cleared_flag_stays_cleared_whatever_is_answered_next(case: Case, data: st.DataObject) -> None:
    triage = screen(case, ATLAS)
    undecided = {flag.id for flag in triage.open} | {flag.id for flag in triage.flags}
    view = view_of(case, ATLAS)
    askable = [q for q in ATLAS.questions if q not in view.answers]
    if askable:
        question, ticked = data.draw(answers(data.draw(st.sampled_from(askable))))
        assert fired(case.with_answer(question, *ticked)) <= undecided


@EXAMPLES
@given(cases(), st.sampled_from(("female", "male")), st.integers(0, 100), st.randoms(use_true_random=False))
def test_asking_what_is_open_ends_with_a_screened_case(case: Case, sex: str, age: int, rng) -> None:
    pain = tuple(replace(p, intensity=p.intensity or 0) for p in case.pain) or (
        PaintedRegion("temple", "left", 3),
    )
    case = replace(case, sex=sex, age=age, pain=pain)
    asked: set[str] = set()
    while screens := next_screens(screen(case, ATLAS), ATLAS):
        for question in screens[0]:
            assert question.id not in asked
            asked.add(question.id)
            case = case.with_answer(
                question.id, rng.choice([a.answer for a in ATLAS.answers_of[question.id]])
            )
    assert screen(case, ATLAS).screened


@pytest.mark.parametrize("sex", ["female", "male"])
@pytest.mark.parametrize("age", [5, 30, 75])
def test_questions_that_cannot_apply_leave_nothing_open(sex: str, age: int) -> None:
    other = {"female": "sudden_testicle_pain", "male": "odd_vaginal_bleeding"}[sex]
    everywhere = tuple(
        PaintedRegion(r.id, "midline" if r.midline else "left", 5) for r in ATLAS.regions.values()
    )
    asked = {q for flag in screen(Case(age, sex, everywhere), ATLAS).open for q in flag.questions}
    assert other not in asked
    if sex == "male" or not 12 <= age <= 55:
        assert "could_be_pregnant" not in asked
    if age < 50:
        assert "scalp_sore" not in asked


@EXAMPLES
@given(cases(), st.sampled_from(sorted(BOOK.parts_of)), st.data())
def test_yes_to_a_former_question_is_at_least_yes_to_any_part(
    case: Case, former: str, data: st.DataObject
) -> None:
    part = data.draw(st.sampled_from(BOOK.parts_of[former]))
    parts = BOOK.parts_of[former]
    plain = replace(case, answers={q: a for q, a in case.answers.items() if q != former and q not in parts})
    assert fired(plain.with_answer(part, "yes")) <= fired(plain.with_answer(former, "yes"))
    all_no = plain
    for one in parts:
        all_no = all_no.with_answer(one, "no")
    if not any("yes" in plain.answers.get(old, ()) for old in BOOK.parts_of):
        assert fired(plain.with_answer(former, "no")) == fired(all_no)


def test_nothing_answered_leaves_the_dangers_of_the_area_open() -> None:
    chest = Case(58, "male", (PaintedRegion("sternum", "midline", 5),))
    triage = screen(chest, ATLAS)
    open_ids = {flag.id for flag in triage.open}
    assert {"acs", "aortic_dissection", "pulmonary_embolism", "pneumothorax", "stroke"} <= open_ids
    assert not triage.screened
    assert triage.open[0].urgency == "emergency"
    first = [q.id for q in next_screens(triage, ATLAS)[0]]
    assert first


def test_no_red_flag_holds_a_term_that_reassurance_or_drawing_could_lower() -> None:
    assert {flag.id: terms for flag, e in BOOK.flags if (terms := lowering_terms(e))} == {}
