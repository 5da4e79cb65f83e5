"""What a candidate is: its edges by likelihood ratio, its peak RMS, its phases, and the features it is judged by.

Everything here is a function of a stretch of conditioned signal and of the noise floor; nothing is remembered.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PEAK_S: Final = 0.05
ENVELOPE_S: Final = 0.004
EDGE_SHARE: Final = 0.05
BANDS_HZ: Final = (20.0, 45.0, 90.0, 180.0, 360.0, 900.0)


def whiten(wave: Floats, rate: float, frequency: Floats, floor: Floats, low_hz: float) -> Floats:
    """Divide a stretch by the noise spectrum, weigh it by a twitch's spectrum, without delay.

    Parameters
    ----------
    wave
        Shape (n,), conditioned samples.
    rate
        Samples per second.
    frequency, floor
        Noise power of Hann frames of unit energy at these frequencies.
    low_hz
        Nothing below this frequency passes.

    Returns
    -------
    numpy.ndarray
        Shape (n,), in units of its own noise RMS.
    """
    size = 1 << (len(wave) - 1).bit_length()
    axis = np.fft.rfftfreq(size, 1 / rate)
    noise = np.exp(np.interp(axis, frequency, np.log(floor)))
    target = axis**2 * np.exp(-axis / 60.0) / np.exp(-2.0) / 120.0**2 + 0.02
    gain = np.sqrt(target) / noise
    gain *= 1 / (1 + (low_hz / np.maximum(axis, 1e-3)) ** 8)
    gain *= axis < frequency[-1] + 20
    power = np.sum(gain[1:] ** 2 * noise[1:]) * 2 / size
    return np.asarray(np.fft.irfft(np.fft.rfft(wave, size) * gain, size)[: len(wave)] / np.sqrt(power), float)


def edges(white: Floats, first: int, last: int, reach: int, step: int) -> tuple[int, int, float]:
    """Find the rectangle of raised variance that is likeliest, by the generalised likelihood ratio.

    Parameters
    ----------
    white
        Shape (n,), samples with noise variance 1.
    first, last
        Where the rectangle is about.
    reach
        How far either edge may move.
    step
        Grid of the first search; the second is exact.

    Returns
    -------
    onset, offset
        Indices, offset behind the last sample.
    ratio
        Mean log likelihood ratio per sample times the length: the evidence in nats.
    """
    total = np.concatenate([[0.0], np.cumsum(white**2)])
    n = len(white)

    def evidence(on: NDArray[np.int64], off: NDArray[np.int64]) -> Floats:
        length = off - on
        mean = (total[off] - total[on]) / np.maximum(length, 1)
        mean = np.maximum(mean, 1.0)
        return np.where(length > 0, 0.5 * length * (mean - 1 - np.log(mean)), 0.0)

    ons = np.arange(max(first - reach, 0), min(last, n - 1), step)
    offs = np.arange(max(first + step, 1), min(last + reach, n) + 1, step)
    if not len(ons) or not len(offs):
        return first, max(last, first + 1), 0.0
    found = evidence(ons[:, None], offs[None, :])
    i, j = np.unravel_index(int(np.argmax(found)), found.shape)
    on, off = int(ons[i]), int(offs[j])
    for _ in range(2):
        near = np.arange(max(on - step, 0), min(on + step + 1, off))
        if len(near):
            on = int(near[np.argmax(evidence(near, np.full(len(near), off)))])
        near = np.arange(max(off - step, on + 1), min(off + step, n) + 1)
        if len(near):
            off = int(near[np.argmax(evidence(np.full(len(near), on), near))])
    return on, off, float(evidence(np.array([on]), np.array([off]))[0])


def moving_rms(wave: Floats, width: int) -> Floats:
    """Centred moving RMS, same shape."""
    total = np.concatenate([[0.0], np.cumsum(wave**2)])
    middle = np.arange(len(wave))
    first = np.maximum(middle - width // 2, 0)
    last = np.minimum(middle - width // 2 + width, len(wave))
    return np.asarray(np.sqrt(np.maximum(total[last] - total[first], 0.0) / width), float)


def widen(white: Floats, on: int, off: int, rate: float) -> tuple[int, int]:
    """Let the edges out to where the envelope falls below 5 % of its peak, or into the noise."""
    width = max(1, round(ENVELOPE_S * rate))
    outline = moving_rms(white, width)
    peak = float(outline[on:off].max(initial=0.0))
    bar = max(EDGE_SHARE * peak, 2.2)
    reach = round(0.03 * rate)
    before = outline[max(on - reach, 0) : on][::-1] < bar
    after = outline[off : off + reach] < bar
    out = int(np.argmax(before)) if before.any() else len(before)
    back = int(np.argmax(after)) if after.any() else len(after)
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
    "floor_rise",
    "jump",
    "hum_line",
    "like_earlier",
    "like_count",
    "rhythm",
    "recent",
    "best_one",
    "best_two",
    "best_four",
    "rate",
    "crowded",
    "whole_length",
)
"""Names of the features, in order; all are free of the recording's unit."""


