"""How common each trigger point is before anything is known of the person, from published prevalence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from tautband.atlas import Atlas
from tautband.atlas.tables import Prevalence


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
    examined: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in atlas.prevalence if rows is None else rows:
        if row.active_pct is None or row.complaint_key.endswith("_baseline"):
            continue
        for muscle in atlas.muscles_named(row.muscle):
            examined[muscle].append((float(row.n_patients or 20), row.active_pct / 100))
    pooled = {m: (sum(n for n, _ in seen), sum(n * p for n, p in seen)) for m, seen in examined.items()}
    commonness = {m: max(p.commonness for p in points) for m, points in atlas.trigger_points_of.items()}
    means = _class_means(pooled, commonness)
    weight = atlas.model["prevalence_weight"].value
    return {
        muscle: (pooled.get(muscle, (0.0, 0.0))[1] + weight * means[level])
        / (pooled.get(muscle, (0.0, 0.0))[0] + weight)
        for muscle, level in commonness.items()
    }


def _class_means(
    pooled: Mapping[str, tuple[float, float]], commonness: Mapping[str, int]
) -> Mapping[int, float]:
    """Mean published share per commonness class; a class nobody studied takes half of the class above."""
    means: dict[int, float] = {}
    for level in (3, 2, 1):
        shares = [total / n for m, (n, total) in pooled.items() if commonness.get(m) == level]
        # studies examine the muscles they expect: a rarer class is never given more than half of the class above
        ceiling = means[level + 1] / 2 if level < 3 else 1.0
        means[level] = min(sum(shares) / len(shares), ceiling) if shares else min(ceiling, 0.5)
    return means
