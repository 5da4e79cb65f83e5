"""How common active trigger points are before the drawing is looked at, from published prevalence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tautband.atlas import Atlas
from tautband.atlas.tables import Prevalence

UNSTATED_PATIENTS = 20.0
"""What a study or review counts for that does not say how many patients it saw."""

Pooled = Mapping[str, tuple[float, float]]
"""Per muscle the patients examined and, of them, those in whom it was active."""


def muscle_prevalence(atlas: Atlas, rows: Iterable[Prevalence] | None = None) -> Mapping[str, float]:
    """Estimate, for every muscle, the share of people with a complaint of its area in whom it is active.

    Published shares are pooled by patients and shrunk towards the mean of the muscle's commonness class, which is
    itself the mean of what was published for that class; `prevalence_weight` patients' worth of it. A muscle that no
    study examined has its class mean. Case reports never enter.

    Parameters
    ----------
    atlas
        The atlas with its trigger points and parameters.
    rows
        The studies to use; all of the atlas by default. A benchmark that must not see a study leaves it out.

    Returns
    -------
    Mapping
        Muscle id to a share between 0 and 1.
    """
    pooled = _pool(atlas, atlas.prevalence if rows is None else rows)
    commonness = _commonness(atlas)
    means = _class_means(pooled, commonness)
    weight = atlas.model["prevalence_weight"].value
    return {
        muscle: _shrunk(*pooled.get(muscle, (0.0, 0.0)), means[level], weight)
        for muscle, level in commonness.items()
    }


def complaint_prevalence(atlas: Atlas) -> Mapping[str, Mapping[str, float]]:
    """Estimate, per complaint, the share of people with it in whom each examined muscle is active.

    Published shares are pooled by patients and shrunk towards the mean of all published shares, `prevalence_weight`
    patients' worth of it: studies of one complaint are few and small, and some saw only its severest form. A muscle
    that no study examined in a complaint is missing: nothing is known of it there.

    Parameters
    ----------
    atlas
        The atlas with its trigger points and parameters.

    Returns
    -------
    Mapping
        Complaint to muscle id to a share between 0 and 1.
    """
    studies: dict[str, list[Prevalence]] = defaultdict(list)
    for row in atlas.prevalence:
        studies[row.complaint_key].append(row)
    pooled = {complaint: _pool(atlas, rows) for complaint, rows in studies.items()}
    shares = [active / examined for muscles in pooled.values() for examined, active in muscles.values()]
    mean = sum(shares) / max(1, len(shares))
    weight = atlas.model["prevalence_weight"].value
    return {
        complaint: {muscle: _shrunk(*counts, mean, weight) for muscle, counts in muscles.items()}
        for complaint, muscles in pooled.items()
        if muscles
    }


def _pool(atlas: Atlas, rows: Iterable[Prevalence]) -> Pooled:
    examined: dict[str, float] = defaultdict(float)
    active: dict[str, float] = defaultdict(float)
    for row in rows:
        if row.active_pct is None or row.complaint_key.endswith("_baseline"):
            continue
        for muscle in atlas.muscles_named(row.muscle):
            patients = float(row.n_patients or UNSTATED_PATIENTS)
            examined[muscle] += patients
            active[muscle] += patients * row.active_pct / 100
    return {muscle: (examined[muscle], active[muscle]) for muscle in examined}


def _shrunk(examined: float, active: float, mean: float, weight: float) -> float:
    return (active + weight * mean) / (examined + weight) if examined + weight > 0.0 else mean


def _commonness(atlas: Atlas) -> Mapping[str, int]:
    return {m: max(p.commonness for p in points) for m, points in atlas.trigger_points_of.items()}


def _class_means(pooled: Pooled, commonness: Mapping[str, int]) -> Mapping[int, float]:
    """Mean published share per commonness class; a class nobody studied takes half of the class above."""
    means: dict[int, float] = {}
    for level in (3, 2, 1):
        shares = [total / n for m, (n, total) in pooled.items() if commonness.get(m) == level]
        # studies examine the muscles they expect: a rarer class is never given more than half of the class above
        ceiling = means[level + 1] / 2 if level < 3 else 1.0
        means[level] = min(sum(shares) / len(shares), ceiling) if shares else min(ceiling, 0.5)
    return means
