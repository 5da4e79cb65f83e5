"""End-plate noise and end-plate spikes in a needle recording, before needling and after.

End-plate noise is a dense, irregular train of small negative potentials; end-plate spikes are larger, short, irregular
and begin negative. Both are met where a needle lies within a millimetre or two of end plates and are common at trigger
points; their rate and amplitude have been found to fall after needling (doi:10.1155/2017/3938191, rats;
doi:10.1016/j.apmr.2008.12.020, people; both read as abstracts). The figures that say what counts stand in
`data/end_plate.csv` with their sources.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Rejected, Twitch
from tautband.twitch.hum import notches

Floats = NDArray[np.float64]
Span = tuple[float, float]

LOWEST_HZ: Final = 1000.0
BAND_HZ: Final = (20.0, 2000.0)
HUM_WIDTH_HZ: Final = 2.0
"""Narrower than for finding twitches: every notch takes something off a spike."""
SETTLE_S: Final = 0.5
MARGIN_S: Final = 0.3
CHUNK_S: Final = 4.0
LEAST_S: Final = 1.0
SHORTEST_S: Final = 0.25
"""Shorter stretches tell too little of their own noise."""
SWING_S: Final = 0.0009
"""From the negative peak of a spike to the positive one."""
SPIKE_SD: Final = 5.0
"""How far a spike's swing stands out of that of the noise, in standard deviations of the latter."""
BEFORE_S, AFTER_S = 0.003, 0.006
"""What is cut out around the largest deflection of a spike."""
MEDIAN_OF_NOISE: Final = 0.6745
"""Median of the absolute value of Gaussian noise, in standard deviations."""
OWN: Final = "end-plate activity"


@dataclass(frozen=True)
class EndPlate:
    """End-plate activity of a span.

    Attributes
    ----------
    seconds
        How much of the span could be measured; what was rejected under another name is left out.
    noise_rms_uv
        RMS between 20 and 2000 Hz (or 0.45 of the rate), spikes left out. The noise of the amplifier is in it.
    noise_potentials_per_s
        Negative deflections of at least 10 microvolts, spikes left out, in a second.
    spikes, spikes_per_s
        Count and rate of spikes.
    spike_uv
        Peak to peak of the mean spike, or None without one.
    least_spike_uv
        A swing that a spike had to exceed to be told from the noise; smaller ones are missed.
    first_negative
        Share of spikes that begin negative, or None without one; it takes an amplifier whose sign is known.
    """

    seconds: float
    noise_rms_uv: float
    noise_potentials_per_s: float
    spikes: int
    spikes_per_s: float
    spike_uv: float | None
    least_spike_uv: float
    first_negative: float | None


@cache
def criteria() -> dict[str, float]:
    """Read what counts as end-plate activity: figures by id, in the unit of their row."""
    text = files("tautband.twitch").joinpath("data", "end_plate.csv").read_text(encoding="utf-8")
    return {row["id"]: float(row["value"]) for row in csv.DictReader(text.splitlines())}


def spans_of_rest(twitches: Sequence[Twitch], duration_s: float) -> tuple[Span, Span]:
    """Give what lies before the first twitch and after the last.

    Parameters
    ----------
    twitches
        In order of time.
    duration_s
        Length of the recording.

    Returns
    -------
    before, after
        Start and end in seconds.

    Raises
    ------
    TwitchError
        If there is no twitch to part them.
    """
    if not twitches:
        raise TwitchError(
            "end plate: no twitch parts before from after; give the spans with --before and --after"
        )
    return (0.0, twitches[0].onset_s - MARGIN_S), (max(t.offset_s for t in twitches) + MARGIN_S, duration_s)


def end_plate(
    blocks: Iterable[Floats],
    sampling_rate: float,
    spans: Sequence[Span],
    *,
    rejected: Sequence[Rejected] = (),
    hum_hz: Sequence[float] = (),
) -> tuple[EndPlate | None, ...]:
    """Measure end-plate noise and spikes in spans of a needle recording.

    Parameters
    ----------
    blocks
        Microvolts of one channel, each of shape (n,).
    sampling_rate
        Samples per second, at least 1000.
    spans
        Start and end of each, in seconds.
    rejected
        What the detector rejected; all but end-plate activity is left out.
    hum_hz
        Mains frequencies it found; they are notched out with their harmonics.

    Returns
    -------
    tuple of EndPlate or None
        For each span, None where less than a second of it could be measured.

    Raises
    ------
    TwitchError
        If the rate is too low for spikes of some milliseconds, or a span has no length.
    """
    if sampling_rate < LOWEST_HZ:
        raise TwitchError(
            f"end plate: {sampling_rate:g} Hz; spikes of some milliseconds need at least {LOWEST_HZ:g} Hz"
        )
    for start, end in spans:
        if not 0 <= start < end:
            raise TwitchError(f"end plate: the span from {start:g} to {end:g} s has no length")
    left_out = [
        (r.onset_s - MARGIN_S, r.offset_s + MARGIN_S) for r in rejected if r.why not in (OWN, "mains")
    ]
    meters = [_Meter(sampling_rate) for _ in spans]
    for first, chunk in _chunks(blocks, sampling_rate, hum_hz):
        times = (first + np.arange(len(chunk))) / sampling_rate
        usable = np.isfinite(chunk)
        for start, end in left_out:
            usable &= (times < start) | (times >= end)
        for meter, (start, end) in zip(meters, spans, strict=True):
            inside = usable & (times >= max(start, SETTLE_S)) & (times < end)
            for at, until in _runs(inside):
                meter.take(chunk[at:until])
    return tuple(meter.result() for meter in meters)


