"""The recordings and the measures of the twitch benchmark.

Two halves come from the same settings with different seeds: whatever has parameters is tuned on the training half
(even seeds), everything is measured on the test half (odd seeds). The varied set of `twitch_held_out.py` is apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from tautband.twitch.simulate import (
    DISTURBANCES,
    Settings,
    Simulated,
    Truth,
    artefact_settings,
    clean_settings,
    mixed_settings,
    simulate,
)

LEVELS_DB = (3.0, 6.0, 10.0, 14.0, 20.0)
TOLERANCE_S = 0.05
LOWEST_DB = 3.0
RATES_HZ = (500.0, 1000.0, 2000.0, 2000.0, 2000.0, 4000.0)

MILD: dict[str, Any] = {
    "strength": (1.0, 5.0),
    "per_min": (0.5, 2.0),
    "snr_db": (14.0, 26.0),
    "decay": False,
}
"""Mixtures in which general detectors come nearer to the figure that the goal was set beside."""

Spans = NDArray[np.float64]


@cache
def sets(half: str, per_set: int = 10) -> dict[str, tuple[Simulated, ...]]:
    """Every set of a half (`train` or `test`), by name."""
    odd = {"train": 0, "test": 1}[half]
    number = 0

    def make(settings_of: object, count: int) -> tuple[Simulated, ...]:
        nonlocal number
        made = []
        for place in range(count):
            chance = default_rng([31, 2 * number + odd])
            number += 1
            settings = settings_of(chance, place) if callable(settings_of) else settings_of
            made.append(simulate(settings, chance))
        return tuple(made)

    found = {}
    for level in LEVELS_DB:
        found[f"clean {level:g} dB"] = make(clean_settings(level, twitches_per_min=12.0), per_set)
    for name in DISTURBANCES:
        found[name] = make(
            lambda chance, place, name=name: artefact_settings(
                name, sampling_rate=4000.0 if name == "end-plate activity" else RATES_HZ[place % 6]
            ),
            per_set,
        )
    for name in DISTURBANCES:
        found[f"only {name}"] = make(
            lambda chance, place, name=name: artefact_settings(
                name,
                sampling_rate=4000.0 if name == "end-plate activity" else RATES_HZ[place % 6],
                twitches_per_min=1e-6,
                needle_before_twitch=0.0,
            ),
            max(per_set // 2, 1),
        )
    found["mixed"] = make(
        lambda chance, place: mixed_settings(chance, sampling_rate=RATES_HZ[place % 6]), 2 * per_set
    )
    found["mild mixed"] = make(
        lambda chance, place: _mild(mixed_settings(chance, sampling_rate=RATES_HZ[place % 6], **MILD)),
        2 * per_set,
    )
    return {
        name: tuple(_without(r) if name.startswith("only") else r for r in recordings)
        for name, recordings in found.items()
    }


def _mild(settings: Settings) -> Settings:
    """Two disturbances at most."""
    return replace(settings, disturbances=settings.disturbances[:2])


def _without(made: Simulated) -> Simulated:
    """A rare twitch may have come even at the lowest rate; such a recording is not artefact-only, so it is refused."""
    if made.twitches:
        raise ValueError("an artefact-only recording holds a twitch")
    return made


@dataclass(frozen=True)
class Score:
    """What a detector did on one or more recordings."""

    hits: int = 0
    misses: int = 0
    false: int = 0
    overlap_hits: int = 0
    overlap_misses: int = 0
    overlap_false: int = 0
    seconds: float = 0.0
    errors: tuple[float, ...] = ()

    def __add__(self, other: Score) -> Score:
        """Both together."""
        return Score(*(a + b for a, b in zip(self.__dict__.values(), other.__dict__.values(), strict=True)))

    @property
    def f1(self) -> float:
        """F1 by onset within 50 ms."""
        return 2 * self.hits / max(2 * self.hits + self.misses + self.false, 1)

    @property
    def f1_overlap(self) -> float:
        """F1 by any overlap of at least a quarter of their union."""
        hits = self.overlap_hits
        return 2 * hits / max(2 * hits + self.overlap_misses + self.overlap_false, 1)

    @property
    def false_per_min(self) -> float:
        """False alarms in a minute."""
        return 60 * self.false / max(self.seconds, 1e-9)

    @property
    def median_error_ms(self) -> float:
        """Median distance of a hit's onset from the truth."""
        return 1000 * float(np.median(self.errors)) if self.errors else float("nan")


def score(made: Simulated, spans: Spans) -> Score:
    """Score detected spans, shape (n, 2) in seconds; twitches below 3 dB count neither way."""
    spans = np.asarray(spans, float).reshape(-1, 2)
    counted = [t.snr_db >= LOWEST_DB - 1e-6 for t in made.twitches]
    by_onset = _pairs(made.twitches, spans, lambda t, s: TOLERANCE_S - np.abs(s[:, 0] - t.onset_s))
    by_overlap = _pairs(made.twitches, spans, _overlap)
    errors = tuple(
        abs(float(spans[j, 0]) - made.twitches[i].onset_s) for i, j in by_onset.items() if counted[i]
    )

    def counts(pairs: dict[int, int]) -> tuple[int, int, int]:
        hits = sum(counted[i] for i in pairs)
        return hits, sum(counted) - hits, len(spans) - len(pairs)

    return Score(*counts(by_onset), *counts(by_overlap), made.settings.duration_s, errors)


def _overlap(truth: Truth, spans: Spans) -> Spans:
    both = np.minimum(spans[:, 1], truth.offset_s) - np.maximum(spans[:, 0], truth.onset_s)
    either = np.maximum(spans[:, 1], truth.offset_s) - np.minimum(spans[:, 0], truth.onset_s)
    return both / np.maximum(either, 1e-9) - 0.25


def _pairs(twitches: Sequence[Truth], spans: Spans, closeness: object) -> dict[int, int]:
    """Pair each twitch with at most one span, the closest pairs first."""
    if not len(spans) or not twitches:
        return {}
    table = np.array([closeness(t, spans) for t in twitches])  # type: ignore[operator]
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for flat in np.argsort(-table, axis=None):
        i, j = divmod(int(flat), len(spans))
        if table[i, j] < 0:
            break
        if i not in pairs and j not in used:
            pairs[i] = j
            used.add(j)
    return pairs


def thinned(recordings: Sequence[Simulated], count: int) -> tuple[Simulated, ...]:
    """The first few recordings of a set."""
    return tuple(recordings[:count])


def scaled(made: Simulated, factor: float) -> Simulated:
    """The same recording in another unit."""
    return replace(made, signal=made.signal * factor)
