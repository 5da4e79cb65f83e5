"""Following a run until it ends or somebody quits: drawn in a terminal, or as plain lines."""

from __future__ import annotations

import time
from typing import Final

from rich.console import Console
from rich.live import Live

from tautband.twitch.events import Candidate, Event, Twitch
from tautband.twitch.live.keys import Keys
from tautband.twitch.live.run import Run, described
from tautband.twitch.live.terminal import frame

FRAMES_PER_S: Final = 30
POLL_S: Final = 0.1


def watch(run: Run, console: Console) -> None:
    """Show a run in a terminal at 30 frames a second until q is pressed.

    Parameters
    ----------
    run
        What to show; started here.
    console
        Where to show it.
    """
    with Keys() as keys, Live(console=console, screen=True, auto_refresh=False) as view:
        run.start()
        due = time.monotonic()
        while not (run.done.is_set() and run.error):
            with run.lock:
                picture = frame(
                    run.analysis,
                    run.source.name,
                    run.source.connection,
                    console.width,
                    console.height,
                    run.trouble,
                )
            view.update(picture, refresh=True)
            due = max(due + 1 / FRAMES_PER_S, time.monotonic())
            match keys.wait(max(due - time.monotonic(), 0.0)).lower():
                case "q":
                    return
                case " ":
                    run.tap()
                case "n":
                    run.new_series()


class PlainLines:
    """Says in lines what becomes known, where there is no terminal to draw in.

    Parameters
    ----------
    run
        What to follow.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._state = ""

    def told(self, events: list[Event]) -> None:
        """Say events, and the state of the dose when it changes."""
        analysis = self._run.analysis
        for event in events:
            if isinstance(event, Candidate):
                continue
            twitches = analysis.series[-1].twitches
            number = twitches.index(event) + 1 if isinstance(event, Twitch) else 0
            print(described(event, number), flush=True)
        dose = analysis.dose
        if any(isinstance(e, Twitch) for e in events) and dose.state != self._state:
            self._state = dose.state
            print(f"             dose: {dose.state}. {dose.why}", flush=True)

    def follow(self) -> None:
        """Start the run and follow it until it ends."""
        run = self._run
        run.told = self.told
        run.start()
        connection, trouble = "up", ""
        while not run.done.wait(POLL_S):
            if run.trouble != trouble:
                trouble = run.trouble
                print(trouble, flush=True)
            if run.source.connection != connection:
                connection = run.source.connection
                said = {
                    "lost": "connection lost: no twitch is seen until it is back",
                    "up": "connection back",
                }
                if connection in said:
                    print(f"{run.analysis.end_s:9.3f} s  {said[connection]}", flush=True)
