"""Recordings of every format give the same twitches; damaged and hostile ones one clear line."""

import csv
import io
import json
import os
import resource
import struct
import sys
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import edfio
import jsonschema
import numpy as np
import pandas as pd
import pytest
import wfdb
from click.testing import CliRunner

from tautband.cli.main import cli
from tautband.errors import TautbandError
from tautband.twitch import detect
from tautband.twitch.files import open_recording
from tautband.twitch.simulate import Settings, simulate

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "src/tautband/schema/twitches.schema.json").read_text(encoding="utf-8"))
RATE = 1000.0
MADE = simulate(
    Settings(duration_s=12.0, sampling_rate=RATE, snr_db=(24.0, 24.0), twitches_per_min=25.0),
    np.random.default_rng(4),
)
SIGNAL = MADE.signal


def as_edf(folder: Path) -> Path:
    path = folder / "r.edf"
    edfio.Edf([edfio.EdfSignal(SIGNAL, RATE, label="EMG", physical_dimension="uV")]).write(path)
    return path


def as_bdf(folder: Path) -> Path:
    path = folder / "r.bdf"
    edfio.Bdf([edfio.BdfSignal(SIGNAL / 1000, RATE, label="EMG", physical_dimension="mV")]).write(path)
    return path


def as_wfdb(folder: Path) -> Path:
    wfdb.wrsamp(
        "r",
        fs=RATE,
        units=["mV"],
        sig_name=["EMG"],
        p_signal=SIGNAL[:, None] / 1000,
        fmt=["16"],
        write_dir=str(folder),
    )
    return folder / "r.hea"


def as_csv(folder: Path) -> Path:
    path = folder / "r.csv"
    times = np.arange(len(SIGNAL)) / RATE
    pd.DataFrame({"time_s": times, "emg_uv": SIGNAL}).to_csv(path, index=False)
    return path


def as_parquet(folder: Path) -> Path:
    path = folder / "r.parquet"
    times = np.arange(len(SIGNAL)) / RATE
    pd.DataFrame({"time_s": times, "EMG [mV]": SIGNAL / 1000}).to_parquet(path)
    return path


def otb(folder: Path, xml: str, data: bytes) -> Path:
    path = folder / "r.otb+"
    with tarfile.open(path, "w") as archive:
        for name, content in (("a.sig", data), ("a.xml", xml.encode())):
            about = tarfile.TarInfo(name)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return path


OTB_XML = (
    '<Device Name="QUATTRO" ad_bits="16" DeviceTotalChannels="2" SampleFrequency="1000"><Channels>'
    '<Adapter ID="AD" Gain="1" ChannelStartIndex="0"><Channel ID="EMG" Index="1" Gain="1"/></Adapter>'
    "</Channels></Device>"
)


def as_otb(folder: Path) -> Path:
    steps = np.round(SIGNAL / (5.0 / 2**16 * 1e6 / 150)).astype("<i2")
    return otb(folder, OTB_XML, np.column_stack([np.zeros_like(steps), steps]).tobytes())


def as_xdf(folder: Path) -> Path:
    def chunk(tag: int, content: bytes) -> bytes:
        return b"\x04" + struct.pack("<I", len(content) + 2) + struct.pack("<H", tag) + content

    about = (
        b"<info><name>amp</name><type>EMG</type><channel_count>1</channel_count><nominal_srate>1000</nominal_srate>"
        b"<channel_format>double64</channel_format><created_at>0</created_at><desc><channels><channel><label>EMG</label>"
        b"<unit>microvolts</unit></channel></channels></desc></info>"
    )
    samples = b"".join(
        b"\x08" + struct.pack("<d", i / RATE) + struct.pack("<d", value) for i, value in enumerate(SIGNAL)
    )
    stream = struct.pack("<I", 1)
    path = folder / "r.xdf"
    path.write_bytes(
        b"XDF:"
        + chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")
        + chunk(2, stream + about)
        + chunk(3, stream + b"\x04" + struct.pack("<I", len(SIGNAL)) + samples)
        + chunk(6, stream + b"<info><sample_count>1</sample_count></info>")
    )
    return path


FORMATS = [as_edf, as_bdf, as_wfdb, as_csv, as_parquet, as_otb, as_xdf]


@pytest.mark.parametrize("write", FORMATS)
def test_every_format_gives_the_same_twitches(write: Callable[[Path], Path], tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["twitch", "analyse", str(write(tmp_path)), "--format", "json"])
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    jsonschema.validate(found, SCHEMA)
    expected, _ = detect(SIGNAL, RATE)
    assert len(found["twitches"]) == len(expected) == len(MADE.twitches)
    for twitch, row in zip(found["twitches"], expected.itertuples(), strict=True):
        assert twitch["onset_s"] == pytest.approx(row.onset_s, abs=0.005)
        assert twitch["peak_rms_uv"] == pytest.approx(row.peak_rms_uv, rel=0.02)
    assert found["sampling_rate_hz"] == 1000


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["twitch", "analyse", *arguments], standalone_mode=False)
    error = result.exception
    return (2 if error else 0), str(getattr(error, "message", error)) if error else result.output


