"""Timestamps tell losses apart from a sender that was merely held up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tautband.twitch.live.timeline import LOST_S, SURE_S, Timeline

RATE = 1000.0


def placed(stamps: np.ndarray, cuts: list[int], waited_s: float = 60.0, rate: float = RATE) -> np.ndarray:
    """What comes out for samples that are numbered, sent in batches that end at the cuts."""
    timeline, found = Timeline(rate), [np.zeros(0)]
    for part in np.split(np.arange(len(stamps)), cuts):
        if len(part):
            found += timeline.place(part.astype(float), stamps[part], waited_s)
    return np.concatenate(found)


batches = st.lists(st.integers(0, 6000), max_size=12).map(sorted)


@given(
    lost=st.lists(
        st.tuples(st.integers(200, 5800), st.integers(round(1.5 * LOST_S * RATE), 4000)), max_size=3
    ),
    cuts=batches,
    clock=st.floats(-1e6, 1e9),
)
def test_every_loss_becomes_missing_samples_of_its_length(
    lost: list[tuple[int, int]], cuts: list[int], clock: float
) -> None:
    sent = np.arange(6000.0)
    for at, length in lost:
        sent[at:] += length
    given_out = placed(clock + sent / RATE, cuts)
    there = np.flatnonzero(np.isfinite(given_out))
    assert given_out[there].tolist() == list(range(len(there)))  # nothing twice, nothing out of order
    assert len(there) >= 6000 - SURE_S * RATE
    assert np.max(np.abs(there - sent[: len(there)])) <= 2  # and each at its time


@given(delays=st.lists(st.tuples(st.integers(0, 5000), st.floats(0.0, 0.09)), max_size=6), cuts=batches)
def test_a_sender_that_was_held_up_loses_nothing(delays: list[tuple[int, float]], cuts: list[int]) -> None:
    stamps = np.arange(6000) / RATE
    for at, delay in delays:
        stamps[at : at + 60] = np.maximum(stamps[at : at + 60], stamps[at] + delay)
    assert placed(stamps, cuts).tolist() == list(range(6000))


def test_a_long_stall_that_is_caught_up_loses_nothing_even_between_two_batches() -> None:
    stamps = np.arange(3000) / RATE
    stamps[1000:1500] = 1.5  # half a second late, then everything at once
    assert placed(stamps, [1000, 1010, 1500]).tolist() == list(range(3000))


@given(drift=st.floats(-0.004, 0.004))
def test_a_clock_that_differs_a_little_from_the_nominal_rate_is_followed(drift: float) -> None:
    stamps = np.arange(120_000) * (1 + drift) / RATE
    assert np.isfinite(placed(stamps, list(range(0, 120_000, 50)))).all()


@pytest.mark.parametrize("jump", [-1e6, 1e6])
def test_a_clock_that_was_set_anew_gives_a_gap_as_long_as_the_wait(jump: float) -> None:
    timeline = Timeline(RATE)
    before = np.concatenate([*timeline.place(np.ones(1000), np.arange(1000) / RATE, 1.0)])
    after = np.concatenate([*timeline.place(np.ones(1000), jump + np.arange(1000) / RATE, 4.0)])
    on = np.concatenate([*timeline.place(np.ones(1000), jump + 1 + np.arange(1000) / RATE, 1.0)])
    assert np.isfinite(before).all()
    assert np.isnan(after).sum() == 3000
    assert np.isfinite(on).all()


def test_a_sender_without_a_clock_is_taken_sample_by_sample() -> None:
    assert placed(np.full(100, np.nan), [40]).tolist() == list(range(100))
