"""How often triage sends a person with plain muscle pain to somebody else: simulated, with intervals.

Patients are invented: one trigger point, drawn by its commonness, is the whole trouble; its essential referral is
painted, each spill-over region four times in ten, a third of the people paint the other side too. They are asked
the core questions and every safety question that an open flag needs, and answer as plain muscle pain does
(`base_rate` of the answers). A yes to thoughts of suicide or to being hurt by somebody is true and never a false
alarm; alarms that rest on these alone are counted apart. The rates are judgement, so the same is done with the
rates of the causal model's myofascial layer, and with every answer that an urgent or emergency flag asks for twice
as common.

Run: python benchmarks/false_alarms.py [number of patients] [seed]
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Mapping

from tautband.assessment.case import Case, PaintedRegion
from tautband.assessment.rules import Ticked, atoms, evaluate
from tautband.assessment.triage import PRESSING, next_screens, rule_book, screen, view_of
from tautband.atlas import Atlas
from tautband.atlas.tables import URGENCIES, Question

SPILL_OVER_PAINTED = 0.4
BOTH_SIDES = 1 / 3
AGES = ((12, 17, 0.02), (18, 34, 0.24), (35, 49, 0.31), (50, 64, 0.27), (65, 79, 0.14), (80, 92, 0.02))
WORST_PAIN = {1: 3, 2: 7, 3: 14, 4: 18, 5: 20, 6: 16, 7: 12, 8: 7, 9: 2, 10: 1}
NOTHING = ("none", "no", "nowhere")
LIMIT = 0.05
ABOUT_THE_PERSON = {"self_harm", "safeguarding"}
"""Flags that are about the person's safety, not about the cause of the pain."""


Rates = Mapping[str, Mapping[str, float]]


def base_rates(atlas: Atlas) -> Rates:
    """Rate of each answer among people with plain muscle pain, as the table of answers has it."""
    return {q: {a.answer: a.base_rate or 0.0 for a in answers} for q, answers in atlas.answers_of.items()}


def layer_rates(atlas: Atlas) -> Rates:
    """The same, but as the causal model has it: the myofascial layer's strengths come first."""
    layer = {
        (s.question, s.answer): s.p_answer
        for s in atlas.answer_strengths
        if s.scope == "layer" and s.about == "myofascial"
    }
    return {
        question: _shared(
            {a: rate for a, rate in rates.items() if (question, a) not in layer}, rates, layer, question
        )
        for question, rates in base_rates(atlas).items()
    }


def doubled_rates(atlas: Atlas) -> Rates:
    """The base rates with every answer that an urgent or emergency flag asks for twice as common."""
    book = rule_book(atlas)
    dangerous = {
        (question, answer)
        for flag, expression in book.flags
        if flag.urgency in PRESSING
        for atom in atoms(expression)
        if isinstance(atom, Ticked)
        for question in book.parts_of.get(atom.question, (atom.question,))
        for answer in atom.answers
    }
    doubled = {}
    for question, rates in base_rates(atlas).items():
        raised = {(question, a): min(1.0, 2 * r) for a, r in rates.items() if (question, a) in dangerous}
        loose = {a: rate for a, rate in rates.items() if (question, a) not in raised}
        # where every answer or nearly every one is asked for (how long, how fast), doubling has no meaning
        doubled[question] = _shared(loose, rates, raised, question) if sum(raised.values()) < 1 else rates
    return doubled


def _shared(
    loose: Mapping[str, float],
    rates: Mapping[str, float],
    fixed: Mapping[tuple[str, str], float],
    question: str,
) -> Mapping[str, float]:
    """Keep the fixed rates and share what is left among the other answers of the question."""
    rest = max(0.0, 1 - sum(fixed.get((question, a), 0.0) for a in rates))
    scale = rest / sum(loose.values()) if sum(loose.values()) > 0 else 0.0
    return {a: fixed.get((question, a), rate * scale) for a, rate in rates.items()}


