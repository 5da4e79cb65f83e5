"""`tautband twitch live` as it is run: in a terminal, in a pipe, interrupted, and asked for what cannot be."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from tautband.cli.main import cli
from tautband.errors import TautbandError
from tautband.twitch.files import open_recording

ROOT = Path(__file__).resolve().parents[2]
SERIES = str(ROOT / "examples/twitch_series.edf")
COMMAND = [sys.executable, "-c", "from tautband.cli.main import main; main()", "twitch"]
PATIENCE_S = 90.0


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"COLUMNS": "100"},
        timeout=PATIENCE_S,
        check=False,
    )


def test_in_a_pipe_events_come_as_lines_and_the_summary_is_that_of_analyse(tmp_path: Path) -> None:
    out = tmp_path / "live.tsv", tmp_path / "analysed.tsv"
    lived = run("live", SERIES, "--speed", "30", "--annotations", str(out[0]))
    analysed = run("analyse", SERIES, "--annotations", str(out[1]))
    assert (lived.returncode, lived.stderr) == (0, "")
    assert lived.stdout.endswith(analysed.stdout)
    assert lived.stdout.count("s  twitch ") == 8
    assert "dose: enough." in lived.stdout
    assert out[0].read_text(encoding="utf-8") == out[1].read_text(encoding="utf-8")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_keeps_the_recording_and_sums_up(number: int, tmp_path: Path) -> None:
    record = tmp_path / "kept.csv"
    with subprocess.Popen(
        [*COMMAND, "live", SERIES, "--speed", "3", "--record", str(record)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as live:
        assert live.stdout is not None
        while "twitch 2" not in live.stdout.readline():
            assert live.poll() is None
        live.send_signal(number)
        said, failed = live.communicate(timeout=PATIENCE_S)
    assert (live.returncode, failed.strip()) == (0, "")
    assert "Dose:" in said
    kept = np.concatenate([*open_recording(record).microvolts(0)])
    whole = np.concatenate([*open_recording(SERIES).microvolts(0)])
    assert 3800 < len(kept) < len(whole)
    assert kept == pytest.approx(whole[: len(kept)], rel=1e-5, abs=1e-5)


IN_TERMINAL = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches it
from tautband.cli.main import main
main()
"""


