"""End-plate noise and spikes: rate and amplitude before and after needling, against known truth."""

import csv
import json
from importlib.resources import files
from pathlib import Path

import edfio
import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from tautband.cli.main import cli
from tautband.twitch import Rejected, TwitchError, end_plate
from tautband.twitch.endplate import EndPlate
from tautband.twitch.simulate import Settings, simulate
from tautband.twitch.simulate_endplate import SimulatedEndPlate, simulate_end_plate

ROOT = Path(__file__).resolve().parents[3]
RATE = 5000.0


def made(seed: int = 0, seconds: float = 20.0, **truth: float) -> SimulatedEndPlate:
    plan = {"noise_rms_uv": 5.0, "spikes_per_s": 20.0, "spike_uv": 100.0} | truth
    return simulate_end_plate(seconds, RATE, np.random.default_rng(seed), **plan)


def measured(signal: np.ndarray, span: tuple[float, float] = (0.0, 20.0), **options: object) -> EndPlate:
    (found,) = end_plate([signal], RATE, [span], **options)  # type: ignore[arg-type]
    assert found is not None
    return found


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    spikes_per_s=st.floats(3, 50),
    spike_uv=st.floats(75, 400),
    noise_rms_uv=st.floats(2, 5),
)
def test_rate_and_amplitude_are_those_that_were_put_in(
    seed: int, spikes_per_s: float, spike_uv: float, noise_rms_uv: float
) -> None:
    truth = made(seed, spikes_per_s=spikes_per_s, spike_uv=spike_uv, noise_rms_uv=noise_rms_uv)
    found = measured(truth.signal)
    assert found.spikes_per_s == pytest.approx(np.sum(truth.spikes_s > 0.5) / 19.5, rel=0.05, abs=0.15)
    assert found.spike_uv == pytest.approx(spike_uv, rel=0.1)
    assert found.noise_rms_uv == pytest.approx(noise_rms_uv, rel=0.1, abs=0.01 * spike_uv)
    assert found.first_negative == pytest.approx(1.0, abs=0.05)


def test_noise_alone_has_no_spikes_and_as_many_potentials_as_rice_says() -> None:
    noise = made(1, seconds=60.0, spikes_per_s=0.0).signal
    found = measured(noise, (0.0, 60.0))
    assert found.spikes <= 2
    # Rice 1945: of the maxima of Gaussian noise, those beyond u standard deviations cross it upwards once each, nearly
    slope = np.std(np.diff(noise)) * RATE
    crossings = slope / (2 * np.pi * np.std(noise)) * np.exp(-0.5 * (10 / np.std(noise)) ** 2)
    assert found.noise_potentials_per_s == pytest.approx(crossings, rel=0.25)


def test_a_fall_after_needling_is_seen() -> None:
    before, after = made(2), made(3, noise_rms_uv=3.0, spikes_per_s=5.0, spike_uv=60.0)
    one, other = end_plate([np.concatenate([before.signal, after.signal])], RATE, [(0, 20), (20, 40)])
    assert one is not None
    assert other is not None
    assert other.noise_rms_uv / one.noise_rms_uv == pytest.approx(0.6, rel=0.1)
    assert other.spikes_per_s / one.spikes_per_s == pytest.approx(0.25, rel=0.25)


def test_blocks_of_any_size_give_the_same() -> None:
    signal = made(4).signal
    parts = np.split(signal, [1, 7, 5000, 50_001])
    assert end_plate(parts, RATE, [(0, 20)]) == end_plate([signal], RATE, [(0, 20)])


def test_what_was_rejected_under_another_name_is_left_out() -> None:
    signal = made(5).signal
    signal[50_000:55_000] += 3000 * np.sin(np.arange(5000))
    other = measured(signal, rejected=[Rejected(10.0, 11.0, "needle movement", "")])
    assert other.seconds == pytest.approx(19.5 - 1.6, abs=0.05)
    assert other.spike_uv == pytest.approx(100, rel=0.1)
    own = measured(made(5).signal, rejected=[Rejected(10.0, 11.0, "end-plate activity", "")])
    assert own.seconds == pytest.approx(19.5, abs=0.05)


