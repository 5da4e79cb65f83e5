"""The simulator's truth is true."""

import numpy as np
import pytest

from tautband.twitch.simulate import (
    DISTURBANCES,
    Settings,
    clean_settings,
    envelope,
    expected_ratios,
    sensor_noise,
    simulate,
)


def test_the_same_seed_gives_the_same_recording() -> None:
    plan = Settings(duration_s=5.0, disturbances=("needle movement", "ECG"))
    one, other = (simulate(plan, np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(one.signal, other.signal)
    assert one.twitches == other.twitches


def test_a_twitch_has_the_ratio_and_the_edges_it_says() -> None:
    made = simulate(clean_settings(10.0, twitches_per_min=10.0), np.random.default_rng(2))
    assert made.twitches
    outline = envelope(made.clean, 2000.0, 0.05)
    for twitch in made.twitches:
        on, off = round(twitch.onset_s * 2000), round(twitch.offset_s * 2000)
        assert outline[on:off].max() == pytest.approx(twitch.peak_rms_uv, rel=0.02)
        assert twitch.snr_db == pytest.approx(10.0)
        energy = made.clean[on - 400 : off + 400] ** 2
        assert energy[400 : 400 + off - on].sum() > 0.97 * energy.sum()


def test_the_noise_has_its_rms_in_its_band() -> None:
    noise = sensor_noise(200_000, Settings(noise_rms_uv=5.0), np.random.default_rng(0))
    power = np.abs(np.fft.rfft(noise)) ** 2
    frequency = np.fft.rfftfreq(len(noise), 1 / 2000)
    inside = power[(frequency >= 20) & (frequency <= 450)].sum() * 2 / len(noise) ** 2
    assert np.sqrt(inside) == pytest.approx(5.0, rel=0.02)


def test_an_amplifier_takes_what_is_beyond_its_band_and_twitches_are_measured_behind_it() -> None:
    plan = Settings(duration_s=20.0, twitches_per_min=15.0, band_hz=(20.0, 300.0), pink_share=0.0)
    made = simulate(plan, np.random.default_rng(2))
    frequency = np.fft.rfftfreq(len(made.signal), 1 / 2000)
    power = np.abs(np.fft.rfft(made.signal)) ** 2
    assert power[frequency > 600].mean() < 1e-3 * power[(frequency > 60) & (frequency < 250)].mean()
    outline = envelope(made.clean, 2000.0, 0.05)
    noise = (made.signal - made.clean).std()
    for twitch in made.twitches:
        on, off = round(twitch.onset_s * 2000), round(twitch.offset_s * 2000)
        assert outline[on:off].max() == pytest.approx(twitch.peak_rms_uv)
        assert 20 * np.log10(twitch.peak_rms_uv / noise) == pytest.approx(twitch.snr_db, abs=0.01)


@pytest.mark.parametrize("name", DISTURBANCES)
def test_every_disturbance_changes_the_recording_and_is_noted(name: str) -> None:
    plan = Settings(duration_s=10.0, twitches_per_min=1e-6, disturbances=(name,))
    made = simulate(plan, np.random.default_rng(1))
    plain = simulate(Settings(duration_s=10.0, twitches_per_min=1e-6), np.random.default_rng(1))
    assert not np.array_equal(made.signal, plain.signal, equal_nan=True)
    assert {d.kind for d in made.disturbances} == ({name} if name != "drift" else set())


def test_a_series_falls_to_its_plateau() -> None:
    ratios = expected_ratios(20, 0.5, 1.0)
    assert ratios[0] == 1.0
    assert (np.diff(ratios) < 0).all()
    assert ratios[-1] == pytest.approx(0.5, abs=1e-6)


def test_an_unknown_disturbance_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="unknown disturbance 'flood'"):
        simulate(Settings(disturbances=("flood",)), np.random.default_rng(0))
