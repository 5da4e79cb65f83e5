"""However a recording is cut into blocks, the events are the same; memory does not grow; the unit does not matter."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tautband.twitch import Rejected, Twitch, TwitchMonitor
from tautband.twitch.events import Event
from tautband.twitch.simulate import Settings, Simulated, simulate

RATES = (250.0, 333.0, 1000.0, 2000.0, 5000.0)
DISTURBED = ("needle movement", "mains", "ECG", "stimulator artefact", "clipping", "dropout", "NaN run")


@cache
def recording(rate: float) -> Simulated:
    plan = Settings(
        duration_s=9.0,
        sampling_rate=rate,
        twitches_per_min=30.0,
        disturbances=DISTURBED,
        per_min=(20.0, 30.0),
        snr_db=(14.0, 26.0),
    )
    return simulate(plan, np.random.default_rng(round(rate)))


def events_in_blocks(signal: np.ndarray, rate: float, sizes: list[int]) -> list[Event]:
    monitor = TwitchMonitor(rate)
    found, at, turn = [], 0, 0
    while at < len(signal):
        size = sizes[turn % len(sizes)]
        found += monitor.push(signal[at : at + size])
        at, turn = at + size, turn + 1
    return found + monitor.finish()


@cache
def at_once(rate: float) -> list[Event]:
    return events_in_blocks(recording(rate).signal, rate, [10**9])


@settings(max_examples=15)
@given(
    rate=st.sampled_from(RATES),
    sizes=st.lists(st.one_of(st.integers(1, 40), st.integers(1, 3000)), min_size=1, max_size=8).filter(
        lambda s: sum(s) > 12 * len(s)
    ),
)
def test_any_cutting_into_blocks_gives_the_same_events(rate: float, sizes: list[int]) -> None:
    assert events_in_blocks(recording(rate).signal, rate, sizes) == at_once(rate)


@pytest.mark.parametrize("rate", [250.0, 2000.0])
def test_one_sample_at_a_time_gives_the_same_events(rate: float) -> None:
    assert events_in_blocks(recording(rate).signal, rate, [1]) == at_once(rate)


def test_the_recordings_compared_hold_events_of_every_sort() -> None:
    events = [e for rate in RATES for e in at_once(rate)]
    assert any(isinstance(e, Twitch) for e in events)
    assert {"NaN run", "dropout"} <= {e.why for e in events if isinstance(e, Rejected)}
