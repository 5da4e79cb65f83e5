"""The streaming front end and the edges against slow, obvious versions that see the whole recording at once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import butter, lfilter

from tautband.twitch.dose import SCATTERS, plateau_posterior, shipped_prior
from tautband.twitch.frontend import (
    FLOOR_QUANTILE,
    HIGH_PASS_HZ,
    HOPS_PER_FRAME,
    TEMPLATE_SNR,
    TEMPLATES_HZ,
    FrontEnd,
    over_last,
)
from tautband.twitch.measure import SAMPLES_ALIKE, eased, edges, energy_until, evidence_of


def slow_statistic(signal: np.ndarray, rate: float) -> np.ndarray:
    """Both templates' sums for every hop, floor and weights worked out anew at each tick, in plain loops."""
    front = FrontEnd(rate)
    b, a = butter(4, min(HIGH_PASS_HZ, 0.2 * rate), "highpass", fs=rate)
    wave = lfilter(b, a, signal - signal[0])
    hop, frame = front.hop, front.frame
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (np.arange(frame) + 0.5) / frame)
    window /= np.sqrt(np.sum(window**2))
    power = []
    for h in range(len(wave) // hop):
        first = (h + 1) * hop - frame
        piece = np.array([wave[i] if i >= 0 else 0.0 for i in range(first, first + frame)])
        power.append(np.abs(np.fft.rfft(piece * window))[1 : 1 + len(front.frequency)] ** 2)
    found = []
    for h, row in enumerate(power):
        tick = max((h // front.hops_per_tick) * front.hops_per_tick, 2 * front.hops_per_tick)
        whole = [p for n, p in enumerate(power[:tick]) if n % HOPS_PER_FRAME == HOPS_PER_FRAME - 1]
        floors = []
        for seconds in (8.0, 1.5):
            recent = np.sort(whole[-round(seconds / (HOPS_PER_FRAME * hop / rate)) :], axis=0)
            floors.append(recent[int(FLOOR_QUANTILE * len(recent))] / -np.log(1 - FLOOR_QUANTILE))
        floor = np.log(np.maximum(*floors))
        left, right = np.append(floor[:1], floor[:-1]), np.append(floor[1:], floor[-1:])
        floor = np.exp(0.25 * left + 0.5 * floor + 0.25 * right)
        sums = []
        for scale in TEMPLATES_HZ:
            shape = front.frequency**2 * np.exp(-front.frequency / scale)
            gain = TEMPLATE_SNR * shape / shape.sum() * floor.sum() / floor
            weight = gain / (1 + gain)
            weight /= np.sqrt(np.sum(weight**2))
            sums.append(float(np.sum(weight * (row / floor - 1))))
        found.append(sums)
    return np.array(found)


@pytest.mark.parametrize("rate", [250.0, 1000.0])
def test_the_streaming_statistic_is_the_slow_one(rate: float) -> None:
    signal = np.random.default_rng(3).standard_normal(round(4.3 * rate)).cumsum() * 0.1
    signal += 5 * np.random.default_rng(4).standard_normal(len(signal))
    front = FrontEnd(rate)
    streamed = np.concatenate(
        [z for start in range(0, len(signal), 37) for _, z in front.feed(signal[start : start + 37])]
    )
    np.testing.assert_allclose(streamed, slow_statistic(signal, rate)[: len(streamed)], rtol=1e-6, atol=1e-6)
    assert len(streamed) > 4 * rate // front.hop


def slow_edges(white: np.ndarray) -> float:
    """The best evidence of any rectangle at all."""
    best = 0.0
    for on in range(len(white)):
        for off in range(on + 1, len(white) + 1):
            mean = max(float(np.mean(white[on:off] ** 2)), 1.0)
            best = max(best, 0.5 * (off - on) * (mean - 1 - np.log(mean)))
    return best


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), gain=st.floats(1.0, 6.0))
def test_edges_on_the_finest_grid_are_the_likeliest_of_all(seed: int, gain: float) -> None:
    white = np.random.default_rng(seed).standard_normal(60)
    white[20:40] *= gain
    on, off, evidence = edges(energy_until(white), 0, len(white), len(white), 1)
    assert evidence == pytest.approx(slow_edges(white))
    assert 0 <= on < off <= len(white)


@given(seed=st.integers(0, 10_000), gain=st.floats(1.0, 20.0), rise=st.integers(0, 40))
def test_an_eased_onset_is_the_mean_of_where_it_may_be_or_the_likeliest(
    seed: int, gain: float, rise: int
) -> None:
    white = np.random.default_rng(seed).standard_normal(200)
    white[100 - rise : 150] *= np.linspace(1.0, gain, 50 + rise)
    total = energy_until(white)
    on, off, _ = edges(total, 90, 150, 60, 1)
    places = [*range(max(30, 0), on, 2), on]
    evidence = np.array([evidence_of(white[place:off]) for place in places])
    share = np.exp((evidence - evidence[-1]) / SAMPLES_ALIKE)
    found = eased(total, on, off, 30, 2)
    assert found == pytest.approx(np.dot(share, places) / share.sum(), abs=1.0)
    assert 30 <= found <= on


@given(seed=st.integers(0, 10_000), width=st.sampled_from([1, 2, 8, 64]))
def test_sums_and_extremes_over_the_last_columns_do_not_depend_on_the_block(seed: int, width: int) -> None:
    values = np.random.default_rng(seed).standard_normal((2, 150))
    for both in (np.add, np.minimum):
        whole = over_last(values, both, width)
        assert whole.shape == (2, 151 - width)
        for n in range(whole.shape[1]):
            part = values[:, n : n + width]
            expected = part.sum(axis=1) if both is np.add else part.min(axis=1)
            np.testing.assert_allclose(whole[:, n], expected, rtol=1e-12, atol=1e-12)
        later = over_last(values[:, 3:], both, width)
        np.testing.assert_array_equal(whole[:, 3:], later)


@settings(max_examples=25)
@given(st.lists(st.floats(0.1, 10.0), min_size=2, max_size=9))
def test_the_plateau_posterior_is_a_sum_over_all_courses(peaks: list[float]) -> None:
    prior = shipped_prior()
    slow = np.zeros(30)
    for weight, plateau, steepness, reached in zip(
        prior.weight, prior.plateau, prior.steepness, prior.reached, strict=True
    ):
        rest = [np.log(p / (plateau + (1 - plateau) * np.exp(-steepness * k))) for k, p in enumerate(peaks)]
        square = sum((r - sum(rest) / len(rest)) ** 2 for r in rest)
        for scatter in SCATTERS:
            likelihood = np.exp(-square / (2 * scatter**2)) / scatter ** (len(peaks) - 1)
            slow[min(reached, 30) - 1] += weight * likelihood
    if slow.sum() > 1e-200:
        np.testing.assert_allclose(plateau_posterior(peaks), slow / slow.sum(), rtol=1e-6, atol=1e-9)


@given(st.lists(st.floats(0.1, 100.0), min_size=1, max_size=12), st.floats(1e-3, 1e3))
def test_the_plateau_does_not_depend_on_the_unit(peaks: list[float], scale: float) -> None:
    np.testing.assert_allclose(
        plateau_posterior([scale * p for p in peaks]), plateau_posterior(peaks), atol=1e-9
    )