def test_a_table_without_a_unit_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    pd.DataFrame({"time": np.arange(len(SIGNAL)) / RATE, "emg": SIGNAL}).to_csv(path, index=False)
    code, said = run(str(path))
    assert code == 2
    assert "--unit uV|mV|V|nV" in said
    assert run(str(path), "--unit", "uV")[0] == 0


def test_a_table_without_times_asks_for_the_rate(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    pd.DataFrame({"emg_uv": SIGNAL}).to_csv(path, index=False)
    code, said = run(str(path))
    assert code == 2
    assert "--rate" in said
    assert run(str(path), "--rate", "1000")[0] == 0


@pytest.mark.parametrize("wrong", ["mV", "nV"])
def test_a_unit_that_is_a_thousand_off_gets_a_clear_line(wrong: str, tmp_path: Path) -> None:
    path = tmp_path / "r.edf"
    edfio.Edf([edfio.EdfSignal(SIGNAL, RATE, label="EMG", physical_dimension=wrong)]).write(path)
    code, said = run(str(path))
    assert code == 2
    assert "the unit is wrong" in said
    assert "thousandfold" in said


def test_a_channel_that_is_not_there_names_those_that_are(tmp_path: Path) -> None:
    code, said = run(str(as_edf(tmp_path)), "--channel", "EMX")
    assert code == 2
    assert "choose one of EMG" in said


@pytest.mark.parametrize("write", FORMATS)
@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.3, 0.9])
def test_a_cut_file_gives_a_partial_result_or_one_line(
    write: Callable[[Path], Path], share: float, tmp_path: Path
) -> None:
    path = write(tmp_path)
    data = path.with_suffix(".dat") if path.suffix == ".hea" else path
    content = data.read_bytes()
    data.write_bytes(content[: int(share * len(content))])
    code, said = run(str(path), "--unit", "uV", "--rate", "1000")
    assert code in (0, 2)
    if code:
        assert "\n" not in said.strip()
        assert path.stem in said or "signal" in said


