"""Keep what a build decides free of the last bits of its numbers, which differ from processor to processor."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

DECIMALS = 6


def settled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Round to a millionth, so that ties and thresholds that follow fall the same way on every machine.

    Matrix products, sums and transcendental functions choose their instructions by the processor they run on.
    """
    rounded: NDArray[np.float64] = np.round(values, DECIMALS) + 0.0  # no negative noughts
    return rounded
