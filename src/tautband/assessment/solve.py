"""Choose how to solve a network: exactly, or beyond the frontier that can be held, by weighted sampling."""

from __future__ import annotations

from collections.abc import Sequence

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
        return solve(problem, plan, explain)
    return solve_by_sampling(problem, explain)
