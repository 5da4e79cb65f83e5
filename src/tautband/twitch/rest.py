"""The muscle at rest: RMS of the stretches in which nothing was found, before the first twitch and after the last.

The noise floor of the detector is a quantile that lags behind and depends on how long it has been learnt, so that two
values of it cannot be compared. Here frames of half a second are measured, each for itself, and those that touch
nothing are averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tautband.twitch.events import Rejected, Twitch
from tautband.twitch.hum import HUM_HZ
from tautband.twitch.measure import measurable

Floats = NDArray[np.float64]

FRAME_S: Final = 0.5
BAND_HZ: Final = (20.0, 450.0)
HUM_REACH_HZ: Final = 3.0
MARGIN_S: Final = 0.1
LEAST_FRAMES: Final = 2
LASTING: Final = ("mains",)
"""Goes on through the whole recording and is taken out of the spectrum instead."""


class RestMeter:
    """Measures frames of half a second while samples come in, whatever the size of the blocks.

    Parameters
    ----------
    sampling_rate
        Samples per second.
    """

    def __init__(self, sampling_rate: float) -> None:
        self._length = max(8, round(FRAME_S * sampling_rate))
        self._frame_s = self._length / sampling_rate
        frequency = np.asarray(np.fft.rfftfreq(self._length, 1 / sampling_rate), float)
        band = (frequency >= BAND_HZ[0]) & (frequency <= min(BAND_HZ[1], 0.45 * sampling_rate))
        self._kept = np.array([band & _off_hum(frequency, lines) for lines in _combinations()])
        share = band.sum() / np.maximum(self._kept.sum(axis=1), 1)
        window = np.hanning(self._length)
        self._window = window
        self._scale = 2 * share / (self._length * np.sum(window**2))
        self._held = np.zeros(0)
        self._powers: list[Floats] = []

    def push(self, samples: Floats) -> None:
        """Take the next samples, in microvolts."""
        held = np.concatenate([self._held, measurable(samples)])
        whole = len(held) // self._length * self._length
        for frame in held[:whole].reshape(-1, self._length):
            if np.isfinite(frame).all() and np.ptp(frame) > 0:
                power = np.abs(np.fft.rfft((frame - frame.mean()) * self._window)) ** 2
                self._powers.append(self._scale * (self._kept @ power))
            else:
                self._powers.append(np.full(len(self._kept), np.nan))
        self._held = held[whole:]

    def before_and_after(
        self,
        twitches: Sequence[Twitch],
        rejected: Sequence[Rejected],
        hum_hz: Sequence[float],
        span_s: tuple[float, float] = (0.0, float("inf")),
    ) -> tuple[float, float]:
        """Give the resting RMS before the first twitch and after the last.

        Parameters
        ----------
        twitches, rejected
            What was found; frames that touch any of it are left out.
        hum_hz
            Mains frequencies that were found; they and their harmonics are left out of the spectrum.
        span_s
            Start and end of the series; the whole recording by default.

        Returns
        -------
        before, after
            Microvolts between 20 and 450 Hz; NaN where less than a second of rest is left. Without a twitch both are
            those of the whole span.
        """
        powers = np.array(self._powers).reshape(-1, len(self._kept))[:, _combinations().index(tuple(hum_hz))]
        start = self._frame_s * np.arange(len(powers))
        end = start + self._frame_s
        free = np.isfinite(powers) & (start >= span_s[0]) & (end <= span_s[1])
        events: list[Twitch | Rejected] = [*twitches, *(r for r in rejected if r.why not in LASTING)]
        for event in events:
            free &= (end <= event.onset_s - MARGIN_S) | (start >= event.offset_s + MARGIN_S)
        before, after = free, free
        if twitches:
            before = free & (end <= twitches[0].onset_s)
            after = free & (start >= max(t.offset_s for t in twitches))
        return _rms(powers[before]), _rms(powers[after])


def _combinations() -> list[tuple[float, ...]]:
    return [(), HUM_HZ[:1], HUM_HZ[1:], HUM_HZ]


def _off_hum(frequency: Floats, lines: Sequence[float]) -> NDArray[np.bool_]:
    off = np.ones(len(frequency), bool)
    for line in lines:
        off &= np.abs(frequency - line * np.maximum(np.round(frequency / line), 1)) > HUM_REACH_HZ
    return off


def _rms(powers: Floats) -> float:
    return float(np.sqrt(np.mean(powers))) if len(powers) >= LEAST_FRAMES else float("nan")