def test_missing_samples_are_left_out_and_hum_is_taken_out() -> None:
    signal = made(6).signal + 40 * np.sin(2 * np.pi * 50 * np.arange(100_000) / RATE)
    signal[20_000:30_000] = np.nan
    found = measured(signal, hum_hz=[50.0])
    assert found.seconds == pytest.approx(17.5, abs=0.1)
    assert found.spike_uv == pytest.approx(100, rel=0.1)
    assert found.noise_rms_uv == pytest.approx(5, rel=0.2)


def test_a_span_that_is_too_short_gives_nothing() -> None:
    assert end_plate([made().signal], RATE, [(5.0, 5.8)]) == (None,)


@pytest.mark.parametrize(
    ("span", "rate", "said"), [((5.0, 5.0), RATE, "no length"), ((0.0, 5.0), 500.0, "1000 Hz")]
)
def test_a_span_without_length_and_a_rate_too_low_are_refused(
    span: tuple[float, float], rate: float, said: str
) -> None:
    with pytest.raises(TwitchError, match=said):
        end_plate([np.zeros(5000)], rate, [span])


def test_every_figure_has_a_source_and_says_whether_it_was_read() -> None:
    text = files("tautband.twitch").joinpath("data", "end_plate.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    assert all(r["sources"] and r["confidence"] in ("high", "medium", "low") for r in rows)
    assert {r["source_read"] for r in rows} <= {"yes", "no"}


def needle_recording(path: Path) -> Path:
    plan = Settings(
        duration_s=12.0,
        sampling_rate=RATE,
        electrode="intramuscular",
        snr_db=(30.0, 30.0),
        series=(1.0, 0.7, 0.5),
    )
    signal = simulate(plan, np.random.default_rng(3)).signal
    signal[: len(signal) // 2] += made(7, seconds=6.0).signal[: len(signal) // 2]
    edfio.Edf([edfio.EdfSignal(signal, RATE, label="EMG", physical_dimension="uV")]).write(path)
    return path


def test_the_command_prints_it_before_the_first_twitch_and_after_the_last_or_in_the_spans_given(
    tmp_path: Path,
) -> None:
    path = str(needle_recording(tmp_path / "r.edf"))
    schema = json.loads((ROOT / "src/tautband/schema/twitches.schema.json").read_text(encoding="utf-8"))
    run = CliRunner()
    said = run.invoke(cli, ["twitch", "analyse", path, "--intramuscular", "--format", "json"])
    found = json.loads(said.stdout)
    jsonschema.validate(found, schema)
    before, after = found["end_plate"]["before"], found["end_plate"]["after"]
    assert before["spikes_per_s"] > 5 * max(after["spikes_per_s"], 0.5)
    given = ["--before", "0.5", "2.5", "--after", "10", "12"]
    spans = json.loads(run.invoke(cli, ["twitch", "analyse", path, *given, "--format", "json"]).stdout)
    assert spans["end_plate"]["before"]["seconds"] == pytest.approx(2.0, abs=0.01)
    text = run.invoke(cli, ["twitch", "analyse", path, "--intramuscular"]).stdout
    assert "End plate before: noise" in text
    assert "end_plate" not in json.loads(
        run.invoke(cli, ["twitch", "analyse", path, "--format", "json"]).stdout
    )


def test_without_a_twitch_the_spans_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "r.edf"
    signal = 5 * np.random.default_rng(0).standard_normal(25_000)
    edfio.Edf([edfio.EdfSignal(signal, RATE, label="EMG", physical_dimension="uV")]).write(path)
    result = CliRunner().invoke(cli, ["twitch", "analyse", str(path), "--intramuscular"])
    assert "give the spans with --before and --after" in str(result.exception)
