"""What the answers still to come could change: the verdict, or the first three muscles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tautband.assessment.guard import Shares
from tautband.assessment.model import ModelCause
from tautband.assessment.network import Network

AnswerTable = tuple[NDArray[np.float64], bool]
"""P(answer | main source): a row per answer, a column per cause, the unknown last; does one answer exclude others?"""

UNLIKELY = 0.02
"""An answer expected more rarely than this is not waited for when deciding whether a question can matter."""

IMAGINED = 200
"""People imagined to answer everything that is still open."""

SEED = 15


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
    beside
        Chance of each trigger point to be active beside another main source; 0 for everything else.
    """

    weights: NDArray[np.float64]
    kinds: NDArray[np.int64]
    muscles: NDArray[np.int64]
    beside: NDArray[np.float64]


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
    is_point = np.array([bool(cause.muscle) for cause in network.causes] + [False])
    beside = np.where(is_point, np.append(shares.active - shares.main, 0.0).clip(0.0, 1.0), 0.0)
    return Belief(weights / weights.sum(), np.array([*kinds, 3]), np.array([*muscles, 3]), beside)


def _kind(cause: ModelCause) -> int:
    if cause.kind == "unknown":
        return 3
    if cause.layer == "myofascial":
        return 0
    return 2 if cause.urgency in ("urgent", "emergency") else 1


class Outlook:
    """Decides what further answers could change."""

    def __init__(
        self, belief: Belief, parameters: Mapping[str, float], press_ratios: tuple[float, float]
    ) -> None:
        self.belief = belief
        self.press_ratios = press_ratios
        self.parameters = parameters
        self.muscles = np.array([g for g in np.unique(belief.muscles) if g >= 4], dtype=np.int64)
        idle = np.ones(int(belief.muscles.max()) + 1)
        np.multiply.at(idle, belief.muscles, 1.0 - belief.beside)
        self.companion = 1.0 - idle
        self.verdict = self._verdict(belief.weights)
        self.chance = self._chance(belief.weights)
        self.first_three = self._first_three(self.chance)

    def may_change_verdict(self, table: NDArray[np.float64], exclusive: bool) -> bool:
        """Whether an answer that is not unlikely would change the verdict."""
        return any(self._verdict(w) != self.verdict for w in self._outcomes(table, exclusive))

    def may_change_muscles(self, table: NDArray[np.float64], exclusive: bool) -> bool:
        """Whether an answer that is not unlikely would change the first three muscles."""
        outcomes = self._outcomes(table, exclusive)
        return any(self._first_three(self._chance(w)) != self.first_three for w in outcomes)

    def press_may_change_muscles(self, cause: int, active: float) -> bool:
        """Whether pressing a cause would change the first three muscles."""
        muscle = self.belief.muscles[cause]
        for ratio in self.press_ratios:
            told = active * ratio / (1.0 - active + active * ratio)
            chance = self.chance.copy()
            chance[muscle] = 1.0 - (1.0 - chance[muscle]) * (1.0 - told) / max(1.0 - active, 1e-12)
            if self._first_three(chance) != self.first_three:
                return True
        return False

    def chance_of_turning(self, tables: Sequence[AnswerTable]) -> float:
        """Chance that the verdict is another once everything still open is answered.

        People are imagined as the posterior expects them: each has a main source and answers as it makes people
        answer. The share of them whose verdict would then differ from today's is counted.
        """
        chance = np.random.Generator(np.random.PCG64(SEED))
        # evenly spread over the sources: chance decides only what they answer
        heaped = np.cumsum(self.belief.weights)
        sources = np.searchsorted(heaped, (np.arange(IMAGINED) + 0.5) / IMAGINED * heaped[-1])
        weights = np.tile(self.belief.weights, (IMAGINED, 1))
        for table, exclusive in tables:
            expected = table[:, sources]
            if exclusive:
                aim = chance.random(IMAGINED) * expected.sum(axis=0)
                given = (np.cumsum(expected, axis=0) <= aim).sum(axis=0)
                weights *= table[np.minimum(given, len(table) - 1)]
            else:
                for row, ticked in zip(table, chance.random(expected.shape) < expected, strict=True):
                    weights *= np.where(ticked[:, None], row, 1.0 - row)
            weights *= 1.0 / weights.sum(axis=1, keepdims=True)
        return sum(self._verdict(w) != self.verdict for w in weights) / IMAGINED

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
