"""The compiled rules that triage began with (`first_rules.csv`): where one of them fired, ours is no calmer.

The ways in which a rule can hold are spelled out as the smallest cases that make it true: one painted region, spread
over the places it names, one answer for each condition, the age at its border.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import combinations, islice, product
from pathlib import Path

import pytest

from tautband.assessment.case import Case, PaintedRegion
from tautband.assessment.rules import (
    And,
    AtLeast,
    BothSides,
    CaseView,
    Compare,
    Expression,
    InArea,
    InRegion,
    IsSex,
    Not,
    Or,
    Ticked,
    evaluate,
    parse,
)
from tautband.assessment.triage import rule_book, screen
from tautband.atlas import Atlas
from tautband.atlas.tables import URGENCIES

ATLAS = Atlas.load()
BOOK = rule_book(ATLAS)
WAYS, PLACES, ANSWERS = 32, 4, 4

with (Path(__file__).parent / "first_rules.csv").open(encoding="utf-8", newline="") as file:
    FIRST_RULES = {row["id"]: row for row in csv.DictReader(file)}

CALMER: dict[str, tuple[str, str]] = {
    "myelopathy": (
        "both_legs_affected",
        "tingling on both sides with both legs aching is common in widespread pain: only with clumsy hands, an "
        "unsteady walk or a worsening course",
    ),
    "dvt_risk_calf": (
        "clot_risk cancer_history could_be_pregnant",
        "outside the line of the deep veins (shin, outer leg, front of thigh) a risk alone is routine",
    ),
    "pelvic_pain_pregnancy": (
        "could_be_pregnant",
        "groin or pelvic floor pain of more than six weeks in pregnancy is mostly girdle pain",
    ),
    "new_headache_over_50": ("new_unlike_before", "a new pain of the face alone is no headache: routine"),
    "scaphoid": ("injury_level", "weeks after a small knock without one sore spot, or in the thumb itself"),
}
"""Rules that are calmer on purpose: an answer that the calmer cases have in common, and why."""


def ways(rule: Expression, wanted: bool = True) -> Iterator[list[tuple[Expression, bool]]]:
    """The conjunctions of conditions that make a rule true (or, unwanted, false)."""
    match rule:
        case Not(part):
            yield from ways(part, not wanted)
        case And(parts) | Or(parts) if isinstance(rule, And) == wanted:
            for choice in product(*(list(ways(part, wanted)) for part in parts)):
                yield [atom for way in choice for atom in way]
        case And(parts) | Or(parts):
            for part in parts:
                yield from ways(part, wanted)
        case AtLeast(number, parts):
            for some in combinations(parts, number):
                yield from ways(And(some))
        case _:
            yield [(rule, wanted)]


def choices(question: str) -> list[str]:
    return [a.answer for a in ATLAS.answers_of.get(question, ())] or ["yes", "no"]


def cases(way: list[tuple[Expression, bool]]) -> Iterator[Case]:
    low, high, sex, intensity = 0, 100, None, 5
    places: list[set[str]] = []
    elsewhere: set[str] = set()
    both: str | None = None
    answers: dict[str, list[str]] = {}
    for atom, wanted in way:
        match atom:
            case InRegion(names):
                places.append(set(names)) if wanted else elsewhere.update(names)
            case InArea(names):
                inside = {r.id for r in ATLAS.regions.values() if r.area in names}
                places.append(inside) if wanted else elsewhere.update(inside)
            case BothSides(names) if wanted:
                both = names[0]
            case IsSex(names):
                sex = names[0]
            case Compare("age", ">=" | ">", number):
                low = max(low, number + 1)
            case Compare("age", "<=" | "<", number):
                high = min(high, number - 1)
            case Compare("intensity", _, number):
                intensity = number
            case Ticked(question, names):
                fitting = [c for c in choices(question) if (c in names) == wanted]
                answers[question] = [c for c in answers.get(question, fitting) if c in fitting]
    age = low or (high if high < 100 else 45)
    for place in _paintings(places, elsewhere, both):
        painted = tuple(PaintedRegion(region, side, intensity) for region, side in place)
        given_answers = list(islice(product(*answers.values()), 96))
        for given in given_answers[:: max(1, len(given_answers) // ANSWERS)]:
            case = Case(age=age, sex=sex, pain=painted)
            for question, answer in zip(answers, given, strict=True):
                case = case.with_answer(question, answer)
            yield case


def _paintings(
    places: list[set[str]], elsewhere: set[str], both: str | None
) -> Iterator[list[tuple[str, str]]]:
    if both is not None:
        region = next(
            r.id for r in ATLAS.regions.values() if r.area == both and not r.midline and r.id not in elsewhere
        )
        yield [(region, "left"), (region, "right")]
        return
    places = places or [{"calf_upper", "neck_angle"}]
    shared = sorted(set.intersection(*places) - elsewhere)
    spread = shared[:: max(1, len(shared) // PLACES)]
    for one in [[region] for region in spread] or [[min(p - elsewhere) for p in places]]:
        yield [(r, "midline" if ATLAS.regions[r].midline else "left") for r in one]


def calmer(name: str) -> tuple[int, list[Case]]:
    """How many cases of a first rule there are, and those that triage takes more calmly."""
    rule = parse(FIRST_RULES[name]["when"])
    wanted = URGENCIES.index(FIRST_RULES[name]["urgency"])
    count, found = 0, []
    for way in islice(ways(rule), WAYS):
        for case in cases(way):
            painted = tuple((p.region, p.side, p.intensity) for p in case.pain)
            view = CaseView(case.age, case.sex, painted, case.answers, BOOK.area_of)
            if evaluate(rule, view) is True:
                count += 1
                if URGENCIES.index(screen(case, ATLAS).urgency) < wanted:
                    found.append(case)
    return count, found


@pytest.mark.parametrize("name", FIRST_RULES)
def test_where_a_first_rule_fired_triage_is_no_calmer(name: str) -> None:
    count, found = calmer(name)
    assert count > 0, "no case makes the rule true"
    if name in CALMER:
        expected = CALMER[name][0].split()
        assert found, "no longer calmer: take it off the list"
        found = [case for case in found if not any(q in case.answers for q in expected)]
    assert [(c.age, c.sex, c.pain, dict(c.answers)) for c in found] == []
