"""Recordings with known truth: motor unit potentials through a volume conductor, twitches and disturbances.

A motor unit potential is the field of an action potential that starts at the end plate, travels both ways along the
fibres and ends at the tendons (Rosenfalck's membrane potential; line source in an unbounded anisotropic conductor, the
tendon ends included by integration by parts as in Farina and Merletti 2001). A twitch is a jittered recruitment of a
pool of such units. What the figures are checked against stands in `docs/explanation/twitch-validation.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt, sosfiltfilt

Signal = NDArray[np.float64]
Electrode = Literal["surface", "intramuscular"]

FINE_HZ = 20_000.0
"""Rate at which motor unit potentials are computed before they are sampled."""

NOISE_BAND_HZ = (20.0, 450.0)
"""Band in which `noise_rms_uv` is the noise RMS."""

PEAK_WINDOW_S = 0.05
"""Window of the peak RMS that a signal-to-noise ratio speaks of."""

EDGE = 0.05
"""A twitch lasts from the first to the last time its envelope reaches this share of its peak."""

LARGEST_LOSS = 0.3
"""A twitch that has lost more of its energy to missing, flat or cut samples is not counted as being there."""

KINDS: Mapping[str, tuple[float, tuple[float, float]]] = {
    "volley": (0.25, (0.004, 0.016)),
    "burst": (0.50, (0.045, 0.165)),
    "train": (0.15, (0.180, 0.370)),
    "double": (0.10, (0.045, 0.080)),
}
"""Kinds of twitch: share, and the spread of the discharges in seconds (the potentials' own length comes on top)."""

DISTURBANCES = (
    "needle movement",
    "cable bump",
    "mains",
    "ECG",
    "voluntary contraction",
    "clipping",
    "dropout",
    "NaN run",
    "stimulator artefact",
    "end-plate activity",
    "drift",
)
"""What can be put over a recording, by the name under which the detector rejects it (drift is never rejected)."""


@dataclass(frozen=True)
class Truth:
    """A twitch, or a stretch of a disturbance, as it was put into a recording.

    Attributes
    ----------
    onset_s, offset_s
        Seconds from the start.
    kind
        A kind of twitch, or the name of the disturbance.
    peak_rms_uv
        Of the clean twitch, over 50 ms; 0 for a disturbance.
    snr_db
        That peak over the noise RMS, in decibels.
    """

    onset_s: float
    offset_s: float
    kind: str
    peak_rms_uv: float = 0.0
    snr_db: float = 0.0


@dataclass(frozen=True)
class Settings:
    """What kind of recording to make; pairs are ranges from which a value is drawn.

    Attributes
    ----------
    duration_s, sampling_rate
        Length in seconds and samples per second.
    electrode
        `surface` (bipolar, 20 mm) or `intramuscular`.
    noise_rms_uv
        Sensor noise between 20 and 450 Hz.
    pink_share
        Share of that noise whose power falls with frequency.
    snr_db
        Signal-to-noise ratio of the first twitch of a series, or of each one when `decay` is off.
    twitches_per_min
        Mean rate of twitches.
    decay
        Whether twitches fall over a series of up to ten towards a plateau, scattered by `scatter`.
    scatter
        Standard deviation of the logarithm of a twitch's size about its expected size.
    disturbances
        Names out of `DISTURBANCES`.
    strength
        Size of the disturbances in multiples of the noise RMS.
    per_min
        Disturbances of each kind in a minute, where they come singly.
    needle_before_twitch
        Share of the twitches that a needle movement precedes by 8 to 45 ms.
    kinds
        Weights of the kinds of twitch; the default is that of `KINDS`.
    stretch
        Factor on the duration of every twitch.
    series
        Expected sizes of one series relative to its first; where given, the recording holds just that series, spread
        evenly over it and scattered by `scatter`.
    band_hz
        What the amplifier passes (Butterworth of order 4 on either side), if it is narrower than the converter's band.
        Signal-to-noise ratios are then those behind it.
    """

    duration_s: float = 30.0
    sampling_rate: float = 2000.0
    electrode: Electrode = "surface"
    noise_rms_uv: float = 5.0
    pink_share: float = 0.35
    snr_db: tuple[float, float] = (6.0, 24.0)
    twitches_per_min: float = 7.0
    decay: bool = False
    scatter: float = 0.0
    disturbances: tuple[str, ...] = ()
    strength: tuple[float, float] = (5.0, 60.0)
    per_min: tuple[float, float] = (4.0, 20.0)
    needle_before_twitch: float = 0.0
    kinds: Mapping[str, float] = field(default_factory=lambda: {k: v[0] for k, v in KINDS.items()})
    stretch: tuple[float, float] = (1.0, 1.0)
    series: tuple[float, ...] = ()
    band_hz: tuple[float, float] | None = None


@dataclass(frozen=True, eq=False)
class Simulated:
    """A simulated recording.

    Attributes
    ----------
    signal
        Microvolts, shape (samples,).
    clean
        The twitches alone, same shape.
    sampling_rate
        Samples per second.
    twitches, disturbances
        What is in it, in order of time.
    settings
        What it was made from.
    """

    signal: Signal
    clean: Signal
    sampling_rate: float
    twitches: tuple[Truth, ...]
    disturbances: tuple[Truth, ...]
    settings: Settings


def simulate(settings: Settings, chance: Generator) -> Simulated:
    """Make a recording with known truth.

    Parameters
    ----------
    settings
        What kind of recording.
    chance
        The source of randomness; the same state gives the same recording.

    Returns
    -------
    Simulated
        The signal in microvolts with its twitches and disturbances.
    """
    unknown = [name for name in settings.disturbances if name not in DISTURBANCES]
    if unknown:
        raise ValueError(f"unknown disturbance {unknown[0]!r}; choose among {', '.join(DISTURBANCES)}")
    scene = _Scene(settings, chance)
    noise = sensor_noise(len(scene.signal), settings, chance)
    scene.signal += noise
    for name in settings.disturbances:
        if name not in _LAST:
            _DISTURB[name](scene)
    scene.place_twitches()
    scene.signal += scene.clean
    if settings.band_hz:
        scene.pass_band(settings.band_hz, noise)
    before = scene.signal.copy()
    for name in settings.disturbances:
        if name in _LAST:
            _LAST[name](scene)
    scene.twitches = [t for t in scene.twitches if scene.is_left(t, before)]
    return Simulated(
        scene.signal,
        scene.clean,
        settings.sampling_rate,
        tuple(sorted(scene.twitches, key=lambda t: t.onset_s)),
        tuple(sorted(scene.disturbances, key=lambda t: t.onset_s)),
        settings,
    )


def sensor_noise(samples: int, settings: Settings, chance: Generator) -> Signal:
    """Stationary Gaussian noise, white and pink, of the RMS asked for between 20 and 450 Hz."""
    length = max(samples, 256)
    frequency = np.fft.rfftfreq(length, 1 / settings.sampling_rate)
    low, high = NOISE_BAND_HZ
    band = (frequency >= low) & (frequency <= min(high, 0.45 * settings.sampling_rate))
    pink = 1 / np.maximum(frequency, 1.0)
    power = (1 - settings.pink_share) / band.sum() + settings.pink_share * pink / pink[band].sum()
    spectrum = np.sqrt(power / 2) * (
        chance.standard_normal(len(frequency)) + 1j * chance.standard_normal(len(frequency))
    )
    spectrum[0] = 0.0
    noise = np.fft.irfft(spectrum, length) * length / np.sqrt(2)
    return np.asarray(settings.noise_rms_uv * noise[:samples], float)


def motor_unit_potential(
    distance_mm: float,
    end_plate_mm: float,
    half_lengths_mm: tuple[float, float],
    velocity_m_s: float,
    electrode: Electrode,
    spread_mm: float = 4.0,
) -> Signal:
    """Field of one motor unit at the electrode, at 20 kHz, arbitrary unit.

    Parameters
    ----------
    distance_mm
        From the electrode to the unit's fibres, at right angles.
    end_plate_mm
        Place of the end plates along the fibres, the electrode at 0.
    half_lengths_mm
        From the end plates to either tendon.
    velocity_m_s
        Conduction velocity.
    electrode
        Surface pairs lie 20 mm apart along the fibres; a needle is taken as one small recording surface.
    spread_mm
        Standard deviation of the end plates along the fibres.

    Returns
    -------
    numpy.ndarray
        Shape (samples,), from the moment of activation at the end plate.

    Notes
    -----
    With membrane potential V, the field is the integral over either half of V'(vt - |z - z0|) w'(z), w being the
    electrode's weight of a unit source at z. The tendon ends add their own terms by themselves.
    """
    step = 0.5
    z = np.arange(end_plate_mm - half_lengths_mm[0], end_plate_mm + half_lengths_mm[1], step)
    slope = _weight_slope(z, distance_mm, electrode)
    travelled = velocity_m_s * np.arange(0.0, (max(half_lengths_mm) + 16) / velocity_m_s, 1000 / FINE_HZ)
    behind = travelled[:, None] - np.abs(z - end_plate_mm)[None, :]
    behind = np.maximum(behind, 0.0)
    rise = (3 * behind**2 - behind**3) * np.exp(-behind)
    potential = step * rise @ (np.where(z >= end_plate_mm, 1.0, -1.0) * slope)
    blur = spread_mm / velocity_m_s * FINE_HZ / 1000
    reach = int(4 * blur) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / blur) ** 2)
    return np.convolve(np.asarray(potential, float), kernel / kernel.sum())


