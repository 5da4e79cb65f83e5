"""A stimulator's pulses are taken out; whatever is less regular stays as it is."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tautband.twitch import Rejected, TwitchMonitor
from tautband.twitch.pulses import PulseFilter

RATE = 2000.0


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def pulses_at(places: np.ndarray, length: int) -> np.ndarray:
    """A biphasic pulse of 100 with a tail of 5 ms at each place."""
    wave = np.zeros(length)
    shape = 30 * np.exp(-np.arange(80) / 10)
    shape[:2] += [100, -80]
    for place in places:
        part = wave[place : place + len(shape)]
        part += shape[: len(part)]
    return wave


def cleaned(signal: np.ndarray, sizes: list[int], rate: float = RATE) -> tuple[np.ndarray, PulseFilter]:
    """The signal through the filter, which learns its steps from the first half second at 2 kHz."""
    steps = np.diff(signal, prepend=signal[0])
    pulses = PulseFilter(rate)
    pulses.learn(steps[:1000])
    found, at, turn = [], 0, 0
    while at < len(signal):
        size = sizes[turn % len(sizes)]
        found.append(pulses.clean(signal[at : at + size], steps[at : at + size]))
        at, turn = at + size, turn + 1
    return np.concatenate(found), pulses


@pytest.mark.parametrize("period_s", [0.011, 0.04, 0.3, 0.9])
def test_regular_pulses_are_gone_after_the_first_few(period_s: float) -> None:
    quiet = noise(20.0)
    places = np.round((2.0 + period_s * np.arange(int(17 / period_s))) * RATE).astype(int)
    left, pulses = cleaned(quiet + pulses_at(places, len(quiet)), [777])
    later = left[round((2.0 + 7.5 * period_s) * RATE) : places[-1]]
    assert np.ptp(later) < 14  # noise alone spans 8, pulses and noise 180
    assert later.std() < 1.25
    (train,) = pulses.finish()
    assert train.first == places[0]
    assert train.last == places[-1]
    assert train.period == pytest.approx(period_s * RATE, rel=0.01)


@pytest.mark.parametrize(
    ("period", "back", "known_after"),
    [
        pytest.param(118.5, -100, 7, id="its way back is a third step as large as the first"),
        pytest.param(7.46, -60, 20, id="fewer than ten samples from pulse to pulse"),
    ],
)
def test_at_500_samples_per_second_a_train_is_found_too(period: float, back: float, known_after: int) -> None:
    quiet, rate = noise(20.0), 500.0
    places = np.round(1500 + period * np.arange(int(38_000 / period))).astype(int)
    signal = quiet.copy()
    for place in places:
        signal[place : place + 2] += [100, back]
    left, pulses = cleaned(signal, [777], rate)
    assert np.ptp(left[places[known_after] : places[-1]]) < 14
    assert pulses.finish()[0].period == pytest.approx(period, rel=0.01)


def test_after_a_lost_contact_the_second_pulse_is_known_again() -> None:
    quiet = noise(20.0)
    places = np.round((2.0 + 0.24 * np.arange(70)) * RATE).astype(int)
    signal = quiet + pulses_at(places, len(quiet))
    signal[round(8.0 * RATE) : round(10.0 * RATE)] = 0.0
    left, _ = cleaned(signal, [777])
    after = places[places > 10.0 * RATE]
    assert np.ptp(left[after[2] : places[-1]]) < 14


def test_samples_that_stand_still_leave_the_bar_for_pulses_where_it_was() -> None:
    quiet = noise(20.0)
    places = np.round((2.0 + 0.05 * np.arange(340)) * RATE).astype(int)
    signal = quiet + pulses_at(places, len(quiet))
    steps = np.diff(signal, prepend=signal[0])
    pulses = PulseFilter(RATE)
    pulses.learn(steps[:1000])
    pulses.learn(np.zeros(1000))
    left = pulses.clean(signal, steps)
    assert np.ptp(left[places[8] : places[-1]]) < 14


def test_what_comes_at_no_fixed_distance_stays() -> None:
    quiet = noise(20.0)
    places = np.cumsum(np.random.default_rng(1).uniform(0.03, 0.12, 200) * RATE).astype(int)
    clicks = quiet + pulses_at(places, len(quiet))
    left, pulses = cleaned(clicks, [500])
    assert np.array_equal(left, clicks)
    assert pulses.finish() == []


def test_a_burst_on_a_pulse_is_kept() -> None:
    quiet = noise(20.0)
    places = np.round((2.0 + 0.05 * np.arange(340)) * RATE).astype(int)
    burst = np.zeros_like(quiet)
    burst[round(9.98 * RATE) : round(10.06 * RATE)] = 12 * noise(0.08, 7)
    left, _ = cleaned(quiet + burst + pulses_at(places, len(quiet)), [999])
    here = slice(round(9.98 * RATE), round(10.06 * RATE))
    assert np.corrcoef(left[here], burst[here])[0, 1] > 0.95


@settings(max_examples=20)
@given(sizes=st.lists(st.integers(1, 900), min_size=1, max_size=6).filter(lambda s: sum(s) > 20 * len(s)))
def test_any_cutting_into_blocks_gives_the_same_samples(sizes: list[int]) -> None:
    quiet = noise(8.0)
    places = np.round((1.0 + 0.031 * np.arange(100)) * RATE).astype(int)
    signal = quiet + pulses_at(np.concatenate([places, places[-1] + [1500, 5000]]), len(quiet))
    assert np.array_equal(cleaned(signal, sizes)[0], cleaned(signal, [10**6])[0])


def test_the_monitor_names_the_train_and_says_how_often_it_fires() -> None:
    quiet = noise(12.0)
    places = np.round((2.0 + 0.04 * np.arange(150)) * RATE).astype(int)
    monitor = TwitchMonitor(RATE)
    events = monitor.push(quiet + pulses_at(places, len(quiet))) + monitor.finish()
    named = [e for e in events if isinstance(e, Rejected) and "every 40 ms" in e.detail]
    assert [e.why for e in named] == ["stimulator artefact"]
    assert named[0].onset_s == pytest.approx(2.0, abs=0.01)
    assert named[0].offset_s == pytest.approx(7.96, abs=0.01)
    assert monitor.noise_rms_uv[0] == pytest.approx(1.0, rel=0.3)
