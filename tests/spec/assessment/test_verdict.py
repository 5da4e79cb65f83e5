"""The verdict: suits, unclear, or somebody else first."""

import pytest
from tests.spec.assessment.clinic import ATLAS, assessed, document, example, without_answer

from tautband.assessment import read_case
from tautband.assessment.judgement import judge
from tautband.assessment.triage import Flag, Triage, screen
from tautband.assessment.verdict import decide

PARAMETERS = {"suits_at": 0.6, "refer_at": 0.5, "danger_at": 0.1}
FLAG = Flag("x", "A sign", "urgent", "a danger", "because", "act", "", (), ())
CALM = Triage("none", (), (), True)


def verdict(triage: Triage, danger: float = 0.0, **layers: float) -> str:
    dangers = {"vascular": danger}
    return decide(triage, layers, dict.fromkeys(layers, "something"), dangers, PARAMETERS).verdict


def test_a_myofascial_share_from_the_threshold_suits_once_screened() -> None:
    assert verdict(CALM, myofascial=0.6, articular=0.3) == "suits"
    assert verdict(CALM, myofascial=0.59, articular=0.3) == "unclear"
    assert verdict(Triage("none", (), (), False), myofascial=0.99) == "unclear"


def test_the_other_layers_together_come_first_from_their_threshold() -> None:
    assert verdict(CALM, myofascial=0.49, articular=0.3, neural=0.21) == "refer_first"
    layers = {"myofascial": 0.4, "articular": 0.2, "neural": 0.4}
    found = decide(CALM, layers, {"neural": "a root", "articular": "a joint"}, {}, PARAMETERS)
    assert (found.verdict, found.layer) == ("refer_first", "neural")


def test_a_small_chance_of_danger_is_enough() -> None:
    assert verdict(CALM, danger=0.1, myofascial=0.85, vascular=0.12) == "refer_first"


def test_the_layer_that_comes_first_is_the_one_the_danger_lies_in() -> None:
    layers = {"myofascial": 0.4, "central": 0.31, "vascular": 0.29}
    found = decide(CALM, layers, dict.fromkeys(layers, "something"), {"vascular": 0.28}, PARAMETERS)
    assert (found.verdict, found.layer) == ("refer_first", "vascular")
    assert "most of them vascular" in found.why


@pytest.mark.parametrize("urgency", ["urgent", "emergency"])
def test_a_red_flag_is_never_outvoted(urgency: str) -> None:
    assert verdict(Triage(urgency, (FLAG,), (), True), myofascial=1.0) == "refer_first"


def test_a_routine_flag_does_not_keep_from_needling() -> None:
    assert verdict(Triage("routine", (FLAG,), (), True), myofascial=0.9) == "suits"


@pytest.mark.parametrize("name", ["shoulder", "heel", "forearm_elbow"])
def test_any_unanswered_red_flag_question_keeps_a_case_from_suiting(name: str) -> None:
    case = example(name)
    opened = 0
    for question in case.answers:
        found = judge(without_answer(case, question), ATLAS)
        if not found.triage.screened:
            opened += 1
            assert found.needling.verdict != "suits", question
            assert any(question in flag.questions for flag in found.triage.open), question
    assert opened > 15


def test_the_reason_says_what_stands_behind_the_verdict() -> None:
    assert "C6 radiculopathy" in assessed("neck_root_arm").needling.why
    assert assessed("red_flag").triage.flags[0].name in assessed("red_flag").needling.why
    assert "no red flag" in assessed("shoulder").needling.why


# --- former ids -------------------------------------------------------------------------------------------

SPLIT = sorted({a.old_id for a in ATLAS.aliases if a.kind == "question_split"})


def answered(name: str, **answers: str) -> dict[str, object]:
    case = document(name)
    return {**case, "answers": {**case.get("answers", {}), **answers}}


def test_the_former_id_of_a_split_question_means_one_of_its_parts() -> None:
    """A yes to `new_bladder_change` fires what a yes to any of its parts fires."""
    case = document("low_back_leg")
    parts = ATLAS.renamed("question_split", "new_bladder_change")
    bare = {q: a for q, a in case["answers"].items() if q not in parts}
    former = judge(read_case({**case, "answers": {**bare, "new_bladder_change": "yes"}}, ATLAS), ATLAS)
    assert former.triage.urgency == "emergency"
    assert "cauda_equina" in {flag.id for flag in former.triage.flags}
    assert former.needling.verdict == "refer_first"
    for part in parts:
        answers = {**bare, **dict.fromkeys(parts, "no"), part: "yes"}
        flags = screen(read_case({**case, "answers": answers}, ATLAS), ATLAS).flags
        assert "cauda_equina" in {flag.id for flag in flags}, part


def test_a_no_to_a_former_question_answers_all_its_parts() -> None:
    case = document("low_back_leg")
    parts = ATLAS.renamed("question_split", "new_bladder_change")
    bare = {q: a for q, a in case["answers"].items() if q not in parts}
    former = judge(read_case({**case, "answers": {**bare, "new_bladder_change": "no"}}, ATLAS), ATLAS)
    assert former.triage.screened
    assert former.needling.verdict == "suits"


@pytest.mark.parametrize("old", SPLIT)
@pytest.mark.parametrize("answer", ["yes", "no"])
def test_every_former_question_is_still_read(old: str, answer: str) -> None:
    case = read_case(answered("shoulder", **{old: answer}), ATLAS)
    assert case.answers[old] == (answer,)
    judge(case, ATLAS)
