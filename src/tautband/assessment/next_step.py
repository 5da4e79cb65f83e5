"""What to ask or press next: the step that is expected to tell most per second, safety first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tautband.assessment.case import Case
from tautband.assessment.guard import Shares
from tautband.assessment.judgement import Judgement
from tautband.assessment.model import MOVEMENTS, Model, ModelCause
from tautband.assessment.network import Network
from tautband.assessment.outlook import AnswerTable, Belief, Outlook, believe
from tautband.assessment.rules import evaluate, parse
from tautband.assessment.triage import Triage, next_screens, rule_book, view_of
from tautband.atlas import Atlas
from tautband.atlas.tables import URGENCIES

PALPATED = ("tender", "familiar_pain")
"""What one press asks: does it hurt, and is it your pain?"""

SETTLED = 0.1
"""The verdict is settled when everything still open would change it for fewer people than this share."""

TELLING = 0.002
"""Bits about the verdict below which a question is not asked even while the verdict is unsettled."""

WORTH_ASKING = 0.02
"""Bits below which a question about the muscles is not worth anybody's time, whatever it could change."""

WORTH_PRESSING = 0.05
"""The same for a press, which also costs the person some pain."""


@dataclass(frozen=True, slots=True)
class NextStep:
    """A question to ask or a trigger point to press.

    Attributes
    ----------
    id, side
        Question or trigger point id; the side of a trigger point, empty for a question.
    kind
        `question` or `palpation`.
    text
        What to ask or do.
    gain_bits
        Expected information about the main source: its kind and its muscle.
    verdict_bits
        The part of it that is about the verdict.
    seconds
        What it costs the person.
    safety
        Whether an open red flag waits for it.
    """

    id: str
    side: str
    kind: str
    text: str
    gain_bits: float
    verdict_bits: float
    seconds: float
    safety: bool


def next_steps(
    judgement: Judgement, limit: int = 5, skip: frozenset[tuple[str, str]] = frozenset()
) -> tuple[NextStep, ...]:
    """Rank the open questions and palpations.

    Parameters
    ----------
    judgement
        The case as judged so far.
    limit
        How many steps to return.
    skip
        Steps (id, side) that the person declined.

    Returns
    -------
    tuple of NextStep
        Questions that open urgent and emergency red flags wait for come first, most dangerous first. Then the steps
        with the most expected bits per second: about the verdict while it can still change, then about the muscles.
        Empty when triage is settled, everything still open together is unlikely to change the verdict, and no single
        step can change the first three muscles; and as soon as an emergency is found.
    """
    case, atlas, model, triage = judgement.case, judgement.atlas, judgement.model, judgement.triage
    network, shares = judgement.network, judgement.shares
    if triage.urgency == "emergency":
        return ()
    belief = believe(network, shares)
    waiting = [q for q in _waiting(case, atlas, model, triage) if (q, "") not in skip]
    if waiting:
        return tuple(_question_step(atlas, model, network, belief, case, q, True) for q in waiting[:limit])
    if triage.urgency == "urgent" or not network.causes:
        return ()
    view = view_of(case, atlas)
    tables = {
        q.id: _table(atlas, model, network, case, q.id)
        for q in atlas.questions.values()
        if q.id not in case.answers
        and (q.id, "") not in skip
        and (q.id in model.answers.moved_by or q.id == MOVEMENTS)
        and evaluate(parse(q.applies_when), view)
    }
    outlook = Outlook(belief, model.parameters, _press_ratios(atlas, model))
    unsettled = outlook.chance_of_turning(list(tables.values())) > SETTLED
    steps = []
    for question, table in tables.items():
        step = _question_step(atlas, model, network, belief, case, question, False)
        about_verdict = unsettled and step.verdict_bits >= TELLING
        if about_verdict or (step.gain_bits >= WORTH_ASKING and outlook.may_change_muscles(*table)):
            steps.append(step)
    steps += [
        step
        for step in _palpation_steps(case, atlas, network, belief, shares, outlook)
        if (step.id, step.side) not in skip and step.gain_bits >= WORTH_PRESSING
    ]

    def worth(step: NextStep) -> tuple[float, str, str]:
        bits = step.verdict_bits if unsettled else step.gain_bits
        return (-round(bits / step.seconds, 9), step.id, step.side)

    return tuple(sorted(steps, key=worth)[:limit])


def _waiting(case: Case, atlas: Atlas, model: Model, triage: Triage) -> list[str]:
    """The questions that flags more urgent than what was found wait for.

    Most dangerous first, and among these what settles most flags per second by its likeliest answer: one "no" can
    clear many.
    """
    found = URGENCIES.index(triage.urgency)
    flags = [flag for flag in triage.open if URGENCIES.index(flag.urgency) > found]
    when = {red_flag.id: expression for red_flag, expression in rule_book(atlas).flags}
    view = view_of(case, atlas)
    worth: dict[str, tuple[int, float]] = {}
    for question in (q.id for screen in next_screens(triage, atlas) for q in screen):
        waiting = [flag for flag in flags if question in flag.questions]
        if not waiting:
            continue
        rates = model.answers.rates[question]
        told = replace(view, answers={**view.answers, question: (max(rates, key=lambda a: (rates[a], a)),)})
        settled = sum(evaluate(when[flag.id], told) is not None for flag in waiting)
        danger = max(URGENCIES.index(flag.urgency) for flag in waiting)
        worth[question] = (-danger, -round(settled / atlas.questions[question].seconds, 9))
    return sorted(worth, key=lambda q: worth[q])


