"""From a series of twitches to a dose: whether the fall has levelled off, and how sure that is.

The size of the k-th twitch of a series is taken to be A (p + (1 - p) exp(-s (k - 1))) with log-normal scatter. The
plateau is the first twitch whose expected size is within 0.10 of p, in units of the first. Its posterior is a sum over
a grid of p, s and the scatter; A is integrated out. The prior is data (`data/dose_prior.csv`) with its sources.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
State = Literal["enough", "one more", "none seen", "unknown"]
Advice = Literal["stop", "continue"]

WITHIN: Final = 0.10
"""The plateau begins where the expected size is this near to its end, in units of the first twitch."""
DECLARE: Final = 0.8
"""From this probability of having reached the plateau it is said; at even odds it would be said too early too often."""
SCATTERS: Final = (0.06, 0.10, 0.14, 0.18, 0.24, 0.32)
GRID: Final = 12
FARTHEST: Final = 30
SAME_TWITCH_S: Final = 1.0

SURFACE_CAVEAT: Final = (
    "Electrodes off the taut band miss twitches: none seen does not mean that none occurred; "
    "count by hand, too."
)
EVIDENCE: Final = "No trial shows how many twitches are best; this says only whether their size still falls."


@dataclass(frozen=True)
class Dose:
    """What a series of twitches says about going on.

    Attributes
    ----------
    seen, tapped
        Twitches detected, and those that the practitioner alone counted.
    meaningful
        Twitches up to and including the plateau, or all of them while there is none.
    plateau_after
        The twitch from which on sizes no longer fall, or None while that is open.
    probability
        That the plateau has been reached by now.
    interval
        The twitches between which the plateau lies with 80 % probability.
    state, advice, why
        The same in words.
    noise_rms_uv
        Noise of the recording, NaN when not known.
    """

    seen: int
    tapped: int
    meaningful: int
    plateau_after: int | None
    probability: float
    interval: tuple[int, int] | None
    state: State
    advice: Advice
    why: str
    noise_rms_uv: float = float("nan")


@dataclass(frozen=True, eq=False)
class Prior:
    """A grid of courses a series can take.

    Attributes
    ----------
    weight
        Shape (courses,), sums to 1.
    plateau, steepness
        Shape (courses,).
    """

    weight: Floats
    plateau: Floats
    steepness: Floats

    @property
    def reached(self) -> NDArray[np.int64]:
        """The twitch at which each course is within 0.10 of its plateau."""
        over = np.maximum(np.abs(1 - self.plateau) / WITHIN, 1e-12)
        first = np.maximum(1 + np.ceil(np.log(over) / self.steepness - 1e-9), 1)
        return np.asarray(first, np.int64)


@cache
def shipped_prior() -> Prior:
    """Read the prior that comes with the package."""
    text = files("tautband.twitch").joinpath("data", "dose_prior.csv").read_text(encoding="utf-8")
    weights, plateaus, steepnesses = [], [], []
    for row in csv.DictReader(text.splitlines()):
        plateau = np.linspace(float(row["plateau_low"]), float(row["plateau_high"]), GRID)
        steepness = np.geomspace(float(row["steepness_low"]), float(row["steepness_high"]), GRID)
        grid = np.array(np.meshgrid(plateau, steepness)).reshape(2, -1)
        weights.append(np.full(grid.shape[1], float(row["weight"]) / grid.shape[1]))
        plateaus.append(grid[0])
        steepnesses.append(grid[1])
    weight = np.concatenate(weights)
    return Prior(weight / weight.sum(), np.concatenate(plateaus), np.concatenate(steepnesses))


def plateau_posterior(peaks: Sequence[float], prior: Prior | None = None) -> Floats:
    """Give the probability of each twitch to be the first of the plateau.

    Parameters
    ----------
    peaks
        Sizes of the twitches of one series in order, any unit; NaN where a twitch was counted but not measured.
    prior
        Courses that a series can take; the shipped ones by default.

    Returns
    -------
    numpy.ndarray
        Shape (30,): at index k - 1 the probability that the plateau begins with twitch k; the last one holds all later.
    """
    prior = prior or shipped_prior()
    size = np.asarray(peaks, float)
    place = np.flatnonzero(np.isfinite(size) & (size > 0))
    log_weight = np.log(prior.weight)[:, None] + np.zeros(len(SCATTERS))
    if len(place) >= 2:
        expected = np.log(
            prior.plateau[:, None]
            + (1 - prior.plateau[:, None]) * np.exp(-prior.steepness[:, None] * place[None, :])
        )
        rest = np.log(size[place])[None, :] - expected
        square = np.sum((rest - rest.mean(axis=1, keepdims=True)) ** 2, axis=1)
        scatter = np.array(SCATTERS)
        log_weight = log_weight - square[:, None] / (2 * scatter**2) - (len(place) - 1) * np.log(scatter)
    weight = np.exp(log_weight - log_weight.max()).sum(axis=1)
    reached = np.minimum(prior.reached, FARTHEST)
    posterior = np.bincount(reached - 1, weight, FARTHEST)
    return np.asarray(posterior / posterior.sum(), float)


def dose(
    peaks: Sequence[float],
    *,
    taps: int = 0,
    noise_rms_uv: float = float("nan"),
    prior: Prior | None = None,
) -> Dose:
    """Say whether a series of twitches has levelled off.

    Parameters
    ----------
    peaks
        Peak RMS of the twitches of one series in order; NaN for one that the practitioner alone counted.
    taps
        How many of them the practitioner alone counted.
    noise_rms_uv
        Noise of the recording, shown beside the result.
    prior
        Courses that a series can take; the shipped ones by default.

    Returns
    -------
    Dose
        The state with its reason; `unknown` before the second measured twitch.
    """
    count = len(peaks)
    measured = int(np.sum(np.isfinite(np.asarray(peaks, float)))) if count else 0
    common = {"seen": count - taps, "tapped": taps, "noise_rms_uv": noise_rms_uv}
    if count == 0:
        return Dose(
            **common,  # type: ignore[arg-type]
            meaningful=0,
            plateau_after=None,
            probability=0.0,
            interval=None,
            state="none seen",
            advice="continue",
            why=f"No twitch seen. {SURFACE_CAVEAT}",
        )
    if measured < 2:
        return Dose(
            **common,  # type: ignore[arg-type]
            meaningful=count,
            plateau_after=None,
            probability=0.0,
            interval=None,
            state="unknown",
            advice="continue",
            why="A plateau cannot be told before the second measured twitch of a series.",
        )
    posterior = plateau_posterior(peaks, prior)
    gathered = np.cumsum(posterior)
    interval = (int(np.searchsorted(gathered, 0.1)) + 1, int(np.searchsorted(gathered, 0.9)) + 1)
    reached = float(gathered[min(count, FARTHEST) - 1])
    span = f"80 % between twitch {interval[0]} and {interval[1]}"
    if reached > DECLARE:
        after = int(np.searchsorted(gathered, 0.5)) + 1
        return Dose(
            **common,  # type: ignore[arg-type]
            meaningful=min(after, count),
            plateau_after=after,
            probability=reached,
            interval=interval,
            state="enough",
            advice="stop",
            why=f"Sizes have levelled off with twitch {after} (probability {_percent(reached)}; {span}). {EVIDENCE}",
        )
    known = [peak for peak in peaks if np.isfinite(peak)]
    so_far = "may still be falling" if known[-1] < known[0] else "have not fallen so far"
    return Dose(
        **common,  # type: ignore[arg-type]
        meaningful=count,
        plateau_after=None,
        probability=reached,
        interval=interval,
        state="one more",
        advice="continue",
        why=f"Sizes {so_far} (levelled off with probability {_percent(reached)}; {span}). {EVIDENCE}",
    )


def _percent(p: float) -> str:
    return "over 99 %" if p > 0.99 else "under 1 %" if p < 0.01 else f"{100 * p:.0f} %"


def with_taps(
    onsets_s: Sequence[float], peaks: Sequence[float], taps_s: Sequence[float]
) -> tuple[list[float], int]:
    """Put twitches that the practitioner counted by hand among those detected.

    Parameters
    ----------
    onsets_s, peaks
        Of the detected twitches.
    taps_s
        When the practitioner tapped. A tap within a second behind a detected onset is that twitch.

    Returns
    -------
    peaks
        In order of time, NaN for a twitch that was only tapped.
    added
        How many were only tapped.
    """
    free = list(onsets_s)
    only: list[float] = []
    for tap in sorted(taps_s):
        near = [o for o in free if -0.2 <= tap - o <= SAME_TWITCH_S]
        if near:
            free.remove(near[0])
        else:
            only.append(tap)
    both = sorted(
        [*zip(onsets_s, peaks, strict=True), *((t, float("nan")) for t in only)], key=lambda e: e[0]
    )
    return [peak for _, peak in both], len(only)
