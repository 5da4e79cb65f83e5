"""Learns the judge of `tautband.twitch` on simulated recordings of the training half, and writes its table.

    python benchmarks/twitch_fit.py

Needs scikit-learn (`requirements/bench.txt`). It never reads `twitch_held_out.py`. Seeds of this half are even, those
of `benchmarks/twitch.py` odd.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.random import Generator, default_rng
from sklearn.ensemble import HistGradientBoostingClassifier
from twitch_sketch import sketch

from tautband.twitch.channel import Channel, Judged
from tautband.twitch.judge import BY_RULE, DETAILS
from tautband.twitch.simulate import DISTURBANCES, KINDS, Settings, Simulated, simulate

TABLE = Path(__file__).parent.parent / "src/tautband/twitch/data/judge.npz"
RATES = (250.0, 300.0, 500.0, 800.0, 1000.0, 1500.0, 2000.0, 2000.0, 2000.0, 2400.0, 3000.0, 4000.0, 10000.0)
RECORDINGS = 26_000
WEAK = range(16_000, 22_000)
"""The recordings of these seeds hold weak twitches and nothing else."""
TREES, TREES_OF_NAMES = 900, 30
LEAVES, LEAVES_OF_NAMES = 64, 8
DECISION = 0.55
"""Probability from which a reading is a twitch, chosen on the training half of `twitch_sets.py`, 132 minutes of
artefacts alone: 0.20 false alarms a minute at 0.5, 0.17 here; above it weak twitches are lost."""
TOLERANCE_S = 0.05
WELL_S, WEAK_DB = 0.02, 8.0
"""Onsets this near are learnt from as twitches; of weak ones all within the tolerance."""
LOWEST_DB = 3.0
HARD = ("needle movement", "needle movement", "cable bump", "voluntary contraction", "voluntary contraction")
HARDEST_FROM = 1000
HARDEST = (
    "stimulator artefact",
    "mains",
    "voluntary contraction",
    "voluntary contraction",
    "needle movement",
)
"""What the recordings before this seed showed to be the hardest to tell; later ones dwell on it."""


def training_settings(chance: Generator, hardest: bool = False) -> Settings:
    """Settings of wide spread: a fifth weak and clean, the others with one to four disturbances."""
    style = chance.random()
    rate = float(chance.choice(RATES))
    needle = rate >= 1000 and chance.random() < 0.3
    usable = [d for d in DISTURBANCES if needle or d != "end-plate activity"]
    if style < 0.2:
        chosen: list[str] = []
    elif style < 0.4:
        chosen = [str(chance.choice(usable))]
    elif style < 0.6:
        chosen = [str(chance.choice(HARD))]
    else:
        chosen = [str(n) for n in chance.choice(usable, int(chance.integers(2, 5)), replace=False)]
    if hardest and style < 0.6:
        chosen = [str(chance.choice(HARDEST))]
    if needle and chance.random() < 0.6:
        chosen.append("end-plate activity")
    weak = chance.random() < (0.8 if not chosen else 0.3)
    low = float(chance.uniform(1, 5) if weak else chance.uniform(3, 16))
    return Settings(
        duration_s=40.0,
        sampling_rate=rate,
        electrode="intramuscular" if needle else "surface",
        noise_rms_uv=5.0,
        pink_share=float(chance.uniform(0.0, 0.8)),
        snr_db=(low, low + float(chance.uniform(1, 5) if weak else chance.uniform(4, 20))),
        twitches_per_min=float(chance.choice([0.01, 6.0, 12.0, 25.0], p=[0.2, 0.25, 0.3, 0.25])),
        decay=not weak and bool(chance.random() < 0.5),
        scatter=0.2,
        disturbances=tuple(d for d in DISTURBANCES if d in chosen),
        strength=(3.0, 100.0),
        per_min=(3.0, 25.0),
        needle_before_twitch=float(
            chance.choice([0.0, 0.5, 0.8] if "needle movement" in chosen else [0.0, 0.0, 0.4])
        ),
        kinds=dict(zip(KINDS, chance.dirichlet(np.full(4, 2.0)).tolist(), strict=True)),
        stretch=(0.75, 1.3),
        band_hz=band_hz(chance, rate),
    )


def band_hz(chance: Generator, rate: float) -> tuple[float, float] | None:
    """What an amplifier passes, on half of the recordings less than the converter."""
    low, high = np.exp(chance.uniform(np.log([1.0, 200.0]), np.log([30.0, 1000.0]))).tolist()
    return (low, min(high, 0.45 * rate)) if chance.random() < 0.5 else None


def training_recording(seed: int) -> Simulated:
    """One recording of the training half: every other one a sketch; of the others a fifth from a coarse converter."""
    chance = default_rng([20_240, 2 * seed])
    if seed % 2:
        return sketch(chance, undisturbed=seed in WEAK)
    settings = training_settings(chance, hardest=seed >= HARDEST_FROM)
    if seed in WEAK:
        settings = replace(
            settings, disturbances=(), snr_db=(2.5, 5.0), decay=False, needle_before_twitch=0.0
        )
    made = simulate(settings, chance)
    if chance.random() < 0.2:
        step = made.settings.noise_rms_uv * float(np.exp(chance.uniform(np.log(0.02), np.log(1.0))))
        made = replace(made, signal=step * np.round(made.signal / step))
    return made


def candidates_of(made: Simulated) -> list[Judged]:
    """Every candidate of a recording, unjudged."""
    found: list[Judged] = []

    def collect(candidate: Judged) -> list[object]:
        found.append(candidate)
        return []

    channel = Channel(made.sampling_rate, collect)  # type: ignore[arg-type]
    channel.push(made.signal)
    channel.finish()
    return found


def label(made: Simulated, onset_s: float, offset_s: float) -> str | None:
    """Twitch, the name of the disturbance, noise, or None where it should not be learnt from."""
    for twitch in made.twitches:
        distance = abs(twitch.onset_s - onset_s)
        near = distance <= TOLERANCE_S
        both = min(offset_s, twitch.offset_s) - max(onset_s, twitch.onset_s)
        close = distance <= (WELL_S if twitch.snr_db > WEAK_DB else TOLERANCE_S)
        if close and twitch.snr_db >= LOWEST_DB and both > 0.2 * (twitch.offset_s - twitch.onset_s):
            return "twitch"
        weak = twitch.snr_db < LOWEST_DB + 1
        if near or (weak and both > 0.5 * (twitch.offset_s - twitch.onset_s)):
            return None
    here = [d for d in made.disturbances if d.onset_s - 0.05 < offset_s and onset_s < d.offset_s + 0.05]
    here = [d for d in here if d.kind in DETAILS and (d.kind != "mains" or d.offset_s - d.onset_s < 1)]
    here.sort(key=lambda d: d.offset_s - d.onset_s)
    return here[0].kind if here else "noise"


def readings_of(seed: int) -> list[tuple[np.ndarray, str]]:
    """Features and label of every reading of a recording that is to be learnt from."""
    made = training_recording(seed)
    found = []
    for candidate in candidates_of(made):
        for reading in candidate.readings:
            name = label(made, reading.onset / candidate.rate, reading.offset / candidate.rate)
            if name is not None:
                found.append((reading.features, name))
    return found


def collect(seeds: range, workers: int) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Features, labels and the recording each reading comes from; the same for any number of workers."""
    rows, labels, groups = [], [], []
    with ProcessPoolExecutor(workers) as pool:
        for seed, found in zip(seeds, pool.map(readings_of, seeds, chunksize=10), strict=True):
            rows += [features for features, _ in found]
            labels += [name for _, name in found]
            groups += [seed] * len(found)
            if seed % 100 == 99:
                print(f"{seed + 1} recordings, {len(rows)} readings", file=sys.stderr, flush=True)
    return np.array(rows), labels, np.array(groups)


