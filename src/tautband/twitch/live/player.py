"""A recording played as if it came from a device now."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from tautband.twitch.errors import TwitchError
from tautband.twitch.files import RecordingFile
from tautband.twitch.live.source import Block, LiveSource

TURN_S: Final = 0.02
"""A device would give a block about this often."""
MOMENT_S: Final = 0.001


class Player(LiveSource):
    """Plays one channel of a recording.

    Parameters
    ----------
    recording
        The recording.
    channel
        Index of its channel.
    unit
        Its unit, where the file does not say it.
    speed
        How many times faster than it was recorded.
    loop
        Whether to begin again at the end.
    """

    def __init__(
        self,
        recording: RecordingFile,
        channel: int,
        unit: str | None = None,
        *,
        speed: float = 1.0,
        loop: bool = False,
    ) -> None:
        if not 0 < speed < float("inf"):
            raise TwitchError(f"speed: {speed:g}; a number above 0 is needed")
        super().__init__(
            recording.name,
            recording.channels[channel],
            unit or recording.units[channel],
            recording.rate(channel),
        )
        self.speed = speed
        self._recording, self._index, self._unit, self._loop = recording, channel, unit, loop

    def __iter__(self) -> Iterator[Block]:
        """Give the blocks when they are due; ends with the recording."""
        size = max(1, round(TURN_S * self.speed * self.sampling_rate))
        given, begun = 0, time.monotonic()
        while True:
            before = given
            for chunk in self._recording.microvolts(self._index, self._unit):
                for first in range(0, len(chunk), size):
                    piece = chunk[first : first + size]
                    due = begun + (given + len(piece)) / self.sampling_rate / self.speed
                    # a moment at least, so that whoever looks gets a turn when the machine cannot keep up
                    if self._closed.wait(max(MOMENT_S, due - time.monotonic())):
                        return
                    yield Block(given / self.sampling_rate, piece)
                    given += len(piece)
            if not self._loop or given == before:
                return
