"""The twitch room is optional: the command line knows it by name only."""

import sys

import pytest
from click.testing import CliRunner

from tautband.cli.main import cli
from tautband.cli.optional import OptionalRoom


def test_help_does_not_load_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tautband.twitch", None)
    result = CliRunner().invoke(cli, ["--help"])
    assert result.exit_code == 0
    assert "Local twitch responses" in result.output


def test_without_the_extra_one_line_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    room = OptionalRoom("twitch", module="a_module_that_is_missing", extra="twitch", help="Twitches.")
    result = CliRunner().invoke(room, ["analyse", "x.edf"])
    assert result.exit_code == 1
    assert "pip install 'tautband[twitch]'" in result.output
