"""`tautband plan` from outside: what goes in, what comes out, and how it ends."""

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tautband.languages import LANGUAGES

ROOT = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).with_name("tautband")
SETTING = "examples/setting_second_session.json"


def schema(name: str) -> Draft202012Validator:
    text = files("tautband").joinpath("schema", f"{name}.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(json.loads(text))


def run(*arguments: str, given: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "plan", *arguments],
        cwd=ROOT,
        input=given,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )


def planned(*arguments: str, given: str | None = None) -> dict[str, Any]:
    done = run(*arguments, "--format", "json", given=given)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_the_thin_woman_with_copd_gets_a_shallow_needle_over_the_lung() -> None:
    document = planned("examples/thin_with_copd.json", "--training", "advanced")
    (only,) = document["passes"]
    assert only["muscle"] == "upper_trapezius"
    assert only["depth"]["ceiling_mm"] == 5
    assert only["needle"]["length_mm"] == 13
    assert document["status"] == "ready"
    assert "lung_disease_thin" in {a["id"] for a in document["screening"]["active"]}


def test_without_declared_training_her_shoulder_stays_closed() -> None:
    document = planned("examples/thin_with_copd.json")
    assert document["passes"] == []
    assert "training" in document["refused"][0]["reasons"][0]


def test_the_same_input_gives_the_same_bytes() -> None:
    arguments = ("examples/low_back_leg_screened.json", "--setting", SETTING, "--format", "json")
    assert run(*arguments).stdout == run(*arguments).stdout


def test_a_case_may_come_on_standard_input() -> None:
    text = (ROOT / "examples/thin_with_copd.json").read_text(encoding="utf-8")
    assert planned("-", given=text)["status"] == "closed"


def test_an_option_goes_before_the_setting_file() -> None:
    document = planned(
        "examples/low_back_leg_screened.json",
        "--setting",
        SETTING,
        "--session",
        "1",
        "--jurisdiction",
        "colorado",
    )
    assert document["setting"]["session"] == 1
    assert document["law"]["jurisdiction"] == "colorado"
    assert document["setting"]["training"] == "advanced"


def test_a_screening_reply_may_be_given_on_the_line() -> None:
    document = planned(
        "examples/low_back_leg_screened.json", "--setting", SETTING, "--screening", "pacemaker=yes"
    )
    assert document["stimulation"] is None
    assert "electrical" not in document["modalities"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_patient_can_be_told_in_five_languages(language: str) -> None:
    done = run("examples/thin_with_copd.json", "--training", "advanced", "--language", language)
    assert done.returncode == 0
    signs = {
        "en": "Get help",
        "zh_Hans": "急救电话",
        "ko": "응급 번호",
        "fr": "numéro d'urgence",
        "es": "emergencias",
    }
    assert signs[language] in " ".join(done.stdout.split())


def test_markdown_tells_the_same() -> None:
    done = run("examples/low_back_leg_screened.json", "--setting", SETTING, "--format", "markdown")
    assert done.returncode == 0
    for words in ("# Ready", "no sourced depth", "## Consent", "## Law: Ireland"):
        assert words in done.stdout


def test_a_referral_says_what_to_do_and_nothing_about_needles() -> None:
    done = run("examples/red_flag.json")
    assert done.returncode == 0
    assert "Somebody else first" in done.stdout
    assert "What to do" in done.stdout
    assert "Passes" not in done.stdout
    assert "Consent" not in done.stdout
    assert "stretch" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("nowhere.json",), "cannot be read"),
        (("examples/jaw.json", "--setting", "nowhere.json"), "setting 'nowhere.json': cannot be read"),
        (("examples/jaw.json", "--jurisdiction", "irland"), "did you mean 'ireland'?"),
        (("examples/jaw.json", "--vocabulary", "ashy"), "did you mean 'ashi'?"),
        (("examples/jaw.json", "--screening", "pacemaker"), "write ID=REPLY"),
        (("examples/jaw.json", "--screening", "pacemakr=no"), "did you mean 'pacemaker'?"),
        (("examples/jaw.json", "--screening", "pacemaker=perhaps"), "screening.pacemaker"),
        (("examples/jaw.json", "--height", "2"), "patient.height_cm: 2.0 is outside 50 to 250"),
        (("examples/jaw.json", "--session", "0"), "0"),
        (("examples/jaw.json", "--setting", "examples/jaw.json"), "unknown field"),
    ],
)
def test_bad_input_gets_one_clear_line(arguments: tuple[str, ...], line: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert line in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("given", ["", "[]", "{}", "nonsense", '{"schema": "tautband.case/1"}'])
def test_a_case_that_is_none_gets_one_clear_line(given: str) -> None:
    done = run("-", given=given)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


def test_an_empty_drawing_gives_a_closed_plan_not_a_failure() -> None:
    document = planned("-", given='{"schema": "tautband.case/1", "pain": []}')
    assert document["status"] == "closed"
    schema("plan").validate(document)


def test_the_setting_example_keeps_to_its_schema() -> None:
    schema("setting").validate(json.loads((ROOT / SETTING).read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["plan", "setting"])
def test_the_schemas_are_published(name: str) -> None:
    done = subprocess.run([COMMAND, "schema", name], capture_output=True, encoding="utf-8", check=True)
    Draft202012Validator.check_schema(json.loads(done.stdout))
