"""The outline of a trace for the eye: lowest and highest sample of every few milliseconds, of the last seconds."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS_PER_S: Final = 200
KEPT_S: Final = 12.0


class Outline:
    """Keeps the lowest and highest sample of each bin; memory does not grow.

    Parameters
    ----------
    sampling_rate
        Samples per second.
    """

    def __init__(self, sampling_rate: float) -> None:
        self._size = max(1, round(sampling_rate / BINS_PER_S))
        self.bin_s = self._size / sampling_rate
        self.end = 0
        """Number of bins that are whole."""
        self._kept = round(KEPT_S / self.bin_s)
        self._low = np.full(self._kept, np.nan)
        self._high = np.full(self._kept, np.nan)
        self._rest = np.zeros(0)

    def push(self, samples: Floats) -> None:
        """Take the next samples, shape (n,)."""
        whole = np.concatenate([self._rest, np.where(np.isfinite(samples), samples, np.nan)])
        bins = len(whole) // self._size
        self._rest = whole[bins * self._size :]
        if not bins:
            return
        shaped = whole[: bins * self._size].reshape(bins, self._size)[-self._kept :]
        places = np.arange(self.end + bins - len(shaped), self.end + bins) % self._kept
        # fmin and fmax pass over what is missing; a bin with nothing in it stays NaN
        self._low[places] = np.fmin.reduce(shaped, axis=1)
        self._high[places] = np.fmax.reduce(shaped, axis=1)
        self.end += bins

    def between(self, first: int, last: int) -> tuple[int, Floats, Floats]:
        """Give bins from `first` to before `last`, as far as they are kept.

        Returns
        -------
        first
            Number of the first bin given.
        low, high
            Shape (bins,), microvolts, NaN where nothing came.
        """
        last = min(last, self.end)
        first = min(max(first, self.end - self._kept, 0), last)
        places = np.arange(first, last) % self._kept
        return first, self._low[places], self._high[places]
