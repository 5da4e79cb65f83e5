"""How long it takes to resolve a drawing of 50 strokes to regions, and to make a referral field and a chart."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable

import numpy as np

from tautband.atlas import Atlas
from tautband.atlas.body import VIEWS, read_drawing, resolve, view
from tautband.atlas.body.body import Body
from tautband.atlas.body.fields import referral
from tautband.atlas.body.illustrate import of_muscle

STROKES, RUNS = 50, 30


def scribbles(seed: int, points: int, brush_cm: float) -> dict[str, object]:
    """A drawing of so many strokes, each a random walk with half a centimetre a step, spread over all views."""
    rng = np.random.default_rng(seed)
    strokes = []
    for i in range(STROKES):
        shown = view(list(VIEWS)[i % len(VIEWS)])
        at = rng.integers(len(shown.cells))
        start = np.array([shown.x_from_middle[at] + shown.width / 2, shown.y[at]])
        steps = rng.normal(0, 0.4 * shown.units_per_cm, (points, 2)).cumsum(0)
        path = np.clip(start + steps, 0, [shown.width, shown.height])
        strokes.append({"view": shown.id, "points": path.tolist(), "radius": brush_cm * shown.units_per_cm})
    return {"body": Body.load().version, "strokes": strokes}


def milliseconds(what: Callable[[], object], runs: int = RUNS) -> tuple[float, float, float]:
    """Fastest, median and 95th percentile of a few runs, in milliseconds of processor time, after one to warm up."""
    what()
    times = []
    for _ in range(runs):
        start = time.process_time()
        what()
        times.append(1000 * (time.process_time() - start))
    return min(times), statistics.median(times), float(np.percentile(times, 95))


def main() -> None:
    """Print a table in Markdown."""
    atlas = Atlas.load()
    usual = read_drawing(scribbles(1, 30, 1.0))
    large = read_drawing(scribbles(2, 100, 1.5))
    rows: dict[str, Callable[[], object]] = {
        f"resolve {STROKES} strokes of 30 points, brush of 1 cm": lambda: resolve(usual),
        f"resolve {STROKES} strokes of 100 points, brush of 1.5 cm": lambda: resolve(large),
        "referral field of a trigger point": lambda: referral("infraspinatus_1", "left", atlas),
        "chart of a muscle as SVG": lambda: of_muscle("infraspinatus", atlas).svg(),
    }
    print(f"Python {platform.python_version()}, {platform.machine()}\n")
    print("| what | fastest ms | median ms | 95th percentile ms |\n| --- | --- | --- | --- |")
    for name, what in rows.items():
        print(f"| {name} | " + " | ".join(f"{x:.1f}" for x in milliseconds(what)) + " |")


if __name__ == "__main__":
    main()