class Terminal:
    """A terminal of a size with a command in it."""

    def __init__(self, columns: int, rows: int, *arguments: str) -> None:
        self.screen, inside = pty.openpty()
        ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.before = termios.tcgetattr(inside)
        self.inside = inside
        self.command = subprocess.Popen(
            [sys.executable, "-c", IN_TERMINAL, "twitch", *arguments],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            env={k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES", "NO_COLOR")}
            | {"TERM": "xterm-256color"},
        )
        self.shown = ""

    def read(self, until: str) -> str:
        """Read until something is shown after what was read before."""
        begun, at = time.monotonic(), len(self.shown)
        while not re.search(until, self.shown[at:]):
            assert time.monotonic() - begun < PATIENCE_S, self.shown[-3000:]
            if select.select([self.screen], [], [], 0.2)[0]:
                new = os.read(self.screen, 1 << 16).decode("utf-8", "replace")
                self.shown += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", new)
            elif self.command.poll() is not None:
                break
        return self.shown[at:]

    def press(self, keys: str) -> None:
        os.write(self.screen, keys.encode())

    def end(self) -> tuple[int, str]:
        rest = self.read("this never stands there")
        assert termios.tcgetattr(self.inside) == self.before  # the terminal is given back as it was
        os.close(self.screen)
        os.close(self.inside)
        return self.command.wait(PATIENCE_S), rest


def test_in_a_terminal_keys_tap_change_the_site_and_quit(tmp_path: Path) -> None:
    marks = tmp_path / "marks.tsv"
    terminal = Terminal(100, 30, "live", SERIES, "--speed", "4", "--annotations", str(marks))
    terminal.read("NONE SEEN")
    terminal.read("[1-9] seen")
    terminal.press("  ")  # the first one is the twitch just seen
    terminal.read(r"[1-9] seen \+ \d tapped")
    terminal.press("n")
    terminal.read("site 2")
    terminal.press("q")
    code, rest = terminal.end()
    assert code == 0
    assert "Site 1" in rest
    assert "Site 2" in rest
    assert rest.count("Dose:") == 2
    kinds = [line.split("\t")[2] for line in marks.read_text(encoding="utf-8").splitlines()]
    assert {"tap", "new series", "twitch"} <= set(kinds)


def test_ctrl_c_in_a_terminal_sums_up_and_gives_the_terminal_back() -> None:
    terminal = Terminal(80, 24, "live", SERIES)
    terminal.read("noise 5")
    terminal.press("\x03")
    code, rest = terminal.end()
    assert code == 0
    assert "Dose: none seen." in rest


def test_a_terminal_that_is_closed_keeps_what_was_recorded(tmp_path: Path) -> None:
    kept = tmp_path / "kept.edf", tmp_path / "kept.tsv"
    words = ["live", SERIES, "--speed", "4", "--record", str(kept[0]), "--annotations", str(kept[1])]
    terminal = Terminal(90, 28, *words)
    terminal.read("[2-9] seen")
    os.close(terminal.inside)
    os.close(terminal.screen)
    terminal.command.wait(PATIENCE_S)
    assert kept[1].read_text(encoding="utf-8").count("twitch\t") >= 2
    assert len(open_recording(kept[0]).channels) == 1


@pytest.mark.parametrize(("columns", "rows"), [(12, 3), (1, 1)])
def test_a_tiny_terminal_is_no_failure(columns: int, rows: int) -> None:
    terminal = Terminal(columns, rows, "live", SERIES, "--speed", "30")
    terminal.read("SEEN|ENOUGH|…|N")
    time.sleep(0.5)
    terminal.press("q")
    code, _ = terminal.end()
    assert code == 0


def test_at_the_end_the_view_stays_until_q() -> None:
    terminal = Terminal(90, 28, "live", SERIES, "--speed", "60")
    shown = terminal.read("ended")
    shown += terminal.read("ENOUGH")
    terminal.press("q")
    assert terminal.end()[0] == 0
    assert "8 seen" in shown + terminal.shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "source: name one of RECORDING, --lsl NAME or --brainflow BOARD"),
        ([SERIES, "--lsl", "x"], "source: name one of"),
        ([SERIES, "--network"], "--network: only --lsl takes it"),
        ([SERIES, "--board-setting", "a=b"], "--board-setting: only --brainflow takes it"),
        (["--lsl", "x", "--speed", "2"], "--rate and --speed: only a recording takes them"),
        ([SERIES, "--annotations", "x.doc"], "annotations: the ending '.doc' is not known"),
        ([SERIES, "--record", "x.doc"], "record: the ending '.doc' is not known"),
        ([SERIES, "--record", SERIES], "exists already; choose another name"),
        ([SERIES, "--rate", "100", "--record", "never.csv"], "a rate between 250 and 30000 Hz is needed"),
        ([SERIES, "--speed", "0"], "0.0 is not in the range"),
        (["--brainflow", "synth", "--unit", "uV"], "did you mean 'synthetic'?"),
        (["--brainflow", "synthetic"], "give it with --unit uV|mV|V|nV"),
        (["--brainflow", "synthetic", "--unit", "uV", "--channel", "17"], "give a number of 1 to 16"),
        (["--brainflow", "cyton", "--unit", "uV", "--board-setting", "x"], "KEY=VALUE is needed"),
        (["--brainflow", "cyton", "--unit", "uV", "--board-setting", "port=x"], "'port' is unknown"),
        (["--brainflow", "cyton", "--unit", "uV", "--board-setting", "ip_port=x"], "a whole number"),
        (["--brainflow", "playback", "--unit", "uV"], "needs --board-setting file=FILE"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_before_anything_starts(
    arguments: list[str], said: str
) -> None:
    refused = CliRunner().invoke(cli, ["twitch", "live", *arguments], standalone_mode=False)
    assert isinstance(refused.exception, click.ClickException | TautbandError)
    line = getattr(refused.exception, "message", str(refused.exception))
    assert said in line
    assert "\n" not in line
    assert refused.output == ""
    assert not Path("never.csv").exists()
