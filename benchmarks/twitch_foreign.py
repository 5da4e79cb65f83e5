"""A second simulator, which shares nothing with `tautband.twitch.simulate` but the form of its results.

It stands for recordings that somebody else makes: bursts of plain potentials or of shaped noise, behind an amplifier
that passes 20 to 450 Hz, with disturbances modelled anew. The judge never learns from it (`twitch_fit.py` does not read
it), nor is any threshold chosen on it; mistakes on it were looked at, and two faults of the front end came to light.
Four disturbances were added later, partly from the literature (`BEYOND`), in sets of their own (`beyond`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from tautband.twitch.simulate import Settings, Simulated, Truth

Wave = NDArray[np.float64]

SEED = 77
SECONDS = 30.0
NOISE_UV = 4.0
LEVELS_DB = (3.0, 6.0, 10.0, 14.0, 20.0)
RATES_HZ = (500.0, 1000.0, 2000.0, 2000.0, 4000.0)
END_PLATE_HZ = (4000.0,)
LEAST_LEFT = 0.6


def foreign(per_set: int) -> dict[str, tuple[Simulated, ...]]:
    """Every set by name: clean ones by level, each disturbance with and without twitches, and mixtures."""
    number = 0

    def make(count: int, twitches_db: tuple[float, float] | None, *names: str, mixed: bool = False) -> None:
        nonlocal number
        recordings = []
        for place in range(count):
            number += 1
            chance = default_rng([SEED, number])
            rate = RATES_HZ[place % len(RATES_HZ)] if names or mixed else 2000.0
            chosen = _some(chance) if mixed else names
            recordings.append(_Recording(chance, rate).made(twitches_db, chosen))
        found[name] = tuple(recordings)

    found: dict[str, tuple[Simulated, ...]] = {}
    for level in LEVELS_DB:
        name = f"foreign clean {level:g} dB"
        make(per_set, (level, level))
    for disturbance in DISTURBANCES:
        name = f"foreign {disturbance}"
        make(per_set, (6.0, 20.0), disturbance)
        name = f"foreign only {disturbance}"
        make(max(per_set // 2, 1), None, disturbance)
    name = "foreign mixed"
    make(2 * per_set, (6.0, 20.0), mixed=True)
    return found


def beyond(count: int) -> dict[str, tuple[tuple[Simulated, ...], tuple[Simulated, ...]]]:
    """Recordings with and without twitches, by each disturbance that was added later."""

    def make(kind: int, place: int, twitches_db: tuple[float, float] | None, name: str) -> Simulated:
        rates = END_PLATE_HZ if name == "end plate" else RATES_HZ
        chance = default_rng([SEED, 1, kind, place, twitches_db is None])
        return _Recording(chance, rates[place % len(rates)]).made(twitches_db, (name,))

    return {
        name: (
            tuple(make(kind, place, (6.0, 20.0), name) for place in range(count)),
            tuple(make(kind, place, None, name) for place in range(count)),
        )
        for kind, name in enumerate(BEYOND)
    }


def _some(chance: Generator) -> tuple[str, ...]:
    names = [*DISTURBANCES]
    return tuple(str(n) for n in chance.choice(names, int(chance.integers(2, 5)), replace=False))


def _passed(wave: Wave, rate: float, low: float, high: float, order: int = 4) -> Wave:
    """Band-passed forwards and backwards."""
    sections = butter(order, [low, min(high, 0.45 * rate)], "bandpass", fs=rate, output="sos")
    return np.asarray(sosfiltfilt(sections, wave), float)


class _Recording:
    def __init__(self, chance: Generator, rate: float) -> None:
        self.chance, self.rate = chance, rate
        self.count = round(SECONDS * rate)
        self.t = np.arange(self.count) / rate
        noise = _passed(chance.standard_normal(self.count), rate, 20.0, 450.0)
        self.signal = NOISE_UV * (noise / noise.std() + 0.2 * chance.standard_normal(self.count))
        self.clean = np.zeros(self.count)
        self.twitches: list[Truth] = []

    def made(self, twitches_db: tuple[float, float] | None, names: tuple[str, ...]) -> Simulated:
        if twitches_db:
            self.place_twitches(*twitches_db)
        self.signal += self.clean
        for name in names:
            {**DISTURBANCES, **BEYOND}[name](self)
        left = tuple(t for t in self.twitches if self.is_left(t))
        settings = Settings(duration_s=SECONDS, sampling_rate=self.rate, noise_rms_uv=NOISE_UV)
        return Simulated(self.signal, self.clean, self.rate, left, (), settings)

    def is_left(self, twitch: Truth) -> bool:
        here = self.signal[round(twitch.onset_s * self.rate) : round(twitch.offset_s * self.rate) + 1]
        return float(np.mean(np.isfinite(here) & (here != 0))) > LEAST_LEFT

    # -- twitches -----------------------------------------------------------------------------------------------------

    def place_twitches(self, lowest_db: float, highest_db: float) -> None:
        first_db, falls = self.chance.uniform(lowest_db, highest_db), lowest_db < highest_db
        burst = self.hissing if self.chance.random() < 0.5 else self.firing
        at, place = self.chance.uniform(0.8, 2.0), 0
        while at < SECONDS - 1:
            wave = burst(self.length_s())
            fall = 20 * np.log10(0.45 + 0.55 * np.exp(-0.7 * place)) if falls else 0.0
            self.twitch(at, wave, first_db + fall)
            place = 0 if place == 7 else place + 1
            at += len(wave) / self.rate + max(0.25, self.chance.exponential(4.7))

    def length_s(self) -> float:
        low, high = ((0.015, 0.05), (0.04, 0.15), (0.1, 0.35))[self.chance.choice(3, p=[0.25, 0.55, 0.2])]
        return float(self.chance.uniform(low, high))

    def hissing(self, length_s: float) -> Wave:
        """Noise of a band under a bell, a swift swell or a ramp."""
        count, spare = int(length_s * self.rate), round(0.1 * self.rate)
        noise = self.chance.standard_normal(count + 2 * spare)
        wave = _passed(noise, self.rate, self.chance.uniform(20, 60), self.chance.uniform(150, 400))
        x = np.arange(count) / max(count, 1)
        outlines = (
            np.sin(np.pi * x),
            4 * x * np.exp(-4 * x),
            np.clip(np.minimum(x / 0.2, (1 - x) / 0.4), 0, 1),
        )
        return wave[spare : spare + count] * outlines[self.chance.integers(3)]

    def firing(self, length_s: float) -> Wave:
        """Four to 24 potentials of six units, most of them early."""
        units = [self.potential() * self.chance.lognormal(0, 0.5) for _ in range(6)]
        wave = np.zeros(int((length_s + 0.06) * self.rate))
        for at in length_s * np.clip(self.chance.gamma(2, 0.25, self.chance.integers(4, 25)), 0, 1):
            unit, first = units[self.chance.integers(6)], int(at * self.rate)
            last = min(len(wave), first + len(unit))
            wave[first:last] += unit[: last - first]
        return wave

    def potential(self, narrow_s: float = 0.0015, wide_s: float = 0.004) -> Wave:
        """A derivative of a bell, first to third, no narrower than the sampling shows."""
        width = max(self.chance.uniform(narrow_s, wide_s), 0.6 / self.rate)
        u = np.arange(-5 * width, 5 * width, 1 / self.rate) / width
        shape = (-u, u**2 - 1, (u**3 - 3 * u) / 1.5)[self.chance.integers(3)]
        return np.asarray(self.chance.choice([-1, 1]) * shape * np.exp(-0.5 * u**2), float)

    def twitch(self, at_s: float, wave: Wave, level_db: float) -> None:
        power = np.convolve(wave**2, np.full(round(0.05 * self.rate), 1 / round(0.05 * self.rate)))
        peak_uv = NOISE_UV * 10 ** (level_db / 20)
        wave = wave * peak_uv / np.sqrt(power.max())
        self.add(at_s, wave, self.clean)
        outline = np.convolve(wave**2, np.ones(round(0.01 * self.rate)), "same")
        here = np.flatnonzero(outline > 0.0025 * outline.max())
        onset, offset = at_s + here[0] / self.rate, at_s + here[-1] / self.rate
        self.twitches.append(Truth(onset, offset, "foreign", peak_uv, level_db))

    # -- disturbances -------------------------------------------------------------------------------------------------

    def add(self, at_s: float, wave: Wave, where: Wave | None = None) -> None:
        first = int(at_s * self.rate)
        last = max(first, min(self.count, first + len(wave)))
        (self.signal if where is None else where)[first:last] += wave[: last - first]

    def times(self, most: int = 100) -> list[float]:
        count = max(1, int(self.chance.poisson(self.chance.uniform(4, 20) * SECONDS / 60)))
        found = self.chance.uniform(0.5, SECONDS - 0.5, count).tolist()
        return [float(at) for at in found[:most]]

    def size(self) -> float:
        return NOISE_UV * float(np.exp(self.chance.uniform(np.log(5), np.log(60))))

    def axis(self, length_s: float) -> Wave:
        return np.arange(int(length_s * self.rate)) / self.rate

    def needle_movement(self) -> None:
        for at in self.times():
            count = int(self.chance.uniform(0.1, 0.5) * self.rate)
            slow = butter(2, self.chance.uniform(4, 15), fs=self.rate, output="sos")
            wave = sosfiltfilt(slow, self.chance.standard_normal(3 * count))[count : 2 * count]
            wave = wave * np.hanning(count)
            self.add(at, 3 * self.size() * wave / np.abs(wave).max())

    def cable_bump(self) -> None:
        for at in self.times():
            decay = self.chance.uniform(0.01, 0.15)
            t = self.axis(6 * decay)
            wave = np.exp(-t / decay) * np.cos(2 * np.pi * self.chance.uniform(0, 12) * t)
            self.add(at, 3 * self.size() * self.chance.choice([-1, 1]) * wave)

    def mains(self) -> None:
        base, size = self.chance.choice([50.0, 60.0]), self.size() / 2
        for harmonic, share in ((1, 1.0), (2, 0.2), (3, 0.4), (5, 0.2)):
            if harmonic * base < 0.45 * self.rate:
                phase = self.chance.uniform(0, 6)
                self.signal += size * share * np.sin(2 * np.pi * base * harmonic * self.t + phase)

    def ecg(self) -> None:
        """A beat of five bells, its pace breathing."""
        t = self.axis(0.7) - 0.25
        bells = (
            (-0.15, 0.018, 0.1),
            (-0.02, 0.007, -0.15),
            (0.0, 0.009, 1.0),
            (0.02, 0.008, -0.25),
            (0.22, 0.04, 0.25),
        )
        beat = sum(height * np.exp(-0.5 * ((t - at) / width) ** 2) for at, width, height in bells)
        size, pace, at = self.size(), self.chance.uniform(55, 95) / 60, 0.5
        while at < SECONDS - 0.5:
            self.add(at - 0.25, size * beat)
            at += (1 + 0.04 * np.sin(2 * np.pi * 0.25 * at)) / pace

    def voluntary_contraction(self) -> None:
        for at in self.times(4):
            length, ramp = self.chance.uniform(0.8, 4), self.chance.uniform(0.1, 0.5)
            t = self.axis(length)
            wave = _passed(self.chance.standard_normal(len(t)), self.rate, 20.0, 300.0)
            force = np.clip(np.minimum(t / ramp, (length - t) / ramp), 0, 1)
            self.add(at, self.size() / 4 * force * wave / wave.std())

    def clipping(self) -> None:
        rail = np.nanquantile(np.abs(self.signal), 0.9995) * self.chance.uniform(0.5, 0.9)
        self.signal = np.clip(self.signal, -rail, rail)

    def dropout(self) -> None:
        for at in self.times(3):
            self.signal[int(at * self.rate) :][: int(self.chance.uniform(0.02, 0.4) * self.rate)] = 0.0

    def nan_run(self) -> None:
        for at in self.times(3):
            self.signal[int(at * self.rate) :][: int(self.chance.uniform(0.02, 0.4) * self.rate)] = np.nan

    def stimulator(self) -> None:
        per_s, size = self.chance.choice([2.0, 4.0, 10.0, 20.0, 50.0, 80.0]), 4 * self.size()
        width = max(2, int(0.0006 * self.rate))
        tail = 0.3 * np.exp(-self.axis(0.01) / 0.002)
        pulse = size * np.concatenate([np.ones(width), -np.ones(width), tail])
        at = self.chance.uniform(1, SECONDS - 8)
        end = min(at + self.chance.uniform(4, 12), SECONDS - 0.1)
        while at < end:
            self.add(at, pulse)
            at += 1 / per_s

    def drift(self) -> None:
        path = np.cumsum(self.chance.standard_normal(self.count)) / np.sqrt(self.count)
        path = sosfiltfilt(butter(2, 2.0, fs=self.rate, output="sos"), path)
        turn = np.sin(2 * np.pi * self.chance.uniform(0.05, 0.5) * self.t)
        self.signal += 20 * self.size() * path + 5 * self.size() * turn

    def slow_tone(self) -> None:
        hiss = _passed(self.chance.standard_normal(self.count), self.rate, 20.0, 250.0)
        swell = np.abs(np.sin(2 * np.pi * self.chance.uniform(0.02, 0.1) * self.t))
        self.signal += NOISE_UV * swell * hiss / hiss.std()

    # -- disturbances beyond ------------------------------------------------------------------------------------------

    def between(self, low: float, high: float) -> float:
        """By ratio, not by difference."""
        return float(np.exp(self.chance.uniform(np.log(low), np.log(high))))

    def bouts(self, shortest_s: float, longest_s: float) -> list[tuple[float, float]]:
        """Stretches with rests of one to eight seconds before each."""
        found, at = [], self.chance.uniform(1, 8)
        while at < SECONDS - shortest_s:
            end = min(at + self.chance.uniform(shortest_s, longest_s), SECONDS)
            found.append((at, end))
            at = end + self.chance.uniform(1, 8)
        return found

    def crowd(self, length_s: float, rise_s: float) -> Wave:
        """Twelve units at once, up in `rise_s` and falling over the second half."""
        t = self.axis(length_s)
        wave = np.zeros(len(t))
        for _ in range(12):
            hits = self.chance.poisson(self.chance.uniform(15, 60) / self.rate, len(t))
            wave += self.chance.lognormal(0, 0.5) * np.convolve(hits, self.potential(), "same")
        force = np.clip(np.minimum(t / rise_s, 2 * (length_s - t) / length_s), 0, 1)
        return np.asarray(force * wave / wave.std(), float)

    def startle(self) -> None:
        """Reflexes that wear off, by chance half of them with a weaker voluntary reaction."""
        size = self.size() / 2
        for at in sorted(self.times(4)):
            length = self.chance.uniform(0.1, 0.45)
            self.add(at, size * self.crowd(length, self.chance.uniform(0.005, 0.04)))
            if self.chance.random() < 0.5:
                reaction = self.crowd(self.chance.uniform(0.3, 1.0), self.chance.uniform(0.05, 0.2))
                later = at + length + self.chance.uniform(-0.05, 0.2)
                self.add(later, size * self.chance.uniform(0.15, 0.5) * reaction)
            size *= self.chance.uniform(0.6, 0.95)

    def needle_insertion(self) -> None:
        """A crackle while the needle moves, dying away after; half of them on a swing of the baseline."""
        for at in self.times():
            moving, after = self.chance.uniform(0.05, 0.4), self.chance.uniform(0, 0.3)
            size, per_s = self.size(), self.chance.uniform(80, 400)
            during = self.chance.uniform(0, moving, self.chance.poisson(per_s * moving))
            dying = moving + after * self.chance.random(self.chance.poisson(per_s * after / 3)) ** 2
            for when in (*during, *dying):
                crack = self.potential(0.0002, 0.0008) * self.chance.lognormal(-0.7, 0.6)
                self.add(at + when, size * crack)
            if self.chance.random() < 0.5:
                x = self.axis(moving + after) / (moving + after)
                turn = np.cos(2 * np.pi * (self.chance.uniform(0, 1.5) * x + self.chance.random()))
                self.add(at, size * self.chance.uniform(0.5, 3) * np.hanning(len(x)) * turn)

    def single_units(self) -> None:
        """One to three, in bouts or throughout; intervals vary by 8 to 30 per cent about a rate that wanders."""
        bouts = [(0.0, SECONDS)] if self.chance.random() < 0.4 else self.bouts(3, 10)
        for _ in range(self.chance.integers(1, 4)):
            unit, per_s = self.fibres(), self.chance.uniform(5, 16)
            unit *= NOISE_UV * self.between(3, 15) / np.abs(unit).max()
            spread, sway, slow_hz, phase = self.chance.uniform((0.08, 0.05, 0.05, 0), (0.3, 0.3, 0.3, 6))
            for start, end in bouts:
                at = start + self.chance.uniform(0, 1)
                end -= self.chance.uniform(0, 1)
                while at < end:
                    self.add(at, unit * self.chance.normal(1, 0.03))
                    pace = per_s * (1 + sway * np.sin(2 * np.pi * slow_hz * at + phase))
                    at += max(0.3, self.chance.normal(1, spread)) / np.clip(pace, 4, 20)

    def fibres(self) -> Wave:
        """A unit's own potential: three of its fibres, apart by some milliseconds."""
        wave = np.zeros(int(0.06 * self.rate))
        for _ in range(3):
            part = self.chance.uniform(0.3, 1) * self.potential(0.0007, 0.004)
            first = int(self.chance.uniform(0, 0.006) * self.rate + (0.05 * self.rate - len(part)) / 2)
            wave[first : first + len(part)] += part
        return wave

    def end_plate(self) -> None:
        """A hiss of miniature potentials, one-sided, and in most bouts spikes of one or two fibres."""
        sign = self.chance.choice([-1, 1])
        for start, end in self.bouts(2, 9):
            count = int((end - start) * self.rate)
            bell = np.exp(-0.5 * (np.arange(-0.003, 0.003, 1 / self.rate) / 0.0005) ** 2)
            hits = self.chance.poisson(self.chance.uniform(150, 1000) / self.rate, count)
            hits = hits * self.chance.lognormal(0, 0.4, count)
            hiss = sign * _passed(np.convolve(hits, bell, "same"), self.rate, 20.0, 1500.0, 2)
            self.add(start, NOISE_UV * self.between(0.7, 3) * hiss / hiss.std())
            for _ in range(self.chance.choice([0, 1, 2], p=[0.25, 0.5, 0.25])):
                self.spikes(start, end, sign)

    def spikes(self, start: float, end: float, sign: int) -> None:
        """Of two phases, the first one sharp; at 5 to 50 per second and out of step."""
        width, per_s, at = self.chance.uniform(0.0003, 0.0006), self.between(5, 50), start
        t = self.axis(0.012) - 0.003
        second = np.exp(-0.5 * ((t - 2.5 * width) / (1.6 * width)) ** 2)
        spike = np.exp(-0.5 * (t / width) ** 2) - self.chance.uniform(0.3, 0.7) * second
        size = sign * NOISE_UV * self.between(5, 40)
        while at < end:
            self.add(at, size * self.chance.normal(1, 0.05) * spike)
            at += 0.004 + self.chance.gamma(0.8, (1 / per_s - 0.004) / 0.8)


DISTURBANCES: Mapping[str, Callable[[_Recording], None]] = {
    "needle movement": _Recording.needle_movement,
    "cable bump": _Recording.cable_bump,
    "mains": _Recording.mains,
    "ECG": _Recording.ecg,
    "voluntary contraction": _Recording.voluntary_contraction,
    "clipping": _Recording.clipping,
    "dropout": _Recording.dropout,
    "NaN run": _Recording.nan_run,
    "stimulator artefact": _Recording.stimulator,
    "drift": _Recording.drift,
    "slow tone": _Recording.slow_tone,
}

BEYOND: Mapping[str, Callable[[_Recording], None]] = {
    "startle": _Recording.startle,
    "needle insertion": _Recording.needle_insertion,
    "single units": _Recording.single_units,
    "end plate": _Recording.end_plate,
}
