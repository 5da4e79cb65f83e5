"""A recording on disk: its channels, its rate, its units, read in blocks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from tautband.errors import nearest
from tautband.twitch.errors import TwitchError

Floats = NDArray[np.float64]

MICROVOLTS_PER: Final[Mapping[str, float]] = {
    "uv": 1.0,
    "microvolt": 1.0,
    "microvolts": 1.0,
    "mv": 1e3,
    "millivolt": 1e3,
    "millivolts": 1e3,
    "v": 1e6,
    "volt": 1e6,
    "volts": 1e6,
    "nv": 1e-3,
}
"""Units of voltage as files spell them, lower case, µ and μ written u."""

M_S2_PER: Final[Mapping[str, float]] = {
    "m/s2": 1.0,
    "m/s^2": 1.0,
    "m/s²": 1.0,
    "g": 9.80665,
    "mg": 9.80665e-3,
}
"""Units of acceleration as files spell them, lower case."""

ACCELERATION_UNITS: Final = ("g", "mg", "m/s2")
UNITS: Final = ("uV", "mV", "V", "nV")
BLOCK_SAMPLES: Final = 1 << 16
TOGETHER_S: Final = 0.002
LONGEST_GAP_S: Final = 600.0
MOST_LOST: Final = 10
"""Beyond the longest gap, samples lost for each that was read before."""


@dataclass(frozen=True, eq=False)
class RecordingFile:
    """An open recording.

    Attributes
    ----------
    name
        Of the file, for messages.
    sampling_rates
        Samples per second of each channel.
    channels
        Their names.
    units
        Their units as the file has them, empty where it says nothing.
    stream
        Gives the samples of a channel, by index, in the file's unit, block by block.
    notes
        What was wrong with the file and could be mended, such as a missing end.
    starts_s
        When each channel begins, in seconds on one clock; empty where they begin together.
    """

    name: str
    sampling_rates: tuple[float, ...]
    channels: tuple[str, ...]
    units: tuple[str, ...]
    stream: Callable[[int], Iterator[Floats]]
    notes: list[str] = field(default_factory=list)
    starts_s: tuple[float, ...] = ()

    def pick(self, channel: str | None = None) -> int:
        """Find a channel by name; without one, the first whose name says EMG, else the first with a voltage.

        Parameters
        ----------
        channel
            Its name, or its number from 1.
        """
        if channel is not None:
            if channel in self.channels:
                return self.channels.index(channel)
            if channel.isdigit() and 1 <= int(channel) <= len(self.channels):
                return int(channel) - 1
            raise TwitchError(f"channel: {channel!r} is not in {self.name}{nearest(channel, self.channels)}")
        if not self.channels:
            raise TwitchError(f"{self.name}: it holds no signal")
        return (self.emg or (0,))[0]

    @property
    def emg(self) -> tuple[int, ...]:
        """Channels whose name says EMG, or, where none does, those that hold a voltage."""
        named = [i for i, name in enumerate(self.channels) if "emg" in name.lower()]
        return tuple(named or [i for i, unit in enumerate(self.units) if factor(unit)])

    def start(self, channels: Sequence[int]) -> float:
        """When channels begin that are looked at together; an error where they do not begin together."""
        starts = [self.starts_s[c] if self.starts_s else 0.0 for c in channels]
        if max(starts) - min(starts) > TOGETHER_S:
            names = ", ".join(self.channels[c] for c in channels)
            raise TwitchError(
                f"{self.name}: {names} do not begin together; look at them one by one with --channel"
            )
        return starts[0]

    def rate(self, channel: int) -> float:
        """Samples per second of a channel; an error where the file's rate cannot be true."""
        rate = self.sampling_rates[channel]
        if not math.isfinite(rate) or rate <= 0:
            raise TwitchError(f"{self.name}: sampling rate {rate}; give the true one with --rate")
        return rate

    def microvolts(self, channel: int, unit: str | None = None) -> Iterator[Floats]:
        """Give a channel in microvolts, block by block.

        Parameters
        ----------
        channel
            Index of the channel.
        unit
            Its unit, where the file does not say it or says it wrongly.
        """
        scale = factor(unit if unit is not None else self.units[channel])
        if scale is None:
            said = self.units[channel]
            what = f"the unit {said!r} is not a voltage" if said else "the file does not say the unit"
            raise TwitchError(
                f"{self.name}: channel {self.channels[channel]!r}: {what}; give it with --unit {'|'.join(UNITS)}"
            )
        for block in self.stream(channel):
            yield block * scale if scale != 1.0 else block

    def acceleration(self, channel: int, unit: str | None = None) -> Iterator[Floats]:
        """Give a channel in m/s², block by block.

        Parameters
        ----------
        channel
            Index of the channel.
        unit
            Its unit, where the file does not say it or says it wrongly.
        """
        said = unit if unit is not None else self.units[channel]
        scale = M_S2_PER.get(said.strip().lower())
        if scale is None:
            what = f"the unit {said!r} is no acceleration" if said else "the file does not say the unit"
            raise TwitchError(
                f"{self.name}: channel {self.channels[channel]!r}: {what}; give it with --accelerometer-unit "
                f"{'|'.join(ACCELERATION_UNITS)}"
            )
        for block in self.stream(channel):
            yield block * scale


def factor(unit: str) -> float | None:
    """Microvolts in a unit, or None where it is no voltage."""
    plain = unit.strip().replace("µ", "u").replace("μ", "u").lower()
    return MICROVOLTS_PER.get(plain)


def first_line(error: BaseException) -> str:
    """What a reader complained of, in one line."""
    return (str(error).strip().split("\n")[0] or type(error).__name__).rstrip(".: ")


def in_blocks(read: Callable[[int, int], Floats], samples: int) -> Iterator[Floats]:
    """Read from the first to the last sample, a block at a time."""
    for first in range(0, samples, BLOCK_SAMPLES):
        block = np.asarray(read(first, min(first + BLOCK_SAMPLES, samples)), float)
        if not len(block):
            return
        yield block


class Gaps:
    """Puts in what gaps in the time stamps have lost, as NaN, as long as that is within reason.

    Parameters
    ----------
    name
        Of the file, for messages.
    rate
        Samples per second.
    """

    def __init__(self, name: str, rate: float) -> None:
        self._name, self._rate = name, rate
        self._read = self._lost = 0

    def read(self, block: Floats) -> Floats:
        """Give samples on, counting them."""
        self._read += len(block)
        return block

    def missing(self, samples: int) -> Iterator[Floats]:
        """Give the samples of a gap; an error where it is longer than ten minutes."""
        if samples > LONGEST_GAP_S * self._rate:
            raise TwitchError(
                f"{self._name}: {samples / self._rate:.0f} s are missing after {self._read / self._rate:.0f} s of "
                f"samples, more than {LONGEST_GAP_S:.0f}; make two recordings of it, or, if its time stamps are wrong, "
                f"leave them out"
            )
        left = samples
        self._lost += max(left, 0)
        if self._lost > LONGEST_GAP_S * self._rate + MOST_LOST * self._read:
            raise TwitchError(
                f"{self._name}: its time stamps leave out {self._lost} samples where {self._read} were read; "
                f"they are no clock; give the samples per second with --rate"
            )
        while left > 0:
            yield np.full(min(left, BLOCK_SAMPLES), np.nan)
            left -= BLOCK_SAMPLES
