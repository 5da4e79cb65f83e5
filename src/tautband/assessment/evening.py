"""Left and right of a drawing that is its own mirror image must have the same answer, which samples do not know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tautband.assessment.inference import Posterior
from tautband.assessment.network import Network

OTHER: Final[Mapping[str, str]] = {"left": "right", "right": "left"}


def evened(network: Network, posterior: Posterior) -> Posterior:
    """Take the mean over both sides, where what is known of a case is its own mirror image.

    Parameters
    ----------
    network
        The network of a case.
    posterior
        Its posterior, estimated from samples.

    Returns
    -------
    Posterior
        The same one where the sides differ. What the causes fired stays as it was estimated for each.
    """
    other = _other_side(network)
    if other is None:
        return posterior
    blocks = network.problem.blocks
    block_of = {c: b for b, block in enumerate(blocks) for c in block}
    opposite = [block_of[int(other[block[0]])] for block in blocks]
    return replace(
        posterior,
        active=_mean(posterior.active, other),
        main=_mean(posterior.main, other),
        block_active=_mean(posterior.block_active, opposite),
    )


def _other_side(network: Network) -> NDArray[np.intp] | None:
    """The mirror image of each cause, or None where a finding or a cause is not the same on the other side."""
    if {(name, OTHER.get(side, side)) for name, side in network.findings} != set(network.findings):
        return None
    at = {(cause.id, cause.side): i for i, cause in enumerate(network.causes)}
    other = [at.get((cause.id, OTHER.get(cause.side, cause.side))) for cause in network.causes]
    if None in other:
        return None
    found = np.array(other, np.intp)
    # products taken in another order differ in their last digits
    alike = all(
        np.allclose(column, column[found], rtol=1e-9, atol=0.0)
        for column in (
            np.array([cause.main for cause in network.problem.causes]),
            np.array([cause.companion[1] for cause in network.problem.causes]),
        )
    )
    return found if alike else None


def _mean(values: NDArray[np.float64], other: NDArray[np.intp] | Sequence[int]) -> NDArray[np.float64]:
    return np.asarray((values + values[other]) / 2.0)
