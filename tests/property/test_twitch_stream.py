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


@cache
def at_a_rail(rate: float, seed: int) -> np.ndarray:
    """Noise that lies flat at a converter's limit for a while, with a pulse train and missing samples before."""
    chance = np.random.default_rng(seed)
    signal = chance.normal(0.0, 5.0, round(8 * rate))
    first = round(chance.uniform(3.0, 4.0) * rate)
    signal[first : first + round(chance.uniform(0.2, 3.0) * rate)] = chance.choice([3000.0, -10000.0])
    pulses = first - round(rate) + (np.arange(8) * round(0.1 * rate))
    signal[pulses] += 2000.0
    signal[first - round(0.05 * rate) : first - round(0.03 * rate)] = np.nan
    return signal


@settings(max_examples=25, deadline=None)
@given(
    rate=st.sampled_from([300.0, 1000.0, 1259.26, 2048.0, 4000.0]),
    seed=st.integers(0, 30),
    size=st.one_of(st.integers(7, 200), st.integers(200, 4000)),
)
def test_samples_flat_at_a_rail_give_the_same_events_in_any_blocks(rate: float, seed: int, size: int) -> None:
    signal = at_a_rail(rate, seed)
    assert events_in_blocks(signal, rate, [size]) == events_in_blocks(signal, rate, [10**9])


def test_what_no_amplifier_can_have_measured_counts_as_missing() -> None:
    signal = recording(1000.0).signal.copy()
    signal[4000], signal[4001] = 1e100, -1e300
    missing = signal.copy()
    missing[4000:4002] = np.nan
    assert events_in_blocks(signal, 1000.0, [10**9]) == events_in_blocks(missing, 1000.0, [10**9])


def test_a_twitch_has_a_size_over_half_a_second_even_where_the_rest_is_calmer_than_the_floor() -> None:
    found = []
    for seed in range(12):
        plan = Settings(
            duration_s=20.0, sampling_rate=500.0, disturbances=("clipping", "drift"), snr_db=(3.0, 9.0)
        )
        signal = simulate(plan, np.random.default_rng(5000 + seed)).signal
        found += [e for e in events_in_blocks(signal, 500.0, [10**9]) if isinstance(e, Twitch)]
    assert len(found) > 10
    assert [e for e in found if e.window_rms_uv <= 0.0] == []