def _weight_slope(z: Signal, distance_mm: float, electrode: Electrode) -> Signal:
    anisotropy = 5.0  # conductivity along over across the fibres; Andreassen and Rosenfalck 1981

    def one(shift: float) -> Signal:
        return -(z - shift) / (anisotropy * distance_mm**2 + (z - shift) ** 2) ** 1.5

    return one(-10.0) - one(10.0) if electrode == "surface" else one(0.0)


def envelope(signal: Signal, sampling_rate: float, window_s: float) -> Signal:
    """Moving RMS over a centred window, same shape as the signal."""
    width = max(1, round(window_s * sampling_rate))
    total = np.concatenate([[0.0], np.cumsum(signal**2)])
    middle = np.arange(len(signal))
    first = np.clip(middle - width // 2, 0, len(signal))
    last = np.clip(middle - width // 2 + width, 0, len(signal))
    return np.asarray(np.sqrt(np.maximum(total[last] - total[first], 0.0) / width), float)


def expected_ratios(count: int, plateau: float, steepness: float) -> Signal:
    """Expected size of successive twitches, relative to the first: an exponential fall to a plateau."""
    return np.asarray(plateau + (1 - plateau) * np.exp(-np.arange(count) * steepness), float)


class _Scene:
    """A recording in the making."""

    def __init__(self, settings: Settings, chance: Generator) -> None:
        self.settings, self.chance = settings, chance
        self.rate = settings.sampling_rate
        self.signal = np.zeros(round(settings.duration_s * self.rate))
        self.clean = np.zeros_like(self.signal)
        self.twitches: list[Truth] = []
        self.disturbances: list[Truth] = []
        self.pool = _pool(settings, chance)
        self.noise = settings.noise_rms_uv

    def draw(self, low: float, high: float) -> float:
        return float(self.chance.uniform(low, high))

    def draw_log(self, low: float, high: float) -> float:
        return float(np.exp(self.chance.uniform(np.log(low), np.log(high))))

    def strength(self) -> float:
        return self.noise * self.draw_log(*self.settings.strength)

    def times(self, margin_s: float = 0.5) -> list[float]:
        rate = self.draw(*self.settings.per_min)
        count = max(1, int(self.chance.poisson(rate * self.settings.duration_s / 60)))
        return sorted(self.chance.uniform(margin_s, self.settings.duration_s - margin_s, count).tolist())

    def add(self, onset_s: float, wave: Signal, where: Signal | None = None) -> None:
        target = self.signal if where is None else where
        first = round(onset_s * self.rate)
        last = min(first + len(wave), len(target))
        if first < last:
            target[max(first, 0) : last] += wave[max(-first, 0) : last - first]

    def note(self, kind: str, onset_s: float, length_s: float) -> None:
        self.disturbances.append(Truth(onset_s, min(onset_s + length_s, self.settings.duration_s), kind))

    def axis(self, length_s: float) -> Signal:
        return np.arange(max(1, round(length_s * self.rate))) / self.rate

    def discharge(self, target: Signal, at_s: float, unit: Signal, size: float) -> None:
        first = int(np.ceil(at_s * self.rate))
        last = int((at_s + len(unit) / FINE_HZ) * self.rate)
        first, last = max(first, 0), min(last, len(target))
        if first < last:
            fine = (np.arange(first, last) / self.rate - at_s) * FINE_HZ
            target[first:last] += size * np.interp(fine, np.arange(len(unit)), unit)

    def is_left(self, twitch: Truth, before: Signal) -> bool:
        """Whether most of a twitch's energy was not cut off, frozen or lost; else nothing can see it."""
        span = slice(round(twitch.onset_s * self.rate), round(twitch.offset_s * self.rate))
        energy = self.clean[span] ** 2
        lost = self.signal[span] != before[span]
        return float(energy[lost].sum()) <= LARGEST_LOSS * float(energy.sum())

    def contraction(self, length_s: float, force: Signal) -> Signal:
        """Irregular firing of the pool, scaled over time; RMS about 1 where the force is 1."""
        wave = np.zeros(len(force) + round(0.06 * self.rate))
        for unit in self.pool:
            at, interval = self.draw(0.0, 0.1), self.draw(0.05, 0.11)
            while at < length_s:
                self.discharge(wave, at, unit, 1.0)
                at += interval * max(0.3, 1 + 0.2 * float(self.chance.standard_normal()))
        wave = wave[: len(force)]
        return wave / max(float(np.sqrt(np.mean(wave**2))), 1e-9) * force

    def twitch(self, at_s: float, peak_rms_uv: float) -> Truth | None:
        kinds = list(self.settings.kinds)
        weights = np.array([self.settings.kinds[k] for k in kinds], float)
        kind = kinds[int(self.chance.choice(len(kinds), p=weights / weights.sum()))]
        spread = self.draw(*KINDS[kind][1]) * self.draw(*self.settings.stretch)
        wave = np.zeros(round((spread + 0.25) * self.rate))
        for at, unit in self._discharges(kind, spread):
            self.discharge(wave, at, unit, float(np.exp(0.3 * self.chance.standard_normal())))
        outline = envelope(wave, self.rate, 0.004)
        here = np.flatnonzero(outline >= EDGE * outline.max())
        peak = float(envelope(wave, self.rate, PEAK_WINDOW_S).max())
        if peak <= 0.0:
            return None
        self.add(at_s, wave * peak_rms_uv / peak, self.clean)
        onset, offset = at_s + here[0] / self.rate, at_s + (here[-1] + 1) / self.rate
        truth = Truth(onset, offset, kind, peak_rms_uv, 20 * np.log10(peak_rms_uv / self.noise))
        self.twitches.append(truth)
        return truth

    def _discharges(self, kind: str, spread: float) -> list[tuple[float, Signal]]:
        share = self.draw(0.5, 1.0)
        units = [u for u in self.pool if self.chance.random() < share] or [self.pool[0]]
        if kind == "volley":
            return [(0.02 + spread * float(self.chance.beta(2, 2)), u) for u in units]
        if kind == "double":
            again = 0.8 * self.draw(0.6, 1.0)
            jitter = 0.006
            return [
                (0.02 + float(self.chance.uniform(0, jitter)) + s, u)
                for u in units
                for s in (0.0, spread)
                if s == 0.0 or self.chance.random() < again
            ]
        found = []
        jitter = min(self.draw(0.006, 0.025), 0.5 * spread)
        for unit in units:  # all begin within the jitter, fire irregularly and drop out one by one
            at, interval = jitter * float(self.chance.random()), self.draw(0.012, 0.03)
            until = spread * float(self.chance.beta(2.5, 1.2))
            while True:
                found.append((0.02 + at, unit))
                at += interval * max(0.4, 1 + 0.25 * float(self.chance.standard_normal()))
                if at > until:
                    break
        return found

    def pass_band(self, band_hz: tuple[float, float], noise: Signal) -> None:
        """Send all of it through the amplifier, and measure the twitches behind it."""
        low, high = band_hz
        sections = butter(4, [low, min(high, 0.45 * self.rate)], "bandpass", fs=self.rate, output="sos")
        self.signal, self.clean, noise = (
            np.asarray(sosfilt(sections, wave), float) for wave in (self.signal, self.clean, noise)
        )
        outline, noise_rms_uv = envelope(self.clean, self.rate, PEAK_WINDOW_S), float(noise.std())
        for place, twitch in enumerate(self.twitches):
            here = outline[round(twitch.onset_s * self.rate) : round(twitch.offset_s * self.rate)]
            peak = float(here.max(initial=1e-12))
            level = 20 * np.log10(peak / noise_rms_uv)
            self.twitches[place] = replace(twitch, peak_rms_uv=peak, snr_db=level)

    def place_series(self) -> None:
        first = self.draw(*self.settings.snr_db)
        gap = self.settings.duration_s / (len(self.settings.series) + 1)
        for place, size in enumerate(self.settings.series, 1):
            scattered = size * np.exp(self.settings.scatter * float(self.chance.standard_normal()))
            self.twitch(gap * (place + self.draw(-0.2, 0.2)), self.noise * 10 ** (first / 20) * scattered)

    def place_twitches(self) -> None:
        settings = self.settings
        if settings.series:
            self.place_series()
            return
        mean_gap = 60 / max(settings.twitches_per_min, 1e-9)
        at, series, place = self.draw(0.3, 1.0) + self.draw(0, mean_gap), 0, 0
        ratios = np.ones(1)
        first = self.draw(*settings.snr_db)
        while at < settings.duration_s - 0.7:
            if settings.decay and place >= series:
                series, place = int(self.chance.integers(3, 11)), 0
                ratios = expected_ratios(series, self.draw(0.35, 0.65), self.draw(0.7, 1.4))
                first = self.draw(*settings.snr_db)
            level = first if settings.decay else self.draw(*settings.snr_db)
            size = ratios[place] if settings.decay else 1.0
            size *= np.exp(settings.scatter * float(self.chance.standard_normal()))
            truth = self.twitch(at, self.noise * 10 ** (level / 20) * size)
            if truth and self.chance.random() < settings.needle_before_twitch:
                _needle(self, truth.onset_s - self.draw(0.008, 0.045))
            place += 1
            at += max(0.6, float(self.chance.exponential(mean_gap - 0.6)) + 0.6)


def _pool(settings: Settings, chance: Generator) -> list[Signal]:
    units = []
    surface = settings.electrode == "surface"
    nearest = float(chance.uniform(4, 9)) if surface else float(chance.uniform(0.4, 1.2))
    centre = float(chance.uniform(-35, 35)) if surface else float(chance.uniform(-25, 25))
    anti_alias = 0.42 * settings.sampling_rate
    sos = butter(4, anti_alias, fs=FINE_HZ, output="sos") if anti_alias < 0.45 * FINE_HZ else None
    for _ in range(int(chance.integers(8, 22))):
        distance = nearest + float(chance.exponential(3.0 if surface else 1.2))
        unit = motor_unit_potential(
            distance,
            centre + float(chance.normal(0, 6)),
            (float(chance.uniform(45, 85)), float(chance.uniform(45, 85))),
            float(chance.normal(4.0, 0.35)),
            settings.electrode,
            float(chance.uniform(1.5, 5.0)) if surface else float(chance.uniform(0.4, 1.5)),
        )
        unit = np.concatenate([np.zeros(40), unit, np.zeros(100)])
        if sos is not None:
            unit = np.asarray(sosfiltfilt(sos, unit), float)
        fibres = float(np.exp(chance.normal(0, 0.5)))
        units.append(fibres * unit)
    reference = max(float(np.abs(u).max()) for u in units)
    return [u / reference for u in units]


def _needle(scene: _Scene, at_s: float) -> None:
    """A thrust: a damped slow swing, sometimes with clicks of the changing contact."""
    length = scene.draw(0.06, 0.35)
    t = scene.axis(length)
    size = scene.strength()
    swing = np.sin(2 * np.pi * scene.draw_log(3, 45) * t + scene.draw(0, 6.28)) * np.exp(
        -t / scene.draw(0.02, 0.12)
    )
    wave = size * swing * np.minimum(t / scene.draw(0.002, 0.02), 1.0)
    if scene.chance.random() < 0.5:
        for _ in range(int(scene.chance.integers(1, 4))):
            click = scene.draw(0, 0.6 * length)
            late = np.maximum(t - click, 0.0)
            decay = np.exp(-late / scene.draw_log(0.0005, 0.006)) * (t >= click)
            wave += size * scene.draw(-0.6, 0.6) * decay
    scene.add(at_s, wave)
    scene.note("needle movement", at_s, length)


def _needles(scene: _Scene) -> None:
    for at in scene.times():
        _needle(scene, at)


def _cables(scene: _Scene) -> None:
    """A pulled or knocked cable: a slow swing of the baseline with tribo-electric rustle."""
    for at in scene.times():
        length = scene.draw(0.15, 1.5)
        t = scene.axis(length)
        size = 2 * scene.strength()
        wave = size * np.sin(2 * np.pi * scene.draw_log(0.8, 15) * t) * np.exp(-t / (0.4 * length))
        if scene.chance.random() < 0.6:
            rustle = np.cumsum(scene.chance.standard_normal(len(t)))
            rustle = rustle - np.linspace(rustle[0], rustle[-1], len(t))
            wave += (
                size
                * scene.draw(0.1, 0.5)
                * rustle
                / max(np.abs(rustle).max(), 1e-9)
                * np.exp(-t / (0.5 * length))
            )
        if scene.chance.random() < 0.4:
            wave += (
                size
                * scene.draw(0.2, 1.0)
                * np.exp(-t / scene.draw_log(0.001, 0.01))
                * scene.chance.choice([-1, 1])
            )
        scene.add(at, wave)
        scene.note("cable bump", at, length)


def _mains(scene: _Scene) -> None:
    """Hum with harmonics, its frequency wandering; sometimes it comes, goes or changes."""
    t = np.arange(len(scene.signal)) / scene.rate
    base = float(scene.chance.choice([50.0, 60.0])) + scene.draw(-0.1, 0.1)
    size = scene.noise * scene.draw_log(1.0, 12.0)
    phase = 2 * np.pi * (base * t + 0.02 * np.sin(2 * np.pi * t / scene.draw(8, 40)))
    hum = np.zeros_like(t)
    for harmonic in range(1, 9):
        if harmonic * base > 0.45 * scene.rate:
            break
        level = 1.0 if harmonic == 1 else scene.draw(0.0, 0.6) / harmonic
        hum += level * np.sin(harmonic * phase + scene.draw(0, 6.28))
    gain = np.ones_like(t)
    if scene.chance.random() < 0.4:
        for at in scene.times():
            switched = scene.draw(0.0, 1.0)
            gain[round(at * scene.rate) :] = switched
            scene.note("mains", at, 0.4)
    scene.signal += size * gain * hum
    scene.note("mains", 0.0, scene.settings.duration_s)


def _ecg(scene: _Scene) -> None:
    """Heart beats picked up by the electrodes: narrow R, smaller Q and S, slow P and T."""
    size = scene.noise * scene.draw_log(2.0, 30.0)
    period, spread = 60 / scene.draw(50, 110), scene.draw(0.01, 0.05)
    waves = [
        (-0.17, 0.020, scene.draw(0.03, 0.12)),
        (-0.025, scene.draw(0.005, 0.009), -scene.draw(0.05, 0.35)),
        (0.0, scene.draw(0.007, 0.013), 1.0),
        (0.025, scene.draw(0.006, 0.011), -scene.draw(0.1, 0.5)),
        (0.26, 0.045, scene.draw(0.05, 0.3)),
    ]
    sign = float(scene.chance.choice([-1, 1]))
    t = scene.axis(0.8) - 0.3
    at = scene.draw(0.1, 1.0)
    while at < scene.settings.duration_s - 0.6:
        beat = np.sum([a * np.exp(-0.5 * ((t - c) / w) ** 2) for c, w, a in waves], axis=0)
        scene.add(at - 0.3, sign * size * beat * (1 + 0.05 * float(scene.chance.standard_normal())))
        scene.note("ECG", at - 0.06, 0.12)
        at += period * max(0.5, 1 + spread * float(scene.chance.standard_normal()))


def _voluntary(scene: _Scene) -> None:
    """Contractions of 0.6 to 6 s, and startles of 0.3 to 1 s; slow tone in between on half of the recordings."""
    if scene.chance.random() < 0.5:
        t = scene.axis(scene.settings.duration_s)
        tone = 0.5 - 0.5 * np.cos(2 * np.pi * t / scene.draw(6, 25) + scene.draw(0, 6.28))
        scene.signal += (
            scene.noise * scene.draw(0.5, 2.5) * scene.contraction(scene.settings.duration_s, tone)
        )
    for at in scene.times()[:: 1 + int(scene.chance.integers(2))]:
        startle = scene.chance.random() < 0.3
        length = scene.draw(0.45, 1.0) if startle else scene.draw_log(0.7, 5.0)
        length = min(length, scene.settings.duration_s - at)
        t = scene.axis(length)
        rise = scene.draw(0.02, 0.08) if startle else scene.draw(0.08, 0.6)
        force = np.clip(np.minimum(t / rise, (length - t) / rise), 0, 1)
        force *= 1 + 0.2 * np.sin(2 * np.pi * scene.draw(0.5, 4) * t)
        scene.add(at, scene.noise * scene.draw_log(2, 15) * scene.contraction(length, force))
        scene.note("voluntary contraction", at, length)


def _stimulator(scene: _Scene) -> None:
    """Pulses of an electrical stimulator: a biphasic spike with an electrode tail, sometimes a muscle answer."""
    size = 3 * scene.strength()
    at = scene.draw(0.5, 0.3 * scene.settings.duration_s)
    end = scene.draw(0.5, 1.0) * scene.settings.duration_s
    rate = scene.draw_log(1.0, 10.0) if scene.chance.random() < 0.6 else scene.draw_log(20.0, 100.0)
    tail = scene.draw_log(0.001, 0.012)
    answer = scene.draw(0.0, 0.6) if rate < 10 and scene.chance.random() < 0.3 else 0.0
    t = scene.axis(0.12)
    width = scene.draw(0.0001, 0.0005)
    spike = np.where(t < max(width, 1 / scene.rate), 1.0, 0.0) - np.where(
        (t >= max(width, 1 / scene.rate)) & (t < 2 * max(width, 1 / scene.rate)), scene.draw(0.5, 1.0), 0.0
    )
    pulse = size * (spike + scene.draw(-0.4, 0.4) * np.exp(-t / tail))
    first = at
    while at < end - 0.2:
        scene.add(at, pulse)
        if answer:
            for unit in scene.pool:
                scene.discharge(scene.signal, at + 0.004, unit, 0.1 * answer * size)
        if rate < 10:
            scene.note("stimulator artefact", at, 0.05)
        at += 1 / rate
    if rate >= 10:
        scene.note("stimulator artefact", first, at - first)


def end_plate_spike() -> Signal:
    """Shape of an end-plate spike at 20 kHz: first negative, then positive, the first deflection being 1 deep."""
    t = np.arange(0, 0.005, 1 / FINE_HZ)
    return np.asarray(
        -np.exp(-0.5 * ((t - 0.0012) / 0.0003) ** 2) + 0.7 * np.exp(-0.5 * ((t - 0.0021) / 0.0006) ** 2)
    )


def _end_plate(scene: _Scene) -> None:
    """End-plate noise and, in bouts, irregular initially negative end-plate spikes; only a needle sees them."""
    size = scene.noise * scene.draw_log(1.0, 4.0)
    length = scene.draw(0.2, 1.0) * scene.settings.duration_s
    at = scene.draw(0.0, scene.settings.duration_s - length)
    hiss = scene.chance.standard_normal(round(length * scene.rate))
    top = min(800.0, 0.45 * scene.rate)
    sos = butter(2, [min(40.0, top / 4), top], "bandpass", fs=scene.rate, output="sos")
    hiss = np.asarray(sosfilt(sos, hiss), float)
    scene.add(at, size * hiss / max(float(hiss.std()), 1e-9))
    spike = end_plate_spike()
    for bout in scene.times():
        stop = bout + scene.draw(0.3, 4.0)
        scene.note("end-plate activity", bout, stop - bout)
        rate, height = scene.draw_log(5, 50), scene.noise * scene.draw_log(4, 25)
        while bout < stop:
            scene.discharge(
                scene.signal, bout, spike, height * (1 + 0.15 * float(scene.chance.standard_normal()))
            )
            bout += max(0.008, float(scene.chance.exponential(1 / rate)))


def _drift(scene: _Scene) -> None:
    """Baseline wander, and a contact that changes the noise by steps."""
    t = np.arange(len(scene.signal)) / scene.rate
    scene.signal *= np.exp(0.4 * np.sin(2 * np.pi * t / scene.draw(10, 60) + scene.draw(0, 6.28)))
    for at in scene.times()[:2]:
        scene.signal[round(at * scene.rate) :] *= scene.draw_log(0.6, 1.8)
    wander = np.sin(2 * np.pi * t / scene.draw(2, 12) + scene.draw(0, 6.28))
    scene.signal += scene.noise * scene.draw_log(3, 80) * wander


def _clip(scene: _Scene) -> None:
    """Rails: everything beyond is cut flat, and bursts of saturation hold one rail."""
    rail = max(scene.noise * scene.draw_log(30, 200), 1.3 * float(np.abs(scene.clean).max(initial=0.0)))
    for at in scene.times():
        length = scene.draw_log(0.02, 1.0)
        t = scene.axis(length)
        swing = np.sin(2 * np.pi * scene.draw_log(0.5, 30) * t + scene.draw(0, 6.28))
        scene.add(at, rail * scene.draw_log(1.5, 12) * swing * np.minimum(1, (length - t) / (0.3 * length)))
        scene.note("clipping", at, length)
    np.clip(scene.signal, -rail, rail, out=scene.signal)


def _dropout(scene: _Scene) -> None:
    """A lost link or a lead off: the samples stand still, at zero or at the last value."""
    for at in scene.times():
        first = round(at * scene.rate)
        length = scene.draw_log(0.03, 2.0)
        last = min(first + max(2, round(length * scene.rate)), len(scene.signal))
        scene.signal[first:last] = 0.0 if scene.chance.random() < 0.5 else scene.signal[first]
        scene.note("dropout", at, length)


def _nan(scene: _Scene) -> None:
    """Missing samples."""
    for at in scene.times():
        first = round(at * scene.rate)
        length = scene.draw_log(0.005, 1.0)
        scene.signal[first : first + max(1, round(length * scene.rate))] = np.nan
        scene.note("NaN run", at, length)


_DISTURB: Mapping[str, Callable[[_Scene], None]] = {
    "needle movement": _needles,
    "cable bump": _cables,
    "mains": _mains,
    "ECG": _ecg,
    "voluntary contraction": _voluntary,
    "stimulator artefact": _stimulator,
    "end-plate activity": _end_plate,
    "drift": _drift,
}
_LAST: Mapping[str, Callable[[_Scene], None]] = {"clipping": _clip, "dropout": _dropout, "NaN run": _nan}


def clean_settings(snr_db: float, **changes: object) -> Settings:
    """Recordings without disturbances whose every twitch has one signal-to-noise ratio."""
    return replace(Settings(snr_db=(snr_db, snr_db)), **changes)  # type: ignore[arg-type]


def artefact_settings(name: str, **changes: object) -> Settings:
    """Recordings with one kind of disturbance; a needle movement also precedes half of the twitches."""
    electrode: Electrode = "intramuscular" if name == "end-plate activity" else "surface"
    before = 0.5 if name == "needle movement" else 0.0
    base = Settings(electrode=electrode, disturbances=(name,), needle_before_twitch=before)
    return replace(base, **changes)  # type: ignore[arg-type]


def mixed_settings(chance: Generator, **changes: object) -> Settings:
    """Recordings with two to four kinds of disturbance and twitches that fall over a series."""
    surface = [d for d in DISTURBANCES if d != "end-plate activity"]
    count = int(chance.integers(2, 5))
    names = tuple(surface[int(i)] for i in chance.choice(len(surface), count, replace=False))
    base = Settings(
        snr_db=(10.0, 26.0), decay=True, scatter=0.15, disturbances=names, needle_before_twitch=0.4
    )
    return replace(base, **changes)  # type: ignore[arg-type]
