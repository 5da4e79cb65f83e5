"""Whether the analysis of a cohort finds a decay that is there and, as often as it should, none that is not.

    python benchmarks/twitch_cohort.py

Twice: with sizes that are drawn, many cohorts; and from simulated recordings through the detector, fewer. Subjects
differ by a factor, sizes scatter log-normally, some series end early. The expected sizes of every series are known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.random import Generator, default_rng
from report import write_results
from scipy.stats import binom

from tautband.twitch.analysis import analyse
from tautband.twitch.cohort import ALPHA, Cohort, cohort
from tautband.twitch.simulate import Settings, expected_ratios, simulate

SUBJECTS, TWITCHES = 20, 6
DRAWN, RECORDED = 600, 24
PLATEAU, STEEPNESS = 0.5, 1.0
FLAT, FALLING = np.ones(TWITCHES), expected_ratios(TWITCHES, PLATEAU, STEEPNESS)


def draw(chance: Generator, expected: np.ndarray, scatter: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sizes of one cohort; a quarter of the series ends one or two twitches early."""
    rows, series = [], []
    for n in range(SUBJECTS):
        subject = f"s{n:02d}"
        length = TWITCHES - (int(chance.integers(1, 3)) if chance.random() < 0.25 else 0)
        first = np.exp(4 + 0.4 * chance.standard_normal())
        for k in range(length):
            size = first * expected[k] * np.exp(scatter[k] * chance.standard_normal())
            rows.append({"subject": subject, "series": subject, "order": k + 1, "window_rms_uv": size})
        rest = 5 * np.exp(0.2 * chance.standard_normal())
        before, after = (rest * np.exp(0.05 * chance.standard_normal()) for _ in range(2))
        series.append(
            {"subject": subject, "series": subject, "rest_before_uv": before, "rest_after_uv": after}
        )
    return pd.DataFrame(rows), pd.DataFrame(series)


def record(chance: Generator, expected: np.ndarray) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The same through recordings and the detector; every subject has its own noise and amplitude."""
    rows, series = [], []
    for n in range(SUBJECTS):
        subject = f"s{n:02d}"
        settings = Settings(
            duration_s=15.0,
            sampling_rate=1000.0,
            noise_rms_uv=float(chance.uniform(3.0, 6.0)),
            snr_db=(22.0, 28.0),
            scatter=0.15,
            kinds={"burst": 1.0},
            series=tuple(expected.tolist()),
        )
        found = analyse([simulate(settings, chance).signal], 1000.0, known_unit=True)
        for k, twitch in enumerate(found.twitches, 1):
            sizes = {"window_rms_uv": twitch.window_rms_uv, "peak_rms_uv": twitch.peak_rms_uv}
            rows.append({"subject": subject, "series": subject, "order": k, **sizes})
        series.append(
            {
                "subject": subject,
                "series": subject,
                "rest_before_uv": found.rest_before_uv,
                "rest_after_uv": found.rest_after_uv,
            }
        )
    return pd.DataFrame(rows), pd.DataFrame(series)


def false_alarms(found: list[Cohort]) -> str:
    """Share of cohorts in which each test is below 0.05."""
    tests = {
        "uncorrected": [c.scales[0].anova.p for c in found],
        "Greenhouse-Geisser": [c.scales[0].anova.p_corrected for c in found],
        "on logarithms": [c.scales[1].anova.p_corrected for c in found],
        "any pair (Holm)": [min(p.p_holm for p in c.scales[0].pairs) for c in found],
        "mixed": [c.mixed.p for c in found if c.mixed],
        "rest": [c.rest.p for c in found if c.rest],
    }
    return " | ".join(f"{np.mean(np.array(p) < ALPHA):.3f}" for p in tests.values())


def recovery(found: list[Cohort]) -> list[str]:
    """Ratios and intervals of the mixed model beside the truth, and where sizes are said to level off."""
    mixed = [c.mixed for c in found if c.mixed]
    rows = [
        "| twitch | true ratio | mean estimate | 95 % interval holds the truth | level from here |",
        "|---:|---:|---:|---:|---:|",
    ]
    for k in range(TWITCHES):
        ratios = np.array([m.ratios[k] for m in mixed if len(m.ratios) > k])
        bounds = np.array([m.intervals[k] for m in mixed if len(m.intervals) > k])
        held = np.mean((bounds[:, 0] <= FALLING[k]) & (FALLING[k] <= bounds[:, 1]))
        level = np.mean([c.scales[0].level_from == k + 1 for c in found])
        rows.append(
            f"| {k + 1} | {FALLING[k]:.3f} | {ratios.mean():.3f} | {held if k else 1:.2f} | {level:.2f} |"
        )
    power = np.mean([c.scales[0].anova.p_corrected < ALPHA for c in found])
    return [*rows, "", f"Analysis of variance below 0.05 in {power:.0%} of {len(found)} cohorts."]


def main() -> None:
    even, uneven = np.full(TWITCHES, 0.15), np.linspace(0.05, 0.45, TWITCHES)
    columns = (
        "| cohorts | uncorrected | Greenhouse-Geisser | on logarithms | any pair (Holm) | mixed | rest |"
    )
    rows = [
        "# The analysis of a cohort",
        f"{SUBJECTS} subjects of up to {TWITCHES} twitches; {DRAWN} cohorts of drawn sizes, {RECORDED} recorded ones.",
        "",
        "## No decay, no change at rest: share of cohorts with p below 0.05 (0.05 is right)",
        columns,
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, scatter in (("drawn, even scatter", even), ("drawn, scatter that grows", uneven)):
        found = [cohort(*draw(default_rng([1, n]), FLAT, scatter)) for n in range(DRAWN)]
        rows.append(f"| {name} | {false_alarms(found)} |")
    recorded = [cohort(*record(default_rng([2, n]), FLAT)) for n in range(RECORDED)]
    rows.append(f"| recorded | {false_alarms(recorded)} |")
    by_chance = [
        " to ".join(f"{q / n:.3f}" for q in binom.ppf((0.025, 0.975), n, ALPHA)) for n in (DRAWN, RECORDED)
    ]
    rows += ["", f"By chance alone, 95 %: {by_chance[0]} in {DRAWN} cohorts, {by_chance[1]} in {RECORDED}."]
    rows.append(f"## Decay to {PLATEAU:g} of the first: drawn sizes")
    rows += recovery([cohort(*draw(default_rng([3, n]), FALLING, even)) for n in range(DRAWN)])
    rows.append(f"## Decay to {PLATEAU:g} of the first: from recordings, RMS over 0.5 s")
    tables = [record(default_rng([4, n]), FALLING) for n in range(RECORDED)]
    rows += recovery([cohort(*t) for t in tables])
    rows.append("## The same recordings, peak RMS over 50 ms")
    rows += recovery([cohort(*t, measure="peak_rms_uv") for t in tables])
    write_results("twitch_cohort", rows)


if __name__ == "__main__":
    main()