def draw(rng: random.Random, atlas: Atlas) -> Case:
    """Invent a person and the drawing of one trigger point."""
    points = list(atlas.trigger_points.values())
    point = rng.choices(points, weights=[p.commonness for p in points])[0]
    side = rng.choice(("left", "right"))
    other = {"left": "right", "right": "left"}
    low, high, _ = rng.choices(AGES, weights=[share for *_, share in AGES])[0]
    worst = rng.choices(list(WORST_PAIN), weights=list(WORST_PAIN.values()))[0]
    painted = {}
    for one in (side, other[side]) if rng.random() < BOTH_SIDES else (side,):
        for referral in atlas.referrals_of[point.id]:
            if referral.zone == "spillover" and rng.random() >= SPILL_OVER_PAINTED:
                continue
            at = one if referral.side == "same" else other[one]
            at = "midline" if atlas.regions[referral.region].midline else at
            painted[referral.region, at] = PaintedRegion(referral.region, at, worst)
    return Case(age=rng.randint(low, high), sex=rng.choice(("female", "male")), pain=tuple(painted.values()))


def interview(rng: random.Random, case: Case, atlas: Atlas, rates: Rates) -> Case:
    """Answer the core questions, then every safety question that an open flag needs, until none is left."""
    gates, view = rule_book(atlas).gates, view_of(case, atlas)
    for question in atlas.questions.values():
        if question.tier == "core" and question.id != "main_goal" and evaluate(gates[question.id], view):
            case = _answered(rng, case, question, rates)
    while screens := next_screens(screen(case, atlas), atlas):
        for question in (q for one in screens for q in one):
            case = _answered(rng, case, question, rates)
    return case


def _answered(rng: random.Random, case: Case, question: Question, rates: Rates) -> Case:
    choices = rates[question.id]
    if question.max_answers == 1:
        return case.with_answer(question.id, *rng.choices(list(choices), weights=list(choices.values())))
    some = [a for a, rate in choices.items() if a not in NOTHING and rng.random() < rate]
    # nothing ticked is an answer too
    return case.with_answer(question.id, *(some or [a for a in choices if a in NOTHING]))


def wilson(count: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """95 % interval of a share."""
    share = count / total
    middle = (share + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return middle - half, middle + half


def simulate(
    atlas: Atlas, rates: Rates, total: int, seed: int
) -> tuple[Counter[str], Counter[str], list[float]]:
    """Count urgencies, the flags behind alarms, and the seconds that core and safety questions took."""
    rng = random.Random(seed)
    urgencies: Counter[str] = Counter()
    behind: Counter[str] = Counter()
    seconds = []
    for _ in range(total):
        case = interview(rng, draw(rng, atlas), atlas, rates)
        triage = screen(case, atlas)
        urgencies[triage.urgency] += 1
        urgencies["not fully screened"] += not triage.screened
        pressing = {f.id for f in triage.flags if f.urgency in PRESSING}
        urgencies["about the cause of the pain"] += bool(pressing - ABOUT_THE_PERSON)
        behind.update(f"{f.urgency:<10} {f.id}" for f in triage.flags if f.urgency in PRESSING)
        seconds.append(sum(atlas.questions[q].seconds for q in case.answers))
    urgencies["urgent or emergency"] = urgencies["urgent"] + urgencies["emergency"]
    return urgencies, behind, sorted(seconds)


def main(total: int = 20000, seed: int = 7) -> bool:
    """Print the shares and return whether urgent and emergency together stay within the limit."""
    atlas = Atlas.load()
    urgencies, behind, seconds = simulate(atlas, base_rates(atlas), total, seed)
    print(f"{total} people with plain muscle pain, seed {seed}, answering at the base rates")
    for name in (
        *reversed(URGENCIES),
        "urgent or emergency",
        "about the cause of the pain",
        "not fully screened",
    ):
        low, high = wilson(urgencies[name], total)
        print(f"  {name:<28}{urgencies[name] / total:7.2%}   95 % interval {low:.2%} to {high:.2%}")
    print(
        f"  core and safety questions: median {seconds[total // 2]:.0f} s, 95th {seconds[total * 95 // 100]:.0f} s"
    )
    print("  most frequent urgent and emergency flags, of all people:")
    for flag, count in behind.most_common(15):
        print(f"    {flag:<40}{count / total:6.2%}")
    for name, rates in (
        ("at the causal model's myofascial rates", layer_rates(atlas)),
        ("with every dangerous answer twice as common", doubled_rates(atlas)),
    ):
        count = simulate(atlas, rates, total // 5, seed)[0]["about the cause of the pain"]
        low, high = wilson(count, total // 5)
        print(f"  the same {name}: {count * 5 / total:.2%} ({low:.2%} to {high:.2%})")
    return urgencies["about the cause of the pain"] <= LIMIT * total


if __name__ == "__main__":
    sys.exit(not main(*map(int, sys.argv[1:3])))
