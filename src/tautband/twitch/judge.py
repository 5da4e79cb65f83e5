"""The judge: whether a candidate is a twitch, and if not, what it is.

Two sums of small decision trees over the features of `measure.FEATURES`, learnt on simulated recordings by
`benchmarks/twitch_fit.py` and kept as a table in `data/judge.npz`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Verdict:
    """What the judge says of one reading of a candidate.

    Attributes
    ----------
    probability
        That it is a twitch.
    threshold
        From which probability on it counts as one.
    why
        The likeliest name of it, were it none.
    detail
        The same as a sentence.
    """

    probability: float
    threshold: float
    why: str
    detail: str


DETAILS: Final[Mapping[str, str]] = {
    "needle movement": "a short slow swing as a moved needle makes",
    "cable bump": "the baseline swings as with a pulled cable",
    "mains": "hum of the mains comes, goes or changes",
    "ECG": "a heart beat: slow, and alike from beat to beat",
    "voluntary contraction": "it lasts and swells like a contraction at will",
    "clipping": "the converter's limit was reached",
    "dropout": "the samples stand still",
    "NaN run": "samples are missing",
    "stimulator artefact": "pulses of a stimulator",
    "end-plate activity": "end-plate spikes at the needle's tip",
    "noise": "it cannot be told from the noise",
}
"""Every name under which a candidate may be rejected, with the sentence that goes with it."""

BY_RULE: Final = ("clipping", "dropout", "NaN run")
"""Names that follow from the samples themselves, by rule, and that no forest gives."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Sums of decision trees, evaluated all at once.

    Attributes
    ----------
    feature, threshold, left, right, value
        Shape (trees, nodes). A leaf points to itself.
    group
        Shape (trees,): the sum each tree adds to.
    base
        Shape (groups,): where each sum starts.
    depth
        Steps from the root to the deepest leaf.
    """

    feature: NDArray[np.int64]
    threshold: Floats
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    value: Floats
    group: NDArray[np.int64]
    base: Floats
    depth: int

    def scores(self, features: Floats) -> Floats:
        """Give the sums for one reading.

        Parameters
        ----------
        features
            Shape (features,).

        Returns
        -------
        numpy.ndarray
            Shape (groups,).
        """
        tree = np.arange(len(self.group))
        node = np.zeros(len(self.group), np.int64)
        for _ in range(self.depth):
            right = features[self.feature[tree, node]] > self.threshold[tree, node]
            node = np.where(right, self.right[tree, node], self.left[tree, node])
        return self.base + np.bincount(self.group, self.value[tree, node], len(self.base))


@dataclass(frozen=True, eq=False)
class Judge:
    """Two forests: twitch or not, and which disturbance.

    Attributes
    ----------
    twitch, names
        The forests.
    classes
        Names of the second forest's groups.
    threshold
        Probability from which a reading counts as a twitch.
    """

    twitch: Forest
    names: Forest
    classes: tuple[str, ...]
    threshold: float

    def verdict(self, features: Floats) -> Verdict:
        """Judge one reading by its features, shape (features,)."""
        probability = 1 / (1 + float(np.exp(-self.twitch.scores(features)[0])))
        why = "noise"
        if probability < self.threshold:
            why = self.classes[int(np.argmax(self.names.scores(features)))]
        return Verdict(probability, self.threshold, why, DETAILS[why])


@cache
def shipped_judge() -> Judge:
    """Read the judge that comes with the package."""
    with files("tautband.twitch").joinpath("data", "judge.npz").open("rb") as file, np.load(file) as table:
        twitch, names = (_forest(table, name) for name in ("twitch", "names"))
        return Judge(twitch, names, tuple(str(c) for c in table["classes"]), float(table["decision"]))


def _forest(table: Mapping[str, NDArray[Any]], name: str) -> Forest:
    def part(which: str, kind: type) -> NDArray[Any]:
        return np.asarray(table[f"{name}_{which}"], kind)

    return Forest(
        feature=part("feature", np.int64),
        threshold=part("threshold", np.float64),
        left=part("left", np.int64),
        right=part("right", np.int64),
        value=part("value", np.float64),
        group=part("group", np.int64),
        base=part("base", np.float64),
        depth=int(part("depth", np.int64)),
    )
