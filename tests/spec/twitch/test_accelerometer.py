"""The mechanical answer to a twitch: found, measured, rejected by name, and set beside the EMG."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import edfio
import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from tautband.cli.main import cli
from tautband.twitch import (
    AccelerometerMonitor,
    MechanicalTwitch,
    Rejected,
    Twitch,
    TwitchError,
    agreement,
    mechanical,
)
from tautband.twitch.accelerometer import Mechanical, felt_alone, shifted
from tautband.twitch.simulate import Settings, Simulated, simulate
from tautband.twitch.simulate_motion import Motion, MotionSettings, simulate_motion

ROOT = Path(__file__).resolve().parents[3]
XYZ = ("X", "Y", "Z")
RATE = 500.0


def emg(seed: int = 1) -> Simulated:
    plan = Settings(
        duration_s=20.0,
        sampling_rate=1000.0,
        snr_db=(24.0, 24.0),
        kinds={"burst": 1.0},
        series=(1.0, 0.7, 0.6, 0.5),
    )
    return simulate(plan, np.random.default_rng(seed))


def motion(seed: int = 1, rate: float = RATE, **settings: Any) -> Motion:
    plan = replace(MotionSettings(sampling_rate=rate, snr_db=(32.0, 32.0)), **settings)
    return simulate_motion(emg(seed).twitches, 20.0, plan, np.random.default_rng(seed))


def felt(made: Motion) -> Mechanical:
    return mechanical([made.signal], made.sampling_rate, channels=XYZ)


@pytest.mark.parametrize("rate", [148.0, 500.0, 2000.0])
def test_answers_are_found_at_their_time_and_size(rate: float) -> None:
    made = motion(rate=rate)
    found = felt(made)
    assert len(found.twitches) == len(made.answers) == 4
    for answer, truth in zip(found.twitches, made.answers, strict=True):
        assert answer.onset_s == pytest.approx(truth.onset_s, abs=0.1)
        assert 0.3 < answer.peak_m_s2 / truth.peak_m_s2 < 1.2  # what lies below 8 Hz is not in it
    doubled = mechanical([2 * made.signal], rate, channels=XYZ)
    assert [m.peak_m_s2 for m in doubled.twitches] == pytest.approx([2 * m.peak_m_s2 for m in found.twitches])
    assert found.twitches[0].relative_to_first == 1.0
    assert found.twitches[3].relative_to_first < 1.0


def test_gravity_and_the_way_the_sensor_is_turned_do_not_matter() -> None:
    made = motion()
    turn, _ = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))
    turned = mechanical([made.signal @ turn.T + [30.0, 0, 0]], RATE, channels=XYZ)
    for one, other in zip(felt(made).twitches, turned.twitches, strict=True):
        assert other.onset_s == one.onset_s
        assert other.peak_m_s2 == pytest.approx(one.peak_m_s2)


@pytest.mark.parametrize("sizes", [(1,), (7, 300), (5,), (2500,)])
def test_blocks_of_any_size_give_the_same(sizes: tuple[int, ...]) -> None:
    signal = motion(movements_per_min=10.0, bumps_per_min=10.0).signal
    whole = AccelerometerMonitor(RATE, 3)
    expected = whole.push(signal) + whole.finish()
    monitor, found, at, turn = AccelerometerMonitor(RATE, 3), [], 0, 0
    while at < len(signal):
        found += monitor.push(signal[at : at + sizes[turn % len(sizes)]])
        at, turn = at + sizes[turn % len(sizes)], turn + 1
    assert found + monitor.finish() == expected


def test_a_knock_is_a_bump_and_a_tilt_a_movement() -> None:
    quiet = motion(unseen=1.0).signal
    t = np.arange(len(quiet)) / RATE
    knock = np.where(t > 8, 6 * np.sin(2 * np.pi * 110 * (t - 8)) * np.exp(-(t - 8) / 0.02), 0.0)
    (bump,) = mechanical([quiet + knock[:, None] * [1, 0, 0]], RATE, channels=XYZ).rejected
    assert bump.why == "bump"
    assert bump.onset_s == pytest.approx(8.0, abs=0.06)
    shove = 4 * np.exp(-0.5 * ((t - 12) / 0.06) ** 2)
    (movement,) = mechanical([quiet + shove[:, None] * [0, 1, 0]], RATE, channels=XYZ).rejected
    assert movement.why == "movement"


def test_missing_samples_are_no_answer() -> None:
    signal = motion().signal
    signal[4000:4100] = np.nan
    found = mechanical([signal], RATE, channels=XYZ)
    assert all(not (m.onset_s < 8.2 and m.offset_s > 8.0) for m in found.twitches)
    empty = mechanical([np.full((3000, 1), np.nan)], RATE)
    assert (empty.twitches, empty.rejected) == ((), ())


def test_a_unit_that_makes_gravity_a_thousandfold_is_refused() -> None:
    with pytest.raises(TwitchError, match="the unit is wrong"):
        mechanical([1000 * motion().signal], RATE, channels=XYZ)


@pytest.mark.parametrize("rate", [20.0, 50_000.0])
def test_a_rate_out_of_range_is_refused(rate: float) -> None:
    with pytest.raises(TwitchError, match="a rate between"):
        AccelerometerMonitor(rate)


def twitch(onset_s: float, confidence: float = 0.8) -> Twitch:
    return Twitch(onset_s, onset_s + 0.1, 50.0, 20.0, 1.0, 5, 20.0, confidence)


def test_agreement_strengthens_and_absence_says_little() -> None:
    answers = (MechanicalTwitch(5.015, 5.2, 1.0, 1.0, 30.0), MechanicalTwitch(9.0, 9.2, 1.0, 1.0, 30.0))
    beside = Mechanical(RATE, XYZ, answers, (Rejected(7.0, 7.1, "bump", ""),), 0.02)
    seen, bumped, nothing = agreement([twitch(5.0), twitch(7.0), twitch(12.0)], beside)
    assert seen.seen
    assert seen.delay_ms == pytest.approx(15.0)
    assert seen.peak_m_s2 == 1.0
    assert seen.confidence > 0.9
    assert (bumped.seen, bumped.why) == (False, "bump")
    assert bumped.confidence == pytest.approx(0.8)
    assert (nothing.seen, nothing.why) == (False, "nothing")
    assert 0.7 < nothing.confidence < 0.8
    assert felt_alone([twitch(5.0), twitch(7.0), twitch(12.0)], beside) == (answers[1],)


def test_a_sensor_that_began_later_is_set_on_the_clock_of_the_emg() -> None:
    began = Mechanical(
        RATE, XYZ, (MechanicalTwitch(5.0, 5.2, 1.0, 1.0, 30.0),), (Rejected(1.0, 1.1, "bump", ""),), 0.02
    )
    later = shifted(began, 3.0)
    assert agreement([twitch(8.0)], later)[0].seen
    assert later.rejected[0].onset_s == 4.0
    assert shifted(began, -2.0).rejected == ()


def test_an_answer_belongs_to_one_twitch_only() -> None:
    beside = Mechanical(RATE, XYZ, (MechanicalTwitch(5.0, 5.2, 1.0, 1.0, 30.0),), (), 0.02)
    assert [a.seen for a in agreement([twitch(4.95), twitch(5.0)], beside)].count(True) == 1


def recording(path: Path, *, with_emg: bool = True, unit: str = "m/s2") -> Path:
    made = motion(rate=1000.0)
    scale = {"m/s2": 1.0, "g": 1 / 9.80665, "": 1.0}[unit]
    signals = [
        edfio.EdfSignal(scale * made.signal[:, i], 1000.0, label=f"ACC {a}", physical_dimension=unit)
        for i, a in enumerate(XYZ)
    ]
    if with_emg:
        signals.insert(0, edfio.EdfSignal(emg().signal, 1000.0, label="EMG", physical_dimension="uV"))
    edfio.Edf(signals).write(path)
    return path


def run(path: Path, *more: str) -> str:
    axes = [word for a in XYZ for word in ("--accelerometer", f"ACC {a}")]
    result = CliRunner().invoke(cli, ["twitch", "analyse", str(path), *axes, *more])
    if result.exception:
        raise result.exception
    return result.stdout


def schema(name: str) -> dict[str, object]:
    return dict(json.loads((ROOT / f"src/tautband/schema/{name}.schema.json").read_text(encoding="utf-8")))


@pytest.mark.parametrize("unit", ["m/s2", "g"])
def test_the_command_sets_it_beside_the_emg(unit: str, tmp_path: Path) -> None:
    path = recording(tmp_path / "r.edf", unit=unit)
    found = json.loads(run(path, "--format", "json"))
    jsonschema.validate(found, schema("twitches"))
    jsonschema.validate(found["accelerometer"], schema("mechanical"))
    assert [t["mechanical"]["seen"] for t in found["twitches"]] == [True] * 4
    assert all(0 < t["mechanical"]["delay_ms"] < 80 for t in found["twitches"])
    assert all(t["mechanical"]["confidence"] >= t["confidence"] for t in found["twitches"])
    assert "Accelerometer (ACC X, ACC Y, ACC Z): 4 answers" in run(path)


def test_it_is_analysed_alone_where_there_is_no_emg(tmp_path: Path) -> None:
    path = recording(tmp_path / "r.edf", with_emg=False)
    found = json.loads(run(path, "--format", "json"))
    jsonschema.validate(found, schema("mechanical"))
    assert len(found["twitches"]) == 4
    assert "4 answers" in run(path)


def test_a_unit_that_the_file_does_not_say_is_asked_for(tmp_path: Path) -> None:
    path = recording(tmp_path / "r.edf", unit="")
    with pytest.raises(TwitchError, match=r"--accelerometer-unit g\|mg\|m/s2"):
        run(path)
    assert "4 answers" in run(path, "--accelerometer-unit", "m/s2")
