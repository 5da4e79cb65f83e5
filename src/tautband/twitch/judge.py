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


FIRST_TREES: Final = 100
HOPELESS: Final = -2.5
"""A reading whose score after the first trees is not above this is no twitch. It settles 62 % of the readings of the
training half; of 2,278 that pass in the end, one was given up."""


@dataclass(frozen=True, eq=False)
class Forest:
    """Sums of decision trees, evaluated all at once. The nodes of all trees lie in one row.

    Attributes
    ----------
    feature, threshold, value
        Shape (nodes,).
    child
        Shape (2 * nodes,): where to go from node k when the feature is not above the threshold (2k) and when it is
        (2k + 1). A leaf leads to itself.
    root
        Shape (trees,). Tree n adds to sum n modulo the number of sums.
    base
        Shape (sums,): where each sum starts.
    depth
        Steps from the root to the deepest leaf.
    """

    feature: NDArray[np.int64]
    threshold: Floats
    value: Floats
    child: NDArray[np.int64]
    root: NDArray[np.int64]
    base: Floats
    depth: int

    def scores(self, features: Floats) -> Floats:
        """Give the sums of some readings.

        Parameters
        ----------
        features
            Shape (readings, features).

        Returns
        -------
        numpy.ndarray
            Shape (readings, sums).
        """
        return np.asarray(self.base + self.added(features, slice(None)), float)

    def added(self, features: Floats, trees: slice) -> Floats:
        """Give what some of the trees add to the sums of some readings, shape (readings, sums)."""
        row = np.arange(len(features))[:, None] * features.shape[1]
        node = np.repeat(self.root[None, trees], len(features), axis=0)
        for _ in range(self.depth):
            at = self.feature.take(node)
            if len(features) > 1:
                at += row
            above = features.take(at) > self.threshold.take(node)
            node *= 2
            node += above
            node = self.child.take(node)
        sums = len(self.base)
        found = self.value.take(node).reshape(len(features), node.shape[1] // sums, sums)
        return np.asarray(found.sum(axis=1), float)


@dataclass(frozen=True, eq=False)
class Judge:
    """Two forests: twitch or not, and which disturbance.

    Attributes
    ----------
    twitch, names
        The forests.
    classes
        Names of the second forest's sums.
    threshold
        Probability from which a reading counts as a twitch.
    """

    twitch: Forest
    names: Forest
    classes: tuple[str, ...]
    threshold: float

    def verdicts(self, features: Floats) -> list[Verdict]:
        """Judge the readings of a candidate; only the likeliest one gets a name, and only if it is no twitch.

        Parameters
        ----------
        features
            Shape (readings, features).
        """
        score = self.twitch.base[0] + self.twitch.added(features, slice(FIRST_TREES))[:, 0]
        open_still = score > HOPELESS
        score[open_still] += self.twitch.added(features[open_still], slice(FIRST_TREES, None))[:, 0]
        probability = 1 / (1 + np.exp(-score))
        best, why = int(np.argmax(probability)), "noise"
        if probability[best] < self.threshold:
            why = self.classes[int(np.argmax(self.names.scores(features[best : best + 1])))]
        names = [why if n == best else "noise" for n in range(len(features))]
        return [
            Verdict(p, self.threshold, name, DETAILS[name])
            for p, name in zip(probability.tolist(), names, strict=True)
        ]


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
        value=part("value", np.float64),
        child=part("child", np.int64),
        root=part("root", np.int64),
        base=part("base", np.float64),
        depth=int(part("depth", np.int64)),
    )
