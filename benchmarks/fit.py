"""Fit the drawing parameters to the published patients: `python benchmarks/fit.py [--folds 4]`.

How softly a silent region may count is not a matter of taste: these ten global parameters are the ones under which
the published drawings are most likely, given the muscles that the reports found. Each found muscle is active in one
site and one extent; the penalty draws every parameter towards a mild starting value so that two dozen coarse drawings
cannot push one to an extreme. Nothing else of the model sees these cases. With `--folds` the parameters are fitted
without a fold and the fold's drawings are judged by them.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from published import SIDE, PublishedCase, by_model, rank, read_cases
from report import machine, write_results
from scipy.optimize import minimize

from tautband.assessment.model import Place, compile_model, place_of
from tautband.atlas import Atlas

START: Mapping[str, float] = {
    "narrow_share": 0.5,
    "essential_narrow": 0.55,
    "essential_wide": 0.85,
    "spillover_narrow": 0.08,
    "spillover_wide": 0.5,
    "local_narrow": 0.3,
    "local_wide": 0.5,
    "near_narrow": 0.1,
    "near_wide": 0.6,
    "leak_region": 0.01,
}
PENALTY = 0.25
"""Nats per squared unit of log-odds that a parameter is away from its start."""
MOST_CONFIGURATIONS = 3000

Vector = NDArray[np.float64]


def with_parameters(atlas: Atlas, values: Mapping[str, float]) -> Atlas:
    """The atlas with other global parameters, under a version of its own."""
    model = {n: replace(p, value=values[n]) if n in values else p for n, p in atlas.model.items()}
    return replace(atlas, version=f"{atlas.version}:{sorted(values.items())}", model=model)


def patterns(atlas: Atlas) -> Mapping[tuple[str, str], list[tuple[float, tuple[Mapping[Place, float], ...]]]]:
    """Per muscle and side, its sites with their share by commonness and their narrow and wide pattern."""
    model = compile_model.__wrapped__(atlas)
    found: dict[tuple[str, str], list[tuple[float, tuple[Mapping[Place, float], ...]]]] = {}
    for cause in model.causes:
        if cause.kind == "trigger_point":
            sites = atlas.trigger_points_of[cause.muscle]
            share = atlas.trigger_points[cause.id].commonness / sum(s.commonness for s in sites)
            entry = (share, tuple(extent.paints for extent in cause.extents))
            found.setdefault((cause.muscle, cause.side), []).append(entry)
    return found


def found_muscles(case: PublishedCase, atlas: Atlas) -> list[list[tuple[str, str]]]:
    """Per muscle the report found, the muscles and sides it may mean."""
    meant = []
    for entry in case.row["muscles_with_active_trps"]:
        side, name = entry.split(":")
        sides = ("left", "right") if side == "M" else (SIDE[side],)
        meant.append([(m, s) for m in atlas.muscles_named(name) for s in sides])
    return meant


def log_likelihood(cases: Sequence[PublishedCase], atlas: Atlas, n_places: int) -> float:
    """Log-probability of the drawings given the muscles found; reports with too many muscles to sum are left out."""
    known = patterns(atlas)
    narrow = atlas.model["narrow_share"].value
    leak = atlas.model["leak_region"].value
    total = 0.0
    for case in cases:
        options = [
            [
                (share * weight / len(meant), paints)
                for key in meant
                for share, extents in known[key]
                for weight, paints in zip((narrow, 1.0 - narrow), extents, strict=True)
            ]
            for meant in found_muscles(case, atlas)
        ]
        if math.prod(len(o) for o in options) <= MOST_CONFIGURATIONS:
            painted = {(p.region, p.side) for p in case.case.pain}
            total += math.log(math.fsum(_drawing_terms(options, painted, leak, n_places)))
    return total


def _drawing_terms(
    options: Sequence[Sequence[tuple[float, Mapping[Place, float]]]],
    painted: set[Place],
    leak: float,
    n_places: int,
) -> Iterator[float]:
    for chosen in itertools.product(*options):
        silent: dict[Place, float] = {}
        for _, paints in chosen:
            for place, chance in paints.items():
                silent[place] = silent.get(place, 1.0) * (1.0 - chance)
        term = math.prod(weight for weight, _ in chosen)
        for place, chance in silent.items():
            stays = chance * (1.0 - leak)
            term *= 1.0 - stays if place in painted else stays
        beyond = len(painted - silent.keys())
        yield term * leak**beyond * (1.0 - leak) ** (n_places - len(silent) - beyond)


def fit(cases: Sequence[PublishedCase], atlas: Atlas) -> Mapping[str, float]:
    """Find the penalised maximum-likelihood parameters."""
    n_places = sum(len({place_of(atlas, r, s) for s in ("left", "right")}) for r in atlas.regions)
    start = _log_odds(np.array(list(START.values())))

    def loss(z: Vector) -> float:
        tried = with_parameters(atlas, dict(zip(START, _chance(z).tolist(), strict=True)))
        return -log_likelihood(cases, tried, n_places) + PENALTY * float(np.sum((z - start) ** 2))

    best = minimize(loss, start, method="L-BFGS-B", options={"maxiter": 60, "ftol": 1e-6})
    return dict(zip(START, _chance(best.x).tolist(), strict=True))


def _log_odds(p: Vector) -> Vector:
    return np.asarray(np.log(p / (1.0 - p)))


def _chance(z: Vector) -> Vector:
    return np.asarray(1.0 / (1.0 + np.exp(-z)))


def main() -> None:
    """Fit on all cases; with folds, also judge each fold by parameters fitted without it."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--folds", type=int, default=0)
    folds = arguments.parse_args().folds
    atlas = Atlas.load()
    cases = [c for c in read_cases(atlas) if c.row["use"] == "rank"]
    fitted = fit(cases, atlas)
    lines = [
        "# Drawing parameters",
        machine(atlas.version),
        "| parameter | start | fitted | shipped |",
        "| --- | --- | --- | --- |",
    ]
    lines += [f"| {n} | {START[n]:g} | {v:.3f} | {atlas.model[n].value:g} |" for n, v in fitted.items()]
    if folds:
        ranks = []
        for k in range(folds):
            inside = with_parameters(atlas, fit([c for i, c in enumerate(cases) if i % folds != k], atlas))
            ranks += [rank(by_model(replace(c.case, answers={}), inside), c.found) for c in cases[k::folds]]
        shares = ", ".join(f"hit@{k} {np.mean([r <= k for r in ranks]):.2f}" for k in (1, 3, 5))
        lines.append(
            f"\n{folds}-fold cross-validation (each patient ranked with parameters fitted without them): {shares}, "
            f"mean reciprocal rank {np.mean([1 / r for r in ranks]):.2f}."
        )
    write_results("fit", lines)


if __name__ == "__main__":
    main()
