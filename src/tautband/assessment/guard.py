"""A trigger point found never explains away a neural or a dangerous cause.

Published data say the opposite of explaining away: a gluteal trigger point raises the chance of lumbosacral
radiculopathy (Adelmanesh 2016, 10.1097/ajp.0000000000000311). So palpation that speaks for a trigger point is cut off
from these causes (a cut posterior, Plummer 2015, 10.1007/s11222-014-9503-z): they are judged by everything else, and
then raised by the published likelihood ratio where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tautband.assessment.case import Case, Finding
from tautband.assessment.inference import Posterior, Table
from tautband.assessment.model import Model, ModelCause
from tautband.assessment.network import Network, build_network, palpation_ratio
from tautband.assessment.solve import solve_network
from tautband.atlas import Atlas


@dataclass(frozen=True, slots=True)
class Shares:
    """Chance of each cause to be active and to be the main source, and of an unknown main source."""

    active: Table
    main: Table
    unknown: float


def is_guarded(cause: ModelCause) -> bool:
    """Whether palpation of trigger points may not lower this cause."""
    return cause.layer == "neural" or cause.urgency in ("urgent", "emergency")


def guard(case: Case, atlas: Atlas, model: Model, network: Network, posterior: Posterior) -> Shares:
    """Replace what palpation did to guarded causes; the rest keeps its proportions in what is left.

    Parameters
    ----------
    case, atlas, model, network, posterior
        The case as assessed, with its network and solution.

    Returns
    -------
    Shares
        The posterior itself when nothing was found by palpation.
    """
    active, main, unknown = posterior.active, posterior.main, posterior.unknown
    found = [f for f in case.findings if palpation_ratio(f, atlas, model) > 1.0]
    if not found:
        return Shares(active, main, unknown)
    blind = build_network(case, atlas, model, ignore_found=True)
    before = solve_network(blind)
    # a point that only palpation brought in is missing among the blind causes
    place = {(c.id, c.side): b for b, c in enumerate(blind.causes)}
    raised = _published_ratios(found, atlas)
    active, main = active.copy(), main.copy()
    kept = np.zeros(len(network.causes))
    guarded = np.zeros(len(network.causes), dtype=bool)
    for i, cause in enumerate(network.causes):
        if is_guarded(cause):
            guarded[i] = True
            ratio = max(
                (
                    r
                    for (lookalike, side), r in raised.items()
                    if lookalike == cause.id and cause.side in (side, "midline")
                ),
                default=1.0,
            )
            b = place[cause.id, cause.side]
            active[i] = _update(before.active[b], ratio)
            kept[i] = before.main[b]
            main[i] = _update(before.main[b], ratio)
    free = float(main[~guarded].sum()) + unknown
    held = float(main[guarded].sum())
    if held > 1.0:
        # there is not room for all that is raised: share the room, so that nothing falls below what it was
        gain = main[guarded] - kept[guarded]
        main[guarded] = kept[guarded] + gain * (1.0 - float(kept.sum())) / float(gain.sum())
        held = 1.0
    main[~guarded] *= (1.0 - held) / free
    return Shares(active, main, unknown * (1.0 - held) / free)


def _published_ratios(found: Sequence[Finding], atlas: Atlas) -> Mapping[tuple[str, str], float]:
    ratios: dict[tuple[str, str], float] = {}
    for finding in found:
        muscle = atlas.trigger_points[finding.trigger_point].muscle
        for row in atlas.palpation_lookalikes:
            if muscle in atlas.muscles_named(row.group_or_muscle):
                key = (row.lookalike, finding.side)
                # findings of one examination are not independent: the strongest counts once
                ratios[key] = max(ratios.get(key, 1.0), row.lr_positive)
    return ratios


def _update(probability: float, ratio: float) -> float:
    return float(probability * ratio / (1.0 - probability + probability * ratio))