def _chunks(blocks: Iterable[Floats], rate: float, hum_hz: Sequence[float]) -> Iterator[tuple[int, Floats]]:
    """Filtered samples, some seconds at a time, with the place of the first; missing ones stay missing."""
    high = butter(2, BAND_HZ[0], "highpass", fs=rate, output="sos")
    low = butter(4, min(BAND_HZ[1], 0.45 * rate), fs=rate, output="sos")
    sections = np.concatenate([high, low, *(notches(base, rate, HUM_WIDTH_HZ) for base in hum_hz)])
    state, last, offset, place = np.zeros((len(sections), 2)), 0.0, None, 0
    for chunk in _even(blocks, round(CHUNK_S * rate)):
        there = np.isfinite(chunk)
        if offset is None and there.any():
            last = offset = float(chunk[there][0])
        seen = np.maximum.accumulate(np.where(there, np.arange(1, len(chunk) + 1), 0))
        bridged = np.concatenate([[last], chunk])[seen]
        last = float(bridged[-1])
        filtered, state = sosfilt(sections, bridged - (offset or 0.0), zi=state)
        yield place, np.where(there, filtered, np.nan)
        place += len(chunk)


def _even(blocks: Iterable[Floats], length: int) -> Iterator[Floats]:
    """The same samples in pieces of one length, the last one shorter."""
    held, size = list[Floats](), 0
    for block in blocks:
        held.append(np.asarray(block, float))
        size += len(held[-1])
        if size >= length:
            whole = np.concatenate(held)
            cut = size // length * length
            yield from whole[:cut].reshape(-1, length)
            held, size = [whole[cut:]], size - cut
    if size:
        yield np.concatenate(held)


def _runs(inside: NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]])))
    return [(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


class _Meter:
    """Gathers what is measured of one span, piece by piece."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        figures = criteria()
        self._deepest = -figures["noise_lowest"]
        self._longest = figures["spike_longest"] / 1000 * rate
        self._gap = figures["spike_shortest_interval"] / 1000 * rate
        self._lag = max(1, round(SWING_S * rate))
        self._cut = round(BEFORE_S * rate), round(AFTER_S * rate)
        self._samples = self._quiet = self._potentials = self._spikes = self._negative = 0
        self._reach = self._limits = 0.0
        self._power = 0.0
        self._wave = np.zeros(sum(self._cut))

    def take(self, piece: Floats) -> None:
        """Take a stretch of filtered samples without a gap."""
        if len(piece) < SHORTEST_S * self._rate:
            return
        self._samples += len(piece)
        swing = np.zeros(len(piece))
        swing[: -self._lag] = piece[self._lag :] - piece[: -self._lag]
        limit = SPIKE_SD * float(np.median(np.abs(swing))) / MEDIAN_OF_NOISE
        self._limits += limit * len(piece)
        beyond = np.flatnonzero(np.abs(swing) > limit)
        groups = np.split(beyond, np.flatnonzero(np.diff(beyond) > self._gap) + 1) if len(beyond) else []
        before, after = self._cut
        quiet = np.ones(len(piece), bool)
        for group in groups:
            first, last = int(group[0]), int(group[-1])
            top = first + int(np.argmax(np.abs(swing[first : last + 1])))
            quiet[max(first - before, 0) : last + after] = False
            if last - first <= self._longest and before <= top <= len(piece) - after:
                self._spikes += 1
                self._negative += bool(swing[top] > 0)
                self._wave += np.sign(swing[top]) * piece[top - before : top + after]
        self._reach += (len(piece) - before - after) / self._rate
        self._quiet += int(quiet.sum())
        self._power += float(np.sum(piece[quiet] ** 2))
        dip = (piece[1:-1] < piece[:-2]) & (piece[1:-1] <= piece[2:]) & (piece[1:-1] <= self._deepest)
        self._potentials += int(np.sum(dip & quiet[1:-1]))

    def result(self) -> EndPlate | None:
        """What was gathered, or None where it is too little."""
        seconds = self._samples / self._rate
        if seconds < LEAST_S or self._quiet < 0.1 * self._samples:
            return None
        return EndPlate(
            seconds,
            float(np.sqrt(self._power / self._quiet)),
            self._potentials / (self._quiet / self._rate),
            self._spikes,
            self._spikes / self._reach,
            float(np.ptp(self._wave)) / self._spikes if self._spikes else None,
            self._limits / self._samples,
            self._negative / self._spikes if self._spikes else None,
        )


def write_end_plate(before: EndPlate | None, after: EndPlate | None) -> dict[str, Any]:
    """Write end-plate activity as the `end_plate` of a `tautband.twitches/1`.

    Parameters
    ----------
    before, after
        Of needling; None where it could not be measured.

    Returns
    -------
    dict
        Ready for JSON.
    """

    def written(found: EndPlate | None) -> dict[str, Any] | None:
        if found is None:
            return None
        return {k: round(v, 4) if isinstance(v, float) else v for k, v in asdict(found).items()}

    return {"before": written(before), "after": written(after)}
