"""The streaming detector: samples in, events out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tautband.twitch.channel import Channel, Judged
from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Event
from tautband.twitch.judge import Judge, Verdict, shipped_judge

LOWEST_HZ, HIGHEST_HZ = 250.0, 30_000.0


class TwitchMonitor:
    """Detects twitches while samples come in.

    However the samples are cut into blocks, the events are the same. Memory does not grow with time.

    Parameters
    ----------
    sampling_rate
        Samples per second, 250 to 30 000.
    channels
        Number of channels; each is judged by itself.
    judge
        The judge; the shipped one by default.

    Examples
    --------
    >>> import numpy as np
    >>> monitor = TwitchMonitor(2000)
    >>> monitor.push(np.zeros(100))
    []
    """

    def __init__(self, sampling_rate: float, channels: int = 1, judge: Judge | None = None) -> None:
        if not LOWEST_HZ <= sampling_rate <= HIGHEST_HZ:
            raise TwitchError(
                f"sampling_rate: {sampling_rate:g} Hz; a rate between {LOWEST_HZ:g} and {HIGHEST_HZ:g} Hz is needed"
            )
        if channels < 1:
            raise TwitchError(f"channels: {channels}; at least 1 is needed")
        self.sampling_rate = float(sampling_rate)
        self._judge = judge or shipped_judge()
        self._channels = [Channel(self.sampling_rate, self._verdicts, n) for n in range(channels)]

    def push(self, samples: ArrayLike) -> list[Event]:
        """Take the next samples.

        Parameters
        ----------
        samples
            Microvolts, shape (n,) for one channel or (n, channels); any n. NaN, infinities and more than
            1,000 volts count as missing.

        Returns
        -------
        list of Candidate, Twitch or Rejected
            What became known with these samples, in that order.
        """
        block = np.asarray(samples, float)
        if block.ndim == 1 and len(self._channels) == 1:
            return [event for _, event in self._channels[0].push(block)] if len(block) else []
        if block.ndim != 2 or block.shape[1] != len(self._channels):
            raise TwitchError(
                f"samples: shape {np.shape(samples)}; (n, {len(self._channels)}) is needed for "
                f"{len(self._channels)} channels"
            )
        if len(block) == 0:
            return []
        found = [c.push(np.ascontiguousarray(block[:, i])) for i, c in enumerate(self._channels)]
        return _in_order(found)

    def finish(self) -> list[Event]:
        """Judge what is still open; the recording has ended."""
        return _in_order([c.finish() for c in self._channels])

    def new_series(self) -> None:
        """Start a new series, as after a change of site: the next twitch is the first again."""
        for channel in self._channels:
            channel.first_peak_uv = None

    @property
    def noise_rms_uv(self) -> tuple[float, ...]:
        """Noise floor of each channel now, NaN while it is being learnt."""
        return tuple(c.noise_rms_uv for c in self._channels)

    @property
    def hum_hz(self) -> tuple[tuple[float, ...], ...]:
        """Mains frequencies found in each channel."""
        return tuple(c.front.hum for c in self._channels)

    def _verdicts(self, candidate: Judged) -> Sequence[Verdict]:
        return self._judge.verdicts(np.array([r.features for r in candidate.readings]))


def _in_order(found: list[list[tuple[int, Event]]]) -> list[Event]:
    merged = [(key, n, event) for n, events in enumerate(found) for key, event in events]
    return [event for _, _, event in sorted(merged, key=lambda e: e[:2])]


def block_of(samples: ArrayLike) -> NDArray[np.float64]:
    """Give samples as an array of shape (n,), refusing what has another shape."""
    block = np.asarray(samples, float)
    if block.ndim != 1:
        raise TwitchError(f"signal: shape {block.shape}; one channel of shape (n,) is needed")
    return block
