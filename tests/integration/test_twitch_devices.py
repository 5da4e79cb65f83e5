"""Real streams of the Lab Streaming Layer over loopback, and BrainFlow's synthetic and playback boards."""

import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tautband.twitch import TwitchError, detect
from tautband.twitch.files import open_recording
from tautband.twitch.live.brainflow import BrainFlowSource
from tautband.twitch.live.lsl import LslSource, configure
from tautband.twitch.live.run import Run
from tautband.twitch.simulate import Settings, simulate

ROOT = Path(__file__).resolve().parents[2]
SERIES = ROOT / "examples/twitch_series.edf"
COMMAND = [sys.executable, "-c", "from tautband.cli.main import main; main()", "twitch"]
PATIENCE_S = 90.0

Play = Callable[..., "subprocess.Popen[str]"]


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < until
        time.sleep(0.02)


@pytest.fixture
def name() -> str:
    """A stream that nothing else on this machine has."""
    return f"tautband test {uuid.uuid4().hex[:8]}"


@pytest.fixture
def play() -> Iterator[Play]:
    """Plays a recording as a stream, in a process of its own."""
    playing = []

    def started(name: str, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*COMMAND, "play", str(SERIES), "--lsl", name, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
        playing.append(process)
        assert process.stdout is not None
        assert "as LSL stream" in process.stdout.readline()
        return process

    yield started
    for process in playing:
        process.kill()
        process.communicate()


def samples_of(source: LslSource | BrainFlowSource, seconds: float) -> np.ndarray:
    blocks, given = [np.zeros(0)], 0
    for block in source:
        assert block.start_s == given / source.sampling_rate
        blocks.append(block.samples)
        given += len(block.samples)
        if given >= seconds * source.sampling_rate:
            source.close()
    return np.concatenate(blocks)


def place_in(whole: np.ndarray, part: np.ndarray) -> int:
    """Where a part of a recording stands in it, to the sample."""
    found = np.flatnonzero(np.abs(whole[: len(whole) - len(part) + 1] - part[0]) < 1e-3)
    (at,) = [i for i in found if np.abs(whole[i : i + len(part)] - part).max() < 1e-3]
    return int(at)


def test_a_recording_played_as_a_stream_arrives_sample_by_sample(play: Play, name: str) -> None:
    play(name)
    source = LslSource(name)
    assert (source.channel, source.unit, source.sampling_rate) == ("EMG trapezius", "microvolts", 1000.0)
    got = samples_of(source, 2.0)
    whole = np.concatenate([*open_recording(SERIES).microvolts(0)])
    place_in(whole, got)  # nothing lost, nothing twice


def test_a_killed_sender_that_comes_back_loses_no_count(play: Play, name: str) -> None:
    first = play(name)
    run = Run(LslSource(name))
    run.start()
    wait_for(lambda: len(run.analysis.series[0].twitches) >= 1)
    reference = run.analysis.series[0].twitches[0].peak_rms_uv
    first.kill()
    wait_for(lambda: run.source.connection == "lost")
    before, lost_at = run.analysis.samples, time.monotonic()
    seen = len(run.analysis.series[0].twitches)
    play(name)
    wait_for(lambda: run.source.connection == "up")
    wait_for(lambda: len(run.analysis.series[0].twitches) > seen)
    waited = time.monotonic() - lost_at
    run.stop()
    (series,) = run.analysis.series
    later = series.twitches[seen]
    assert later.relative_to_first == pytest.approx(later.peak_rms_uv / reference)
    passed = (run.analysis.samples - before) / 1000.0
    assert passed == pytest.approx(waited, abs=1.5)  # the time without samples stands there as missing
    gaps = [e for e in run.analysis.events if getattr(e, "why", "") == "NaN run"]
    assert max(e.offset_s - e.onset_s for e in gaps) > 0.3


def outlet(
    name: str, *, rate: float = 500.0, unit: str = "", channels: int = 1, kind: str = "float32"
) -> object:
    import pylsl

    configure(False)
    info = pylsl.StreamInfo(name, "EMG", channels, rate, kind, "")
    if unit:
        info.set_channel_units([unit] * channels)
        info.set_channel_labels([f"EMG {n}" for n in range(1, channels + 1)])
    return pylsl.StreamOutlet(info)


def test_a_stream_without_a_unit_asks_for_it(name: str) -> None:
    kept = outlet(name)
    with pytest.raises(TwitchError, match=r"does not say the unit; give it with --unit uV\|mV\|V\|nV"):
        LslSource(name)
    assert LslSource(name, unit="mV").unit == "mV"
    del kept


def test_a_unit_that_is_no_voltage_an_odd_channel_and_an_odd_rate_are_refused(name: str) -> None:
    kept = [
        outlet(f"{name} g", unit="g"),
        outlet(f"{name} odd", rate=0.0),
        outlet(f"{name} text", kind="string"),
    ]
    with pytest.raises(TwitchError, match="the unit 'g' is not a voltage"):
        LslSource(f"{name} g")
    with pytest.raises(TwitchError, match="channel: '7' is not in"):
        LslSource(f"{name} g", channel="7")
    with pytest.raises(TwitchError, match="no regular rate"):
        LslSource(f"{name} odd", unit="uV")
    with pytest.raises(TwitchError, match="holds text"):
        LslSource(f"{name} text")
    del kept


def test_a_stream_that_is_not_there_names_one_that_is(name: str) -> None:
    kept = outlet(name)
    with pytest.raises(TwitchError, match=name):
        LslSource(name + "x")
    del kept


def test_one_channel_of_several_is_read_in_microvolts(name: str) -> None:
    made = outlet(name, unit="millivolts", channels=3)
    source = LslSource(name, channel="EMG 2")
    ends = threading.Event()

    def push() -> None:
        n = 0
        while not ends.wait(0.02):
            made.push_chunk([[0.0, 0.001 * (n + i), 9.0] for i in range(10)])  # type: ignore[attr-defined]
            n += 10

    threading.Thread(target=push, daemon=True).start()
    got = samples_of(source, 0.5)
    ends.set()
    assert np.diff(got[np.isfinite(got)]) == pytest.approx(1.0, abs=1e-2)


# BrainFlow -----------------------------------------------------------------------------------------------------------


def test_the_synthetic_board_gives_samples_at_its_rate() -> None:
    source = BrainFlowSource("synthetic", channel="2", unit="uV")
    assert (source.name, source.channel, source.sampling_rate) == ("BrainFlow Synthetic", "EMG 2", 250.0)
    begun = time.monotonic()
    got = samples_of(source, 3.0)
    assert len(got) / 250.0 == pytest.approx(time.monotonic() - begun, abs=1.0)
    assert np.isfinite(got).mean() > 0.8
    assert np.ptp(got[np.isfinite(got)]) > 1.0


def test_a_playback_board_gives_the_twitches_of_its_file_and_is_started_anew_when_it_falls_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tautband.twitch.live.source.SILENT_S", 1.0)
    plan = Settings(duration_s=9.0, sampling_rate=250.0, snr_db=(26.0, 26.0), twitches_per_min=40.0)
    made = simulate(plan, np.random.default_rng(7))
    rows = np.zeros((len(made.signal), 32))  # as BrainFlow writes the synthetic board to a file
    rows[:, 0], rows[:, 1] = np.arange(len(rows)) % 256, made.signal
    rows[:, 30] = 1.7e9 + np.arange(len(rows)) / 250.0
    np.savetxt(tmp_path / "board.csv", rows, fmt="%.6f", delimiter="\t")
    source = BrainFlowSource(
        "playback-file", {"file": str(tmp_path / "board.csv"), "master_board": "-1"}, unit="uV"
    )
    expected, _ = detect(made.signal, 250.0)
    assert len(expected) >= 3
    run = Run(source, known_unit=True)
    run.start()
    wait_for(lambda: len(run.analysis.series[0].twitches) > len(expected))
    run.stop()
    twitches = run.analysis.series[0].twitches
    assert [t.onset_s for t in twitches[: len(expected)]] == pytest.approx(
        list(expected["onset_s"]), abs=1.0
    )  # the board's own clock is not exact
    again = twitches[len(expected)]
    assert again.onset_s > 9.0 + 1.0
    assert again.relative_to_first == pytest.approx(again.peak_rms_uv / twitches[0].peak_rms_uv)


def test_a_board_that_cannot_be_reached_is_one_line() -> None:
    with pytest.raises(TwitchError, match="board 'cyton' cannot be reached") as refused:
        BrainFlowSource("cyton", {"serial_port": "nowhere"}, unit="uV")
    assert "\n" not in str(refused.value)
