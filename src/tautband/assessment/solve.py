"""Choose how to solve a network: exactly, or beyond the frontier that can be held, by weighted sampling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tautband.assessment.evening import evened
from tautband.assessment.inference import Posterior, plan_sweep, solve
from tautband.assessment.network import Network
from tautband.assessment.sampling import solve_by_sampling

LARGEST_FRONTIER = 17
"""Findings open at once up to which the exact sweep is used; every set of 17 coupled findings fits."""


def solve_network(network: Network, explain: Sequence[int] = ()) -> Posterior:
    """Solve a network, exactly if at all possible.

    Parameters
    ----------
    network
        The network of a case.
    explain
        Indices of the causes whose fired findings are wanted.

    Returns
    -------
    Posterior
        Its `method` says how it was found, and its `error` how far it may be off.
    """
    problem = network.problem
    plan = plan_sweep(problem, widest=LARGEST_FRONTIER)
    if plan.frontier <= LARGEST_FRONTIER:
        return _with_quiet(network, solve(problem, plan, explain))
    return _with_quiet(network, evened(network, solve_by_sampling(problem, explain)))


def _with_quiet(network: Network, posterior: Posterior) -> Posterior:
    """Count a cause as active, too, when neither the drawing nor a movement shows it."""
    quiet = np.array(network.quiet)
    block_quiet = np.array(
        [1.0 - math.prod(1.0 - network.quiet[c] for c in block) for block in network.problem.blocks]
    )
    return replace(
        posterior,
        active=posterior.active + (1.0 - posterior.active) * quiet,
        block_active=posterior.block_active + (1.0 - posterior.block_active) * block_quiet,
    )
