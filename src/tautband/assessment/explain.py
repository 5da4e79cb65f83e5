"""Why: how much each region, answer and finding moves a cause, by leaving it out and solving again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tautband.assessment.inference import Posterior, Problem
from tautband.assessment.judgement import Judgement
from tautband.assessment.model import MOVEMENTS, Place
from tautband.assessment.network import Network, build_network, unseen
from tautband.assessment.solve import solve_network

CauseKey = tuple[str, str]
"""A cause id and its side."""


@dataclass(frozen=True, slots=True)
class Reason:
    """One piece of evidence and what it does to a cause.

    Attributes
    ----------
    kind
        `region`, `silent_region`, `complaint`, `answer`, `finding` or `test`.
    id, side
        What it is: region, complaint, question, trigger point or test, and the side where it has one.
    value
        The answer given, the movement ticked, the signs found, or the share of people with the complaint in whom
        studies found the muscle active; empty for a region.
    log_odds
        Change of the cause's log-odds of being active: with all the evidence, minus without this piece.
    """

    kind: str
    id: str
    side: str
    value: str
    log_odds: float


@dataclass(frozen=True)
class Explanation:
    """Why the likeliest causes stand where they stand, and what of the drawing is explained by what.

    Attributes
    ----------
    reasons
        Per cause, strongest first; pieces that move it by less than 0.05 are left out.
    explains
        Per cause, the chance that it produced the pain painted at each place.
    unexplained
        Per painted place, the chance that no cause of the atlas produced it.
    """

    reasons: Mapping[CauseKey, tuple[Reason, ...]]
    explains: Mapping[CauseKey, Mapping[Place, float]]
    unexplained: Mapping[Place, float]


def explain(judgement: Judgement, causes: Sequence[int]) -> Explanation:
    """Explain some causes by exact leave-one-out changes of their log-odds.

    Parameters
    ----------
    judgement
        The case as judged.
    causes
        Numbers of the network's causes to explain.

    Returns
    -------
    Explanation
        Empty when the network is sampled instead of solved: differences of samples would be noise.
    """
    case, atlas, model = judgement.case, judgement.atlas, judgement.model
    network, posterior = judgement.network, judgement.posterior
    if posterior.error > 0.0:
        return Explanation({}, {}, {})
    keys = {i: (network.causes[i].id, network.causes[i].side) for i in causes}
    full = {key: _log_odds(posterior.active[i]) for i, key in keys.items()}
    reasons: dict[CauseKey, list[Reason]] = {key: [] for key in full}
    unexplained: dict[Place, float] = {}

    def note(kind: str, what: str, side: str, value: str, without: Mapping[CauseKey, float]) -> None:
        for key, found in reasons.items():
            change = full[key] - without.get(key, full[key])
            if abs(change) >= 0.05:
                found.append(Reason(kind, what, side, value, change))

    for place in network.findings:
        rest = unseen(network, place)
        solved = solve_network(rest)
        if place[0] == MOVEMENTS:
            note("answer", MOVEMENTS, "", place[1], _by_key(rest, solved))
        else:
            note("region", *place, "", _by_key(rest, solved))
            unexplained[place] = _leak_share(model.parameters["leak_region"], posterior, solved)
    for place in _silent_places(network, causes):
        rest = unseen(network, place)
        note("silent_region", *place, "", _by_key(rest, solve_network(rest)))
    for complaint in model.complaints:
        if complaint.regions.isdisjoint(p.region for p in case.pain):
            continue
        rest = build_network(case, atlas, model, ignore_complaint=complaint.id)
        left_out = _by_key(rest, solve_network(rest))
        for i, key in keys.items():
            cause = network.causes[i]
            if share := complaint.muscles.get(cause.muscle):
                # what only the studies bring in is otherwise as likely as anything else beside a main source
                otherwise = left_out.get(key, _log_odds(cause.companion))
                note("complaint", complaint.id, "", f"{share:.2f}", {key: otherwise})
    for question, left_out in _without_answers(network, posterior, keys):
        note("answer", question, "", ";".join(case.answers[question]), left_out)
    for finding in case.findings:
        signs = ";".join(sign if there else f"no {sign}" for sign, there in finding.signs().items())
        without = replace(case, findings=tuple(f for f in case.findings if f is not finding))
        rest = build_network(without, atlas, model)
        note("finding", finding.trigger_point, finding.side, signs, _by_key(rest, solve_network(rest)))
    for test in case.tests:
        without = replace(case, tests={t: r for t, r in case.tests.items() if t != test})
        rest = build_network(without, atlas, model)
        note("test", test, "", case.tests[test], _by_key(rest, solve_network(rest)))
    return Explanation(
        reasons={
            key: tuple(
                sorted(found, key=lambda r: (-abs(round(r.log_odds, 9)), r.kind, r.id, r.side, r.value))
            )
            for key, found in reasons.items()
        },
        explains=_explained(network, causes),
        unexplained=unexplained,
    )


def _without_answers(
    network: Network, posterior: Posterior, keys: Mapping[int, CauseKey]
) -> Iterator[tuple[str, Mapping[CauseKey, float]]]:
    """Log-odds of the explained causes without each answer.

    An answer only scales the weights of the main source, so one solution per cause, with that cause held active,
    gives all of them: P(cause) without the answer is the mean of P(cause | main source) under the rescaled weights.
    """
    together = {}
    for i, key in keys.items():
        held = replace(network, problem=hold_active(network.problem, i, network.quiet[i]))
        together[key] = posterior.active[i] * solve_network(held).main
    for question in dict.fromkeys(q for ratios in network.ratios for q in ratios):
        scale = 1.0 / np.array([ratios.get(question, 1.0) for ratios in network.ratios])
        total = float((posterior.main * scale).sum())
        yield (
            question,
            {key: _log_odds(float((both * scale).sum()) / total) for key, both in together.items()},
        )


def hold_active(problem: Problem, cause: int, quiet: float = 0.0) -> Problem:
    """The same problem given that one cause is active, `quiet` being its chance to be so without showing itself."""
    causes = list(problem.causes)
    idle, active = causes[cause].companion
    causes[cause] = replace(causes[cause], companion=(idle * quiet, active))
    return replace(problem, causes=tuple(causes))


def _explained(network: Network, causes: Sequence[int]) -> Mapping[CauseKey, Mapping[Place, float]]:
    fired = solve_network(network, explain=causes).fired
    return {
        (network.causes[i].id, network.causes[i].side): {
            network.findings[f]: share
            for f, share in fired[i]
            if network.findings[f][0] != MOVEMENTS and share >= 0.005
        }
        for i in causes
    }


def _leak_share(leak: float, full: Posterior, without: Posterior) -> float:
    """Chance that a painted place was painted for no cause of the atlas, from the evidence with and without it."""
    silent_odds = math.expm1(without.log_evidence - full.log_evidence)
    return min(1.0, max(0.0, leak / (1.0 - leak) * silent_odds))


def _by_key(network: Network, posterior: Posterior) -> Mapping[CauseKey, float]:
    return {(c.id, c.side): _log_odds(posterior.active[i]) for i, c in enumerate(network.causes)}


def _silent_places(network: Network, causes: Sequence[int]) -> list[Place]:
    """The places that the first three causes would most likely paint and that stayed silent: two for each."""
    painted = set(network.findings)
    places: dict[Place, None] = {}
    for i in causes[:3]:
        chances: dict[Place, float] = {}
        for extent in network.causes[i].extents:
            for place, chance in extent.paints.items():
                if place not in painted:
                    chances[place] = chances.get(place, 0.0) + extent.share * chance
        for place in sorted(chances, key=lambda p: (-chances[p], p))[:2]:
            if chances[place] >= 0.3:
                places[place] = None
    return list(places)


def _log_odds(p: float) -> float:
    p = min(max(float(p), 1e-12), 1.0 - 1e-12)
    return math.log(p) - math.log1p(-p)
