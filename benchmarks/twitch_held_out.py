"""The varied recordings that nothing is tuned on: odd rates, units, electrodes, lengths and sizes, and their own seed.

This file was written before the detector. It is read by `benchmarks/twitch.py` alone and never by
`benchmarks/twitch_fit.py`; its settings and its seed are fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, default_rng

from tautband.twitch.simulate import DISTURBANCES, Settings, Simulated, simulate

SEED = 907_411
RATES_HZ = (250.0, 256.0, 333.0, 500.0, 512.0, 1000.0, 1024.0, 1111.0, 1259.0, 2048.0, 2148.0, 4000.0, 5000.0)
SHORT, LONG = 36, 2


@dataclass(frozen=True, eq=False)
class Varied:
    """A recording with its name and the factor its unit is off from microvolts."""

    name: str
    recording: Simulated
    scale: float


def varied() -> Iterator[Varied]:
    """Give every held-out recording, in a fixed order."""
    for number in range(SHORT + LONG):
        chance = default_rng([SEED, number])
        yield _one(number, chance, 40.0 if number < SHORT else 600.0)


def _one(number: int, chance: Generator, duration_s: float) -> Varied:
    rate = float(chance.choice(RATES_HZ)) if duration_s < 100 else 1000.0
    needle = chance.random() < 0.3 and rate >= 1000
    names = [d for d in DISTURBANCES if needle or d != "end-plate activity"]
    chosen = {str(n) for n in chance.choice(names, int(chance.integers(0, 5)), replace=False)}
    if needle:
        chosen.add("end-plate activity")
    weak = chance.random() < 0.4
    settings = Settings(
        duration_s=duration_s,
        sampling_rate=rate,
        electrode="intramuscular" if needle else "surface",
        noise_rms_uv=float(np.exp(chance.uniform(np.log(1.0), np.log(80.0)))),
        pink_share=float(chance.uniform(0.0, 0.8)),
        snr_db=(4.0, 12.0) if weak else (8.0, 32.0),
        twitches_per_min=float(chance.uniform(1.5, 20.0)),
        decay=bool(chance.random() < 0.5),
        scatter=float(chance.uniform(0.05, 0.3)),
        disturbances=tuple(d for d in DISTURBANCES if d in chosen),
        strength=(2.0, 120.0),
        per_min=(2.0, 15.0),
        needle_before_twitch=float(chance.uniform(0.0, 0.9)),
        kinds={
            k: float(chance.dirichlet(np.ones(4))[0]) + 0.05 for k in ("volley", "burst", "train", "double")
        },
        stretch=(0.7, 1.4),
    )
    made = simulate(settings, chance)
    signal = made.signal
    if chance.random() < 0.3:  # a coarse converter
        step = settings.noise_rms_uv * float(chance.uniform(0.1, 0.7))
        signal = np.round(signal / step) * step
    scale = float(chance.choice([1.0, 1.0, 1e-3, 1e-6, 37.0]))
    made = Simulated(signal * scale, made.clean * scale, rate, made.twitches, made.disturbances, settings)
    return Varied(
        f"{number}: {rate:g} Hz, {settings.electrode}, {', '.join(settings.disturbances) or 'clean'}",
        made,
        scale,
    )
