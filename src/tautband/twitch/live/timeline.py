"""Where samples lie in time: a gap in a device's timestamps becomes missing samples of the same length."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LOST_S: Final = 0.1
"""Timestamps that stay this far ahead of the samples counted tell of a loss; less is jitter of the sender."""
SURE_S: Final = 0.1
"""A loss is believed when so much that came after it is late, too."""
DRIFT_S: Final = 10.0
"""Time in which a steady difference between the sender's clock and its nominal rate is followed."""
SLACK_S: Final = 2.0
"""How much longer than the time waited a gap may be, for what lay in buffers."""


class Timeline:
    """Counts samples against timestamps.

    Parameters
    ----------
    sampling_rate
        Nominal samples per second.
    """

    def __init__(self, sampling_rate: float) -> None:
        self._rate = sampling_rate
        self._count = 0
        self._offset: float | None = None
        self._held: tuple[Floats, Floats, float] = (np.zeros(0), np.zeros(0), 0.0)

    def place(self, samples: Floats, stamps: Floats, waited_s: float) -> Iterator[Floats]:
        """Give samples with NaN where some were lost before or among them.

        Parameters
        ----------
        samples
            Shape (n,), n at least 1.
        stamps
            Shape (n,), seconds of the sender's clock.
        waited_s
            Time on our own clock since the samples before; a sender whose clock was set anew is told by it.

        Yields
        ------
        numpy.ndarray
            Samples and gaps in order, gaps in pieces of at most a second.
        """
        held, held_stamps, held_s = self._held
        samples, stamps = np.concatenate([held, samples]), np.concatenate([held_stamps, stamps])
        waited_s += held_s
        self._held = (np.zeros(0), np.zeros(0), 0.0)
        if not np.isfinite(stamps).all():  # a sender without a clock: nothing can be told of losses
            self._count += len(samples)
            yield samples
            return
        while len(samples):
            ahead = self._ahead(stamps)
            if not -SLACK_S < ahead[0] < waited_s + SLACK_S:
                ahead = self._set_clock(ahead, waited_s - len(samples) / self._rate)
            if ahead[0] > LOST_S:
                if len(samples) < SURE_S * self._rate:
                    self._held = (samples, stamps, waited_s)
                    return
                gap = round(float(ahead[0]) * self._rate)
                self._count += gap
                yield from self._missing(gap)
                continue
            lost = np.flatnonzero(ahead > LOST_S)
            whole = int(lost[0]) if len(lost) else len(samples)
            self._follow(float(ahead[0]), whole)
            self._count += whole
            yield samples[:whole]
            samples, stamps = samples[whole:], stamps[whole:]

    def _ahead(self, stamps: Floats) -> Floats:
        """How far the stamps are ahead of the count from each sample on, in seconds."""
        late = stamps - (self._count + np.arange(len(stamps))) / self._rate
        if self._offset is None:
            self._offset = float(late.min())
        # a sender that was held up stamps some samples late and catches up: a loss never comes back
        return np.minimum.accumulate((late - self._offset)[::-1])[::-1]

    def _set_clock(self, ahead: Floats, waited_s: float) -> Floats:
        """Take the time waited for the gap, where the stamps cannot be true: the sender's clock was set anew."""
        assert self._offset is not None
        wrong = float(ahead[0]) - max(waited_s, 0.0)
        self._offset += wrong
        return ahead - wrong

    def _follow(self, ahead: float, samples: int) -> None:
        assert self._offset is not None
        pull = 1.0 if ahead < 0 else min(samples / self._rate / DRIFT_S, 1.0)
        self._offset += pull * ahead

    def _missing(self, samples: int) -> Iterator[Floats]:
        piece = round(self._rate)
        for first in range(0, samples, piece):
            yield np.full(min(piece, samples - first), np.nan)
