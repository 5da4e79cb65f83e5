"""Learns the judge of `tautband.twitch` on simulated recordings of the training half, and writes its table.

    python benchmarks/twitch_fit.py

Needs scikit-learn (`requirements/bench.txt`). It never reads `twitch_held_out.py`. Seeds of this half are even, those
of `benchmarks/twitch.py` odd.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.random import Generator, default_rng
from sklearn.ensemble import HistGradientBoostingClassifier

from tautband.twitch.channel import Channel, Judged
from tautband.twitch.judge import BY_RULE, DETAILS
from tautband.twitch.simulate import DISTURBANCES, Settings, Simulated, simulate

TABLE = Path(__file__).parent.parent / "src/tautband/twitch/data/judge.npz"
RATES = (250.0, 300.0, 500.0, 800.0, 1000.0, 1500.0, 2000.0, 2000.0, 2000.0, 2400.0, 3000.0, 4000.0, 10000.0)
EASY = 700
"""Recordings from this one on dwell on contractions, which the first ones showed to be the hardest to tell."""
TOLERANCE_S = 0.05
LOWEST_DB = 3.0


def training_settings(chance: Generator, hard: bool = False) -> Settings:
    """Settings of wide spread; hard ones hold contractions and few or no twitches."""
    style = chance.random()
    rate = float(chance.choice(RATES))
    needle = rate >= 1000 and chance.random() < 0.2
    usable = [d for d in DISTURBANCES if needle or d != "end-plate activity"]
    if style < 0.2:
        chosen: list[str] = []
    elif style < 0.65:
        chosen = [str(chance.choice(usable))]
    else:
        chosen = [str(n) for n in chance.choice(usable, int(chance.integers(2, 5)), replace=False)]
    if hard:
        chosen = (
            ["voluntary contraction", *chosen[:1]] if chance.random() < 0.4 else ["voluntary contraction"]
        )
    if needle and chance.random() < 0.6:
        chosen.append("end-plate activity")
    low = float(chance.uniform(1, 14))
    return Settings(
        duration_s=40.0,
        sampling_rate=rate,
        electrode="intramuscular" if needle else "surface",
        noise_rms_uv=5.0,
        pink_share=float(chance.uniform(0.0, 0.8)),
        snr_db=(low, low + float(chance.uniform(2, 20))),
        twitches_per_min=float(chance.choice([0.01, 0.01, 6.0] if hard else [0.01, 6.0, 12.0, 25.0])),
        decay=bool(chance.random() < 0.5),
        scatter=0.2,
        disturbances=tuple(d for d in DISTURBANCES if d in chosen),
        strength=(3.0, 100.0),
        per_min=(3.0, 25.0),
        needle_before_twitch=float(chance.choice([0.0, 0.5, 0.9])) if "needle movement" in chosen else 0.0,
        stretch=(0.75, 1.3),
    )


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
        near = abs(twitch.onset_s - onset_s) <= TOLERANCE_S
        both = min(offset_s, twitch.offset_s) - max(onset_s, twitch.onset_s)
        if near and twitch.snr_db >= LOWEST_DB and both > 0.2 * (twitch.offset_s - twitch.onset_s):
            return "twitch"
        weak = twitch.snr_db < LOWEST_DB + 1
        if near or (weak and both > 0.5 * (twitch.offset_s - twitch.onset_s)):
            return None
    here = [d for d in made.disturbances if d.onset_s - 0.05 < offset_s and onset_s < d.offset_s + 0.05]
    here = [d for d in here if d.kind in DETAILS and (d.kind != "mains" or d.offset_s - d.onset_s < 1)]
    here.sort(key=lambda d: d.offset_s - d.onset_s)
    return here[0].kind if here else "noise"


def collect(seeds: range) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Features, labels and the recording each reading comes from."""
    rows, labels, groups = [], [], []
    for seed in seeds:
        chance = default_rng([20_240, 2 * seed])
        made = simulate(training_settings(chance, hard=seed >= EASY), chance)
        for candidate in candidates_of(made):
            for reading in candidate.readings:
                name = label(made, reading.onset / candidate.rate, reading.offset / candidate.rate)
                if name is not None:
                    rows.append(reading.features)
                    labels.append(name)
                    groups.append(seed)
        if seed % 50 == 49:
            print(f"{seed + 1} recordings, {len(rows)} readings", file=sys.stderr, flush=True)
    return np.array(rows), labels, np.array(groups)


