"""The tutorial on twitches runs as it is written."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="the extra cohort is not installed")
pytest.importorskip("starlette", reason="the extra live is not installed")

ROOT = Path(__file__).resolve().parents[2]
TUTORIAL = (ROOT / "docs/tutorial-twitch.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", TUTORIAL, re.DOTALL | re.MULTILINE)
LONGEST_S = 600


def test_every_command_and_every_example_of_the_tutorial_runs(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    printed = ""
    for language, text in BLOCKS:
        commands = "\n".join(line for line in text.splitlines() if not line.startswith("pip install"))
        words = [sys.executable, "-c", text] if language == "python" else ["sh", "-e", "-c", commands]
        if "twitch serve" in commands:
            serves_until_it_is_ended(commands.split(), tmp_path, environment)
            continue
        done = subprocess.run(
            words,
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=LONGEST_S,
        )
        assert done.returncode == 0, done.stderr
        printed += " ".join(done.stdout.split())
    assert "8 twitches in twitch_series.edf" in printed
    assert "58 twitches in 10 series of 10 subjects" in printed
    assert "Left out of the analysis of variance: 07 (4 of 6 twitches)" in printed
    assert "0 recordings analysed, 10 from an earlier run" in printed
    assert (tmp_path / "gastrocnemius/cohort.png").stat().st_size > 10_000


def serves_until_it_is_ended(command: list[str], folder: Path, environment: dict[str, str]) -> None:
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
    ) as serving:
        assert serving.stdout is not None
        assert "http://127.0.0.1" in serving.stdout.readline()
        serving.send_signal(signal.SIGINT)
        serving.communicate(timeout=LONGEST_S)
    assert serving.returncode == 0
