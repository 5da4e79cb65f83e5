"""A stimulator's pulses, taken out of the samples by their own median shape.

A stimulator is far more regular than anything a body does. Four alike steps at equal distances are a train; from then
on, what followed the last pulses, by its median, is subtracted from what follows the next. Every decision rests on
samples already seen, so nothing is delayed and nothing depends on how samples arrive.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEEP: Final = 7.0
"""A step this many standard deviations of the noise's steps may be a pulse."""
LOW_SHARE: Final = 0.2
LOW_SHARE_SD: Final = 0.2533
"""Standard deviations below which a fifth of Gaussian magnitudes lie."""
PERIOD_S: Final = (0.008, 1.05)
FEWEST_SAMPLES: Final = 5
FEW_SAMPLES: Final = 10
"""A period of fewer samples than this comes by chance too easily: twice as many pulses in a row must tell it."""
SHAPE_S: Final = 0.15
REFRACTORY_S: Final = 0.003
ALIKE: Final = 0.4
IN_ROW: Final = 4
JITTER: Final = 1
"""Samples by which the distances may differ: each end of them is rounded."""
SHAPES: Final = (3, 7)
"""How many shapes must be known before they are subtracted, and how many are kept."""
LOST_AFTER: Final = 3
SLOW_S: Final = 0.1
AGAIN_IN_ROW: Final = 2
"""So many pulses, at least that far apart, bring back the train before; four would take a second or more."""
REMEMBERED: Final = 12
PULSES: Final = 512
"""Pulses remembered, for what comes shortly after them."""


@dataclass(frozen=True)
class Train:
    """Pulses at equal distances, in input samples.

    Attributes
    ----------
    first, last
        Where the first and the last pulse began.
    period
        From one to the next.
    known
        How many samples had to come before it was known that the train is over.
    """

    first: int
    last: int
    period: float
    known: int


@dataclass(frozen=True, eq=False)
class _Lost:
    """A train that is over, in case that it only paused: a contact may fail for a while."""

    period: float
    size: float
    shapes: tuple[Floats, ...]
    shape: Floats


