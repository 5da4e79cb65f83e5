"""An accelerometer over the muscle, with known truth: the mechanical answers to twitches, movement and bumps.

A twitch pulls with the force of a muscle twitch, (t/c) exp(1 - t/c), spread over the length of its EMG; the tissue
under the sensor answers as a damped oscillator, some milliseconds late. Delay and size are of the order that Barry
(1992, read as abstract) measured over hand muscles: 5 to 6 ms from stimulus to acceleration, 6.5 m/s² peak to peak for
whole muscles.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

from tautband.twitch.simulate import Truth

Signal = NDArray[np.float64]

GRAVITY_M_S2 = 9.80665
EDGE = 0.1
"""An answer lasts from the first to the last time it reaches this share of its peak."""


@dataclass(frozen=True)
class MotionSettings:
    """What kind of accelerometer recording to make; pairs are ranges from which a value is drawn.

    Attributes
    ----------
    sampling_rate
        Samples per second.
    noise_m_s2
        RMS of the sensor's noise up to 50 Hz; tremor and pulse come on top.
    snr_db
        Peak of the answer to the largest twitch over that noise.
    unseen
        Share of the twitches that the sensor does not feel.
    movements_per_min, bumps_per_min
        Limb movements, tilts and thrusts of the needle; knocks at the sensor, the table or the limb.
    """

    sampling_rate: float = 500.0
    noise_m_s2: float = 0.02
    snr_db: tuple[float, float] = (18.0, 40.0)
    unseen: float = 0.0
    movements_per_min: float = 0.0
    bumps_per_min: float = 0.0


@dataclass(frozen=True)
class MotionTruth:
    """An answer to a twitch, or a disturbance, as it was put in.

    Attributes
    ----------
    onset_s, offset_s
        Seconds from the start.
    kind
        `twitch`, `movement` or `bump`.
    peak_m_s2
        Largest acceleration.
    """

    onset_s: float
    offset_s: float
    kind: str
    peak_m_s2: float


@dataclass(frozen=True, eq=False)
class Motion:
    """A simulated accelerometer recording.

    Attributes
    ----------
    signal
        m/s², shape (samples, 3); gravity is in it.
    sampling_rate
        Samples per second.
    answers, disturbances
        What is in it, in order of time.
    """

    signal: Signal
    sampling_rate: float
    answers: tuple[MotionTruth, ...]
    disturbances: tuple[MotionTruth, ...]


def simulate_motion(
    twitches: Sequence[Truth], duration_s: float, settings: MotionSettings, chance: Generator
) -> Motion:
    """Make what an accelerometer over the muscle records of twitches.

    Parameters
    ----------
    twitches
        The truth of a simulated EMG recording.
    duration_s
        Length in seconds.
    settings
        What kind of recording.
    chance
        The source of randomness.

    Returns
    -------
    Motion
        The signal and its truth.
    """
    rate = settings.sampling_rate
    samples = round(duration_s * rate)
    signal = _background(samples, settings, chance) + GRAVITY_M_S2 * _direction(chance)
    largest = max((t.peak_rms_uv for t in twitches), default=1.0)
    top = settings.noise_m_s2 * 10 ** (float(chance.uniform(*settings.snr_db)) / 20)
    answers = []
    tissue = float(chance.uniform(12, 30)), float(chance.uniform(0.2, 0.5))
    contraction = float(chance.uniform(0.025, 0.06))
    axis = _direction(chance)
    for twitch in twitches:
        if chance.random() < settings.unseen:
            continue
        wave = _answer(twitch.offset_s - twitch.onset_s, contraction, *tissue, rate)
        wave *= top * twitch.peak_rms_uv / largest / np.abs(wave).max()
        answers.append(
            _put(signal, wave, axis, twitch.onset_s + float(chance.uniform(0.005, 0.025)), rate, "twitch")
        )
    disturbances = []
    for kind, per_min, make in (
        ("movement", settings.movements_per_min, _movement),
        ("bump", settings.bumps_per_min, _bump),
    ):
        for at in chance.uniform(0.5, duration_s - 2.5, int(chance.poisson(per_min * duration_s / 60))):
            wave = make(rate, chance)
            disturbances.append(_put(signal, wave, _direction(chance), float(at), rate, kind))
    return Motion(
        signal,
        rate,
        tuple(sorted(answers, key=lambda t: t.onset_s)),
        tuple(sorted(disturbances, key=lambda t: t.onset_s)),
    )


def _put(signal: Signal, wave: Signal, axis: Signal, at_s: float, rate: float, kind: str) -> MotionTruth:
    first = round(at_s * rate)
    wave = wave[: max(len(signal) - first, 0)]
    signal[first : first + len(wave)] += wave[:, None] * axis
    size = np.abs(wave)
    here = np.flatnonzero(size >= EDGE * size.max(initial=0.0))
    return MotionTruth((first + here[0]) / rate, (first + here[-1] + 1) / rate, kind, float(size.max()))


def _direction(chance: Generator) -> Signal:
    vector = chance.standard_normal(3)
    return np.asarray(vector / np.linalg.norm(vector), float)


def _background(samples: int, settings: MotionSettings, chance: Generator) -> Signal:
    """Sensor noise, physiological tremor of 8 to 12 Hz, the pulse and breathing."""
    rate = settings.sampling_rate
    noise = settings.noise_m_s2 * np.sqrt(0.5 * rate / 50) * chance.standard_normal((samples, 3))
    t = np.arange(samples) / rate
    band = butter(2, [8.0, 12.0], "bandpass", fs=rate, output="sos")
    tremor = np.asarray(sosfilt(band, chance.standard_normal(samples)), float)
    tremor *= settings.noise_m_s2 * float(chance.uniform(0.2, 1.0)) / max(float(tremor.std()), 1e-12)
    beat = 2 * np.pi * float(chance.uniform(0.9, 1.6)) * t
    pulse = settings.noise_m_s2 * float(chance.uniform(0.2, 1.0)) * np.sin(beat + 0.7 * np.sin(2 * beat))
    breath = 0.05 * np.sin(2 * np.pi * float(chance.uniform(0.15, 0.35)) * t)
    slow = (tremor + pulse)[:, None] * _direction(chance) + breath[:, None] * _direction(chance)
    return np.asarray(noise + slow, float)


def _answer(length_s: float, contraction_s: float, tissue_hz: float, damping: float, rate: float) -> Signal:
    """Acceleration of the tissue under a twitch whose EMG lasts so long."""
    fine = max(1, round(4000 / rate)) * rate
    t = np.arange(0, length_s + 8 * contraction_s + 0.3, 1 / fine)
    force = t / contraction_s * np.exp(1 - t / contraction_s)
    spread = np.ones(max(1, round(length_s * fine)))
    force = np.convolve(force, spread / len(spread))[: len(t)]
    omega = 2 * np.pi * tissue_hz / fine
    place = lfilter([omega**2], [1 + 2 * damping * omega + omega**2, -2 - 2 * damping * omega, 1.0], force)
    return np.asarray(np.diff(place, 2, prepend=(0.0, 0.0))[:: round(fine / rate)], float)


def _swing(length_s: float, rate: float) -> Signal:
    """From 0 to 1 with the least jerk."""
    t = np.linspace(0, 1, max(2, round(length_s * rate)))
    return 10 * t**3 - 15 * t**4 + 6 * t**5


def _movement(rate: float, chance: Generator) -> Signal:
    """A tilt and back, a limb that is shifted, or a thrust of the needle that pushes the tissue in and lets it back."""
    kind = chance.choice(["tilt", "shift", "thrust"])
    if kind == "tilt":
        size = GRAVITY_M_S2 * np.sin(np.radians(float(chance.uniform(3, 25))))
        there, stay = (
            _swing(float(chance.uniform(0.4, 1.2)), rate),
            round(float(chance.uniform(0, 0.5)) * rate),
        )
        return np.asarray(size * np.concatenate([there, np.ones(stay), there[::-1]]), float)
    if kind == "shift":
        length = float(chance.uniform(0.4, 1.2))
        path = float(chance.uniform(0.01, 0.06)) * _swing(length, rate)
    else:
        there = _swing(float(chance.uniform(0.12, 0.3)), rate)
        path = float(chance.uniform(0.001, 0.006)) * np.concatenate([there, there[::-1]])
    return np.asarray(np.gradient(np.gradient(path, 1 / rate), 1 / rate), float)


def _bump(rate: float, chance: Generator) -> Signal:
    """A knock: rings high and dies fast."""
    t = np.arange(0, 0.2, 1 / rate)
    hertz = float(chance.uniform(min(60.0, 0.3 * rate), min(180.0, 0.4 * rate)))
    ring = np.sin(2 * np.pi * hertz * t) * np.exp(-t / float(chance.uniform(0.005, 0.025)))
    sway = (
        float(chance.uniform(0, 0.15))
        * np.sin(2 * np.pi * float(chance.uniform(15, 35)) * t)
        * np.exp(-t / 0.04)
    )
    return float(np.exp(chance.uniform(np.log(0.5), np.log(15)))) * np.asarray(ring + sway, float)