def features(stretch: Stretch, white: Floats, high: Floats, on: int, off: int, evidence: float) -> Floats:
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
        Shape (34,), the features of `FEATURES` that need no memory of earlier candidates, but the last five.
    """
    rate, raw = stretch.rate, stretch.raw
    n = len(white)
    length = max(off - on, 1)
    piece = white[on:off]
    energy = piece**2
    total = float(energy.sum()) + 1e-12
    width = max(1, round(PEAK_S * rate))
    peak = float(moving_rms(white[max(on - width, 0) : off + width], width).max(initial=1e-6))
    peak_high = float(moving_rms(high[max(on - width, 0) : off + width], width).max(initial=1e-6))

    size = 1 << max(length - 1, 63).bit_length()
    wave = stretch.wave[on:off]
    axis = np.fft.rfftfreq(size, 1 / rate)
    power = np.abs(np.fft.rfft(wave, size)) ** 2 / length
    noise = np.interp(axis, stretch.frequency, stretch.floor)
    places = np.searchsorted(axis, BANDS_HZ)
    sums = np.add.reduceat(np.append(power, 0.0), np.minimum(places, len(power)))[:-1]
    noises = np.add.reduceat(np.append(noise, 0.0), np.minimum(places, len(power)))[:-1]
    empty = np.diff(places) <= 0
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
    smooth = max(1, round(0.02 * rate))
    slow = np.convolve(around, np.full(smooth, 1 / smooth), "valid") if len(around) > smooth else around
    band_rms = np.sqrt(float(np.mean(wave**2))) + 1e-12
    slow_share = float(np.ptp(slow)) / band_rms if len(slow) else 0.0
    pre = raw[max(on - round(0.06 * rate), 0) : max(on, 1)]
    post = raw[off : off + round(0.05 * rate)]
    shift = abs(float(pre.mean()) - float(post.mean())) / band_rms if len(pre) and len(post) else 0.0

    variance = total / length
    kurtosis = float(np.mean(energy**2)) / variance**2
    crest = float(energy.max(initial=0.0)) / variance
    signs = np.signbit(wave)
    crossings = float(np.count_nonzero(signs[1:] != signs[:-1])) / length * rate
    ordered = np.sort(energy)[::-1]
    busy = float(np.searchsorted(np.cumsum(ordered), 0.5 * total) + 1) / length
    gathered = np.cumsum(energy) / total
    quarter = np.searchsorted(gathered, (0.1, 0.25, 0.5, 0.75, 0.9)) / rate
    outline = moving_rms(piece, max(1, round(0.012 * rate)))
    top = int(np.argmax(outline)) if length else 0
    rough = outline > 0.5 * outline[top]
    humps = 1 + int(np.count_nonzero(rough[1:] & ~rough[:-1]))

    def level(first: int, last: int) -> float:
        part = white[max(first, 0) : max(min(last, n), 0)]
        return float(np.sqrt(np.mean(part**2))) if len(part) else 1.0

    steps = np.abs(np.diff(around))
    jump = float(steps.max(initial=0.0)) / (float(np.sqrt(np.mean(steps**2))) + 1e-12) if len(steps) else 0.0
    hum = 0.0
    longer = raw[max(off - round(0.24 * rate), 0) : off]
    if len(longer) > 8:
        t = np.arange(len(longer)) / rate
        centred = (longer - longer.mean()) * np.hanning(len(longer))
        norm = float(np.sum(centred**2)) * len(longer) * 0.333 + 1e-12
        hum = (
            max(
                sum(float(abs(np.sum(centred * np.exp(-2j * np.pi * base * k * t)))) ** 2 for k in (1, 2, 3))
                for base in (50.0, 60.0)
            )
            / norm
        )

    return np.array(
        [
            np.log10(length / rate),
            np.log10(evidence + 1.0),
            10 * np.log10(variance + 1e-3),
            20 * np.log10(peak),
            20 * np.log10(peak_high),
            *share,
            *bands,
            np.log10(slow_share + 1e-2),
            np.log10(shift + 1e-2),
            centroid,
            bandwidth,
            np.log10(kurtosis + 1e-3),
            np.log10(crest + 1e-3),
            crossings,
            busy,
            quarter[3] - quarter[1],
            (quarter[4] + quarter[0] - 2 * quarter[2]) / (quarter[4] - quarter[0] + 1e-4),
            top / rate,
            (length - top) / rate,
            float(humps),
            20 * np.log10(level(on - round(0.05 * rate), on) + 0.1),
            20 * np.log10(level(on - round(0.4 * rate), on - round(0.05 * rate)) + 0.1),
            20 * np.log10(level(off, off + round(0.08 * rate)) + 0.1),
            10 * np.log10(float(np.sum(stretch.floor)) / (float(np.sum(stretch.quiet)) + 1e-30)),
            np.log10(jump + 1e-2),
            hum,
        ]
    )


def likeness(shape: Floats, earlier: Floats) -> float:
    """Largest correlation of two short shapes over a few samples of shift, between -1 and 1.

    Parameters
    ----------
    shape, earlier
        Shape (n,) each, of unit energy.
    """
    return float(
        np.abs(np.correlate(earlier, shape, "same")[len(shape) // 2 - 8 : len(shape) // 2 + 9]).max()
    )


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
