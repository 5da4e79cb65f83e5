"""Pareto smoothing of importance weights: what it must keep, what it must recover, and what it is for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tautband.assessment.smoothing import fit_tail, smooth

WEIGHTS = st.lists(st.floats(0.0, 1e6), min_size=50, max_size=300).map(np.array)


@given(WEIGHTS)
def test_no_weight_becomes_larger_than_the_largest_and_the_light_ones_stay(weights):
    smoothed = smooth(weights)
    assert (smoothed >= 0.0).all()
    assert smoothed.max() <= weights.max()
    light = np.argsort(weights, kind="stable")[: len(weights) // 2]
    assert (smoothed[light] == weights[light]).all()


@given(WEIGHTS)
def test_heavier_stays_heavier(weights):
    order = np.argsort(weights, kind="stable")
    assert (np.diff(smooth(weights)[order]) >= -1e-9 * max(1.0, weights.max())).all()


@pytest.mark.parametrize("shape", [0.1, 0.3, 0.6, 0.9])
def test_the_fit_recovers_the_shape_of_a_known_tail(shape):
    """Drawn by inverting the distribution: x = scale ((1 - u)^-shape - 1) / shape."""
    u = np.random.default_rng(1).random(4000)
    excess = np.sort(2.0 * np.expm1(-shape * np.log1p(-u)) / shape)
    found, scale = fit_tail(excess)
    assert found == pytest.approx(shape, abs=0.08)
    assert scale == pytest.approx(2.0, rel=0.1)


def test_a_mean_under_heavy_weights_strays_less():
    """Log-normal weights with a long tail, mean known: over many draws the smoothed mean is nearer to it."""
    rng = np.random.default_rng(2)
    sigma = 2.5
    plain, smoothed = [], []
    for _ in range(300):
        weights = np.exp(sigma * rng.standard_normal(1000))
        plain.append(weights.mean())
        smoothed.append(smooth(weights).mean())
    truth = np.exp(sigma**2 / 2.0)
    assert np.sqrt(np.mean((np.array(smoothed) - truth) ** 2)) < np.sqrt(
        np.mean((np.array(plain) - truth) ** 2)
    )


def test_equal_weights_are_left_alone():
    assert (smooth(np.ones(100)) == 1.0).all()