def _table(atlas: Atlas, model: Model, network: Network, case: Case, question: str) -> AnswerTable:
    """P(answer | main source): a row per answer, a column per cause, the unknown last.

    The second value says whether one answer excludes the others.
    """
    if question == MOVEMENTS:
        areas = {atlas.regions[p.region].area for p in case.pain}
        base = model.answers.rates[MOVEMENTS]
        offered = [a.answer for a in atlas.answers_of[MOVEMENTS] if areas.intersection(a.offered_for_areas)]
        rows = [
            [1.0 - (1.0 - base[m]) * (1.0 - c.moves.get(m, 0.0)) for c in network.causes] + [base[m]]
            for m in offered
        ]
        return np.array(rows).reshape(len(rows), len(network.causes) + 1), False
    rates = model.answers.rates[question]
    _, alone = model.answers.movers(question)
    known: dict[tuple[str, str, str], tuple[float, ...]] = {}
    columns = []
    for cause in network.causes:
        # causes that no row tells apart share a column
        key = (
            cause.layer,
            cause.muscle if cause.muscle in alone else "",
            cause.id if cause.id in alone else "",
        )
        if key not in known:
            known[key] = tuple(model.answers.distribution(question, cause).values())
        columns.append(known[key])
    return np.array([*columns, tuple(rates.values())]).T, model.answers.exclusive[question]


def _question_step(
    atlas: Atlas, model: Model, network: Network, belief: Belief, case: Case, question: str, safety: bool
) -> NextStep:
    row = atlas.questions[question]
    table, exclusive = _table(atlas, model, network, case, question)
    verdict, total = _gains(table, exclusive, belief)
    return NextStep(question, "", "question", row.ask, total, verdict, row.seconds, safety)


def _gains(table: NDArray[np.float64], exclusive: bool, belief: Belief) -> tuple[float, float]:
    """Expected bits about the kind of the main source, and about its kind and muscle together."""
    if exclusive:
        return _information(table, belief.weights, belief.kinds), _information(
            table, belief.weights, belief.muscles
        )
    ticks = [np.stack((row, 1.0 - row)) for row in table]
    verdict = [_information(t, belief.weights, belief.kinds) for t in ticks]
    total = [_information(t, belief.weights, belief.muscles) for t in ticks]
    # ticks overlap in what they tell: the sum is an upper bound, the largest a lower one
    return _between(verdict), _between(total)


def _between(gains: Sequence[float]) -> float:
    return (max(gains) + sum(gains)) / 2 if gains else 0.0


def _information(
    table: NDArray[np.float64], weights: NDArray[np.float64], groups: NDArray[np.int64]
) -> float:
    """Mutual information, in bits, between an answer and the group of the main source."""
    joint = np.zeros((table.shape[0], int(groups.max()) + 1))
    np.add.at(joint.T, groups, (table * weights).T)
    rows, columns = joint.sum(axis=1, keepdims=True), joint.sum(axis=0, keepdims=True)
    seen = joint > 0.0
    ratio = np.divide(joint, rows * columns, out=np.ones_like(joint), where=seen)
    return max(0.0, float((joint * np.log2(ratio)).sum()))


def _palpation_steps(
    case: Case, atlas: Atlas, network: Network, belief: Belief, shares: Shares, outlook: Outlook
) -> Iterable[NextStep]:
    """The presses, among the likeliest points, whose outcome could change the verdict or the first three muscles."""
    pressed = {(f.trigger_point, f.side) for f in case.findings}
    rows = [atlas.palpation_signs[s] for s in PALPATED]
    hit = float(np.prod([r.p_if_active for r in rows]))
    false_hit = float(np.prod([r.p_if_inactive for r in rows]))
    seconds = sum(r.seconds for r in rows)
    ranked = sorted(
        (i for i, c in enumerate(network.causes) if c.muscle and (c.id, c.side) not in pressed),
        key=lambda i: (-round(float(shares.active[i]), 9), network.causes[i].id, network.causes[i].side),
    )
    for i in ranked[:8]:
        cause, active, main = network.causes[i], float(shares.active[i]), float(shares.main[i])
        beside = min(1.0, max(0.0, active - main) / max(1e-12, 1.0 - main))
        row = np.full(len(belief.weights), false_hit + (hit - false_hit) * beside)
        row[i] = hit
        outcomes = np.stack((row, 1.0 - row))
        if not (outlook.may_change_verdict(outcomes, True) or outlook.press_may_change_muscles(i, active)):
            continue
        verdict = _information(outcomes, belief.weights, belief.kinds)
        press = np.array([[hit, false_hit], [1.0 - hit, 1.0 - false_hit]])
        total = _information(press, np.array([active, 1.0 - active]), np.array([0, 1]))
        yield NextStep(
            cause.id, cause.side, "palpation", _press_text(atlas, cause), total, verdict, seconds, False
        )


def _press_ratios(atlas: Atlas, model: Model) -> tuple[float, float]:
    """What finding every sign, or none, does to the odds of a trigger point."""
    rows = [atlas.palpation_signs[s] for s in PALPATED]
    trust = model.parameters["palpation_trust"]
    every = np.prod([r.p_if_active / r.p_if_inactive for r in rows])
    none = np.prod([(1.0 - r.p_if_active) / (1.0 - r.p_if_inactive) for r in rows])
    return float(every**trust), float(none**trust)


def _press_text(atlas: Atlas, cause: ModelCause) -> str:
    point = atlas.trigger_points[cause.id]
    muscle = atlas.muscles[cause.muscle].name
    return f"Press {muscle} ({cause.side}), {point.label.lower()}: {point.location}. Is it tender, and is it your pain?"
