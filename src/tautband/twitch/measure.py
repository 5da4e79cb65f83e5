"""What a candidate is: its edges by likelihood ratio, its peak RMS, its phases, and the features it is judged by.

Everything here is a function of a stretch of conditioned signal and of the noise floor; nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import hypot, log10, sqrt
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HUM_S: Final = 0.24
HUM_PERIODS: Final = 2
"""Periods of the mains before and behind a candidate over which its size is compared."""
PEAK_S: Final = 0.05
ENVELOPE_S: Final = 0.004
EDGE_SHARE: Final = 0.05
MOST_STEPS: Final = 32
"""Steps of the first search for edges, at most."""
SHIFTS: Final = 8
"""Samples by which two shapes are shifted against each other at most."""
SAMPLES_ALIKE: Final = 8.0
"""Samples that say the same, since whitening passes only the lower frequencies: evidence counts so many times less."""
MIDDLE_HZ: Final = (60.0, 250.0)
LARGEST_UV: Final = 1e9
LEAST_FLOOR: Final = 0.3
"""A floor below this share of its mean over the middle frequencies lies beyond the band of the amplifier."""
BANDS_HZ: Final = (20.0, 45.0, 90.0, 180.0, 360.0, 900.0)


def measurable(samples: Floats) -> Floats:
    """Give samples with NaN for what no amplifier can have measured, such as a converter's filling value."""
    return np.where(np.abs(samples) <= LARGEST_UV, samples, np.nan)


def within_band(frequency: Floats, floor: Floats) -> Floats:
    """A floor that does not sink where the recording's amplifier lets no twitch through either, same shape."""
    first, last = np.searchsorted(frequency, MIDDLE_HZ).tolist()
    middle = floor[first : max(last, first + 1)]
    return np.asarray(np.maximum(floor, LEAST_FLOOR * float(np.add.reduce(middle)) / len(middle)), float)


def whiten(
    wave: Floats, rate: float, frequency: Floats, floor: Floats, lows_hz: Sequence[float]
) -> list[Floats]:
    """Divide a stretch by the noise spectrum, weigh it by a twitch's spectrum, without delay.

    Parameters
    ----------
    wave
        Shape (n,), conditioned samples.
    rate
        Samples per second.
    frequency, floor
        Noise power of Hann frames of unit energy at these frequencies.
    lows_hz
        Frequencies below which nothing passes, one for each result.

    Returns
    -------
    list of numpy.ndarray
        Shape (n,) each, in units of its own noise RMS.
    """
    size = 1 << (len(wave) - 1).bit_length()
    axis, target = _target(size, rate)
    noise, audible = np.exp(
        [np.interp(axis, frequency, np.log(level)) for level in (floor, within_band(frequency, floor))]
    )
    gain = target / audible
    gain[axis >= frequency[-1] + 20] = 0.0
    spectrum = np.fft.rfft(wave, size)
    found = []
    for low in lows_hz:
        passed = gain * _high_pass(size, rate, low)
        power = np.sum(passed[1:] ** 2 * noise[1:]) * 2 / size
        found.append(np.fft.irfft(spectrum * passed, size)[: len(wave)] / np.sqrt(power))
    return found


@lru_cache(maxsize=32)
def _target(size: int, rate: float) -> tuple[Floats, Floats]:
    axis = np.fft.rfftfreq(size, 1 / rate)
    shape = np.sqrt(axis**2 * np.exp(-axis / 60.0) / np.exp(-2.0) / 120.0**2 + 0.02)
    return np.asarray(axis, float), np.asarray(shape, float)


@lru_cache(maxsize=64)
def _high_pass(size: int, rate: float, low_hz: float) -> Floats:
    axis = np.fft.rfftfreq(size, 1 / rate)
    return np.asarray(1 / (1 + (low_hz / np.maximum(axis, 1e-3)) ** 8), float)


