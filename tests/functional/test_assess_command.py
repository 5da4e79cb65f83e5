"""`tautband assess` as a person or a program runs it: in a process of its own."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
NECK, SHOULDER, EMERGENCY, DRAWING, ROOT_LESION = (
    EXAMPLES / f"{name}.json"
    for name in ("neck_and_headache", "shoulder", "red_flag", "upper_back_drawing", "neck_root_arm")
)
COMMAND = [sys.executable, "-c", "from tautband.cli.main import main; main()"]


def tautband(
    *words: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1", **(env or {})}
    return subprocess.run(
        [*COMMAND, *map(str, words)], input=stdin, capture_output=True, env=environment, check=False
    )


def assert_refused(done: subprocess.CompletedProcess[bytes], *parts: str) -> None:
    """Unusable input: exit code 2 and one line that names what is wrong."""
    said = done.stderr.decode()
    assert done.returncode == 2, said
    assert len(said.splitlines()) == 1, said
    assert all(part in said for part in parts), said


def test_json_is_one_assessment_that_keeps_to_the_published_schema() -> None:
    done = tautband("assess", NECK, "--format", "json")
    assert (done.returncode, done.stderr) == (0, b"")
    schema = json.loads(files("tautband").joinpath("schema", "assessment.schema.json").read_text("utf-8"))
    Draft202012Validator(schema).validate(json.loads(done.stdout))


def test_a_case_on_standard_input_gives_the_same_as_its_file() -> None:
    from_file = tautband("assess", NECK, "--format", "json")
    from_stdin = tautband("assess", "-", "--format", "json", stdin=NECK.read_bytes())
    assert from_stdin.stdout == from_file.stdout


def test_json_is_the_same_to_the_byte_in_every_process() -> None:
    first, again, reseeded = (
        tautband("assess", NECK, "--format", "json", env={"PYTHONHASHSEED": seed})
        for seed in ("1", "1", "4242")
    )
    assert first.stdout == again.stdout == reseeded.stdout


def test_jsonl_gives_one_line_for_each_case_in_the_order_given() -> None:
    done = tautband("assess", SHOULDER, NECK, EMERGENCY, "--format", "jsonl")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["muscles"][0]["muscle"] for row in found[:2]] == ["infraspinatus", "upper_trapezius"]
    assert found[2]["triage"]["urgency"] == "emergency"
    single = tautband("assess", SHOULDER, "--format", "json")
    assert found[0] == json.loads(single.stdout)


def test_several_cases_as_one_json_document_are_refused_with_the_way_out() -> None:
    done = tautband("assess", SHOULDER, NECK, "--format", "json")
    assert done.returncode == 2
    assert b"jsonl" in done.stderr
    assert done.stdout == b""


def test_one_bad_case_among_good_ones_costs_only_itself(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text('{"schema": "tautband.case/1", "pain": [{"region": "tempel", "side": "left"}]}')
    done = tautband("assess", SHOULDER, bad, NECK, "--format", "jsonl")
    assert_refused(done, str(bad), "pain[0].region", "'temple'")
    assert len(done.stdout.splitlines()) == 2


@pytest.mark.parametrize(
    ("content", "field"),
    [
        (b"", "case: not JSON"),
        (b"\xff\xfe{\x00", "case: not UTF-8"),
        (b'{"schema": "tautband.case/1", "pain": [], "patient": {"age": NaN}}', "NaN"),
        (b'{"schema": "tautband.case/1", "pain": [], "patient": {"age": 1e400}}', "patient.age"),
        (b'{"schema": "tautband.case/1", "pain": [{"region": "temple", "side": "up"}]}', "pain[0].side"),
        (b'{"schema": "tautband.case/1", "pain": [], "answers": {"fever": "perhaps"}}', "answers.fever"),
        (b"[" * 500_000, "nested too deeply"),
        (b" " * 3_000_000, "more than the 1,000,000"),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_unusable_input_gives_one_line_and_exit_code_2(content: bytes, field: str) -> None:
    done = tautband("assess", "-", "--format", "json", stdin=content)
    assert_refused(done, "tautband: -: ", field)
    assert done.stdout == b""


def test_a_missing_file_and_a_directory_are_named(tmp_path: Path) -> None:
    assert_refused(tautband("assess", tmp_path / "nowhere.json"), "nowhere.json", "cannot be read")
    assert_refused(tautband("assess", tmp_path), str(tmp_path), "cannot be read")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
def test_a_reader_that_has_had_enough_is_no_failure() -> None:
    words = [*COMMAND, "assess", *[str(NECK)] * 4, "--format", "jsonl"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.readline()
        running.stdout.close()
        said = running.stderr.read()
        assert running.wait(timeout=60) == -signal.SIGPIPE
    assert said == b""


def test_a_table_of_ones_own_changes_the_answer_and_the_atlas_version(tmp_path: Path) -> None:
    shipped = ROOT / "src/tautband/atlas/data/model.csv"
    header, *rows = shipped.read_text(encoding="utf-8").splitlines()
    own = next(row for row in rows if row.startswith("suits_at,"))
    (tmp_path / "model.csv").write_text(
        f"{header}\n{re.sub('^suits_at,[^,]*', 'suits_at,1', own)}\n", "utf-8"
    )
    plain = json.loads(tautband("assess", SHOULDER, "--format", "json").stdout)
    laid_over = json.loads(tautband("assess", SHOULDER, "--format", "json", "--atlas", tmp_path).stdout)
    assert (plain["needling"]["verdict"], laid_over["needling"]["verdict"]) == ("suits", "unclear")
    assert plain["atlas"] != laid_over["atlas"]


def test_tables_of_ones_own_that_do_not_fit_give_one_line(tmp_path: Path) -> None:
    (tmp_path / "model.csv").write_text("name,value\nsuits_at,2\n", "utf-8")
    assert_refused(tautband("assess", SHOULDER, "--atlas", tmp_path), "model")


def headings(text: str) -> list[str]:
    """The unindented first lines of blocks."""
    return [block.splitlines()[0] for block in text.split("\n\n")[1:-1]]


def test_for_a_person_the_verdict_comes_first_and_what_to_press_follows_the_reasons() -> None:
    text = tautband("assess", SHOULDER).stdout.decode()
    assert text.splitlines()[0].startswith("╭─ Suits needling ")
    assert headings(text) == [
        "Likeliest muscles",
        "Where the main source lies",
        *(["What speaks against needling first"] if "What speaks against" in text else []),
        "What to ask or press next",
        "The same drawing in the other vocabulary",
    ]
    assert "█" in text
    assert "Infraspinatus, right" in text
    assert "pressing Infraspinatus" in text


def test_another_layer_comes_before_the_muscles_when_it_comes_before_the_needle() -> None:
    text = tautband("assess", ROOT_LESION).stdout.decode()
    assert text.splitlines()[0].startswith("╭─ Somebody else first ")
    assert headings(text)[:3] == [
        "Where the main source lies",
        "What speaks against needling first",
        "Likeliest muscles",
    ]
    assert "C6 radiculopathy, right" in text
    assert "None is likely to be the source." in text


def test_in_an_emergency_nothing_stands_beside_what_must_be_done() -> None:
    text = tautband("assess", EMERGENCY).stdout.decode()
    assert headings(text) == ["Red flags (emergency: act now, no needling)", "What it may be"]
    assert "call an ambulance" in text
    assert "Source: " in text


def test_what_is_not_screened_is_said_without_a_list_of_everything() -> None:
    text = tautband("assess", DRAWING).stdout.decode()
    assert "Not fully screened" in text
    assert "safety questions are open" in " ".join(text.split())
    assert len(text.splitlines()) < 70


@pytest.mark.parametrize("columns", ["50", "80", "132"])
def test_no_line_is_wider_than_the_terminal(columns: str) -> None:
    from rich.cells import cell_len

    for case in (NECK, EMERGENCY, DRAWING):
        text = tautband("assess", case, env={"COLUMNS": columns}).stdout.decode()
        assert max(map(cell_len, text.splitlines())) <= int(columns)
        assert not [line for line in text.splitlines() if line != line.rstrip()]


def test_markdown_tells_the_same_in_the_same_order() -> None:
    text = tautband("assess", SHOULDER, "--format", "markdown").stdout.decode()
    assert text.startswith("# Suits needling\n")
    found = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert found == headings(tautband("assess", SHOULDER).stdout.decode())


def test_free_text_can_neither_steer_the_terminal_nor_become_markup(tmp_path: Path) -> None:
    case = json.loads(SHOULDER.read_text(encoding="utf-8"))
    case["complaint"] = "stiff\x1b[2J\x07\u202e [bold]neck[/bold]\n# *heading* <b>"
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case), "utf-8")
    text = tautband("assess", path).stdout.decode()
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert "[bold]neck[/bold]" in text
    markdown = tautband("assess", path, "--format", "markdown").stdout.decode()
    assert r"\# \*heading\* \<b\>" in markdown


def test_the_schema_command_prints_the_published_schemas() -> None:
    for name in ("case", "assessment"):
        done = tautband("schema", name)
        assert done.returncode == 0
        assert json.loads(done.stdout)["$id"] == f"tautband.{name}/1"


def test_closed_input_and_a_full_disk_end_in_one_line() -> None:
    case = str(EXAMPLES / "heel.json")
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *COMMAND, "assess", "-"], capture_output=True, check=False
    )
    assert_refused(done, "standard input is closed")
    for form in ("json", "text"):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [*COMMAND, "assess", case, "--format", form], stdout=full, stderr=subprocess.PIPE, check=False
            )
        assert done.returncode == 1
        assert done.stderr.decode().splitlines() == [
            "tautband: the output cannot be written: No space left on device"
        ]
