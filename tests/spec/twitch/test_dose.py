"""What a series of twitches says about going on."""

import math

import numpy as np
import pytest

from tautband.twitch import dose
from tautband.twitch.dose import plateau_posterior, with_taps


def test_no_twitch_seen_is_never_no_twitch() -> None:
    found = dose([])
    assert (found.state, found.advice, found.meaningful) == ("none seen", "continue", 0)
    assert "does not mean that none occurred" in found.why


def test_one_twitch_says_nothing_yet() -> None:
    found = dose([100.0])
    assert found.state == "unknown"
    assert found.plateau_after is None


def test_the_published_course_levels_off_with_the_third() -> None:
    found = dose([100.0, 68.0, 55.0, 52.0, 53.0])
    assert (found.state, found.advice, found.plateau_after, found.meaningful) == ("enough", "stop", 3, 3)
    assert found.interval is not None
    assert found.interval[0] <= 3 <= found.interval[1]
    assert found.probability > 0.8


def test_a_fall_that_goes_on_asks_for_one_more() -> None:
    found = dose([100.0, 60.0])
    assert (found.state, found.advice) == ("one more", "continue")


def test_only_ratios_count() -> None:
    one, other = dose([100.0, 68.0, 55.0, 52.0]), dose([0.1, 0.068, 0.055, 0.052])
    assert (one.plateau_after, one.interval, one.why) == (other.plateau_after, other.interval, other.why)


def test_the_reason_names_the_uncertainty_and_what_no_trial_shows() -> None:
    found = dose([100.0, 68.0, 55.0, 52.0])
    assert "80 %" in found.why
    assert "No trial" in found.why


def test_a_tap_counts_as_a_twitch_without_a_size() -> None:
    peaks, added = with_taps([1.0, 3.0, 5.0], [100.0, 68.0, 55.0], [1.4, 4.2])
    assert added == 1
    assert [math.isnan(p) for p in peaks] == [False, False, True, False]
    found = dose(peaks, taps=added)
    assert (found.seen, found.tapped) == (3, 1)


def test_a_tap_behind_a_seen_twitch_is_that_twitch() -> None:
    peaks, added = with_taps([1.0], [100.0], [1.6])
    assert (peaks, added) == ([100.0], 0)


@pytest.mark.parametrize("count", [2, 5, 40])
def test_the_posterior_is_a_probability(count: int) -> None:
    posterior = plateau_posterior(list(np.linspace(100, 50, count)))
    assert posterior.sum() == pytest.approx(1)
    assert (posterior >= 0).all()


def test_a_series_that_grows_has_not_levelled_off() -> None:
    found = dose([50.0, 60.0, 80.0, 100.0, 120.0])
    assert (found.state, found.plateau_after) == ("one more", None)
    assert found.probability < 0.5
    assert "have not fallen so far" in found.why


def test_a_series_that_falls_at_once_levels_off_with_the_second() -> None:
    found = dose([100.0, 10.0, 10.0, 10.0])
    assert (found.state, found.plateau_after) == ("enough", 2)