class PulseFilter:
    """Subtracts the pulses of one channel.

    Parameters
    ----------
    sampling_rate
        Samples per second.
    """

    def __init__(self, sampling_rate: float) -> None:
        self._shortest = max(PERIOD_S[0] * sampling_rate, FEWEST_SAMPLES)
        self._longest = PERIOD_S[1] * sampling_rate
        self._rate = sampling_rate
        self._reach = round(SHAPE_S * sampling_rate)
        self._refractory = max(2, round(REFRACTORY_S * sampling_rate))
        self._bar = np.inf
        self._steep: deque[tuple[int, float]] = deque(maxlen=REMEMBERED)
        self._shapes: deque[Floats] = deque(maxlen=SHAPES[1])
        self._shape = np.zeros(0)
        self._since = np.zeros(self._reach)
        self._pulses: deque[int] = deque(maxlen=PULSES)
        self._ended: list[Train] = []
        self._lost: _Lost | None = None
        self._seen = -self._refractory
        self._first = self._last = self._count = self._missed = 0
        self._expected = self._period = self._size = 0.0
        self._at = 0

    @property
    def is_on(self) -> bool:
        """Whether a train is going on."""
        return self._period > 0.0

    def learn(self, steps: Floats) -> None:
        """Renew the size from which a step stands out, from the steps of the last time, shape (n,)."""
        size = np.abs(steps)
        place = int(LOW_SHARE * len(size))
        low = float(np.partition(size, place)[place])
        if low > 0.0:  # samples that stand still tell nothing
            self._bar = STEEP * low / LOW_SHARE_SD

    def clean(self, samples: Floats, steps: Floats) -> Floats:
        """Take samples, each with the step that leads to it; give them without pulses, same shape."""
        steep = np.abs(steps) > self._bar
        if not self.is_on and not np.count_nonzero(steep):
            self._at += len(samples)
            return samples
        cleaned, begin = samples.copy(), self._at
        done = 0
        for i in np.flatnonzero(steep).tolist():
            if self.is_on:
                self._follow(samples, cleaned, done, i)
                self._miss(begin + i)
            done = i
            if not self.is_on:
                self._look_for_train(begin + i, float(steps[i]))
            elif self._is_next(begin + i, float(steps[i])):
                self._count_pulse(begin + i)
        if self.is_on:
            self._follow(samples, cleaned, done, len(samples))
        self._at += len(samples)
        if self.is_on:
            self._miss(self._at)
        return cleaned

    def since(self, sample: int) -> float:
        """How long ago the last pulse of a train began at an input sample, in seconds; a second at most."""
        for pulse in reversed(self._pulses):
            if pulse <= sample:
                return min((sample - pulse) / self._rate, 1.0)
        return 1.0

    def distance(self, sample: int) -> float:
        """From the last but one pulse before an input sample to the last, in seconds; 0 before there are two."""
        earlier = [pulse for pulse in self._pulses if pulse <= sample][-2:]
        return (earlier[1] - earlier[0]) / self._rate if len(earlier) == 2 else 0.0

    @property
    def has_ended(self) -> bool:
        """Whether `ended` has something to give."""
        return bool(self._ended)

    def ended(self) -> list[Train]:
        """Give the trains that ended since this was last asked."""
        ended, self._ended = self._ended, []
        return ended

    def finish(self) -> list[Train]:
        """Give the train that was on at the end, too."""
        if self.is_on:
            self._stop(self._at)
        return self.ended()

    @property
    def _slack(self) -> float:
        return 1.5 + 0.002 * self._period

    def _follow(self, samples: Floats, cleaned: Floats, first: int, last: int) -> None:
        """Subtract the shape from samples that follow the last pulse, and keep them for the next shape."""
        place = self._at + first - self._last
        count = min(last - first, self._reach - place)
        if count > 0:
            self._since[place : place + count] = samples[first : first + count]
        count = min(last - first, len(self._shape) - place)
        if count > 0:
            cleaned[first : first + count] -= self._shape[place : place + count]

    def _is_next(self, at: int, step: float) -> bool:
        return abs(at - self._expected) <= self._slack and _alike(step, self._size)

    def _count_pulse(self, at: int) -> None:
        length = min(at - self._last, self._reach)
        if self._missed == 0:
            shape = self._since[:length].copy()
            self._shapes.append(shape - shape[-max(1, length // 4) :].mean())
        if len(self._shapes) >= SHAPES[0]:
            common = min(len(s) for s in self._shapes)
            self._shape = np.median([s[:common] for s in self._shapes], axis=0)
        self._pulses.append(at)
        self._count += 1
        self._missed = 0
        self._last = at
        self._period = (at - self._first) / self._count
        self._expected = at + self._period

    def _miss(self, now: int) -> None:
        """Note the pulses that should have come by now and did not."""
        while self.is_on and self._expected + self._slack < now:
            self._missed += 1
            self._count += 1
            if self._missed == LOST_AFTER:
                self._stop(int(self._expected + self._slack) + 1)
            self._expected += self._period

    def _stop(self, known: int) -> None:
        self._ended.append(Train(self._first, self._last, self._period, known))
        self._lost = _Lost(self._period, self._size, tuple(self._shapes), self._shape)
        self._period = 0.0
        self._steep.clear()
        self._shapes.clear()
        self._shape = np.zeros(0)

    def _look_for_train(self, at: int, step: float) -> None:
        close, self._seen = at - self._seen < self._refractory, at
        if close:  # still the same pulse
            return
        self._steep.append((at, step))
        alike = [a for a, s in self._steep if _alike(s, step)]
        if any(self._is_train(alike[-count:], count) for count in (IN_ROW, 2 * IN_ROW)):
            self._start(alike[-IN_ROW:], step)
        elif self._lost and self._lost.period >= SLOW_S * self._rate and _alike(step, self._lost.size):
            again = alike[-AGAIN_IN_ROW:]
            if self._is_as_before((again[-1] - again[0]) / (AGAIN_IN_ROW - 1)):
                self._start(again, step)

    def _is_train(self, pulses: list[int], count: int) -> bool:
        gaps = [after - before for before, after in pairwise(pulses)]
        if len(pulses) < count or max(gaps) - min(gaps) > JITTER or max(gaps) > self._longest:
            return False
        return min(gaps) >= (self._shortest if count > IN_ROW else max(self._shortest, FEW_SAMPLES))

    def _is_as_before(self, period: float) -> bool:
        return self._lost is not None and abs(period - self._lost.period) <= 1.5 + 0.002 * self._lost.period

    def _start(self, pulses: list[int], step: float) -> None:
        self._first, self._last, self._size = pulses[0], pulses[-1], step
        self._count, self._missed = len(pulses) - 1, 0
        self._period = (self._last - self._first) / self._count
        self._expected = self._last + self._period
        if self._lost and self._is_as_before(self._period) and _alike(step, self._lost.size):
            self._shapes.extend(self._lost.shapes)
            self._shape = self._lost.shape


def _alike(step: float, other: float) -> bool:
    return abs(step - other) <= ALIKE * abs(other)
