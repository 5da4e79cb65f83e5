"""A source read in a thread of its own, into an analysis that others may look at meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Event, Rejected, Twitch, sureness
from tautband.twitch.files.write import Mark, write_annotations
from tautband.twitch.live.analysis import LiveAnalysis
from tautband.twitch.live.record import Recorder
from tautband.twitch.live.source import Block, LiveSource


class Run:
    """Feeds an analysis from a source; hold `lock` while looking at the analysis.

    Parameters
    ----------
    source
        Where samples come from.
    known_unit
        Whether the unit was given by hand.
    recorder
        Keeps the samples on disk.

    Attributes
    ----------
    told
        Called in the reading thread with what became known.
    error
        Why the source ended, where it failed.
    trouble
        Why samples are no longer kept, empty while all is well.
    """

    def __init__(
        self,
        source: LiveSource,
        *,
        known_unit: bool = False,
        recorder: Recorder | None = None,
    ) -> None:
        self.source = source
        self.analysis = LiveAnalysis(source.sampling_rate, source.channel, known_unit=known_unit)
        self.lock = threading.Lock()
        self.error: Exception | None = None
        self.trouble = ""
        self.done = threading.Event()
        self.recorder = recorder
        self.told: Callable[[list[Event]], None] = lambda events: None
        self._last_block = time.monotonic()
        self._thread = threading.Thread(target=self._read, name="twitch source", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._last_block = time.monotonic()
        self._thread.start()

    def tap(self) -> float:
        """Count a twitch by hand now; gives the time it was counted at, in seconds from the first sample."""
        with self.lock:
            # while a connection is lost no samples come, but time goes on
            at = self.analysis.end_s + (time.monotonic() - self._last_block) * self.source.speed
            if self.source.connection == "ended":
                at = self.analysis.end_s
            self.analysis.tap(at)
        return at

    def new_series(self) -> None:
        """Begin a new series."""
        with self.lock:
            self.analysis.new_series()

    def stop(self) -> None:
        """End the source and wait until its last samples are judged."""
        self.source.close()
        if self._thread.ident is not None:
            self._thread.join()

    def keep(self, annotations: str | None = None) -> None:
        """Close the recording and write the annotations, where asked for."""
        marks = [
            *(Mark(t, "tap") for series in self.analysis.series for t in series.taps_s),
            *(Mark(series.start_s, "new series") for series in self.analysis.series[1:]),
        ]
        try:
            if self.recorder is not None:
                self.recorder.close(self.analysis.events, marks)
        finally:
            if annotations is not None:
                write_annotations(annotations, self.analysis.events, marks)
        if self.trouble:
            raise TwitchError(self.trouble)

    def _keep(self, block: Block) -> None:
        if self.recorder is None or self.trouble:
            return
        try:
            self.recorder.write(block.samples)
        except OSError as error:  # the count at the couch goes on
            self.trouble = (
                f"record: {self.recorder.path.name} cannot be written any more: {error.strerror or error}; "
                f"it ends at {block.start_s:.1f} s"
            )

    def _read(self) -> None:
        try:
            for block in self.source:
                with self.lock:
                    events = self.analysis.push(block.samples)
                    self._last_block = time.monotonic()
                self._keep(block)
                self.told(events)
        except Exception as error:
            self.error = error
        finally:
            with self.lock:
                self.source.connection = "ended"
                events = self.analysis.finish()
            self.told(events)
            self.done.set()


def described(event: Twitch | Rejected, number: int) -> str:
    """One event in one line, for a person; `number` is that of a twitch in its series."""
    if isinstance(event, Rejected):
        return f"{event.onset_s:9.3f} s  rejected: {event.why}"
    return (
        f"{event.onset_s:9.3f} s  twitch {number}: {event.peak_rms_uv:.1f} µV, "
        f"{event.relative_to_first:.2f} of the first, {sureness(event.confidence)} sure"
    )
