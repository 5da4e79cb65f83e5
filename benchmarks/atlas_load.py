"""How long the atlas takes to load, to check and to search; goal: a median `Atlas.load()` under 150 ms.

Run it: python benchmarks/atlas_load.py
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from statistics import median, quantiles
from time import perf_counter

from report import machine, write_results

from tautband.atlas import Atlas
from tautband.atlas.check import check_atlas
from tautband.atlas.search import search

GOAL_MS = 150
RUNS = 31
COLD = """
from time import perf_counter
start = perf_counter()
from tautband.atlas import Atlas
imported = perf_counter()
Atlas.load()
print(1000 * (imported - start), 1000 * (perf_counter() - imported))
"""


def timed(work: Callable[[], object], runs: int = RUNS) -> list[float]:
    """Time the same work again and again, in milliseconds."""
    times = []
    for _ in range(runs):
        start = perf_counter()
        work()
        times.append((perf_counter() - start) * 1000)
    return times


def cold(runs: int = 9) -> list[tuple[float, float]]:
    """Time importing the atlas and loading it, once in each fresh process, in milliseconds."""
    times = []
    for _ in range(runs):
        done = subprocess.run([sys.executable, "-c", COLD], capture_output=True, text=True, check=True)
        imported, loaded = map(float, done.stdout.split())
        times.append((imported, loaded))
    return times


def main() -> None:
    atlas = Atlas.load()
    first_search = timed(lambda: search(atlas, "calf"), runs=1)
    fresh = cold()
    measured = {
        "`Atlas.load()`, again and again": timed(Atlas.load),
        "`Atlas.load()`, once in a fresh process": [loaded for _, loaded in fresh],
        "importing `tautband.atlas` in a fresh process": [imported for imported, _ in fresh],
        "`check_atlas`": timed(lambda: check_atlas(atlas)),
        "`search`, the first time (makes the index)": first_search,
        "`search`, after that": timed(lambda: search(atlas, "temple")),
    }
    loaded = median(measured["`Atlas.load()`, once in a fresh process"])
    lines = [
        "# Loading the atlas",
        machine(atlas.version),
        "| what | median, ms | 95th percentile, ms |",
        "| --- | --: | --: |",
    ]
    for what, times in measured.items():
        slow = f"{quantiles(times, n=20)[-1]:.0f}" if len(times) >= RUNS else ""
        lines.append(f"| {what} | {median(times):.0f} | {slow} |")
    lines += ["", f"Goal: a median load under {GOAL_MS} ms: {'met' if loaded < GOAL_MS else 'MISSED'}."]
    write_results("atlas_load", lines)


if __name__ == "__main__":
    main()
