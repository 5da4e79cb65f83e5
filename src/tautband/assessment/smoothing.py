"""Pareto smoothing of importance weights (Vehtari et al. 2024, 10.48550/arXiv.1507.02646).

A few samples can carry most of the weight, and then the estimate hangs on whether they happened to be drawn. The
largest weights are replaced by the expected order statistics of a generalised Pareto distribution fitted to them,
which trades a small bias for a much smaller variance.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float64]


def smooth(weights: Weights) -> Weights:
    """Replace the heaviest weights by what a generalised Pareto tail would expect of them.

    Parameters
    ----------
    weights
        Non-negative importance weights, shape (samples,).

    Returns
    -------
    Weights
        The same, the heaviest smoothed; none becomes larger than the largest was.
    """
    count = len(weights)
    size = min(count // 5, math.ceil(3.0 * math.sqrt(count)))
    order = np.argsort(weights, kind="stable")
    tail, threshold = order[-size:], float(weights[order[-size - 1]])
    excess = weights[tail] - threshold
    if excess[0] <= 0.0:
        # most of the tail has one value: there is nothing to fit
        return weights
    shape, scale = fit_tail(excess)
    exceeded = np.log1p(-(np.arange(size) + 0.5) / size)
    expected = -scale * exceeded if abs(shape) < 1e-9 else scale * np.expm1(-shape * exceeded) / shape
    smoothed = weights.copy()
    smoothed[tail] = np.minimum(threshold + expected, weights[tail[-1]])
    return smoothed


def fit_tail(excess: Weights) -> tuple[float, float]:
    """Fit a generalised Pareto distribution (Zhang and Stephens 2009, 10.1198/tech.2009.08017).

    Parameters
    ----------
    excess
        Positive excesses over a threshold, ascending.

    Returns
    -------
    tuple of float
        Shape, drawn towards one half as by ten further observations, and scale.
    """
    count = len(excess)
    grid = 30 + int(math.sqrt(count))
    quartile = excess[int(count / 4 + 0.5) - 1]
    trial = (1.0 - np.sqrt(grid / (np.arange(1, grid + 1) - 0.5))) / (3.0 * quartile) + 1.0 / excess[-1]
    shapes = np.log1p(-trial[:, None] * excess).mean(axis=1)
    likelihood = count * (np.log(-trial / shapes) - shapes - 1.0)
    with np.errstate(over="ignore"):
        plausible = 1.0 / np.exp(likelihood - likelihood[:, None]).sum(axis=1)
    rate = float((trial * plausible).sum())
    shape = float(np.log1p(-rate * excess).mean())
    return (count * shape + 5.0) / (count + 10.0), -shape / rate
