from __future__ import annotations

from dataclasses import replace

import pytest

from tautband.assessment.case import Case, PaintedRegion
from tautband.assessment.rules import CaseView, RuleError, evaluate, lowering_terms, parse, settle
from tautband.assessment.triage import rule_book, screen
from tautband.atlas import Atlas

AREA_OF = {"temple": "head", "calf_upper": "leg", "groin": "pelvis"}
PAINTED = (("temple", "left", 4.0), ("calf_upper", "right", 8.0))


def value(text: str, **given: str) -> bool | None:
    answers = {question: tuple(answer.split("+")) for question, answer in given.items()}
    return evaluate(parse(text), CaseView(60, "female", PAINTED, answers, AREA_OF))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("always", True),
        ("region(temple, groin)", True),
        ("area(pelvis)", False),
        ("bilateral(head)", False),
        ("sex(female) and age >= 60", True),
        ("intensity >= 8 and n_areas == 2", True),
        ("fever", True),
        ("weight_loss", None),
        ("not weight_loss", None),
        ("weight_loss or fever", True),
        ("weight_loss and area(pelvis)", False),
        ("weight_loss and fever", None),
        ("tingling in (one_arm)", True),
        ("tingling in (face)", False),
        ("count(2, fever, weight_loss, always)", True),
        ("count(3, fever, weight_loss, always)", None),
        ("count(3, fever, weight_loss, area(pelvis))", False),
        ("fever or weight_loss and area(pelvis)", True),
        ("(fever or weight_loss) and area(pelvis)", False),
    ],
)
def test_three_values(text: str, expected: bool | None) -> None:
    assert value(text, fever="yes", tingling="one_arm+both_legs") is expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("area(head", "rule at 9: it ends where ')' should stand"),
        ("fever and", "rule at 9: it ends where a condition should stand"),
        ("fever fever", "rule at 6: 'fever' where 'and', 'or' or the end should stand"),
        ("fever & cold", "rule at 6: '&' is not part of the language"),
        ("weight > 3", "where one of age, intensity, n_areas before a comparison should stand"),
        ("age", "where a comparison after 'age' should stand"),
        ("count(3, fever)", "count(3, ...) of 1"),
        ("", "it ends where a condition should stand"),
    ],
)
def test_an_unreadable_rule_names_the_place_and_the_mend(text: str, line: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_question_that_cannot_apply_counts_as_not_ticked() -> None:
    gates = {"pregnant": parse("sex(female)"), "mood": parse("always"), "harm": parse("mood")}
    man = settle(CaseView(sex="male"), gates, {})
    assert evaluate(parse("pregnant"), man) is False
    assert evaluate(parse("mood"), man) is None
    assert evaluate(parse("harm"), man) is None
    content = settle(CaseView(sex="male", answers={"mood": ("no",)}), gates, {})
    assert evaluate(parse("harm"), content) is False
    unknown = settle(CaseView(sex="other"), gates, {})
    assert evaluate(parse("pregnant"), unknown) is None


def test_an_answer_given_counts_although_its_question_would_not_be_asked() -> None:
    gates = {"pregnant": parse("sex(female)")}
    assert evaluate(
        parse("pregnant"), settle(CaseView(sex="male", answers={"pregnant": ("yes",)}), gates, {})
    )


def test_a_former_question_means_one_of_its_parts() -> None:
    parts = {"risk": ("diabetes", "drugs")}

    def settled(**given: str) -> CaseView:
        return settle(CaseView(answers={q: (a,) for q, a in given.items()}), {}, parts)

    assert evaluate(parse("diabetes and drugs"), settled(risk="yes")) is True
    assert evaluate(parse("diabetes"), settled(risk="yes", diabetes="no")) is True
    assert evaluate(parse("diabetes or drugs"), settled(risk="no")) is False
    assert evaluate(parse("risk"), settled(drugs="yes")) is True
    assert evaluate(parse("risk"), settled(drugs="no")) is None
    assert evaluate(parse("risk"), settled(drugs="no", diabetes="no")) is False
    assert evaluate(parse("risk and drugs"), settled(drugs="yes", risk="no")) is True


def test_what_could_lower_a_rule_is_found() -> None:
    assert lowering_terms(parse("fever and (age <= 15 or not weight_loss) and n_areas < 3")) == (
        "not",
        "n_areas < 3",
    )
    assert lowering_terms(parse("fever and movement in (no) and intensity >= 7")) == ()


@pytest.mark.parametrize(
    ("when", "line"),
    [
        ("fever and not movement_changes_pain", "'not' would let a reassuring answer"),
        ("fever and intensity <= 3", "'intensity <= 3' would let"),
        ("feever", "unknown question 'feever'; did you mean 'fever'?"),
        ("region(tempel)", "unknown region 'tempel'; did you mean 'temple'?"),
        ("area(hed)", "unknown area 'hed'; did you mean 'head'?"),
        ("night_pain in (always)", "unknown answer night_pain='always'"),
        ("sex(man)", "unknown sex 'man'; write female or male"),
    ],
)
def test_a_red_flag_that_breaks_the_promise_is_refused(when: str, line: str) -> None:
    atlas = Atlas.load()
    flag = replace(atlas.red_flags["fever_any"], when=when)
    broken = replace(atlas, version=f"broken {when}", red_flags={"fever_any": flag})
    with pytest.raises(RuleError, match="fever_any") as caught:
        rule_book(broken)
    assert line in str(caught.value)


def test_the_reason_names_the_place_the_question_and_the_answer() -> None:
    case = Case(70, "male", (PaintedRegion("groin", "left", 6),), {"fever": ("yes",), "diabetes": ("yes",)})
    flag = next(f for f in screen(case, Atlas.load()).flags if f.id == "hip_infection")
    assert (
        flag.why
        == "pain at groin, left; Do you feel feverish, or have shivers? Yes; Do you have diabetes? Yes"
    )
    former = Case(70, "male", case.pain, {"fever_or_shivers": ("yes",)})
    fever = next(f for f in screen(former, Atlas.load()).flags if f.id == "fever_any")
    assert fever.why.startswith("yes to one of: Do you feel feverish")
