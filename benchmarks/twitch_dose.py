"""How well the plateau of a series is named, against "always the third" and a threshold by eye.

    python benchmarks/twitch_dose.py

Series are drawn from courses the model does not share: plateaus and steepnesses from other spreads, falls that are
exponential, linear or by a step, log-normal scatter. The truth is the first twitch whose expected size is within 0.10
of the end.
Every rule sees the twitches one at a time and names its plateau once; the posterior also sees the whole series, as for
a recording.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator, default_rng
from report import write_results

from tautband.twitch.dose import WITHIN, dose, plateau_posterior

LENGTH = 10
SERIES = 600


def draw(chance: Generator, mixed: bool, scatter: float) -> tuple[int, np.ndarray]:
    """One series and its true plateau."""
    kind = chance.choice(["fall", "slow", "flat"], p=[0.7, 0.15, 0.15]) if mixed else "fall"
    k = np.arange(LENGTH)
    plateau = float(chance.uniform(0.3, 0.7))
    if kind == "flat":
        expected = np.full(LENGTH, 1.0)
    else:
        steep = float(
            np.exp(chance.normal(np.log(0.9 if kind == "fall" else 0.35), 0.5 if kind == "fall" else 0.2))
        )
        shape = chance.choice(["exponential", "linear", "step"], p=[0.6, 0.25, 0.15])
        if shape == "exponential":
            fall = np.exp(-steep * k)
        elif shape == "linear":
            fall = np.clip(1 - k * steep / 2.2, 0, 1)
        else:
            fall = (k < 1.6 / steep).astype(float)
        expected = plateau + (1 - plateau) * fall
    truth = int(np.argmax(expected - expected[-1] <= WITHIN)) + 1
    return truth, expected * np.exp(scatter * chance.standard_normal(LENGTH))


def by_model(peaks: np.ndarray) -> tuple[int, int]:
    """Where the plateau is put as soon as it is said to be reached, and after how many twitches that is."""
    for n in range(2, LENGTH + 1):
        found = dose(list(peaks[:n]))
        if found.plateau_after is not None:
            return found.plateau_after, n
    return LENGTH, LENGTH


def by_whole(peaks: np.ndarray) -> int:
    """Where the plateau is put when all twitches are known, as for a recording."""
    return int(np.searchsorted(np.cumsum(plateau_posterior(list(peaks))), 0.5)) + 1


def by_eye(peaks: np.ndarray) -> int:
    """The first twitch after which the fall to the next is less than 15 % of the first."""
    for n in range(1, LENGTH):
        if (peaks[n - 1] - peaks[n]) / peaks[0] < 0.15:
            return n
    return LENGTH


def main() -> None:
    rows = [
        "# Naming the plateau",
        f"{SERIES} simulated series of {LENGTH} twitches each; exact, and within one twitch; `said after` is the mean "
        "number of twitches after which the plateau is said to be reached. One standard error is 0.02.",
        "",
        "| series | scatter | posterior, as they come: exact | within 1 | said after | posterior, whole series: exact "
        "| within 1 | always the third: exact | within 1 | fall below 15 %: exact | within 1 "
        "| 80 % interval holds the truth after 5 |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for mixed in (False, True):
        for scatter in (0.08, 0.15, 0.20):
            chance = default_rng([77, int(mixed), round(100 * scatter)])
            drawn = [draw(chance, mixed, scatter) for _ in range(SERIES)]
            truth = np.array([t for t, _ in drawn])
            live = np.array([by_model(p) for _, p in drawn])
            said = {
                "live": live[:, 0],
                "whole": np.array([by_whole(p) for _, p in drawn]),
                "third": np.full(SERIES, 3),
                "eye": np.array([by_eye(p) for _, p in drawn]),
            }
            inside = []
            for t, peaks in drawn:
                gathered = np.cumsum(plateau_posterior(list(peaks[:5])))
                low, high = (int(np.searchsorted(gathered, q)) + 1 for q in (0.1, 0.9))
                inside.append(low <= t <= high)
            cells = " | ".join(
                f"{np.mean(guess == truth):.2f} | {np.mean(np.abs(guess - truth) <= 1):.2f}"
                + (f" | {live[:, 1].mean():.1f}" if name == "live" else "")
                for name, guess in said.items()
            )
            rows.append(
                f"| {'mixed' if mixed else 'falling'} | {scatter:.0%} | {cells} | {np.mean(inside):.2f} |"
            )
    write_results("twitch_dose", rows)


if __name__ == "__main__":
    main()