@pytest.mark.parametrize("suffix", [".edf", ".bdf", ".hea", ".xdf", ".otb+", ".csv", ".parquet"])
def test_noise_instead_of_a_file_gets_one_line(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"r{suffix}"
    path.write_bytes(np.random.default_rng(0).bytes(4000))

    def read() -> None:
        file = open_recording(path, 1000.0)
        next(file.microvolts(file.pick(), "uV"))

    with pytest.raises(TautbandError):
        read()


def test_an_archive_cannot_reach_outside_or_expand(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + OTB_XML
    code, said = run(str(otb(tmp_path, bomb, b"\0" * 400)))
    assert code == 2
    assert "entities" in said


def test_annotations_are_written_as_edf_and_as_bids_events(tmp_path: Path) -> None:
    source = str(as_edf(tmp_path))
    assert run(source, "--annotations", str(tmp_path / "out.edf"))[0] == 0
    assert run(source, "--annotations", str(tmp_path / "out_events.tsv"))[0] == 0
    marks = edfio.read_edf(tmp_path / "out.edf").annotations
    with (tmp_path / "out_events.tsv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    twitches = [r for r in rows if r["trial_type"] == "twitch"]
    assert len(twitches) == len([m for m in marks if m.text.startswith("twitch")]) == len(MADE.twitches)
    assert float(twitches[0]["onset"]) == pytest.approx(marks[0].onset, abs=1e-3)
    described = json.loads((tmp_path / "out_events.json").read_text(encoding="utf-8"))
    assert list(described) == list(rows[0])


def test_a_figure_is_drawn(tmp_path: Path) -> None:
    target = tmp_path / "figure.svg"
    assert run(str(as_edf(tmp_path)), "--plot", str(target))[0] == 0
    assert target.read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_a_tap_counts(tmp_path: Path) -> None:
    code, said = run(str(as_edf(tmp_path)), "--tap", "0.1", "--format", "json")
    assert code == 0
    assert json.loads(said)["dose"]["tapped"] == 1


def test_the_shipped_recording_levels_off() -> None:
    code, said = run(str(ROOT / "examples/twitch_series.edf"), "--format", "json")
    found = json.loads(said)
    assert code == 0
    assert len(found["twitches"]) >= 6
    assert found["dose"]["advice"] == "stop"


MUTATIONS = int(os.environ.get("TAUTBAND_MUTATIONS", "60"))
"""Mutated files of each format; a longer run: TAUTBAND_MUTATIONS=3000 scripts/test -k mutated."""
LONGEST_S = 10.0
MOST_MEMORY_KB = {".parquet": 5 << 19}
"""Half a gigabyte, but for Parquet, whose reader believes a page that says it has the 2 GB that the format allows."""


def mutated(content: bytes, chance: np.random.Generator) -> bytes:
    """A few bytes replaced, flipped, lost, put in or made extreme, mostly near the start; some files end early."""
    data, kind = bytearray(content), int(chance.integers(5))
    for _ in range(int(chance.integers(1, 8))):
        at = int(chance.integers(min(len(data), 600) if chance.random() < 0.7 else len(data)))
        length = int(chance.integers(1, 40))
        if kind == 0:
            data[at] = int(chance.integers(256))
        elif kind == 1:
            data[at] ^= 1 << int(chance.integers(8))
        elif kind == 2:
            data[at : at + length] = b""
        elif kind == 3:
            data[at:at] = chance.bytes(length)
        else:
            data[at : at + length % 9] = [b"9", b"\xff", b"0", b" ", b"-"][int(chance.integers(5))] * (
                length % 9
            )
        if not data:
            return b""
    return bytes(data[: int(chance.integers(len(data)))] if chance.random() < 0.2 else data)


@pytest.mark.parametrize("write", FORMATS)
def test_a_mutated_file_is_read_in_part_or_refused_in_one_line(
    write: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[__name__], "SIGNAL", SIGNAL[:3000])
    path = write(tmp_path)
    targets = [path, path.with_suffix(".dat")] if path.suffix == ".hea" else [path]
    original = {target: target.read_bytes() for target in targets}
    chance = np.random.default_rng(1)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused = 0
    for _ in range(MUTATIONS):
        for target, content in original.items():
            target.write_bytes(content)
        target = targets[int(chance.integers(len(targets)))]
        target.write_bytes(mutated(original[target], chance))
        started, said = time.process_time(), ""
        try:
            file = open_recording(path, 1000.0 if chance.random() < 0.5 else None)
            for block in file.microvolts(file.pick(), "uV"):
                assert block.dtype == float
        except TautbandError as error:
            refused, said = refused + 1, str(error)
        assert "\n" not in said
        assert time.process_time() - started < LONGEST_S
    assert 0 < refused < MUTATIONS
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < MOST_MEMORY_KB.get(
        path.suffix, 1 << 19
    )


@pytest.mark.parametrize("name", ["r.edf", "link.edf", "other.tsv"])
def test_annotations_never_overwrite_a_file(tmp_path: Path, name: str) -> None:
    source = as_edf(tmp_path)
    (tmp_path / "link.edf").symlink_to(source)
    (tmp_path / "other.json").write_text("mine", encoding="utf-8")
    before = source.read_bytes()
    code, said = run(str(source), "--annotations", str(tmp_path / name))
    assert code == 2
    assert "exists already; choose another name" in said
    assert source.read_bytes() == before
    assert (tmp_path / "other.json").read_text(encoding="utf-8") == "mine"


def table(folder: Path, heading: str, separator: str = ",", decimal: str = ".") -> Path:
    path = folder / "r.csv"
    frame = pd.DataFrame({"time_s": np.arange(len(SIGNAL)) / RATE, heading: SIGNAL})
    frame.to_csv(path, index=False, sep=separator, decimal=decimal)
    return path


@pytest.mark.parametrize("heading", ["EMG (uV)", "EMG(µV)", "EMG [uV]", "[/b] EMG [uV]", "[red]EMG_uv"])
def test_headings_are_read_and_shown_as_they_stand(tmp_path: Path, heading: str) -> None:
    result = CliRunner().invoke(cli, ["twitch", "analyse", str(table(tmp_path, heading))])
    assert result.exit_code == 0, result.output
    assert f"channel {heading}" in " ".join(result.output.split())


@pytest.mark.parametrize("decimal", [",", "."])
def test_a_table_parted_by_semicolons_is_read(tmp_path: Path, decimal: str) -> None:
    code, said = run(str(table(tmp_path, "EMG [uV]", ";", decimal)), "--format", "json")
    assert code == 0
    assert len(json.loads(said)["twitches"]) == len(MADE.twitches)


@pytest.mark.parametrize("tap", ["nan", "-5", "1e9"])
def test_a_tap_outside_the_recording_is_refused(tmp_path: Path, tap: str) -> None:
    code, said = run(str(as_edf(tmp_path)), f"--tap={tap}")
    assert code == 2
    assert "is outside the recording, which has 12.000 s" in said


def test_a_gap_of_an_hour_is_not_cut_short(tmp_path: Path) -> None:
    stamps = np.arange(len(SIGNAL)) / RATE
    stamps[6000:] += 3600.0
    pd.DataFrame({"time_s": stamps, "EMG [uV]": SIGNAL}).to_parquet(tmp_path / "r.parquet")
    code, said = run(str(tmp_path / "r.parquet"))
    assert code == 2
    assert "3600 s are missing after 6 s" in said


def test_seconds_that_go_backwards_once_are_refused(tmp_path: Path) -> None:
    path = table(tmp_path, "EMG [uV]")
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[5000], lines[5001] = lines[5001], lines[5000]
    path.write_text("\n".join(lines), encoding="utf-8")
    code, said = run(str(path))
    assert code == 2
    assert "goes backwards" in said
