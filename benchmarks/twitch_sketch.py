"""Rough recordings with known truth and as little in common as can be, for the judge to learn from.

The simulator of `tautband.twitch.simulate` builds on physiology, and a judge that learns from it alone takes its habits
for the nature of twitches: the spectrum over the noise, the shape of a thrust. These sketches have no physiology. Every
family of shapes is drawn anew for a recording: wavelets of any frequency or shaped noise for twitches, swings, steps
and blips for what disturbs them. Nothing here is measured on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from scipy.signal import butter, sosfilt

from tautband.twitch.simulate import LARGEST_LOSS, Settings, Simulated, Truth, envelope

Wave = NDArray[np.float64]

RATES_HZ = (250.0, 500.0, 800.0, 1000.0, 1000.0, 2000.0, 2000.0, 2000.0, 2048.0, 4000.0, 5000.0, 10000.0)
HARD = (
    "needle movement",
    "cable bump",
    "voluntary contraction",
    "stimulator artefact",
    "ECG",
    "tone",
    "startle",
    "insertion",
    "single units",
)


def sketch(chance: Generator, undisturbed: bool = False, duration_s: float = 40.0) -> Simulated:
    """Draw the settings of a recording and make it; an undisturbed one holds weak twitches alone."""
    return _Sketch(chance, duration_s).made(undisturbed)


class _Sketch:
    def __init__(self, chance: Generator, duration_s: float) -> None:
        self.chance, self.duration_s = chance, duration_s
        self.rate = float(chance.choice(RATES_HZ))
        self.needle = self.rate >= 1000 and chance.random() < 0.25
        self.count = round(duration_s * self.rate)
        self.noise_uv = float(np.exp(chance.uniform(np.log(0.5), np.log(50.0))))
        self.band = self._amplifier()
        self.before_amplifier = self.odds(0.7)
        self.t = np.arange(self.count) / self.rate
        self.clean = np.zeros(self.count)
        self.twitches: list[Truth] = []
        self.disturbances: list[Truth] = []
        self.per_min = self.uniform(3.0, 25.0)
        self.largest = self.log(8.0, 100.0)
        noise = self.amplified(self._coloured(self.count, self.uniform(0.0, 1.3)))
        self.signal = self.noise_uv * noise / noise.std()

    # -- draws --------------------------------------------------------------------------------------------------------

    def uniform(self, low: float, high: float) -> float:
        return float(self.chance.uniform(low, high))

    def log(self, low: float, high: float) -> float:
        return float(np.exp(self.chance.uniform(np.log(low), np.log(high))))

    def odds(self, share: float) -> bool:
        return bool(self.chance.random() < share)

    def size(self) -> float:
        return self.noise_uv * self.log(3.0, self.largest)

    def times(self, most: int = 1000) -> list[float]:
        count = max(1, int(self.chance.poisson(self.per_min * self.duration_s / 60)))
        found = self.chance.uniform(0.2, self.duration_s - 0.2, min(count, most))
        return sorted(found.tolist())

    def note(self, kind: str, at_s: float, length_s: float) -> None:
        self.disturbances.append(Truth(at_s, min(at_s + length_s, self.duration_s), kind))

    def axis(self, length_s: float) -> Wave:
        return np.arange(max(2, round(length_s * self.rate))) / self.rate

    def add(self, at_s: float, wave: Wave, where: Wave | None = None) -> None:
        target = self.signal if where is None else where
        first = max(round(at_s * self.rate), 0)
        last = min(first + len(wave), self.count)
        if first < last:
            target[first:last] += wave[: last - first]

    # -- the amplifier and its noise ----------------------------------------------------------------------------------

    def _amplifier(self) -> list[Wave]:
        """Sections of a band-pass such as amplifiers have; none on a fifth of the recordings."""
        sections = []
        if self.odds(0.8):
            low = self.log(0.5, 30.0)
            sections.append(
                butter(int(self.chance.integers(1, 5)), low, "highpass", fs=self.rate, output="sos")
            )
        high = self.log(150.0, 1000.0)
        if self.odds(0.75) and high < 0.48 * self.rate:
            sections.append(butter(int(self.chance.integers(1, 9)), high, fs=self.rate, output="sos"))
        return sections

    def amplified(self, wave: Wave) -> Wave:
        for sections in self.band:
            wave = np.asarray(sosfilt(sections, wave), float)
        return wave

    def disturbance(self, wave: Wave, size_uv: float) -> Wave:
        """A disturbance of a size, on most recordings seen through the amplifier."""
        if self.before_amplifier:
            wave = self.amplified(np.concatenate([wave, np.zeros(round(0.2 * self.rate))]))
        return size_uv * wave / max(float(np.abs(wave).max()), 1e-12)

    def _coloured(self, count: int, slope: float) -> Wave:
        frequency = np.maximum(np.fft.rfftfreq(count, 1 / self.rate), 2.0)
        waves = np.fft.rfft(self.chance.standard_normal(count)) * frequency ** (-slope / 2)
        return np.asarray(np.fft.irfft(waves, count), float)

    def _hiss(self, count: int, low: float, high: float) -> Wave:
        """Gaussian noise of a band, RMS about 1."""
        high = min(high, 0.45 * self.rate)
        spare = round(0.1 * self.rate)
        wave = self.chance.standard_normal(count + spare)
        sections = butter(
            int(self.chance.integers(1, 4)),
            [min(low, high / 2), high],
            "bandpass",
            fs=self.rate,
            output="sos",
        )
        wave = np.asarray(sosfilt(sections, wave), float)[spare:]
        return wave / max(float(wave.std()), 1e-12)

    # -- twitches -----------------------------------------------------------------------------------------------------

    def wavelet(self) -> Wave:
        """A few swings under a bell."""
        frequency = min(self.log(80.0, 600.0) if self.needle else self.log(30.0, 300.0), 0.4 * self.rate)
        width = self.uniform(0.35, 1.4) / (2 * frequency)
        t = np.arange(-4 * width, 4 * width, 1 / self.rate)
        return np.cos(2 * np.pi * frequency * t + self.uniform(0, 6.28)) * np.exp(-0.5 * (t / width) ** 2)

    def _texture(self) -> Callable[[float], Wave]:
        """What all twitches of a recording are made of."""
        if self.odds(0.4):
            low, high = self.log(10.0, 100.0), self.log(120.0, 450.0)
            if self.needle:
                low, high = 3 * low, 2 * high
            return lambda length: self._hiss(max(4, round(length * self.rate)), low, high)
        pool = [self.wavelet() for _ in range(int(self.chance.integers(1, 12)))]
        spread, per_s = self.uniform(0.2, 0.8), self.log(60.0, 600.0)

        def train(length: float) -> Wave:
            longest = max(len(p) for p in pool)
            wave = np.zeros(round(length * self.rate) + longest + 1)
            for at in self.chance.uniform(0, length, max(2, round(per_s * length))):
                unit = pool[int(self.chance.integers(len(pool)))]
                first = int(at * self.rate)
                wave[first : first + len(unit)] += unit * np.exp(spread * self.chance.standard_normal())
            return wave

        return train

    def _outline(self, count: int, shape: int) -> Wave:
        x = (np.arange(count) + 0.5) / count
        if shape == 0:
            return np.asarray(x ** self.uniform(0.2, 2.0) * (1 - x) ** self.uniform(0.5, 3.0), float)
        if shape == 1:
            return np.minimum(1.0, np.minimum(x / self.uniform(0.02, 0.4), (1 - x) / self.uniform(0.05, 0.5)))
        if shape == 2:
            return np.asarray(np.exp(-self.uniform(1.0, 5.0) * x) * np.minimum(1.0, x / 0.05), float)
        return np.ones(count)

    def place_twitches(self, weak: bool) -> None:
        low = self.uniform(1.0, 5.0) if weak else self.uniform(3.0, 14.0)
        high = low + (self.uniform(1.0, 5.0) if weak else self.uniform(4.0, 20.0))
        texture, shape = self._texture(), int(self.chance.integers(4))
        shortest = self.log(0.012, 0.08)
        longest = shortest * self.log(1.5, 6.0)
        gap = 60 / float(self.chance.choice([6.0, 12.0, 25.0]))
        falls, place, first = self.odds(0.5), 0, self.uniform(low, high)
        double = self.uniform(0.0, 0.25)
        at = self.uniform(0.3, 2.0)
        while at < self.duration_s - 0.7:
            length = self.log(shortest, longest)
            wave = texture(length)
            wave = wave * self._outline(len(wave), shape)
            if self.odds(double):
                pause = round(self.uniform(0.03, 0.09) * self.rate)
                wave = np.concatenate([wave, np.zeros(pause)]) + np.concatenate([np.zeros(pause), wave])
            place = 0 if place > int(self.chance.integers(3, 12)) else place + 1
            level = first + 20 * np.log10(0.5 + 0.5 * np.exp(-place)) if falls else self.uniform(low, high)
            self._twitch(at, wave, level)
            at += max(0.35, 0.3 + float(self.chance.exponential(gap)))

    def _twitch(self, at_s: float, wave: Wave, level_db: float) -> None:
        wave = self.amplified(np.concatenate([wave, np.zeros(round(0.15 * self.rate))]))
        peak = float(envelope(wave, self.rate, 0.05).max())
        if peak <= 0:
            return
        outline = envelope(wave, self.rate, 0.004)
        here = np.flatnonzero(outline >= 0.05 * outline.max())
        peak_uv = self.noise_uv * 10 ** (level_db / 20)
        self.add(at_s, wave * peak_uv / peak, self.clean)
        onset, offset = at_s + here[0] / self.rate, at_s + (here[-1] + 1) / self.rate
        if offset < self.duration_s:
            self.twitches.append(Truth(onset, offset, "sketch", peak_uv, level_db))

    # -- disturbances -------------------------------------------------------------------------------------------------

    def swing(self, length: float, slowest: float, fastest: float) -> Wave:
        """Something slow: a damped swing, smooth noise, a blip, or a step that leaks away."""
        t = self.axis(length)
        kind = int(self.chance.integers(4))
        if kind == 0:
            wave = np.sin(2 * np.pi * self.log(slowest, fastest) * t + self.uniform(0, 6.28))
            wave = (
                wave
                * np.exp(-t / (length * self.uniform(0.1, 0.5)))
                * np.minimum(1, t / self.log(0.001, 0.03))
            )
        elif kind == 1:
            knots = max(4, round(2 * length * self.log(slowest, fastest)))
            wave = np.interp(t, np.linspace(0, length, knots), self.chance.standard_normal(knots))
            smooth = max(1, round(len(t) / knots))
            wave = np.convolve(wave, np.hanning(smooth + 2)[1:-1] / max(smooth / 2, 1), "same")
            wave = wave * np.sin(np.pi * t / length)
        elif kind == 2:
            middle, width = length * self.uniform(0.2, 0.6), min(self.log(0.004, 0.08), length / 4)
            wave = np.exp(-0.5 * ((t - middle) / width) ** 2)
        else:
            wave = np.exp(-t / (length * self.uniform(0.08, 0.3)))
        wave = wave * self.chance.choice([-1.0, 1.0])
        return np.asarray(wave / max(float(np.abs(wave).max()), 1e-12), float)

    def clicks(self, length: float) -> Wave:
        """One to six sudden changes of contact, each leaking away."""
        t = self.axis(length)
        wave = np.zeros(len(t))
        for at in self.chance.uniform(0, 0.8 * length, int(self.chance.integers(1, 7))):
            wave += self.chance.normal() * np.exp(-np.maximum(t - at, 0) / self.log(0.0005, 0.05)) * (t >= at)
        return wave

    def needles(self) -> None:
        self.sharp = self.uniform(0.0, 1.0)
        for at in self.times():
            length = self.log(0.05, 0.6)
            wave = self.swing(length, 3.0, 40.0)
            if self.odds(self.sharp):
                wave = self.uniform(0.0, 1.0) * wave + self.clicks(length)
            self.add(at, self.disturbance(wave, self.size()))
            self.note("needle movement", at, length)

    def cables(self) -> None:
        for at in self.times():
            length = self.log(0.1, 1.5)
            t = self.axis(length)
            wave = self.swing(length, 0.5, 20.0)
            if self.odds(0.4):
                late = np.maximum(t - self.uniform(0, 0.3) * length, 0)
                wave = wave + self.uniform(-1, 1) * np.exp(-late / self.log(0.0005, 0.05)) * (late > 0)
            self.add(at, self.disturbance(wave, 2 * self.size()))
            self.note("cable bump", at, length)

    def mains(self) -> None:
        base = float(self.chance.choice([50.0, 60.0])) + self.uniform(-0.1, 0.1)
        gain = np.ones(self.count)
        if self.odds(0.4):
            for at in self.times(4):
                gain[round(at * self.rate) :] = self.uniform(0.0, 1.0)
                self.note("mains", at, 0.4)
        size = self.noise_uv * self.log(0.5, 20.0)
        for n in range(1, int(self.chance.integers(2, 9))):
            if n * base < 0.45 * self.rate:
                level = 1.0 if n == 1 else self.uniform(0.0, 0.6)
                self.signal += (
                    size * level * gain * np.sin(2 * np.pi * n * base * self.t + self.uniform(0, 6.28))
                )
        self.note("mains", 0.0, self.duration_s)

    def ecg(self) -> None:
        t = self.axis(0.9) - 0.3
        beat = np.zeros(len(t))
        for centre, width, height in (
            (-0.16, self.uniform(0.015, 0.03), self.uniform(0, 0.2)),
            (-self.uniform(0.015, 0.035), self.uniform(0.004, 0.01), -self.uniform(0, 0.5)),
            (0.0, self.uniform(0.005, 0.016), 1.0),
            (self.uniform(0.015, 0.035), self.uniform(0.004, 0.012), -self.uniform(0, 0.6)),
            (self.uniform(0.2, 0.32), self.uniform(0.03, 0.06), self.uniform(-0.2, 0.4)),
        ):
            beat += height * np.exp(-0.5 * ((t - centre) / width) ** 2)
        beat = self.disturbance(
            beat, float(self.chance.choice([-1, 1])) * self.noise_uv * self.log(1.5, 40.0)
        )
        period, spread, at = 60 / self.uniform(42, 125), self.uniform(0.005, 0.08), self.uniform(0.4, 1.2)
        while at < self.duration_s - 0.7:
            self.add(at - 0.3, beat)
            self.note("ECG", at - 0.06, 0.12)
            at += period * max(0.5, 1 + spread * float(self.chance.standard_normal()))

    def contractions(self) -> None:
        low, high = self.log(10.0, 60.0), self.log(120.0, 450.0)
        for at in self.times(8):
            length = min(self.log(0.5, 6.0), self.duration_s - at)
            t = self.axis(length)
            rise, fall = self.log(0.03, 0.8), self.log(0.03, 0.8)
            force = np.minimum(1.0, np.minimum(t / rise, (length - t) / fall))
            if self.odds(0.3):
                force = np.sin(np.pi * t / length)
            force = np.maximum(force * (1 + 0.3 * np.sin(2 * np.pi * self.uniform(0.3, 4) * t)), 0.0)
            self.add(at, self.noise_uv * self.log(1.5, 15.0) * force * self._hiss(len(t), low, high))
            self.note("voluntary contraction", at, length)

    def startles(self) -> None:
        """Short reflex bursts of the whole muscle, dense from the first, some with a reaction at will behind them."""
        low, high = self.log(15.0, 60.0), self.log(150.0, 450.0)
        longest = self.log(0.25, 0.8)
        for at in self.times(12):
            length = self.uniform(0.18, longest)  # a shorter one cannot be told from a twitch
            t = self.axis(length)
            outline = np.minimum(1.0, t / self.log(0.008, 0.06)) * np.exp(
                -self.uniform(0.0, 3.0) * t / length
            )
            outline = outline * np.minimum(1.0, (length - t) / (length * self.uniform(0.2, 0.7)))
            if self.odds(0.3):
                late = self.axis(self.log(0.2, 1.5))
                outline = np.concatenate(
                    [outline, self.uniform(0.1, 0.6) * np.sqrt(np.abs(np.sin(np.pi * late / late[-1])))]
                )
            hiss = self._hiss(len(outline), low, high)
            self.add(at, self.noise_uv * self.log(2.0, 30.0) * outline * hiss)
            self.note("voluntary contraction", at, len(outline) / self.rate)

    def insertions(self) -> None:
        """The crackle of a moved needle: dense sharp spikes that begin and end with it; on the skin over a swing."""
        width = max(self.log(0.0002, 0.0015), 0.5 / self.rate)
        t = np.arange(-4 * width, 6 * width, 1 / self.rate)
        spike = np.exp(-0.5 * (t / width) ** 2) - self.uniform(0, 0.8) * np.exp(
            -0.5 * ((t / width - self.uniform(1.5, 3.0)) / 1.3) ** 2
        )
        spike = spike / max(float(np.abs(spike).max()), 1e-12)
        per_s, spread, both_ways = self.log(60.0, 900.0), self.uniform(0.2, 1.0), self.odds(0.6)
        swings = self.uniform(0.0, 1.0)
        for at in self.times():
            length = self.log(0.03, 0.5)
            crackle = np.zeros(len(self.axis(length)) + len(spike))
            for when in self.chance.uniform(0, length, max(3, round(per_s * length))):
                first = int(when * self.rate)
                fade = 1.0 - self.uniform(0, 0.8) * when / length
                sign = self.chance.choice([-1.0, 1.0]) if both_ways else -1.0
                wave = sign * fade * np.exp(spread * self.chance.standard_normal()) * spike
                crackle[first : first + len(spike)] += wave[: len(crackle) - first]
            crackle = crackle / max(float(np.abs(crackle).max()), 1e-12)
            if self.odds(swings) or not self.needle:
                crackle[: len(self.axis(length))] += self.log(0.1, 3.0) * self.swing(length, 2.0, 20.0)
            self.add(at, self.disturbance(crackle, self.size()))
            self.note("needle movement", at, length)

    def single_units(self) -> None:
        """One to three motor units of their own shape that fire steadily in bouts."""
        for _ in range(int(self.chance.integers(1, 4))):
            frequency = min(self.log(40.0, 400.0), 0.4 * self.rate)
            width = self.uniform(0.3, 1.2) / (2 * frequency)
            t = np.arange(-4 * width, 4 * width, 1 / self.rate)
            unit = np.cos(2 * np.pi * frequency * t + self.uniform(0, 6.28)) * np.exp(-0.5 * (t / width) ** 2)
            if self.odds(0.4):  # a satellite, or many phases
                late = round(self.log(0.001, 0.012) * self.rate)
                unit = np.concatenate([unit, np.zeros(late)]) + self.uniform(-0.7, 0.7) * np.concatenate(
                    [np.zeros(late), unit]
                )
            unit = self.amplified(np.concatenate([unit, np.zeros(round(0.05 * self.rate))]))
            height = self.noise_uv * self.log(2.5, 25.0) / max(float(np.abs(unit).max()), 1e-12)
            per_s, spread = self.log(3.0, 25.0), self.uniform(0.03, 0.35)
            begin = self.uniform(0.0, 0.9 * self.duration_s)
            end = min(begin + self.log(4, 100) / per_s, self.duration_s)
            at = begin + self.uniform(0.0, 1 / per_s)
            while at < end - 0.1:
                self.add(at, height * unit * (1 + 0.07 * float(self.chance.standard_normal())))
                self.note("voluntary contraction", at, len(unit) / self.rate - 0.05)
                at += max(0.3, 1 + spread * float(self.chance.standard_normal())) / per_s

    def tone(self) -> None:
        """Slow tone of the muscle; too slow to be taken for anything that begins."""
        hiss = self._hiss(self.count, self.log(10.0, 50.0), self.log(120.0, 450.0))
        outline = 0.5 + 0.5 * np.sin(2 * np.pi * self.t / self.uniform(4, 30) + self.uniform(0, 6.28))
        self.signal += self.noise_uv * self.uniform(0.3, 2.5) * outline * hiss

    def stimulator(self) -> None:
        per_s = self.log(1.0, 12.0) if self.odds(0.6) else self.log(12.0, 110.0)
        t = self.axis(0.08)
        width = max(self.log(0.0001, 0.002), 1 / self.rate)
        pulse = np.where(t < width, 1.0, 0.0)
        if self.odds(0.6):
            pulse = pulse - np.where((t >= width) & (t < 2 * width), self.uniform(0.4, 1.0), 0.0)
        pulse = pulse + self.uniform(-0.5, 0.5) * np.exp(-t / self.log(0.0005, 0.015))
        if self.odds(0.3) and per_s < 12:
            answer = self.wavelet()
            pulse[round(0.004 * self.rate) :][: len(answer)] += (
                self.uniform(0, 0.4) * answer[: len(pulse) - round(0.004 * self.rate)]
            )
        pulse = self.disturbance(pulse, 3 * self.size())
        at = first = self.uniform(0.3, 0.6 * self.duration_s)
        end = self.uniform(min(first + 2, self.duration_s - 0.3), self.duration_s - 0.2)
        while at < end:
            self.add(at, pulse)
            if per_s < 10:
                self.note("stimulator artefact", at, 0.05)
            at += 1 / per_s
        if per_s >= 10:
            self.note("stimulator artefact", first, at - first)

    def end_plates(self) -> None:
        """Bouts of hiss and of short spikes at irregular distances, as a needle at an end plate hears them."""
        width = self.log(0.0003, 0.002)
        t = np.arange(-4 * width, 6 * width, 1 / self.rate)
        second, late = self.uniform(0, 0.9), self.uniform(1.5, 3.0)
        spike = second * np.exp(-0.5 * ((t / width - late) / 1.5) ** 2) - np.exp(-0.5 * (t / width) ** 2)
        if self.odds(0.3):
            spike += self.uniform(0, 0.6) * np.exp(-0.5 * ((t / width + 2.0) / 0.8) ** 2)
        spike = self.amplified(spike)
        spike = spike / max(float(np.abs(spike).max()), 1e-12)
        hiss = self._hiss(self.count, self.log(30.0, 150.0), self.log(300.0, 900.0))
        for at in self.times(6):
            length = min(self.log(0.3, 12.0), self.duration_s - at)
            t = self.axis(length)
            ramp = self.log(0.02, 0.5)
            swell = np.clip(np.minimum(t / ramp, (length - t) / ramp), 0, 1)
            self.add(at, self.noise_uv * self.log(0.3, 3.0) * swell * hiss[: len(t)])
            self.note("end-plate activity", at, length)
            gap, height, spread = (
                1 / self.log(3.0, 100.0),
                self.noise_uv * self.log(3.0, 40.0),
                self.uniform(0, 0.5),
            )
            where = at + float(self.chance.exponential(gap))
            while where < at + length:
                self.add(where, height * np.exp(spread * self.chance.standard_normal()) * spike)
                where += 0.004 + float(self.chance.exponential(gap))

    def drift(self) -> None:
        knots = max(4, round(self.duration_s * self.log(0.05, 2.0)))
        path = np.cumsum(self.chance.standard_normal(knots))
        smooth = max(3, round(self.count / knots))
        wave = np.interp(self.t, np.linspace(0, self.duration_s, knots), path)
        total = np.cumsum(np.concatenate([np.full(smooth, wave[0]), wave, np.full(smooth, wave[-1])]))
        wave = (total[2 * smooth :] - total[: -2 * smooth])[: self.count] / (2 * smooth)
        self.signal += self.noise_uv * self.log(3, 300) * wave / max(float(np.abs(wave).max()), 1e-12)
        if self.odds(0.5):
            self.signal *= np.exp(self.uniform(0, 0.5) * np.sin(2 * np.pi * self.t / self.uniform(8, 60)))

    # -- what comes behind the amplifier ------------------------------------------------------------------------------

    def clip(self) -> None:
        largest = float(np.abs(self.clean).max(initial=0.0))
        rail = max(self.noise_uv * self.log(6, 150), largest * self.uniform(0.6, 2.0))
        if self.odds(0.6):
            for at in self.times(8):
                length = self.log(0.02, 1.0)
                wave = rail * self.log(1.2, 10) * self.swing(length, 0.5, 30.0)
                self.add(at, wave)
                self.note("clipping", at, length)
        np.clip(self.signal, -rail, rail, out=self.signal)

    def dropout(self) -> None:
        for at in self.times(8):
            first = round(at * self.rate)
            last = first + max(2, round(self.log(0.01, 1.5) * self.rate))
            self.signal[first:last] = 0.0 if self.odds(0.6) else self.signal[min(first, self.count - 1)]
            self.note("dropout", at, (last - first) / self.rate)

    def gaps(self) -> None:
        for at in self.times(8):
            first = round(at * self.rate)
            last = first + max(1, round(self.log(0.003, 1.0) * self.rate))
            self.signal[first:last] = np.nan
            self.note("NaN run", at, (last - first) / self.rate)

    # -- all together -------------------------------------------------------------------------------------------------

    def _chosen(self) -> set[str]:
        names = [n for n in (*_BEFORE, *_BEHIND) if self.needle or n != "end-plate activity"]
        style = self.chance.random()
        if style < 0.25:
            return set()
        if style < 0.4:
            chosen = {str(self.chance.choice(names))}
        elif style < 0.6:
            chosen = {str(self.chance.choice(HARD))}
        else:
            count = int(self.chance.integers(2, 5))
            chosen = {str(n) for n in self.chance.choice(names, count, replace=False)}
        return chosen | ({"end-plate activity"} if self.needle and self.odds(0.5) else set())

    def made(self, undisturbed: bool) -> Simulated:
        chosen = set() if undisturbed else self._chosen()
        for name, disturb in _BEFORE.items():
            if name in chosen:
                disturb(self)
        if self.odds(0.8):
            self.place_twitches(weak=undisturbed or self.odds(0.4))
        self.signal += self.clean
        before = self.signal.copy()
        for name, disturb in _BEHIND.items():
            if name in chosen:
                disturb(self)
        if self.odds(0.4):
            step = self.noise_uv * self.log(0.01, 1.0)
            self.signal = step * np.round(self.signal / step)
            before = step * np.round(before / step)
        left = [t for t in self.twitches if self._is_left(t, before)]
        order = sorted(self.disturbances, key=lambda d: d.onset_s)
        settings = Settings(duration_s=self.duration_s, sampling_rate=self.rate, noise_rms_uv=self.noise_uv)
        return Simulated(self.signal, self.clean, self.rate, tuple(left), tuple(order), settings)

    def _is_left(self, twitch: Truth, before: Wave) -> bool:
        span = slice(round(twitch.onset_s * self.rate), round(twitch.offset_s * self.rate))
        energy = self.clean[span] ** 2
        return float(energy[self.signal[span] != before[span]].sum()) <= LARGEST_LOSS * float(energy.sum())


_BEFORE: Mapping[str, Callable[[_Sketch], None]] = {
    "needle movement": _Sketch.needles,
    "cable bump": _Sketch.cables,
    "mains": _Sketch.mains,
    "ECG": _Sketch.ecg,
    "voluntary contraction": _Sketch.contractions,
    "startle": _Sketch.startles,
    "insertion": _Sketch.insertions,
    "single units": _Sketch.single_units,
    "tone": _Sketch.tone,
    "stimulator artefact": _Sketch.stimulator,
    "end-plate activity": _Sketch.end_plates,
    "drift": _Sketch.drift,
}
_BEHIND: Mapping[str, Callable[[_Sketch], None]] = {
    "clipping": _Sketch.clip,
    "dropout": _Sketch.dropout,
    "NaN run": _Sketch.gaps,
}