def forest_table(model: HistGradientBoostingClassifier, name: str) -> dict[str, np.ndarray]:
    """The trees of a fitted model, their nodes in one row."""
    trees = [tree.nodes for rounds in model._predictors for tree in rounds]
    root = np.cumsum([0, *(len(nodes) for nodes in trees[:-1])])
    nodes = np.concatenate(trees)
    start = np.repeat(root, [len(t) for t in trees])
    leaf = nodes["is_leaf"].astype(bool)
    here = np.arange(len(nodes))
    child = np.stack([np.where(leaf, here, start + nodes[side]) for side in ("left", "right")], axis=1)
    table = {
        "feature": np.where(leaf, 0, nodes["feature_idx"]).astype(np.int16),
        "threshold": np.where(leaf, np.inf, nodes["num_threshold"]).astype(np.float32),
        "value": nodes["value"].astype(np.float32),
        "child": child,
        "root": root,
        "base": np.ravel(model._baseline_prediction).astype(np.float64),
        "depth": np.array(nodes["depth"].max()),
    }
    return {f"{name}_{part}": value for part, value in by_level(table, nodes["depth"]).items()}


def by_level(table: dict[str, np.ndarray], depth: np.ndarray) -> dict[str, np.ndarray]:
    """Put the roots of all trees first, then what is below them, and so on: what is read together lies together."""
    order = np.argsort(depth, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    moved = {part: table[part][order] for part in ("feature", "threshold", "value")}
    child = place[table["child"][order]].astype(np.int32).ravel()
    return table | moved | {"child": child, "root": place[table["root"]].astype(np.int32)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=RECORDINGS)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    fit(*collect(range(options.recordings), options.workers))


def fit(x: np.ndarray, labels: list[str], groups: np.ndarray) -> None:
    """Fit both forests, say how well they do on a fifth kept back, and write the table."""
    y = np.array(labels)
    is_twitch = y == "twitch"
    back = groups % 5 == 0
    probe = forest(TREES, LEAVES).fit(x[~back], is_twitch[~back])
    p = probe.predict_proba(x[back])[:, 1]
    for bar in (0.3, 0.4, 0.5, 0.6, 0.7):
        hits, calls, real = ((p > bar) & is_twitch[back]).sum(), (p > bar).sum(), is_twitch[back].sum()
        print(f"kept back, from {bar}: recall {hits / real:.3f}, precision {hits / max(calls, 1):.3f}")
    twitch = forest(TREES, LEAVES).fit(x, is_twitch)
    others = ~is_twitch & ~np.isin(y, BY_RULE)  # what is told by a rule needs no learning
    back = back[others]
    names = forest(TREES_OF_NAMES, LEAVES_OF_NAMES).fit(x[others][~back], y[others][~back])
    print(f"names right: {np.mean(names.predict(x[others][back]) == y[others][back]):.3f}")
    np.savez_compressed(
        TABLE,
        **forest_table(twitch, "twitch"),
        **forest_table(names, "names"),
        classes=names.classes_.astype("U"),
        decision=np.array(DECISION),
    )


def forest(trees: int, leaves: int) -> HistGradientBoostingClassifier:
    """A forest yet to be fitted; the same data give the same trees."""
    return HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=leaves,
        max_depth=8,
        learning_rate=0.09,
        l2_regularization=10.0,
        min_samples_leaf=40,
        max_features=0.4,
        random_state=0,
        early_stopping=False,
    )


if __name__ == "__main__":
    main()
