"""How well an accelerometer finds the mechanical answers to twitches, and what it adds to the EMG.

    python benchmarks/twitch_accelerometer.py

Recordings of a minute with known truth, on seeds that no threshold was set on. An answer is found when an event begins
within 60 ms of it or overlaps it. Signal-to-noise is the peak of an answer over the noise of one axis up to 50 Hz;
tremor, pulse and breathing come on top.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.random import default_rng
from report import write_results

from tautband.twitch.accelerometer import Mechanical, MechanicalTwitch, agreement, mechanical
from tautband.twitch.analysis import analyse
from tautband.twitch.simulate import Settings, Simulated, simulate
from tautband.twitch.simulate_motion import Motion, MotionSettings, MotionTruth, simulate_motion

SEEDS = range(500, 510)
SECONDS = 60.0
WITHIN_S = 0.06


def emg(seed: int, *, even: bool, disturbed: bool = False) -> Simulated:
    """Twitches of one size, or falling ones; with or without needle movements and bumps in the EMG, too."""
    settings = Settings(
        duration_s=SECONDS,
        sampling_rate=1000.0,
        snr_db=(16.0, 16.0) if even else (20.0, 20.0),
        decay=not even,
        scatter=0.0 if even else 0.15,
        twitches_per_min=12.0,
        disturbances=("needle movement", "cable bump") if disturbed else (),
    )
    return simulate(settings, default_rng(seed))


def scored(truth: Sequence[MotionTruth], found: Sequence[MechanicalTwitch]) -> tuple[int, int, list[float]]:
    """Hits, false alarms and errors of the onset."""
    free, errors = list(found), []
    for t in truth:
        near = [
            f
            for f in free
            if abs(f.onset_s - t.onset_s) < WITHIN_S or (f.onset_s < t.offset_s and t.onset_s < f.offset_s)
        ]
        if near:
            free.remove(near[0])
            errors.append(near[0].onset_s - t.onset_s)
    return len(errors), len(free), errors


def felt(motion: Motion) -> Mechanical:
    return mechanical([motion.signal], motion.sampling_rate, channels=("X", "Y", "Z"))


def row(name: str, settings: MotionSettings, *, even: bool) -> tuple[str, Counter[tuple[str, str]]]:
    hits = alarms = total = 0
    errors: list[float] = []
    names: Counter[tuple[str, str]] = Counter()
    for seed in SEEDS:
        motion = simulate_motion(emg(seed, even=even).twitches, SECONDS, settings, default_rng([seed, 1]))
        found = felt(motion)
        hit, alarm, wrong = scored(motion.answers, found.twitches)
        hits, alarms, total, errors = hits + hit, alarms + alarm, total + len(motion.answers), errors + wrong
        for d in motion.disturbances:
            said = [r.why for r in found.rejected if r.onset_s < d.offset_s and d.onset_s < r.offset_s]
            taken = [m for m in found.twitches if m.onset_s < d.offset_s and d.onset_s < m.offset_s]
            names[d.kind, said[0] if said else "taken for a twitch" if taken else "not noticed"] += 1
    f1 = f"{2 * hits / (hits + alarms + total):.2f}" if total else "-"
    onset = f"{1000 * np.median(np.abs(errors)):.0f}" if errors else "-"
    per_min = alarms / (len(SEEDS) * SECONDS / 60)
    return (
        f"| {name} | {settings.sampling_rate:g} | {f1} | {total - hits} of {total} | {per_min:.1f} | {onset} |",
        names,
    )


def main() -> None:
    rows = [
        "# Mechanical answers to twitches",
        f"{len(SEEDS)} recordings of {SECONDS:g} s for each line.",
        "",
        "| recordings | samples/s | F1 | missed | false alarms/min | median onset error ms |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    names: Counter[tuple[str, str]] = Counter()
    for rate in (148.0, 500.0, 2000.0):
        for level in (12.0, 18.0, 24.0, 30.0):
            rows.append(
                row(f"quiet, {level:g} dB", MotionSettings(rate, snr_db=(level, level)), even=True)[0]
            )
        loud = (24.0, 40.0)
        for name, movements, bumps, unseen in (
            ("movements", 8.0, 0.0, 0.0),
            ("bumps", 0.0, 8.0, 0.0),
            ("both", 6.0, 6.0, 0.0),
            ("both, no twitch", 6.0, 6.0, 1.0),
        ):
            line, said = row(
                name,
                MotionSettings(
                    rate, snr_db=loud, unseen=unseen, movements_per_min=movements, bumps_per_min=bumps
                ),
                even=False,
            )
            rows.append(line)
            if rate > 200:
                names += said
    rows += [
        "## What disturbances were called, at 500 and 2000 samples/s",
        "| was | called | times |",
        "|---|---|---:|",
    ]
    rows += [f"| {was} | {said} | {n} |" for (was, said), n in sorted(names.items())]
    rows += ["## Beside the EMG", *beside()]
    write_results("twitch_accelerometer", rows)


def beside() -> list[str]:
    """How often the accelerometer agrees with a true twitch of the EMG and with a false one."""
    counts: Counter[tuple[bool, bool]] = Counter()
    for seed in SEEDS:
        made = emg(seed, even=False, disturbed=True)
        found = analyse([made.signal], made.sampling_rate, known_unit=True)
        settings = MotionSettings(500.0, unseen=0.3, movements_per_min=4.0, bumps_per_min=4.0)
        motion = simulate_motion(made.twitches, SECONDS, settings, default_rng([seed, 2]))
        for twitch, said in zip(found.twitches, agreement(found.twitches, felt(motion)), strict=True):
            true = any(t.onset_s < twitch.offset_s and twitch.onset_s < t.offset_s for t in made.twitches)
            counts[true, said.seen] += 1
    # a moment that no twitch is near, as a false one would be if it had nothing to do with the sensor
    chance_hits = chance_total = 0
    for seed in SEEDS:
        made = emg(seed, even=False)
        motion = simulate_motion(
            made.twitches, SECONDS, MotionSettings(500.0, unseen=0.3), default_rng([seed, 3])
        )
        onsets = [m.onset_s for m in felt(motion).twitches]
        for at in default_rng([seed, 4]).uniform(3, SECONDS - 3, 200):
            if all(abs(at - t.onset_s) > 1 for t in made.twitches):
                chance_total += 1
                chance_hits += any(-0.03 <= o - at <= 0.12 for o in onsets)
    true = counts[True, True] + counts[True, False]
    false = counts[False, True] + counts[False, False]
    return [
        f"With needle movements and cable bumps in the EMG, movements and bumps at the sensor, and three twitches in "
        f"ten not felt: the accelerometer agreed with {counts[True, True]} of {true} true twitches of the EMG and with "
        f"{counts[False, True]} of {false} false ones. At moments far from any twitch an answer was found in "
        f"{chance_hits} of {chance_total}."
    ]


if __name__ == "__main__":
    main()
