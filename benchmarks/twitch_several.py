"""Twitches over two, four and eight electrodes on one muscle: what the channels say together, and each alone.

    python benchmarks/twitch_several.py

A twitch is a volley of motor units of one place, and every electrode sees them through its own distance: with another
shape on each channel, and hardly at all far from the band. Each channel has its own noise. What comes through the
reference electrode or the common cable is the same on all. It has its own simulator and seed; nothing was learnt on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray
from report import machine, write_results
from twitch import bp_find_onsets, interval, merged, prepare, total
from twitch_sets import Score, score

from tautband.twitch import analyse, together
from tautband.twitch.analysis import Analysis
from tautband.twitch.several import Several, Span
from tautband.twitch.simulate import (
    FINE_HZ,
    Settings,
    Simulated,
    Truth,
    envelope,
    motor_unit_potential,
    sensor_noise,
)

Floats = NDArray[np.float64]

SEED = 4_177
RATE = 2000.0
SECONDS = 30.0
RECORDINGS = 12
COUNTS = (2, 4, 8)
SPACING_MM = 12.0
LEVELS_DB = (3.0, 16.0)
SHAPE = Settings(duration_s=SECONDS, sampling_rate=RATE, noise_rms_uv=4.0)
FAMILIES = {
    "nothing": (),
    "bumps on single channels": ("own bumps",),
    "jolts of all alike": ("jolts",),
    "hum and heart on all": ("hum", "heart"),
    "a stimulator on all": ("stimulator",),
    "all of these": ("own bumps", "jolts", "hum", "heart", "stimulator"),
}


@dataclass(frozen=True, eq=False)
class Recording:
    """Channels of one recording, nearest the band first, the twitches and what came on all channels at once."""

    channels: tuple[Floats, ...]
    twitches: tuple[Truth, ...]
    jolts: tuple[float, ...]

    def alone(self, n: int) -> Simulated:
        return Simulated(self.channels[n], np.zeros(0), RATE, self.twitches, (), SHAPE)


class _Muscle:
    def __init__(self, chance: Generator, count: int) -> None:
        self.chance, self.count = chance, count
        self.length = round(SECONDS * RATE)
        self.signal = [sensor_noise(self.length, SHAPE, chance) for _ in range(count)]
        self.units = [self._unit() for _ in range(12)]
        self.jolts: list[float] = []

    def _unit(self) -> list[Floats]:
        """The potential of one motor unit at every electrode."""
        depth, across = self.chance.uniform(4, 12), self.chance.normal(0, 4)
        along, ends = self.chance.normal(0, 10), self.chance.uniform(45, 85, 2)
        velocity, size = self.chance.normal(4.0, 0.35), np.exp(self.chance.normal(0, 0.5))
        return [
            size
            * motor_unit_potential(
                float(np.hypot(depth, across - SPACING_MM * n)),
                float(along + (n % 2) * 8),
                (float(ends[0]), float(ends[1])),
                float(velocity),
                "surface",
            )
            for n in range(self.count)
        ]

    def place_twitches(self) -> list[Truth]:
        at, found = self.chance.uniform(1.0, 3.0), []
        while at < SECONDS - 1.0:
            found.append(self._twitch(at, self.chance.uniform(*LEVELS_DB)))
            at += 1.0 + float(self.chance.exponential(3.0))
        return found

    def _twitch(self, at_s: float, level_db: float) -> Truth:
        spread = float(np.exp(self.chance.uniform(np.log(0.008), np.log(0.2))))
        waves = np.zeros((self.count, round((spread + 0.2) * RATE)))
        for unit in self.units:
            for when in self.chance.uniform(0, spread, 1 + int(spread / 0.02)):
                for wave, potential in zip(waves, unit, strict=True):
                    first = round(when * RATE)
                    places = (np.arange(first, len(wave)) / RATE - when) * FINE_HZ
                    wave[first:] += np.interp(places, np.arange(len(potential)), potential, right=0.0)
        waves *= 10 ** (level_db / 20) * SHAPE.noise_rms_uv / envelope(waves[0], RATE, 0.05).max()
        for signal, wave in zip(self.signal, waves, strict=True):
            signal[round(at_s * RATE) :][: len(wave)] += wave
        outline = envelope(waves[0], RATE, 0.004)
        here = np.flatnonzero(outline >= 0.05 * outline.max()) / RATE
        return Truth(at_s + here[0], at_s + here[-1], "several", snr_db=level_db)

    def disturb(self, names: Sequence[str]) -> None:
        ways = {
            "own bumps": self._own_bumps,
            "jolts": self._jolts,
            "hum": self._hum,
            "heart": self._heart,
            "stimulator": self._stimulator,
        }
        for name in names:
            ways[name]()

    def _bump(self) -> Floats:
        length = self.chance.uniform(0.1, 0.6)
        t = np.arange(round(length * RATE)) / RATE
        swing = np.sin(2 * np.pi * self.chance.uniform(2, 20) * t) * np.exp(-t / (0.3 * length))
        clicks = np.zeros(len(t))
        for at in self.chance.uniform(0, 0.5 * length, 2):
            clicks += self.chance.normal() * np.exp(-np.maximum(t - at, 0) / 0.003) * (t >= at)
        return self.chance.uniform(40, 250) * (swing + clicks)

    def _own_bumps(self) -> None:
        for at in self.chance.uniform(1, SECONDS - 1, 5):
            self._add(at, self._bump(), [int(self.chance.integers(self.count))])

    def _jolts(self) -> None:
        """A blow on the reference electrode: broad, short, and alike on all channels but for their gain."""
        for at in self.chance.uniform(1, SECONDS - 1, 5):
            count = round(self.chance.uniform(0.03, 0.15) * RATE)
            wave = self.chance.standard_normal(count) * np.hanning(count)
            self._add(at, self.chance.uniform(40, 200) * wave, range(self.count))
            self.jolts.append(float(at))

    def _hum(self) -> None:
        phase = 2 * np.pi * self.chance.choice([50.0, 60.0]) * np.arange(self.length) / RATE
        for signal in self.signal:
            signal += self.chance.uniform(5, 30) * (np.sin(phase) + 0.3 * np.sin(3 * phase))

    def _heart(self) -> None:
        t = np.arange(round(0.3 * RATE)) / RATE - 0.1
        beat = np.exp(-0.5 * (t / 0.01) ** 2) - 0.3 * np.exp(-0.5 * ((t - 0.03) / 0.01) ** 2)
        at = self.chance.uniform(0.3, 1.0)
        while at < SECONDS - 0.5:
            self._add(at, 60 * beat, range(self.count))
            at += self.chance.normal(0.85, 0.03)

    def _stimulator(self) -> None:
        """A train of pulses over the middle of the recording, of another size on each channel."""
        period, end = 1 / self.chance.uniform(2, 12), self.chance.uniform(0.6, 0.9) * SECONDS
        pulse = self.chance.uniform(80, 300) * np.array([1.0, -0.8])
        for signal in self.signal:
            here = self.chance.uniform(0.8, 1.25) * pulse
            for at in np.arange(0.2 * SECONDS, end, period):
                signal[round(at * RATE) :][:2] += here

    def _add(self, at_s: float, wave: Floats, where: Sequence[int]) -> None:
        for n in where:
            self.signal[n][round(at_s * RATE) :][: len(wave)] += self.chance.uniform(0.8, 1.25) * wave


def recording(number: int, count: int, names: Sequence[str]) -> Recording:
    """The same muscle and twitches for a number, whatever disturbs them."""
    muscle = _Muscle(default_rng([SEED, number, count]), count)
    twitches = muscle.place_twitches()
    muscle.disturb(names)
    return Recording(tuple(muscle.signal), tuple(twitches), tuple(muscle.jolts))


def heard(made: Recording) -> tuple[list[Analysis], float]:
    """Every channel analysed in blocks of 50 ms, and the processor seconds it took."""
    start = time.process_time()
    size = round(0.05 * RATE)
    found = [
        analyse(
            (signal[n : n + size] for n in range(0, len(signal), size)),
            RATE,
            channel=f"EMG{k}",
            known_unit=True,
        )
        for k, signal in enumerate(made.channels, 1)
    ]
    return found, time.process_time() - start


def spans(found: Several | Analysis) -> Floats:
    return np.array([(t.onset_s, t.offset_s) for t in found.twitches]).reshape(-1, 2)


def ways(made: Recording, channels: Sequence[Analysis]) -> dict[str, tuple[Floats, int]]:
    """Spans by each way of putting channels together, and the channel whose truth they are held against."""

    def wave(n: int, span: Span) -> Floats:
        return made.channels[n][round(span[0] * RATE) : round(span[1] * RATE)]

    own = [score(made.alone(n), spans(c)) for n, c in enumerate(channels)]
    best = max(range(len(own)), key=lambda n: own[n].f1)
    peers = np.concatenate([bp_find_onsets(prepare(made.alone(n))) for n in range(len(channels))])
    return {
        "together": (spans(together(channels, wave)), 0),
        "together, nothing named common": (spans(together(channels)), 0),
        "the channel nearest the band": (spans(channels[0]), 0),
        "the best channel, known afterwards": (spans(channels[best]), best),
        "BioSPPy find_onsets, any channel": (merged(np.array(sorted(peers.tolist()))), 0),
    }


def common(made: Recording, channels: Sequence[Analysis]) -> tuple[int, int, int]:
    """Jolts named common artefacts, jolts, and twitches taken for one."""

    def wave(n: int, span: Span) -> Floats:
        return made.channels[n][round(span[0] * RATE) : round(span[1] * RATE)]

    found = together(channels, wave)

    def touched(start: float, end: float) -> bool:
        return any(a.onset_s < end and start < a.offset_s for a in found.artefacts)

    def kept(twitch: Truth) -> bool:
        return any(t.onset_s < twitch.offset_s and twitch.onset_s < t.offset_s for t in found.twitches)

    free = [t for t in made.twitches if not any(abs(t.onset_s - j) < 0.4 for j in made.jolts)]
    return (
        sum(touched(j, j + 0.15) for j in made.jolts),
        len(made.jolts),
        sum(touched(t.onset_s, t.offset_s) and not kept(t) for t in free),
    )


def table(measure: Callable[[Sequence[Score]], str], found: dict[str, dict[str, list[Score]]]) -> list[str]:
    lines = ["| way | " + " | ".join(found) + " |", "|---|" + "---:|" * len(found)]
    for way in next(iter(found.values())):
        lines.append(f"| {way} | " + " | ".join(measure(found[family][way]) for family in found) + " |")
    return lines


def main() -> None:
    lines = [
        "# Twitches over several channels",
        machine("-").replace(", atlas -", ""),
        f"{RECORDINGS} recordings of {SECONDS:.0f} s at {RATE:.0f} samples per second for each count of electrodes and "
        f"each kind of disturbance; twitches of {LEVELS_DB[0]:.0f} to {LEVELS_DB[1]:.0f} dB on the electrode nearest "
        f"the band, the others each {SPACING_MM:.0f} mm further. F1 by onset within 50 ms, in brackets the central "
        "95 % over draws of the recordings; below it false alarms a minute.",
    ]
    spent = length = 0.0
    for count in COUNTS:
        found: dict[str, dict[str, list[Score]]] = {}
        named = np.zeros(3, int)
        for family, names in FAMILIES.items():
            for number in range(RECORDINGS):
                made = recording(number, count, names)
                channels, seconds = heard(made)
                spent, length = (
                    spent + seconds * (count == COUNTS[-1]),
                    length + SECONDS * (count == COUNTS[-1]),
                )
                named += common(made, channels)
                for way, (where, n) in ways(made, channels).items():
                    found.setdefault(family, {}).setdefault(way, []).append(score(made.alone(n), where))
        lines += [f"## {count} electrodes"]
        lines += table(lambda s: f"{total(s).f1:.2f}{interval(s)}", found)
        lines += ["", "False alarms a minute:", ""]
        lines += table(lambda s: f"{total(s).false_per_min:.1f}", found)
        lines += [
            "",
            f"Named a common artefact: {named[0]} of {named[1]} jolts, and {named[2]} twitches that no jolt touched.",
        ]
    lines += [
        "",
        f"{COUNTS[-1]} channels were analysed in blocks of 50 ms {length / spent:.0f} times as fast as they last.",
    ]
    write_results("twitch_several", lines)


if __name__ == "__main__":
    main()
