"""`tautband interview` in a process of its own, answered step by step over a pipe."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from tautband.assessment import Case, assess, read_case
from tautband.atlas import Atlas

ROOT = Path(__file__).resolve().parents[2]
DRAWING = ROOT / "examples" / "upper_back_drawing.json"
COMMAND = [sys.executable, "-c", "from tautband.cli.main import main; main()", "interview"]
ENVIRONMENT = {**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1"}
REASSURING = ("No", "None", "Nowhere", "neither", "No sore spot")

Answer = Callable[[list[str]], str]
"""From the choices offered to what is typed."""


class Terminal:
    """The other end of an interview: reads up to a prompt, types an answer."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.said = ""

    def choices(self) -> list[str] | None:
        """The choices of the next prompt; nothing once the interview is over."""
        assert self.process.stdout is not None
        text = ""
        while not re.search(r"(^|\n)> ?$", text):
            part = os.read(self.process.stdout.fileno(), 65536).decode(errors="replace")
            if not part:
                self.said = text
                return None
            text += part
        return re.findall(r"^  \d+  (.*)$", text, re.MULTILINE)

    def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()


@contextmanager
def interview(*words: str | Path) -> Iterator[Terminal]:
    with subprocess.Popen(
        [*COMMAND, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=ENVIRONMENT,
    ) as process:
        try:
            yield Terminal(process)
        finally:
            process.kill()


def reassuring(choices: list[str]) -> str:
    """What a person without any danger says, where the choices have such an answer; nothing where not."""
    if choices[0] == "none of these":
        return "0"
    for number, choice in enumerate(choices, start=1):
        if choice.split(",")[0] in REASSURING or choice.startswith(("No ", "Nothing")):
            return str(number)
    return ""


def saved(path: Path, atlas: Atlas) -> Case:
    return read_case(path.read_bytes(), atlas)


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return Atlas.load()


def hold(terminal: Terminal, answer: Answer, at_most: int = 200) -> int:
    """Answer until the interview is over; how many prompts that took."""
    for count in range(at_most):
        choices = terminal.choices()
        if choices is None:
            return count
        terminal.type(answer(choices))
    raise AssertionError("the interview does not end")


def test_an_interview_asks_until_nothing_matters_and_ends_with_the_assessment(
    tmp_path: Path, atlas: Atlas
) -> None:
    out = tmp_path / "case.json"
    with interview(DRAWING, "-o", out) as terminal:
        asked = hold(terminal, reassuring)
        assert terminal.process.wait(timeout=60) == 0
    case = saved(out, atlas)
    assert asked > 10
    assert case.pain == saved(DRAWING, atlas).pain
    assert len(case.answers) > 10
    verdict = assess(case, atlas).needling.verdict
    assert {"suits": "Suits needling", "unclear": "Unclear", "refer_first": "Somebody else first"}[
        verdict
    ] in terminal.said


def test_the_output_holds_every_answer_as_soon_as_it_is_given(tmp_path: Path, atlas: Atlas) -> None:
    out = tmp_path / "case.json"
    given = []
    with interview(DRAWING, "-o", out) as terminal:
        for _ in range(6):
            choices = terminal.choices()
            assert choices is not None
            given.append(len(saved(out, atlas).answers))
            terminal.type(reassuring(choices) or "1")
    assert given[0] == 0
    assert all(b > a for a, b in pairwise(given))


def test_a_killed_interview_leaves_a_case_that_can_be_read_and_gone_on_with(
    tmp_path: Path, atlas: Atlas
) -> None:
    out = tmp_path / "case.json"
    with interview(DRAWING, "-o", out) as terminal:
        for _ in range(4):
            choices = terminal.choices()
            assert choices is not None
            terminal.type(reassuring(choices) or "1")
        terminal.choices()
        terminal.process.kill()
    before = saved(out, atlas)
    assert len(before.answers) >= 4
    with interview(out, "-o", out) as terminal:
        choices = terminal.choices()
        assert choices is not None
        terminal.type(reassuring(choices) or "1")
        terminal.choices()
    after = saved(out, atlas)
    assert len(after.answers) > len(before.answers)
    assert before.answers.items() <= after.answers.items()


def test_the_end_of_the_input_ends_the_interview_with_what_is_known(tmp_path: Path) -> None:
    done = subprocess.run(
        [*COMMAND, str(DRAWING)], input=b"", capture_output=True, env=ENVIRONMENT, check=False
    )
    assert done.returncode == 0
    assert b"Ended early." in done.stderr
    assert "Not fully screened" in done.stdout.decode()


def test_nothing_typed_skips_a_step_and_it_is_not_asked_again(tmp_path: Path, atlas: Atlas) -> None:
    with interview(DRAWING, "--no-palpation") as terminal:
        first = terminal.choices()
        terminal.type("")
        seen = []
        for _ in range(5):
            choices = terminal.choices()
            if choices is None:
                break
            seen.append(choices)
            terminal.type("")
        assert first is not None
        assert seen


def test_what_is_no_choice_is_asked_again_with_the_range(tmp_path: Path, atlas: Atlas) -> None:
    out = tmp_path / "case.json"
    with interview(DRAWING, "-o", out) as terminal:
        for wrong in ("x", "99", "yes", "1,2,3,4,5,6,7,8", "-1", "1.5", "²"):
            choices = terminal.choices()
            assert choices is not None or wrong != "x"
            terminal.type(wrong)
        terminal.choices()
        assert not saved(out, atlas).answers
        terminal.type("1")
        terminal.choices()
    assert saved(out, atlas).answers


def test_an_emergency_ends_the_interview_at_once(tmp_path: Path) -> None:
    case = {
        "schema": "tautband.case/1",
        "patient": {"age": 50, "sex": "female"},
        "pain": [{"region": "lumbar_paraspinal_lower", "side": "left"}],
        "answers": {"saddle_numbness": "yes"},
    }
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case), "utf-8")
    done = subprocess.run(
        [*COMMAND, str(path)], input=b"1\n" * 50, capture_output=True, env=ENVIRONMENT, check=False
    )
    assert done.returncode == 0
    assert "emergency" in done.stdout.decode()
    assert "\n> " not in done.stdout.decode()


def test_without_palpation_nothing_is_to_be_pressed(tmp_path: Path, atlas: Atlas) -> None:
    out = tmp_path / "case.json"
    with interview(DRAWING, "-o", out, "--no-palpation") as terminal:
        hold(terminal, reassuring)
    assert saved(out, atlas).findings == ()


def test_an_unusable_case_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text('{"schema": "tautband.case/1", "pain": [{"region": "nose"}]}', "utf-8")
    done = subprocess.run([*COMMAND, str(path)], capture_output=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 2
    assert done.stdout == b""
    assert len(done.stderr.splitlines()) == 1
    assert b"pain[0].side" in done.stderr


def test_an_output_that_cannot_be_written_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "case.json"
    done = subprocess.run(
        [*COMMAND, str(DRAWING), "-o", str(target)],
        input=b"1\n" * 3,
        capture_output=True,
        env=ENVIRONMENT,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert b"nowhere" in done.stderr
    assert b"Traceback" not in done.stderr
