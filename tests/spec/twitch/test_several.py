"""Several channels: one twitch on several is one, what all show alike is a common artefact."""

import json
from pathlib import Path

import edfio
import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner

from tautband.cli.main import cli
from tautband.twitch import Analysis, Several, TwitchError, analyse, together, write_several
from tautband.twitch.several import Span, spans_of_all
from tautband.twitch.simulate import Settings, Simulated, simulate

ROOT = Path(__file__).resolve().parents[3]
RATE = 1000.0
SHAPE = Settings(
    duration_s=16.0,
    sampling_rate=RATE,
    snr_db=(26.0, 26.0),
    kinds={"burst": 1.0},
    series=(1.0, 0.8, 0.6, 0.5),
)
ARTEFACTS_S = (5.0, 8.3, 11.5)


def channels(count: int, *, artefacts: bool = False, first: int = 3, hum_uv: float = 0.0) -> list[np.ndarray]:
    """The same twitches at the same times with the shapes and sizes that different electrodes give."""
    base = simulate(SHAPE, np.random.default_rng(first))
    found = []
    for n in range(count):
        other = simulate(SHAPE, np.random.default_rng(first + n))
        signal = other.signal - other.clean
        for here, there in zip(base.twitches, other.twitches, strict=True):
            wave = other.clean[round(there.onset_s * RATE) : round(there.offset_s * RATE)]
            at = round(here.onset_s * RATE) + 2 * n
            signal[at : at + len(wave)] += (1 - 0.15 * n) * wave
        signal += hum_uv * np.sin(2 * np.pi * 50 * np.arange(len(signal)) / RATE)
        found.append(signal)
    if artefacts:
        blow = 150 * np.random.default_rng(0).standard_normal(60) * np.hanning(60)
        for signal in found:
            for start in ARTEFACTS_S:
                signal[round(start * RATE) : round(start * RATE) + 60] += blow
    return found


def analysed(signals: list[np.ndarray]) -> list[Analysis]:
    return [analyse([s], RATE, channel=f"EMG{n}", known_unit=True) for n, s in enumerate(signals, 1)]


def brought_together(signals: list[np.ndarray]) -> Several:
    def wave(n: int, span: Span) -> np.ndarray:
        return signals[n][round(span[0] * RATE) : round(span[1] * RATE)]

    return together(analysed(signals), wave)


def base() -> Simulated:
    return simulate(SHAPE, np.random.default_rng(3))


@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_twitch_on_several_channels_is_one(count: int) -> None:
    found = brought_together(channels(count))
    assert len(found.twitches) == len(base().twitches) == 4
    for twitch, truth in zip(found.twitches, base().twitches, strict=True):
        assert twitch.onset_s == pytest.approx(truth.onset_s, abs=0.03)
        assert len(twitch.channels) == count
    assert found.artefacts == ()
    assert found.dose.seen == 4


@pytest.mark.parametrize("hum_uv", [0.0, 30.0])
def test_what_all_channels_show_alike_is_a_common_artefact_and_twitches_stay(hum_uv: float) -> None:
    found = brought_together(channels(4, artefacts=True, hum_uv=hum_uv))
    assert [a.onset_s for a in found.artefacts] == pytest.approx(ARTEFACTS_S, abs=0.04)
    assert all(len(a.called) == 4 for a in found.artefacts)
    assert len(found.twitches) == 4


@pytest.mark.parametrize("count", [1, 2, 3])
def test_twitches_during_a_stimulators_train_stay_as_many_as_they_are(count: int) -> None:
    signals = channels(count)
    for signal in signals:
        for at in np.arange(2.0, 15.0, 0.2):
            signal[round(at * RATE) : round(at * RATE) + 2] += [150, -130]
    alone = analysed(signals)
    assert any(r.offset_s - r.onset_s > 10 for c in alone for r in c.rejected)
    found = together(alone)
    assert len(found.twitches) >= max(len(c.twitches) for c in alone)


def test_two_channels_are_too_few_to_tell() -> None:
    signals = channels(2, artefacts=True)
    assert spans_of_all(analysed(signals)) == ()
    assert brought_together(signals).artefacts == ()


def test_a_twitch_on_one_channel_only_stays_and_what_others_called_it_stands_beside() -> None:
    signals = channels(1) + [
        channels(3)[n] * 0 + 5 * np.random.default_rng(n).standard_normal(16_000) for n in (1, 2)
    ]
    t = np.arange(300) / RATE
    at = round(base().twitches[1].onset_s * RATE)
    signals[1][at : at + 300] += 500 * np.sin(2 * np.pi * 6 * t) * np.exp(-t / 0.05)
    found = brought_together(signals)
    assert [x.channels for x in found.twitches] == [("EMG1",)] * 4
    assert all(name != "EMG1" for x in found.twitches for name, _ in x.others)


def test_sizes_come_from_one_channel_and_a_twitch_it_missed_counts_unmeasured() -> None:
    signals = channels(2)
    first = round(base().twitches[0].onset_s * RATE)
    signals[1][first - 50 : first + 300] = 5 * np.random.default_rng(9).standard_normal(350)
    found = brought_together(signals)
    assert found.reference == "EMG1"
    assert [t.relative_to_first is None for t in found.twitches] == [False] * 4
    swapped = together(analysed(signals)[::-1])
    assert swapped.reference == "EMG1"
    assert swapped.dose == found.dose


def test_no_channel_is_refused() -> None:
    with pytest.raises(TwitchError, match="there is none"):
        together([])


def recording(path: Path) -> Path:
    signals = channels(3, artefacts=True)
    edfio.Edf(
        [edfio.EdfSignal(s, RATE, label=f"EMG{n}", physical_dimension="uV") for n, s in enumerate(signals, 1)]
    ).write(path)
    return path


def test_the_command_looks_at_every_channel(tmp_path: Path) -> None:
    path = str(recording(tmp_path / "r.edf"))
    result = CliRunner().invoke(cli, ["twitch", "analyse", path, "--all-channels", "--format", "json"])
    found = json.loads(result.stdout)
    schema = json.loads((ROOT / "src/tautband/schema/channels.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(found, schema)
    assert [c["channel"] for c in found["channels"]] == ["EMG1", "EMG2", "EMG3"]
    assert len(found["together"]["twitches"]) == 4
    assert [a["why"] for a in found["together"]["artefacts"]] == ["common artefact"] * 3
    text = CliRunner().invoke(cli, ["twitch", "analyse", path, "--all-channels"]).stdout
    assert "Together: 4 twitches" in text
    assert "common artefact at 5.0" in text


def test_what_is_for_one_channel_does_not_go_with_all(tmp_path: Path) -> None:
    path = str(recording(tmp_path / "r.edf"))
    result = CliRunner().invoke(cli, ["twitch", "analyse", path, "--all-channels", "--tap", "1"])
    assert result.exit_code == 2
    assert "--tap is for one channel" in result.stderr


def test_it_is_written_as_it_stands() -> None:
    signals = channels(2)
    written = write_several(analysed(signals), brought_together(signals))
    assert json.loads(json.dumps(written, allow_nan=False)) == written
