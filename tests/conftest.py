"""What holds for every test: reproducible examples, and skips that nobody overlooks."""

import os

import pytest
from hypothesis import settings

STRICT = os.environ.get("TAUTBAND_STRICT") == "1"

settings.register_profile("tautband", deadline=None, derandomize=STRICT, print_blob=True)
settings.load_profile("tautband")


def _skipped(session: pytest.Session) -> int:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    return len(reporter.stats.get("skipped", [])) if reporter else 0


def pytest_sessionfinish(session: pytest.Session) -> None:
    if STRICT and _skipped(session) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = len(terminalreporter.stats.get("skipped", []))
    if skipped:
        verdict = "TAUTBAND_STRICT forbids that" if STRICT else "continuous integration would fail"
        terminalreporter.write_line(
            f"{skipped} NOT RUN, SKIPPED: {verdict}; the reasons stand above.", red=True
        )
