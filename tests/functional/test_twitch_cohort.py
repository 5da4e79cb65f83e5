"""`tautband twitch cohort`: manifests and folders in, tables out; resumable, and one bad file ends nothing."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import edfio
import jsonschema
import numpy as np
import pandas as pd
import pytest

pytest.importorskip("distributed", reason="the extra cohort is not installed")

from click.testing import CliRunner, Result

from tautband.cli.main import cli
from tautband.twitch import TwitchError, bulk
from tautband.twitch.bulk import THIS_MACHINE, Entry, analyse_entry, code_digest, read_entries
from tautband.twitch.simulate import Settings, expected_ratios, simulate

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "src/tautband/schema/cohort.schema.json").read_text(encoding="utf-8"))
RATE = 500.0


def recording(path: Path, seed: int, unit: str = "uV") -> Path:
    plan = Settings(
        duration_s=9.0,
        sampling_rate=RATE,
        snr_db=(26.0, 28.0),
        scatter=0.1,
        kinds={"burst": 1.0},
        series=tuple(expected_ratios(4, 0.5, 1.0).tolist()),
    )
    made = simulate(plan, np.random.default_rng(seed))
    edfio.Edf([edfio.EdfSignal(made.signal, RATE, label="EMG", physical_dimension=unit)]).write(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("recordings")
    for n in range(4):
        recording(made / f"sub-{n}_site-soleus.edf", n)
    return made


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["twitch", "cohort", *arguments, "--workers", "1"])


def words(text: str) -> str:
    """The text without the line breaks of the terminal."""
    return " ".join(text.split())


def files(output: Path) -> dict[str, float]:
    return {p.name: p.stat().st_mtime_ns for p in (output / "finished").iterdir()}


def test_a_folder_gives_a_table_its_twin_and_a_figure_and_a_second_run_analyses_nothing(
    folder: Path, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    result = run(str(folder), "--output", str(output), "--format", "json")
    assert result.exit_code == 0, result.output
    twin = json.loads(result.stdout)
    jsonschema.validate(twin, SCHEMA)
    assert twin == json.loads((output / "cohort.json").read_text(encoding="utf-8"))
    table = pd.read_csv(output / "twitches.csv", dtype={"subject": str})
    pd.testing.assert_frame_equal(table, pd.read_parquet(output / "twitches.parquet"), check_dtype=False)
    assert set(table["subject"]) == {"0", "1", "2", "3"}
    assert set(table["site"]) == {"soleus"}
    assert len(table) == sum(len(s["recording"]["twitches"]) for s in twin["series"])
    assert twin["analysis"]["scales"][0]["anova"]["p_corrected"] < 0.05
    assert (output / "cohort.svg").stat().st_size > 1000
    before = files(output)
    again = run(str(folder), "--output", str(output))
    assert again.exit_code == 0
    assert "0 recordings analysed, 4 from an earlier run" in words(again.stdout)
    assert files(output) == before


@pytest.mark.parametrize("damaged", ["", "{}", "null", '{"analysis": '])
def test_a_damaged_analysis_of_an_earlier_run_is_made_again(
    folder: Path, tmp_path: Path, damaged: str
) -> None:
    output = tmp_path / "out"
    run(str(folder), "--output", str(output))
    spoilt = min((output / "finished").glob("*.json"))
    whole = spoilt.read_bytes()
    spoilt.write_text(damaged, encoding="utf-8")
    again = run(str(folder), "--output", str(output))
    assert again.exit_code == 0, again.output
    assert "1 recordings analysed, 3 from an earlier run" in words(again.stdout)
    assert spoilt.read_bytes() == whole


def test_a_bad_file_is_named_skipped_and_told_by_the_exit_code(folder: Path, tmp_path: Path) -> None:
    here = tmp_path / "r"
    shutil.copytree(folder, here)
    (here / "sub-9_site-soleus.edf").write_bytes(b"no recording")
    recording(here / "sub-8_site-soleus.edf", 8, unit="mV")
    shutil.copy(here / "sub-0_site-soleus.edf", here / "sub-7_site-soleus.edf")
    result = run(str(here), "--output", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert "skipped: sub-9_site-soleus.edf: it is no readable EDF file" in result.stderr
    assert "sub-8" not in result.stdout
    assert "thousandfold" in result.stderr
    assert "the same recording as sub-0_site-soleus.edf; it would count twice" in result.stderr
    assert "4 series of 4 subjects (4 recordings analysed, 0 from an earlier run, 3 skipped)" in words(
        result.stdout
    )
    skipped = json.loads((tmp_path / "out/cohort.json").read_text(encoding="utf-8"))["skipped"]
    assert sorted(s["subject"] for s in skipped) == ["7", "8", "9"]


def test_no_usable_recording_ends_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "a.edf").write_bytes(b"no recording")
    result = CliRunner().invoke(
        cli, ["twitch", "cohort", str(tmp_path), "--output", str(tmp_path / "out"), "--workers", "1"]
    )
    assert isinstance(result.exception, TwitchError)
    assert "none of the 1 recordings" in str(result.exception)


def test_a_run_that_was_killed_goes_on(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "out"
    command = [
        str(Path(sys.executable).with_name("tautband")),
        "twitch",
        "cohort",
        str(folder),
        "--output",
        str(output),
        "--workers",
        "1",
    ]
    first = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while (
        not list((output / "finished").glob("*.json"))
        and time.monotonic() < deadline
        and first.poll() is None
    ):
        time.sleep(0.005)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    kept = {p.name: p.read_bytes() for p in (output / "finished").glob("*.json")}
    assert kept
    second = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert second.returncode == 0, second.stderr
    assert f"{len(kept)} from an earlier run" in words(second.stdout)
    assert all((output / "finished" / name).read_bytes() == content for name, content in kept.items())
    assert not list((output / "finished").glob("*.part")) or len(kept) < 4


@pytest.fixture
def scheduler() -> Iterator[str]:
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=THIS_MACHINE
    ) as cluster:
        yield cluster.scheduler_address


def test_a_scheduler_elsewhere_does_the_same(
    folder: Path, tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    result = CliRunner().invoke(
        cli, ["twitch", "cohort", folder.name, "--output", str(tmp_path / "out"), "--scheduler", scheduler]
    )
    assert result.exit_code == 0, result.output
    named = pd.read_csv(tmp_path / "out/series.csv")["series"]
    assert named[0] == f"{folder.name}/sub-0_site-soleus.edf"
    assert "4 recordings analysed" in words(result.stdout)


def test_a_scheduler_that_does_not_answer_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tautband.twitch.bulk.SCHEDULER_TIMEOUT_S", 1)
    result = CliRunner().invoke(
        cli, ["twitch", "cohort", str(folder), "--output", str(tmp_path), "--scheduler", "tcp://127.0.0.1:9"]
    )
    assert isinstance(result.exception, TwitchError)
    assert "scheduler: tcp://127.0.0.1:9 does not answer" in str(result.exception)


def manifest(folder: Path, text: str) -> Path:
    path = folder / "manifest.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_manifest_says_how_each_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = manifest(
        tmp_path,
        "\ufeffSubject, file,unit,rate,channel,site\nanna,in/a.csv,mV,500,EMG,left\nbert,b.edf,,,,\n",
    )
    assert read_entries([path]) == [
        Entry("anna", "left", tmp_path / "in/a.csv", "EMG", "mV", 500.0),
        Entry("bert", "", tmp_path / "b.edf"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("subject,file\n,a.edf\n", "line 2: subject is empty"),
        ("subject,file,rate\na,a.edf,fast\n", "line 2: rate 'fast' is no number"),
        ("subject,file,colour\na,a.edf,red\n", "column 'colour' is not known"),
        ("subject,file\n", "no recording found"),
    ],
)
def test_a_manifest_that_cannot_be_used_is_named_with_its_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(TwitchError, match=said):
        read_entries([manifest(tmp_path, text)])


def test_a_folder_is_searched_for_recordings_only(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for name in ("b.edf", "deep/a.csv", "c.hea", "c.dat", "notes.txt", "sub-1_events.tsv"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    manifest(tmp_path, "subject,file\n")
    found = read_entries([tmp_path])
    assert [e.path.relative_to(tmp_path).as_posix() for e in found] == ["b.edf", "c.hea", "deep/a.csv"]


def test_a_recording_is_known_by_its_content_and_how_it_is_read(folder: Path, tmp_path: Path) -> None:
    one = folder / "sub-0_site-soleus.edf"
    copied = Path(shutil.copy(one, tmp_path / "other.edf"))
    digest = analyse_entry(Entry("a", "", one)).digest
    assert analyse_entry(Entry("b", "", copied)).digest == digest
    assert analyse_entry(Entry("a", "", one, unit="uV")).digest != digest
    assert analyse_entry(Entry("a", "", one), frozenset([digest])).kept
    assert len(code_digest()) == 64


def test_a_missing_file_and_a_wrong_unit_are_outcomes_and_raise_nothing(tmp_path: Path) -> None:
    assert "there is no such file" in analyse_entry(Entry("a", "", tmp_path / "gone.edf")).error
    assert "unit 'kV'" in analyse_entry(Entry("a", "", tmp_path / "gone.edf", unit="kV")).error


def test_a_worker_that_dies_takes_one_recording_with_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        bulk,
        "analyse_entry",
        lambda entry, known: os._exit(1) if entry.subject == "1" else analyse_entry(entry, known),
    )
    outcomes = bulk.run(read_entries([folder]), tmp_path, workers=1)
    assert [o.entry.subject for o in outcomes if o.error] == ["1"]
    assert "its worker was lost" in outcomes[1].error
    assert len(list(tmp_path.glob("*.json"))) == 3


@pytest.mark.parametrize("missing", ["distributed", "statsmodels"])
def test_without_the_extra_one_line_says_how_to_get_it(
    missing: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    result = run(str(folder))
    assert result.exit_code == 1
    assert "pip install 'tautband[twitch,cohort]'" in result.stderr
