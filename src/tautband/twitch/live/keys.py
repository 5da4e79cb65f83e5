"""Single keys from the terminal, without Return."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Any


class Keys:
    """Reads keys while it is entered; where standard input is no terminal there are none."""

    def __enter__(self) -> Keys:
        """Take single keys from now on."""
        self._before: list[Any] | None = None
        self._live = sys.stdin is not None and sys.stdin.isatty()
        if self._live and sys.platform != "win32":
            import termios
            import tty

            self._before = termios.tcgetattr(sys.stdin)
            tty.setcbreak(sys.stdin)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the terminal back as it was."""
        if self._before is not None:
            import termios

            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def wait(self, seconds: float) -> str:
        """Wait for a key; an empty string when none was pressed.

        Parameters
        ----------
        seconds
            How long to wait at most.
        """
        if not self._live:
            time.sleep(seconds)
            return ""
        if sys.platform == "win32":
            import msvcrt

            until = time.monotonic() + seconds
            while time.monotonic() < until:
                if msvcrt.kbhit():
                    return msvcrt.getwch()
                time.sleep(0.005)
            return ""
        import os
        import select

        if not select.select([sys.stdin], [], [], seconds)[0]:
            return ""
        typed = os.read(sys.stdin.fileno(), 1)
        if not typed:  # the terminal is gone
            self._live = False
        return typed.decode("ascii", "replace")
