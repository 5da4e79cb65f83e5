"""Notches that take the hum of the mains and its harmonics out of a signal."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter

HUM_HZ: Final = (50.0, 60.0)
HARMONICS: Final = 8
WIDTH_HZ: Final = 4.0
"""Wide and of second order: the mains wander by a tenth of a hertz, the eighth harmonic by eight times that."""


def notches(base_hz: float, rate: float, width_hz: float = WIDTH_HZ) -> NDArray[np.float64]:
    """Second-order sections that take out the mains and their harmonics.

    Parameters
    ----------
    base_hz
        Frequency of the mains.
    rate
        Samples per second.
    width_hz
        Between the edges of each notch.

    Returns
    -------
    numpy.ndarray
        Shape (sections, 6).
    """
    lines = [base_hz * n for n in range(1, HARMONICS + 1) if base_hz * n < 0.45 * rate]
    return np.concatenate(
        [butter(2, [f - width_hz / 2, f + width_hz / 2], "bandstop", fs=rate, output="sos") for f in lines]
    )
