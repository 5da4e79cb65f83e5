"""The muscle at rest: what is measured before the first twitch and after the last."""

import numpy as np
import pytest

from tautband.twitch import Rejected, Twitch, detect
from tautband.twitch.rest import RestMeter
from tautband.twitch.simulate import Settings, simulate

RATE = 1000.0


def twitch(onset_s: float) -> Twitch:
    return Twitch(onset_s, onset_s + 0.1, 50.0, 20.0, 1.0, 5, 20.0, 0.9)


def noise(rms_uv: float, seconds: float, seed: int = 0) -> np.ndarray:
    """White noise of an RMS within 20 to 450 Hz, at 1000 Hz."""
    white = np.random.default_rng(seed).standard_normal(round(seconds * RATE))
    return np.asarray(rms_uv * np.sqrt(500 / 430) * white)


def measured(signal: np.ndarray, *sizes: int) -> RestMeter:
    meter, at, turn = RestMeter(RATE), 0, 0
    while at < len(signal):
        size = sizes[turn % len(sizes)] if sizes else len(signal)
        meter.push(signal[at : at + size])
        at, turn = at + size, turn + 1
    return meter


def test_rest_is_the_rms_of_what_touches_no_event() -> None:
    signal = np.concatenate([noise(5, 20), noise(8, 20, 1)])
    signal[15_000:15_400] += 400.0 * np.sin(np.arange(400))
    before, after = measured(signal).before_and_after(
        [twitch(20.0)], [Rejected(14.9, 15.5, "needle movement", "")], []
    )
    assert before == pytest.approx(5, rel=0.03)
    assert after == pytest.approx(8, rel=0.03)


def test_blocks_of_any_size_give_the_same() -> None:
    signal = noise(5, 9)
    assert measured(signal, 1, 7, 900).before_and_after([], [], []) == measured(signal).before_and_after(
        [], [], []
    )


def test_hum_that_was_found_is_left_out() -> None:
    seconds = np.arange(20 * 1000) / RATE
    signal = noise(5, 20) + 30 * np.sin(2 * np.pi * 50 * seconds) + 10 * np.sin(2 * np.pi * 150 * seconds)
    with_hum, _ = measured(signal).before_and_after([], [], [])
    without, _ = measured(signal).before_and_after([], [], [50.0])
    assert with_hum == pytest.approx(np.sqrt(25 + 450 + 50), rel=0.03)
    assert without == pytest.approx(5, rel=0.03)


def test_missing_and_standing_samples_are_no_rest() -> None:
    signal = np.concatenate([np.full(3000, np.nan), np.zeros(3000), noise(5, 10)])
    assert measured(signal).before_and_after([], [], [])[0] == pytest.approx(5, rel=0.05)


def test_less_than_a_second_of_rest_is_unknown() -> None:
    before, after = measured(noise(5, 20)).before_and_after([twitch(0.7)], [], [])
    assert np.isnan(before)
    assert after == pytest.approx(5, rel=0.03)


def test_before_and_after_do_not_differ_where_nothing_changes() -> None:
    plan = Settings(duration_s=15.0, sampling_rate=RATE, snr_db=(24.0, 26.0), series=(1, 0.7, 0.6, 0.5, 0.5))
    differences = []
    for seed in range(12):
        _, info = detect(simulate(plan, np.random.default_rng(seed)).signal, RATE)
        differences.append(np.log(info["rest_after_uv"] / info["rest_before_uv"]))
    assert abs(np.mean(differences)) < 3 * np.std(differences) / np.sqrt(12)
    assert np.std(differences) < 0.06
