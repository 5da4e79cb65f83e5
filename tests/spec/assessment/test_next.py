"""What to ask or press next: safety first, then what tells most per second, and then an end."""

import pytest
from tests.spec.assessment.clinic import ATLAS, assessed, drawn, example

from tautband.assessment import assess


def test_open_red_flags_come_before_everything_else() -> None:
    found = assessed("upper_back_drawing")
    assert found.next
    assert all(step.safety and step.kind == "question" for step in found.next)
    asked = {q for flag in found.triage.open for q in flag.questions}
    assert {step.id for step in found.next} <= asked


def test_nothing_is_asked_or_pressed_in_an_emergency() -> None:
    assert assessed("red_flag").next == ()


@pytest.mark.parametrize("name", ["neck_and_headache", "shoulder", "heel", "jaw", "low_back_leg"])
def test_once_screened_nothing_is_asked_for_safety(name: str) -> None:
    assert not any(step.safety for step in assessed(name).next)


@pytest.mark.parametrize("name", ["neck_and_headache", "groin", "upper_back_drawing", "jaw"])
def test_nothing_is_asked_or_pressed_twice(name: str) -> None:
    case = example(name)
    known = {(f.trigger_point, f.side) for f in case.findings}
    for step in assessed(name).next:
        assert step.id not in case.answers
        assert (step.id, step.side) not in known


def test_it_stops_when_nothing_more_can_change_the_verdict_or_the_first_muscles() -> None:
    """Declining nothing and answering what is asked, a screened clear case comes to its end soon."""
    case = example("heel")
    for _ in range(12):
        steps = assess(case, ATLAS).next
        if not steps:
            return
        step = steps[0]
        if step.kind == "palpation":
            from tautband.assessment import Finding

            case = case.with_finding(Finding(step.id, step.side, tender=False, familiar_pain=False))
        else:
            choices = [a.answer for a in ATLAS.answers_of[step.id]]
            case = case.with_answer(
                step.id, next((c for c in choices if c in ("no", "none", "nowhere")), choices[0])
            )
    pytest.fail(f"still asking: {steps}")


def test_each_step_says_what_it_asks_and_costs() -> None:
    for name in ("jaw", "upper_back_drawing", "chest_wall"):
        for step in assessed(name).next:
            assert step.text
            assert step.seconds > 0
            assert step.gain_bits >= 0
            assert (step.side in ("left", "right")) == (step.kind == "palpation")


def test_an_empty_drawing_still_asks_what_may_be_dangerous_and_claims_nothing() -> None:
    found = assess(drawn(), ATLAS)
    assert found.needling.verdict == "unclear"
    assert found.muscles == ()
    assert found.causes == ()
    assert all(step.safety for step in found.next)
