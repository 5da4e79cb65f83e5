"""The trace of a figure: what was lowest and highest, for a recording of any length and blocks of any size."""

import numpy as np

from tautband.twitch.plot import MOST_POINTS, Outline


def outlined(samples: np.ndarray, *sizes: int) -> Outline:
    outline, at, turn = Outline(), 0, 0
    while at < len(samples):
        size = sizes[turn % len(sizes)] if sizes else len(samples)
        outline.push(samples[at : at + size])
        at, turn = at + size, turn + 1
    return outline


def test_a_short_recording_is_shown_sample_by_sample() -> None:
    samples = np.random.default_rng(0).standard_normal(5000)
    seconds, low, high = outlined(samples).stretches(100.0)
    assert np.array_equal(low, samples)
    assert np.allclose(high, samples)
    assert seconds[-1] == 49.99


def test_a_long_one_keeps_its_extremes_in_few_points() -> None:
    samples = np.random.default_rng(1).standard_normal(300_001)
    samples[123_456], samples[222_222] = 50.0, -60.0
    samples[7] = np.nan
    seconds, low, high = outlined(samples).stretches(1000.0)
    assert MOST_POINTS <= len(low) < 2 * MOST_POINTS
    assert seconds[np.argmax(high)] <= 123.456 < seconds[np.argmax(high)] + 0.04
    assert seconds[np.argmin(low)] <= 222.222 < seconds[np.argmin(low)] + 0.04


def test_blocks_of_any_size_give_the_same() -> None:
    samples = np.random.default_rng(2).standard_normal(100_000)
    for one, other in zip(
        outlined(samples).stretches(1.0), outlined(samples, 1, 7, 40_000).stretches(1.0), strict=True
    ):
        assert np.array_equal(one, other)
