"""What to ask or press next: the step that is expected to tell most per second, safety first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tautband.assessment.case import Case
from tautband.assessment.guard import Shares
from tautband.assessment.judgement import Judgement
from tautband.assessment.model import MOVEMENTS, Model, ModelCause
from tautband.assessment.network import Network
from tautband.assessment.rules import evaluate, parse
from tautband.assessment.triage import Triage, next_screens, rule_book, view_of
from tautband.atlas import Atlas
from tautband.atlas.tables import URGENCIES

PALPATED = ("tender", "familiar_pain")
"""What one press asks: does it hurt, and is it your pain?"""

UNLIKELY = 0.02
"""An answer expected more rarely than this is not waited for when deciding whether a question can matter."""


WORTH_ASKING = 0.02
"""Bits below which a question is not worth anybody's time, whatever it could change."""

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


@dataclass(frozen=True)
class Belief:
    """The main source as next steps see it.

    Attributes
    ----------
    weights
        Chance of each network cause to be the main source; the unknown main source is last.
    kinds
        0 myofascial, 1 another layer, 2 a look-alike somebody must act on soon, 3 unknown.
    muscles
        Number of the muscle on its side; every cause that is no trigger point shares the number of its kind.
    """

    weights: NDArray[np.float64]
    kinds: NDArray[np.int64]
    muscles: NDArray[np.int64]


def believe(network: Network, shares: Shares) -> Belief:
    """Collect what the posterior says of the main source."""
    numbers: dict[tuple[str, str], int] = {}
    kinds, muscles = [], []
    for cause in network.causes:
        kind = _kind(cause)
        kinds.append(kind)
        muscles.append(
            numbers.setdefault((cause.muscle, cause.side), 4 + len(numbers)) if cause.muscle else kind
        )
    weights = np.append(shares.main, shares.unknown)
    return Belief(weights / weights.sum(), np.array([*kinds, 3]), np.array([*muscles, 3]))


def _kind(cause: ModelCause) -> int:
    if cause.kind == "unknown":
        return 3
    if cause.layer == "myofascial":
        return 0
    return 2 if cause.urgency in ("urgent", "emergency") else 1


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
        Empty when triage is settled and no single step can change the verdict or the first three muscles, and as
        soon as an emergency is found.
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
    judge = _Judge(network, belief, shares, model.parameters, _press_ratios(atlas, model))
    about_verdict = {q for q, table in tables.items() if judge.may_change_verdict(*table)}
    about_muscles = {q for q, table in tables.items() if judge.may_change_muscles(*table)}
    steps = [
        _question_step(atlas, model, network, belief, case, q, False)
        for q in tables
        if q in about_verdict | about_muscles
    ]
    steps += [
        step
        for step in _palpation_steps(case, atlas, network, belief, shares, judge)
        if (step.id, step.side) not in skip and step.gain_bits >= WORTH_PRESSING
    ]

    def worth(step: NextStep) -> tuple[float, str, str]:
        bits = step.verdict_bits if about_verdict else step.gain_bits
        return (-round(bits / step.seconds, 9), step.id, step.side)

    return tuple(sorted((s for s in steps if s.gain_bits >= WORTH_ASKING), key=worth)[:limit])


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


def _table(
    atlas: Atlas, model: Model, network: Network, case: Case, question: str
) -> tuple[NDArray[np.float64], bool]:
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
    case: Case, atlas: Atlas, network: Network, belief: Belief, shares: Shares, judge: _Judge
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
        if not (judge.may_change_verdict(outcomes, True) or judge.press_may_change_muscles(i, active)):
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


class _Judge:
    """Decides whether an answer to a question could change the verdict or the first three muscles."""

    def __init__(
        self,
        network: Network,
        belief: Belief,
        shares: Shares,
        parameters: Mapping[str, float],
        press_ratios: tuple[float, float],
    ) -> None:
        self.belief = belief
        self.press_ratios = press_ratios
        self.parameters = parameters
        self.muscles = np.array([g for g in np.unique(belief.muscles) if g >= 4], dtype=np.int64)
        idle = np.ones(int(belief.muscles.max()) + 1)
        for i in range(len(network.causes)):
            if network.causes[i].muscle:
                companion = max(0.0, float(shares.active[i]) - float(shares.main[i]))
                idle[belief.muscles[i]] *= 1.0 - min(1.0, companion)
        self.companion = 1.0 - idle
        self.verdict = self._verdict(belief.weights)
        self.chance = self._chance(belief.weights)
        self.first_three = self._first_three(self.chance)

    def may_change_verdict(self, table: NDArray[np.float64], exclusive: bool) -> bool:
        return any(self._verdict(w) != self.verdict for w in self._outcomes(table, exclusive))

    def may_change_muscles(self, table: NDArray[np.float64], exclusive: bool) -> bool:
        outcomes = self._outcomes(table, exclusive)
        return any(self._first_three(self._chance(w)) != self.first_three for w in outcomes)

    def press_may_change_muscles(self, cause: int, active: float) -> bool:
        muscle = self.belief.muscles[cause]
        for ratio in self.press_ratios:
            told = active * ratio / (1.0 - active + active * ratio)
            chance = self.chance.copy()
            chance[muscle] = 1.0 - (1.0 - chance[muscle]) * (1.0 - told) / max(1.0 - active, 1e-12)
            if self._first_three(chance) != self.first_three:
                return True
        return False

    def _outcomes(self, table: NDArray[np.float64], exclusive: bool) -> Iterable[NDArray[np.float64]]:
        rows = table if exclusive else np.concatenate((table, 1.0 - table))
        for row in rows:
            joint = row * self.belief.weights
            chance = float(joint.sum())
            if chance >= UNLIKELY:
                yield joint / chance

    def _verdict(self, weights: NDArray[np.float64]) -> str:
        share = np.bincount(self.belief.kinds, weights=weights, minlength=4)
        if share[2] >= self.parameters["danger_at"] or share[1] + share[2] >= self.parameters["refer_at"]:
            return "refer_first"
        return "suits" if share[0] >= self.parameters["suits_at"] else "unclear"

    def _chance(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        main = np.bincount(self.belief.muscles, weights=weights, minlength=len(self.companion)).astype(float)
        return np.asarray(main + self.companion * (1.0 - main))

    def _first_three(self, chance: NDArray[np.float64]) -> frozenset[int]:
        order = sorted(self.muscles, key=lambda g: (-round(float(chance[g]), 6), int(g)))
        return frozenset(int(g) for g in order[:3])
