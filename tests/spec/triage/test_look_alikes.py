"""Every look-alike that presses can be caught: its own typical answers, where it is felt, raise its urgency."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tautband.assessment.case import Case, PaintedRegion
from tautband.assessment.triage import screen
from tautband.atlas import Atlas
from tautband.atlas.tables import URGENCIES, LookAlike

ATLAS = Atlas.load()
PRESSING = [look for look in ATLAS.lookalikes.values() if look.urgency in ("urgent", "emergency")]

LOWER_UNTIL_A_SECOND_SIGN = {
    "kidney_stone": "urgent: a stone is an emergency only with fever, no urine or pregnancy",
    "breast_pain": "none: pain that follows the cycle; a growing lump or hot skin raises it",
    "spondylolysis_listhesis": "none: leaning back hurts; only a fresh stress fracture in the young presses",
}
"""Look-alikes whose typical answers are those of their harmless course, with the urgency these reach."""

CALM = ("no", "none", "nowhere")


def typical_answers(look: LookAlike) -> dict[str, str]:
    """Answers that at least one in five with this look-alike gives, half as often again as in muscle pain."""
    muscle = {
        (s.question, s.answer): s.p_answer
        for s in ATLAS.answer_strengths
        if (s.scope, s.about) == ("layer", "myofascial")
    }
    rates: dict[str, list[tuple[float, str]]] = {}
    for s in ATLAS.answer_strengths:
        if (s.scope, s.about) == ("cause", look.id) and s.question in ATLAS.questions:
            usual = muscle.get((s.question, s.answer), 0.01)
            if s.answer not in CALM and s.p_answer >= max(0.2, 1.5 * usual):
                rates.setdefault(s.question, []).append((s.p_answer / max(usual, 1e-4), s.answer))
    # each of them is a danger of the first weeks, or is told from its harmless course by being new
    return {"pain_duration": "under_2_weeks", **{q: max(found)[1] for q, found in rates.items()}}


def typical_cases(look: LookAlike) -> Iterator[Case]:
    age = ((look.age_min or 18) + (look.age_max or 90)) // 2
    for row in ATLAS.regions_of_lookalike[look.id]:
        if row.zone == "core":
            side = "midline" if ATLAS.regions[row.region].midline else "left"
            for sex in (look.sex,) if look.sex in ("female", "male") else ("female", "male"):
                case = Case(age=age, sex=sex, pain=(PaintedRegion(row.region, side, 6),))
                for question, answer in typical_answers(look).items():
                    case = case.with_answer(question, answer)
                yield case


@pytest.mark.parametrize("look", PRESSING, ids=lambda look: look.id)
def test_its_typical_answers_raise_its_urgency_wherever_it_is_felt(look: LookAlike) -> None:
    wanted = LOWER_UNTIL_A_SECOND_SIGN.get(look.id, look.urgency).partition(":")[0]
    for case in typical_cases(look):
        got = screen(case, ATLAS).urgency
        places = [p.region for p in case.pain]
        assert URGENCIES.index(got) >= URGENCIES.index(wanted), (places, case.sex, got, dict(case.answers))


def test_an_exception_is_listed_only_where_it_is_needed() -> None:
    for look in PRESSING:
        if look.id in LOWER_UNTIL_A_SECOND_SIGN:
            lowest = min(URGENCIES.index(screen(case, ATLAS).urgency) for case in typical_cases(look))
            assert lowest < URGENCIES.index(look.urgency), look.id
