"""The judgement behind an assessment: triage, solved network, guarded shares, layers and verdict."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tautband.assessment.case import Case
from tautband.assessment.guard import Shares, guard
from tautband.assessment.inference import Posterior
from tautband.assessment.model import Model, compile_model
from tautband.assessment.network import Network, build_network
from tautband.assessment.solve import solve_network
from tautband.assessment.triage import Triage, screen
from tautband.assessment.verdict import Needling, decide
from tautband.atlas import Atlas
from tautband.atlas.tables import LAYERS


@dataclass(frozen=True)
class Judgement:
    """What is known of a case once it is triaged and its network is solved."""

    case: Case
    atlas: Atlas
    model: Model
    triage: Triage
    network: Network
    posterior: Posterior
    shares: Shares
    layers: Mapping[str, float]
    needling: Needling


def judge(case: Case, atlas: Atlas) -> Judgement:
    """Triage a case, solve its network and decide the verdict.

    Parameters
    ----------
    case, atlas
        The case, read with this atlas.
    """
    model = compile_model(atlas)
    triage = screen(case, atlas)
    network = build_network(case, atlas, model)
    posterior = solve_network(network)
    shares = guard(case, atlas, model, network, posterior)
    layers = _by_layer(zip((c.layer for c in network.causes), shares.main.tolist(), strict=True))
    dangers = _by_layer(
        (c.layer, share)
        for c, share in zip(network.causes, shares.main.tolist(), strict=True)
        if c.urgency in ("urgent", "emergency")
    )
    needling = decide(triage, layers, _likeliest(network, shares, atlas), dangers, model.parameters)
    return Judgement(case, atlas, model, triage, network, posterior, shares, layers, needling)


def _by_layer(found: Iterable[tuple[str, float]]) -> Mapping[str, float]:
    """The sum of shares of each layer that has any."""
    totals: dict[str, list[float]] = defaultdict(list)
    for layer, share in found:
        totals[layer].append(share)
    return {layer: math.fsum(totals[layer]) for layer in LAYERS if layer in totals}


def _likeliest(network: Network, shares: Shares, atlas: Atlas) -> Mapping[str, str]:
    best: dict[str, tuple[float, str]] = {}
    for i, cause in enumerate(network.causes):
        if cause.kind == "lookalike":
            name = atlas.lookalikes[cause.id].name
            found = (round(float(shares.main[i]), 9), name)
            best[cause.layer] = max(best.get(cause.layer, (0.0, "")), found)
    return {layer: name for layer, (_, name) in best.items()}