def energy_until(white: Floats) -> Floats:
    """Energy of the samples before each index, shape (n + 1,)."""
    total = np.empty(len(white) + 1)
    total[0] = 0.0
    np.cumsum(white**2, out=total[1:])
    return total


def edges(
    total: Floats, first: int, last: int, reach: int, step: int, longest: int | None = None
) -> tuple[int, int, float]:
    """Find the rectangle of raised variance that is likeliest, by the generalised likelihood ratio.

    Parameters
    ----------
    total
        Shape (n + 1,), `energy_until` of samples with noise variance 1.
    first, last
        Where the rectangle is about.
    reach
        How far either edge may move.
    step
        Grid of the first search, coarser for what is long unless it is 1; the second is exact.
    longest
        Longest rectangle that is tried.

    Returns
    -------
    onset, offset
        Indices, offset behind the last sample.
    ratio
        Mean log likelihood ratio per sample times the length: the evidence in nats.
    """
    n = len(total) - 1
    widest = max(last - first + reach, 1)
    step = max(step, -(-widest // MOST_STEPS)) if step > 1 else step

    def evidence(energy: Floats, length: NDArray[np.int64]) -> Floats:
        found = _evidence(energy, length)
        return found if longest is None else np.where(length > longest, 0.0, found)

    ons = np.arange(max(first - reach, 0), min(last, n - 1), step)
    offs = np.arange(max(first + step, 1), min(last + reach, n) + 1, step)
    if not len(ons) or not len(offs):
        return first, max(last, first + 1), 0.0
    found = evidence(total[offs] - total[ons, None], offs - ons[:, None])
    i, j = np.unravel_index(int(np.argmax(found)), found.shape)
    on, off, ratio = int(ons[i]), int(offs[j]), float(found[i, j])
    for _ in range(2):
        near = np.arange(max(on - step, 0), min(on + step + 1, off))
        if len(near):
            on = int(near[np.argmax(evidence(total[off] - total[near], off - near))])
        near = np.arange(max(off - step, on + 1), min(off + step, n) + 1)
        if len(near):
            found = evidence(total[near] - total[on], near - on)
            best = int(np.argmax(found))
            off, ratio = int(near[best]), float(found[best])
    return on, off, ratio


def _evidence(energy: Floats, length: NDArray[np.int64]) -> Floats:
    length = np.maximum(length, 1)
    mean = energy / length
    np.maximum(mean, 1.0, out=mean)
    return np.asarray(0.5 * length * (mean - 1 - np.log(mean)), float)


def eased(total: Floats, on: int, off: int, earliest: int, step: int) -> int:
    """Move an onset to the mean of where it may be, if that is earlier.

    A twitch swells: the likeliest edge of a weak one lies behind its onset, and the likelihood is flat before it.

    Parameters
    ----------
    total
        Shape (n + 1,), `energy_until` of samples with noise variance 1.
    on, off
        The likeliest edges.
    earliest
        Where the onset may be at the earliest.
    step
        Grid over which the mean is taken.
    """
    places = np.arange(max(earliest, 0), on, step)
    lengths = np.empty(len(places) + 1, np.int64)
    lengths[0] = off - on
    lengths[1:] = off - places
    found = _evidence(total[off] - total[off - lengths], lengths)
    share = np.exp((found - found[0]) / SAMPLES_ALIKE)
    return off - int(np.dot(share, lengths) / np.add.reduce(share))


def evidence_of(white: Floats) -> float:
    """Log likelihood ratio of raised variance over all of some whitened samples, in nats."""
    mean = max(float(np.mean(white**2)), 1.0) if len(white) else 1.0
    return 0.5 * len(white) * (mean - 1 - float(np.log(mean)))


def quantile(values: Floats, share: float) -> float:
    """Linearly interpolated quantile, as `numpy.quantile` gives it, without its checks."""
    ordered = np.sort(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    below, above = ordered[low], ordered[min(low + 1, len(ordered) - 1)]
    part = place - low
    step = above - below
    return float(below + step * part if part < 0.5 else above - step * (1 - part))


def moving_rms(wave: Floats, width: int) -> Floats:
    """Centred moving RMS, same shape."""
    return _moving_rms(energy_until(wave), width)


def _moving_rms(total: Floats, width: int) -> Floats:
    count, before = len(total) - 1, width // 2
    # as many zeros before and repeats behind as the window needs
    padded = np.empty(count + 2 * width + 1)
    padded[:width] = 0.0
    padded[width : width + count + 1] = total
    padded[width + count + 1 :] = total[-1]
    first = padded[width - before : width - before + count]
    power = padded[2 * width - before : 2 * width - before + count] - first
    return np.asarray(np.sqrt(np.maximum(power, 0.0) / width), float)


def widen(outline: Floats, on: int, off: int, rate: float) -> tuple[int, int]:
    """Let the edges out to where the envelope (over 4 ms) falls below 5 % of its peak, or into the noise."""
    peak = float(outline[on:off].max(initial=0.0))
    bar = max(EDGE_SHARE * peak, 2.2)
    reach = round(0.03 * rate)
    before = outline[max(on - reach, 0) : on][::-1] < bar
    after = outline[off : off + reach] < bar
    out = int(before.argmax()) if before.any() else len(before)
    back = int(after.argmax()) if after.any() else len(after)
    return on - out, off + back


@dataclass(frozen=True)
class Stretch:
    """A piece of recording around a candidate.

    Attributes
    ----------
    wave, raw
        Conditioned and unfiltered samples in microvolts, shape (n,).
    rate
        Samples per second.
    frequency, floor, quiet
        The noise floor now and in the quietest recent time.
    """

    wave: Floats
    raw: Floats
    rate: float
    frequency: Floats
    floor: Floats
    quiet: Floats

    @cached_property
    def floor_rise_db(self) -> float:
        """How far the noise floor now is above that of the quietest recent time."""
        return 10 * log10(float(self.floor.sum()) / (float(self.quiet.sum()) + 1e-30) + 1e-300)


class White:
    """A whitened stretch with what is asked of it again and again.

    Parameters
    ----------
    samples
        Shape (n,), noise variance 1.
    rate
        Samples per second.
    """

    def __init__(self, samples: Floats, rate: float) -> None:
        self.samples = samples
        self.total = energy_until(samples)
        self._rate = rate

    @cached_property
    def outline(self) -> Floats:
        """RMS over 4 ms, shape (n,)."""
        return _moving_rms(self.total, max(1, round(ENVELOPE_S * self._rate)))

    @cached_property
    def smooth(self) -> Floats:
        """RMS over 50 ms, shape (n,)."""
        return _moving_rms(self.total, max(1, round(PEAK_S * self._rate)))

    def levels_db(self, spans: NDArray[np.int64]) -> Floats:
        """RMS of spans of indices, shape (n, 2), in decibels over the noise; 0 where there is nothing."""
        spans = np.minimum(np.maximum(spans, 0), len(self.samples))
        length = spans[:, 1] - spans[:, 0]
        energy = self.total[spans]
        mean = np.maximum(energy[:, 1] - energy[:, 0], 0.0) / np.maximum(length, 1)
        mean[length <= 0] = 1.0
        return np.asarray(20 * np.log10(np.sqrt(mean) + 0.1), float)


SIXTHS: Final = np.arange(1, 6) / 6
FEATURES: Final = (
    "duration",
    "evidence",
    "mean_snr",
    "peak_snr",
    "peak_snr_high",
    "band_1",
    "band_2",
    "band_3",
    "band_4",
    "band_5",
    "noise_band_1",
    "noise_band_2",
    "noise_band_3",
    "noise_band_4",
    "noise_band_5",
    "slow_share",
    "shift",
    "centroid",
    "bandwidth",
    "kurtosis",
    "crest",
    "crossings",
    "busy",
    "half_energy",
    "skew",
    "rise",
    "fall",
    "humps",
    "before_near",
    "before_far",
    "after_near",
    "before_near_high",
    "before_far_high",
    "after_near_high",
    "after_far_high",
    "contrast",
    "floor_rise",
    "jump",
    "hum_line",
    "hum_change",
    *(f"energy_until_{n}" for n in range(1, 6)),
    *(f"high_share_{n}" for n in range(1, 4)),
    "before_next",
    "before_next_high",
    "after_next",
    "after_next_high",
    "kurtosis_high",
    "kurtosis_steps",
    "jump_at",
    "like_earlier",
    "like_count",
    "rhythm",
    "recent",
    "recent_long",
    "calm",
    "locked",
    "best_one",
    "best_two",
    "best_four",
    "rate",
    "hum_found",
    "whole_length",
    "missing_share",
    "still_share",
    "rail_share",
    "since_pulse",
    "since_pulse_at_end",
    "pulse_distance",
    "kind_of_reading",
)
"""Names of the features, in order; all are free of the recording's unit."""


def features(stretch: Stretch, white: White, high: White, on: int, off: int, evidence: float) -> Floats:
    """Describe a candidate by numbers without a unit.

    Parameters
    ----------
    stretch
        The recording around it.
    white, high
        The whitened signal, and the same without what is below 80 Hz.
    on, off
        Its edges, indices into the stretch.
    evidence
        Log likelihood ratio of its edges.

    Returns
    -------
    numpy.ndarray
        Shape (55,): the features of `FEATURES` that need no memory of earlier candidates, up to `jump_at`.
    """
    rate, raw = stretch.rate, stretch.raw
    length = max(off - on, 1)
    piece = white.samples[on:off]
    energy = piece**2
    total = float(energy.sum()) + 1e-12
    around_peak = slice(max(on - round(PEAK_S * rate / 2), 0), off + round(PEAK_S * rate / 2))
    peak = max(float(white.smooth[around_peak].max(initial=0.0)), 1e-6)
    peak_high = max(float(high.smooth[around_peak].max(initial=0.0)), 1e-6)

    size = 1 << max(length - 1, 63).bit_length()
    wave = stretch.wave[on:off]
    axis, _ = _target(size, rate)
    starts, empty = _bands(size, rate)
    spectrum = np.zeros((2, len(axis) + 1))
    power, noise = spectrum[:, :-1]
    waves = np.fft.rfft(wave, size)
    power[:] = (waves.real**2 + waves.imag**2) / length
    noise[:] = np.interp(axis, stretch.frequency, stretch.floor)
    sums, noises = np.add.reduceat(spectrum, starts, axis=1)[:, :-1]
    sums[empty] = 0.0
    noises[empty] = 0.0
    excess = np.maximum(sums - noises, 0.0)
    share = np.log10(excess / (excess.sum() + 1e-12) + 1e-3)
    bands = np.log10((sums + 1e-12) / (noises + 1e-12))
    bands[empty] = -1.0
    clean = np.maximum(power - noise, 0.0) * (axis >= 20)
    weight = clean.sum() + 1e-12
    centroid = float((axis * clean).sum() / weight)
    bandwidth = float(np.sqrt(((axis - centroid) ** 2 * clean).sum() / weight))

    around = raw[max(on - round(0.1 * rate), 0) : off + round(0.1 * rate)]
    slow = _moving_mean(around, max(1, round(0.02 * rate)))
    band_rms = np.sqrt(float(np.add.reduce(wave**2) / len(wave))) + 1e-12
    slow_share = float(slow.max() - slow.min()) / band_rms if len(slow) else 0.0
    pre = raw[max(on - round(0.06 * rate), 0) : max(on, 1)]
    post = raw[off : off + round(0.05 * rate)]
    shift = abs(_mean(pre) - _mean(post)) / band_rms if len(pre) and len(post) else 0.0

    variance = total / length
    kurtosis = float(np.add.reduce(energy**2) / length) / variance**2
    crest = float(energy.max(initial=0.0)) / variance
    signs = np.signbit(wave)
    crossings = float(np.count_nonzero(signs[1:] != signs[:-1])) / length * rate
    ordered = np.sort(energy)[::-1]
    busy = float(np.searchsorted(np.cumsum(ordered), 0.5 * total) + 1) / length
    so_far = white.total[on : on + length + 1] - white.total[on]
    gathered = so_far[1:] / total
    quarter = np.searchsorted(gathered, (0.1, 0.25, 0.5, 0.75, 0.9)) / rate
    outline = _moving_rms(so_far, max(1, round(0.012 * rate)))
    top = int(np.argmax(outline)) if length else 0
    rough = outline > 0.5 * outline[top]
    humps = 1 + int(np.count_nonzero(rough[1:] & ~rough[:-1]))

    next_to, near, far, after = (round(t * rate) for t in (0.02, 0.05, 0.4, 0.08))
    jump, jump_at, kurtosis_steps = 0.0, 0, 0.0
    steps = (around[1:] - around[:-1]) ** 2
    if len(steps):
        jump_at = int(steps.argmax())
        mean = float(np.add.reduce(steps)) / len(steps) + 1e-24
        jump = sqrt(float(steps[jump_at]) / mean)
        kurtosis_steps = float(np.dot(steps, steps)) / len(steps) / mean**2
        jump_at -= on - max(on - round(0.1 * rate), 0)
    spans = np.array(
        [
            (on - near, on),
            (on - far, on - near),
            (off, off + after),
            (on - next_to, on),
            (off, off + next_to),
            (off + after, off + far),
            (on, off),
            (on - far, on),
            (off, off + far),
        ]
    )
    level, level_high = white.levels_db(spans[:5]).tolist(), high.levels_db(spans).tolist()
    thirds = on + np.arange(4) * length // 3
    high_share = np.log10(
        (_differences(high.total[thirds]) + 0.1) / (_differences(white.total[thirds]) + 0.1)
    )
    loud = high.samples[on:off] ** 2
    kurtosis_high = float(np.dot(loud, loud)) * length / (float(np.add.reduce(loud)) ** 2 + 1e-12)
    return np.array(
        [
            log10(length / rate),
            log10(evidence + 1.0),
            10 * log10(variance + 1e-3),
            20 * log10(peak),
            20 * log10(peak_high),
            *share,
            *bands,
            log10(slow_share + 1e-2),
            log10(shift + 1e-2),
            centroid,
            bandwidth,
            log10(kurtosis + 1e-3),
            log10(crest + 1e-3),
            crossings,
            busy,
            quarter[3] - quarter[1],
            (quarter[4] + quarter[0] - 2 * quarter[2]) / (quarter[4] - quarter[0] + 1e-4),
            top / rate,
            (length - top) / rate,
            float(humps),
            *level[:3],
            *level_high[:3],
            level_high[5],
            level_high[6] - max(level_high[7:]),
            stretch.floor_rise_db,
            log10(jump + 1e-2),
            _hum_share(raw[max(off - round(HUM_S * rate), 0) : off], rate),
            log10(_hum_change(raw, on, off, rate) / band_rms + 1e-2),
            *gathered[(length * SIXTHS).astype(np.int64)],
            *high_share,
            level[3],
            level_high[3],
            level[4],
            level_high[4],
            log10(kurtosis_high + 1e-3),
            log10(kurtosis_steps + 1e-3),
            jump_at / rate,
        ]
    )


def _differences(values: Floats) -> Floats:
    return np.asarray(values[1:] - values[:-1], float)


@lru_cache(maxsize=32)
def _bands(size: int, rate: float) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Where each band begins in a spectrum, the end of the last one among them, and which bands hold nothing."""
    axis, _ = _target(size, rate)
    places = np.searchsorted(axis, BANDS_HZ)
    return np.minimum(places, len(axis)), np.diff(places) <= 0


def _mean(samples: Floats) -> float:
    return float(np.add.reduce(samples)) / len(samples)


def _moving_mean(samples: Floats, width: int) -> Floats:
    """Means over so many samples; the samples themselves where they are fewer."""
    if len(samples) <= width:
        return samples
    total = np.zeros(len(samples) + 1)
    np.cumsum(samples, out=total[1:])
    return np.asarray((total[width:] - total[:-width]) / width, float)


@lru_cache(maxsize=32)
def _hum_basis(length: int, rate: float) -> tuple[Floats, Floats]:
    """A window, and the cosines and sines of the mains' lines, shape (12, length)."""
    t = np.arange(length) / rate
    lines = np.array([base * k for base in (50.0, 60.0) for k in (1, 2, 3)])
    angle = 2 * np.pi * lines[:, None] * t
    return np.hanning(length), np.concatenate([np.cos(angle), np.sin(angle)])


def _hum_share(raw: Floats, rate: float) -> float:
    """Share of the last quarter of a second that lies on the mains and its first two harmonics."""
    if len(raw) <= 8:
        return 0.0
    shape, basis = _hum_basis(len(raw), rate)
    centred = (raw - _mean(raw)) * shape
    power = np.einsum("ln,n->l", basis, centred) ** 2
    one, two, three, *others = (power[:6] + power[6:]).tolist()
    return float(max(one + two + three, sum(others))) / (
        float(np.dot(centred, centred)) * len(raw) * 0.333 + 1e-12
    )


def _hum_change(raw: Floats, on: int, off: int, rate: float) -> float:
    """How much the mains changes its amplitude from before a candidate to behind it, as RMS.

    A notch rings when the hum it takes out comes, goes or changes; a twitch leaves the hum as it was.
    """
    change = largest = 0.0
    for base in (50.0, 60.0):
        length = round(HUM_PERIODS / base * rate)
        if on < length or off + length > len(raw):
            continue
        wave = _hum_wave(length, base, rate)
        before, after = (
            hypot(*np.einsum("ln,n->l", wave, raw[n : n + length]).tolist()) for n in (on - length, off)
        )
        if max(before, after) > largest:
            largest, change = max(before, after), abs(after - before)
    return change


@lru_cache(maxsize=64)
def _hum_wave(length: int, base: float, rate: float) -> Floats:
    """Cosine and sine that give the RMS of a sine over whole periods; blind to a constant."""
    angle = 2 * np.pi * base * np.arange(length) / rate
    wave = np.stack([np.cos(angle), np.sin(angle)])
    return np.asarray(np.sqrt(2) / length * (wave - wave.mean(axis=1, keepdims=True)), float)


def likeness(shape: Floats, earlier: Sequence[Floats]) -> Floats:
    """Largest correlation with earlier short shapes over a few samples of shift, each between -1 and 1.

    Parameters
    ----------
    shape
        Shape (n,), of unit energy.
    earlier
        Shape (shapes, n + 2 * SHIFTS): some of unit energy, each with `SHIFTS` zeros on either side.
    """
    margin = np.zeros(2 * SHIFTS)
    shifted = sliding_window_view(np.concatenate([margin, shape, margin]), len(shape) + 2 * SHIFTS)
    return np.asarray(np.abs(np.array(earlier) @ np.array(shifted).T).max(axis=1), float)


def phases(wave: Floats, noise_rms: float) -> int:
    """Count the phases of a potential: crossings of the baseline between deflections beyond the noise, plus one.

    Parameters
    ----------
    wave
        Shape (n,), the twitch in microvolts.
    noise_rms
        Deflections below twice this are taken for noise.
    """
    beyond = wave[np.abs(wave) > 2 * noise_rms]
    return 1 + int(np.count_nonzero(np.signbit(beyond[1:]) != np.signbit(beyond[:-1]))) if len(beyond) else 0
