"""What the monitor finds, measures and rejects."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt

from tautband.twitch import Candidate, Twitch, TwitchError, TwitchMonitor, detect, twitch_plot
from tautband.twitch.channel import LIKELIEST, PART, Channel, Judged
from tautband.twitch.judge import Verdict
from tautband.twitch.simulate import Settings, Simulated, simulate


def made(seed: int = 1, **settings: object) -> Simulated:
    plan = {"duration_s": 20.0, "snr_db": (20.0, 20.0), "twitches_per_min": 20.0} | settings
    return simulate(Settings(**plan), np.random.default_rng(seed))  # type: ignore[arg-type]


def test_clear_twitches_are_found_with_their_edges() -> None:
    recording = made()
    table, info = detect(recording.signal, recording.sampling_rate)
    assert list(table.columns[:5]) == [
        "onset_s",
        "offset_s",
        "peak_rms_uv",
        "relative_to_first",
        "confidence",
    ]
    assert len(table) == len(recording.twitches) > 3
    for row, truth in zip(table.itertuples(), recording.twitches, strict=True):
        assert row.onset_s == pytest.approx(truth.onset_s, abs=0.02)
        assert row.offset_s == pytest.approx(truth.offset_s, abs=0.06)
        assert row.peak_rms_uv == pytest.approx(truth.peak_rms_uv, rel=0.15)
    assert table["relative_to_first"][0] == 1.0
    assert info["noise_rms_uv"] == pytest.approx(6, rel=0.5)


@pytest.mark.parametrize("rate", [250.0, 1000.0, 10_000.0, 30_000.0])
def test_any_rate_from_250_hz_to_30_khz(rate: float) -> None:
    recording = made(sampling_rate=rate, duration_s=12.0)
    table, _ = detect(recording.signal, rate)
    assert len(table) == len(recording.twitches) > 0


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_detection_does_not_depend_on_the_unit(scale: float) -> None:
    recording = made()
    one, _ = detect(recording.signal, 2000.0)
    other, _ = detect(scale * recording.signal, 2000.0)
    assert list(one["onset_s"]) == list(other["onset_s"])
    assert list(other["peak_rms_uv"]) == pytest.approx(list(scale * one["peak_rms_uv"]))


@pytest.mark.parametrize(
    ("name", "seed"),
    [
        ("needle movement", 8),
        ("cable bump", 3),
        ("ECG", 5),
        ("voluntary contraction", 8),
        ("stimulator artefact", 1),
        ("end-plate activity", 1),
        ("dropout", 3),
        ("NaN run", 3),
        ("clipping", 3),
    ],
)
def test_a_disturbance_is_rejected_by_its_name_and_is_no_twitch(name: str, seed: int) -> None:
    recording = made(
        seed,
        disturbances=(name,),
        twitches_per_min=1e-6,
        strength=(40.0, 60.0),
        per_min=(12.0, 14.0),
        electrode="intramuscular" if name == "end-plate activity" else "surface",
    )
    table, info = detect(recording.signal, recording.sampling_rate)
    assert len(table) == 0
    assert name in set(info["rejected"]["why"])
    assert all(info["rejected"]["detail"].str.len() > 5)


def test_hum_is_taken_out_and_named() -> None:
    recording = made(5, duration_s=30.0)
    t = np.arange(len(recording.signal)) / 2000.0
    hum = 40 * np.sin(2 * np.pi * 50 * t) + 8 * np.sin(2 * np.pi * 150 * t)
    monitor = TwitchMonitor(2000)
    events = monitor.push(recording.signal + hum) + monitor.finish()
    assert monitor.hum_hz == ((50.0,),)
    found = [e.onset_s for e in events if isinstance(e, Twitch)]
    assert len(found) == len(recording.twitches) > 5
    assert found == pytest.approx([x.onset_s for x in recording.twitches], abs=0.02)


def test_hum_from_the_start_hides_no_early_twitch() -> None:
    recording = made(seed=9, duration_s=6.0, twitches_per_min=1e-6)
    at = np.arange(len(recording.signal)) / 2000.0
    chance = np.random.default_rng(3)
    hum = sum(size * np.sin(2 * np.pi * 50 * n * at) for n, size in ((1, 80), (2, 30), (3, 40), (5, 20)))
    signal = recording.signal + hum
    signal[2600:2800] += burst(chance, 25.0, 200)
    table, _ = detect(signal, 2000.0)
    assert list(table["onset_s"]) == pytest.approx([1.3], abs=0.05)


def test_strong_hum_a_little_off_its_frequency_hides_no_twitch() -> None:
    recording = made(seed=4, snr_db=(10.0, 10.0))
    at = np.arange(len(recording.signal)) / 2000.0
    hum = 300 * np.sin(2 * np.pi * 50.05 * at) + 60 * np.sin(2 * np.pi * 150.15 * at)
    table, info = detect(recording.signal + hum, 2000.0)
    assert info["hum_hz"] == (50.0,)
    truth = [t.onset_s for t in recording.twitches]
    found = sum(bool((abs(table["onset_s"] - onset) < 0.05).any()) for onset in truth)
    assert len(truth) > 3
    assert found == len(truth) == len(table)


@pytest.mark.parametrize("electrode", ["surface", "intramuscular"])
def test_what_an_amplifier_cuts_off_hides_no_weak_twitch(electrode: str) -> None:
    found = told = 0
    for seed in range(6):
        recording = made(seed, electrode=electrode, snr_db=(6.0, 6.0), duration_s=20.0, band_hz=(20.0, 300.0))
        table, _ = detect(recording.signal, 2000.0)
        told += len(recording.twitches)
        found += sum(bool((abs(table["onset_s"] - t.onset_s) < 0.05).any()) for t in recording.twitches)
    assert told > 20
    assert found > 0.9 * told


def test_twitches_are_found_between_the_pulses_of_a_stimulator() -> None:
    recording = made(
        7, duration_s=30.0, disturbances=("stimulator artefact",), strength=(30.0, 40.0), snr_db=(16.0, 16.0)
    )
    table, info = detect(recording.signal, 2000.0)
    train = info["rejected"][info["rejected"]["detail"].str.contains("taken out")].iloc[0]
    inside = [x for x in recording.twitches if train["onset_s"] < x.onset_s < train["offset_s"]]
    hits = [x for x in inside if any(abs(table["onset_s"] - x.onset_s) < 0.05)]
    assert len(inside) > 3
    assert len(hits) >= len(inside) - 1


def readings_of(signal: np.ndarray, rate: float) -> list[tuple[float, float]]:
    """Edges in seconds of everything that the judge is asked about."""
    asked: list[tuple[float, float]] = []

    def keep(candidate: Judged) -> list[Verdict]:
        asked.extend((r.onset / candidate.rate, r.offset / candidate.rate) for r in candidate.readings)
        return []

    channel = Channel(rate, keep)
    channel.push(signal)
    channel.finish()
    return asked


def burst(chance: np.random.Generator, size: float, samples: int) -> np.ndarray:
    """Noise between 20 and 400 Hz at 2000 samples per second, as strong as asked."""
    sections = butter(2, (20, 400), "bandpass", fs=2000.0, output="sos")
    wave = sosfilt(sections, chance.standard_normal(samples + 200))[200:]
    return np.asarray(size * wave / wave.std(), float)


def test_a_twitch_soon_after_a_contraction_is_looked_at() -> None:
    seen = 0
    for seed in range(20):
        chance = np.random.default_rng(seed)
        signal = burst(chance, 5.0, 20_000)
        signal[6_000:13_000] += burst(chance, 60.0, 7_000)
        signal[13_600:13_720] += burst(chance, 30.0, 120)  # 0.3 s later, half as strong
        seen += any(abs(on - 6.8) < 0.02 and off < 6.95 for on, off in readings_of(signal, 2000.0))
    assert seen >= 18


def test_a_pulse_shortly_before_a_twitch_is_not_its_onset() -> None:
    seen = 0
    for seed in range(20):
        chance = np.random.default_rng(seed)
        signal = burst(chance, 5.0, 16_000)
        signal[12_000:12_006] += 40.0
        signal[12_140:12_300] += burst(chance, 60.0, 160)  # 70 ms behind the pulse
        seen += any(abs(on - 6.07) < 0.025 and off < 6.2 for on, off in readings_of(signal, 2000.0))
    assert seen >= 16


def test_two_twitches_in_one_candidate_are_two() -> None:
    def short_ones(candidate: Judged) -> list[Verdict]:
        lengths = [(r.offset - r.onset) / candidate.rate for r in candidate.readings]
        return [Verdict(0.9 if 0.08 < length < 0.2 else 0.1, 0.5, "noise", "") for length in lengths]

    signal = np.random.default_rng(3).standard_normal(20_000)
    signal[10_000:12_000] *= 4
    for onset in (10_300, 11_500):
        signal[onset : onset + 200] *= 6
    channel = Channel(2000.0, short_ones)
    events = [e for _, e in channel.push(signal) + channel.finish()]
    found = [e.onset_s for e in events if isinstance(e, Twitch) and e.onset_s < 6]
    assert found == pytest.approx([5.15, 5.75], abs=0.025)
    assert sum(isinstance(e, Candidate) for e in events) < 6


def test_a_twitch_is_given_to_its_end_though_its_strongest_part_is_surer() -> None:
    ends: dict[float, int] = {}

    def part_is_surer(candidate: Judged) -> list[Verdict]:
        ends.update((r.kind, r.offset) for r in candidate.readings if r.onset < 12_100)
        sure = {PART: 0.95, LIKELIEST: 0.8}
        return [Verdict(sure.get(r.kind, 0.1), 0.5, "noise", "") for r in candidate.readings]

    chance = np.random.default_rng(0)
    signal = burst(chance, 5.0, 16_000)
    signal[12_000:12_060] += burst(chance, 120.0, 60)
    signal[12_060:12_400] += burst(chance, 20.0, 340)
    channel = Channel(2000.0, part_is_surer)
    events = [e for _, e in channel.push(signal) + channel.finish()]
    twitch = next(e for e in events if isinstance(e, Twitch) and e.onset_s > 5.9)
    assert ends[PART] + 200 < ends[LIKELIEST] == round(2000 * twitch.offset_s)
    assert twitch.confidence == 0.95


def test_a_candidate_comes_before_its_twitch() -> None:
    recording = made()
    monitor = TwitchMonitor(2000)
    events = monitor.push(recording.signal) + monitor.finish()
    first = next(e for e in events if isinstance(e, Twitch))
    assert any(isinstance(e, Candidate) for e in events[: events.index(first)])


def test_several_channels_are_judged_each_by_itself() -> None:
    one, other = made(1), made(2)
    monitor = TwitchMonitor(2000, channels=2)
    both = np.column_stack([one.signal, other.signal])
    events = monitor.push(both) + monitor.finish()
    for number, alone in enumerate((one, other)):
        single = TwitchMonitor(2000)
        expected = [e.onset_s for e in single.push(alone.signal) + single.finish() if isinstance(e, Twitch)]
        assert [e.onset_s for e in events if isinstance(e, Twitch) and e.channel == number] == expected


def test_after_a_change_of_site_the_next_twitch_is_the_first() -> None:
    recording = made(1)
    monitor = TwitchMonitor(2000)
    half = len(recording.signal) // 2
    before = monitor.push(recording.signal[:half])
    monitor.new_series()
    after = [e for e in monitor.push(recording.signal[half:]) + monitor.finish() if isinstance(e, Twitch)]
    assert any(isinstance(e, Twitch) for e in before)
    assert after[0].relative_to_first == 1.0


@pytest.mark.parametrize(
    "signal", [np.zeros(0), np.zeros(5000), np.full(5000, np.nan), np.full(3, 7.0), np.full(4000, np.inf)]
)
def test_a_recording_without_a_signal_holds_no_twitch(signal: np.ndarray) -> None:
    monitor = TwitchMonitor(1000)
    events = monitor.push(signal) + monitor.finish()
    assert not any(isinstance(e, Twitch) for e in events)


def test_memory_does_not_grow() -> None:
    import pickle

    monitor = TwitchMonitor(1000)
    chance = np.random.default_rng(0)
    block = chance.standard_normal(20_000)
    block[::3] = np.nan
    sizes = []
    for _ in range(6):
        monitor.push(block)
        channel = monitor._channels[0]
        sizes.append(
            len(pickle.dumps([channel.front.__dict__, channel._shapes, channel._recent, channel._carry]))
        )
    assert max(sizes[2:]) <= 1.1 * sizes[1]


@pytest.mark.parametrize(
    ("rate", "signal", "said"),
    [
        (100.0, np.zeros(10), "sampling_rate: 100 Hz"),
        (60_000.0, np.zeros(10), "sampling_rate: 60000 Hz"),
        (1000.0, np.zeros((10, 2)), "one channel"),
        (1000.0, np.zeros(0), "no sample"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(rate: float, signal: np.ndarray, said: str) -> None:
    with pytest.raises(TwitchError, match=said):
        detect(signal, rate)


def test_the_figure_shows_trace_and_falling_peaks() -> None:
    recording = made()
    table, info = detect(recording.signal, 2000)
    figure = twitch_plot(table, info, recording.signal)
    trace, bars = figure.axes
    assert len(bars.patches) >= len(table)
    assert trace.get_xlabel() == "time (s)"
