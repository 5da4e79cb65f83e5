"""A live source: one channel as an iterator of timed blocks, with its rate, name and unit."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tautband.twitch.live.timeline import Timeline

Floats = NDArray[np.float64]

SILENT_S: Final = 3.0
"""A connection that brings nothing for so long is taken to be lost, and made anew."""
RETRY_S: Final = 0.5


@dataclass(frozen=True, eq=False)
class Block:
    """Samples that follow those of the block before.

    Attributes
    ----------
    start_s
        Time of the first sample, in seconds from the first sample of the source.
    samples
        Shape (n,), microvolts; NaN where samples were lost on the way.
    """

    start_s: float
    samples: Floats


class LiveSource(ABC):
    """One channel of something that gives samples while it runs; iterate over it for its blocks.

    Parameters
    ----------
    name
        What it is, for a person.
    channel
        Name of the channel.
    unit
        Unit in which the source has its samples; blocks are in microvolts.
    sampling_rate
        Samples per second.

    Attributes
    ----------
    connection
        How the connection to the source is: `up`, `lost` or `ended`.
    speed
        Seconds of the recording per second of the clock; 1 for a device.
    """

    speed = 1.0

    def __init__(self, name: str, channel: str, unit: str, sampling_rate: float) -> None:
        self.name, self.channel, self.unit, self.sampling_rate = name, channel, unit, sampling_rate
        self.connection = "up"
        self._closed = threading.Event()

    @abstractmethod
    def __iter__(self) -> Iterator[Block]:
        """Give the blocks until the source ends or is closed."""

    def close(self) -> None:
        """Ask the source to end; may be called from another thread."""
        self._closed.set()


class ConnectionLost(Exception):
    """The connection to a device is gone; it may come back."""


class DeviceSource(LiveSource):
    """A source whose connection can be lost: it is made anew, and the time between is filled with NaN."""

    def __iter__(self) -> Iterator[Block]:
        """Give the blocks; what was lost comes as NaN of the length that the timestamps tell."""
        timeline = Timeline(self.sampling_rate)
        given, last = 0, time.monotonic()
        try:
            while not self._closed.is_set():
                try:
                    samples, stamps = self._read()
                    now = time.monotonic()
                    if not len(samples) and now - last > SILENT_S:
                        raise ConnectionLost
                except ConnectionLost:
                    self._make_anew()
                    continue
                if not len(samples):
                    continue
                for piece in timeline.place(samples, stamps, now - last):
                    yield Block(given / self.sampling_rate, piece)
                    given += len(piece)
                last = now
        finally:
            self._shut()

    def _make_anew(self) -> None:
        self.connection = "lost"
        self._shut()
        while not self._closed.is_set():
            try:
                self._open()
            except ConnectionLost:
                self._closed.wait(RETRY_S)
            else:
                self.connection = "up"
                return

    @abstractmethod
    def _open(self) -> None:
        """Make the connection, or raise ConnectionLost."""

    @abstractmethod
    def _read(self) -> tuple[Floats, Floats]:
        """Wait a moment for samples in microvolts and their times in seconds, or raise ConnectionLost."""

    @abstractmethod
    def _shut(self) -> None:
        """End the connection, if there is one."""