def forest_table(model: HistGradientBoostingClassifier, name: str) -> dict[str, np.ndarray]:
    """The trees of a fitted model as rectangular arrays."""
    trees = [(group, tree.nodes) for rounds in model._predictors for group, tree in enumerate(rounds)]
    most = max(len(nodes) for _, nodes in trees)
    shape = (len(trees), most)
    table = {
        "feature": np.zeros(shape, np.int16),
        "threshold": np.full(shape, np.inf, np.float32),
        "left": np.zeros(shape, np.int16),
        "right": np.zeros(shape, np.int16),
        "value": np.zeros(shape, np.float32),
    }
    depth = 0
    for i, (_, nodes) in enumerate(trees):
        for j, node in enumerate(nodes):
            leaf = bool(node["is_leaf"])
            table["left"][i, j] = j if leaf else node["left"]
            table["right"][i, j] = j if leaf else node["right"]
            table["value"][i, j] = node["value"]
            if not leaf:
                table["feature"][i, j] = node["feature_idx"]
                table["threshold"][i, j] = node["num_threshold"]
            depth = max(depth, int(node["depth"]))
    table["group"] = np.array([group for group, _ in trees], np.int16)
    table["base"] = np.ravel(model._baseline_prediction).astype(np.float64)
    table["depth"] = np.array(depth)
    return {f"{name}_{part}": value for part, value in table.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=840)
    parser.add_argument("--decision", type=float, default=0.5)
    options = parser.parse_args()
    x, labels, groups = collect(range(options.recordings))
    fit(x, labels, groups, options.decision)


def fit(x: np.ndarray, labels: list[str], groups: np.ndarray, decision: float) -> None:
    """Fit both forests, say how well they do on a fifth kept back, and write the table."""
    y = np.array(labels)
    is_twitch = y == "twitch"
    back = groups % 5 == 0
    shape = {"max_leaf_nodes": 12, "learning_rate": 0.08, "l2_regularization": 3.0, "min_samples_leaf": 15}
    probe = HistGradientBoostingClassifier(max_iter=220, random_state=0, early_stopping=False, **shape)
    probe.fit(x[~back], is_twitch[~back])
    p = probe.predict_proba(x[back])[:, 1]
    for bar in (0.3, 0.4, 0.5, 0.6, 0.7):
        hits, calls, real = ((p > bar) & is_twitch[back]).sum(), (p > bar).sum(), is_twitch[back].sum()
        print(f"kept back, from {bar}: recall {hits / real:.3f}, precision {hits / max(calls, 1):.3f}")
    twitch = HistGradientBoostingClassifier(max_iter=220, random_state=0, early_stopping=False, **shape)
    twitch.fit(x, is_twitch)
    others = ~is_twitch & ~np.isin(y, BY_RULE)  # what is told by a rule needs no learning
    back = back[others]
    shape["max_leaf_nodes"] = 8
    names = HistGradientBoostingClassifier(max_iter=30, random_state=0, early_stopping=False, **shape)
    names.fit(x[others][~back], y[others][~back])
    print(f"names right: {np.mean(names.predict(x[others][back]) == y[others][back]):.3f}")
    np.savez_compressed(
        TABLE,
        **forest_table(twitch, "twitch"),
        **forest_table(names, "names"),
        classes=names.classes_.astype("U"),
        decision=np.array(decision),
    )


if __name__ == "__main__":
    main()
