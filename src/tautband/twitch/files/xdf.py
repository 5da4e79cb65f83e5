"""XDF, chunk by chunk: the streams that hold regularly sampled numbers.

The file is gone through once for what its streams are and once for every channel that is asked for, so that its size
does not matter. Samples lie at the nominal rate; where the time stamps jump as far as pyxdf breaks a segment (a second,
and 500 samples), the lost samples are put in as missing. After a damaged chunk reading goes on at the next boundary
mark, as the format's specification has it.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Final, cast
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import BLOCK_SAMPLES, LONGEST_GAP_S, Floats, Gaps, RecordingFile, first_line

BOUNDARY: Final = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
STREAM_HEADER, SAMPLES, CLOCK_OFFSET, LAST_TAG = 2, 3, 4, 6
KINDS: Final = {
    "float32": "<f4",
    "double64": "<f8",
    "int8": "i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
}
BREAK_S, BREAK_SAMPLES = 1.0, 500
LARGEST_DESCRIPTION: Final = 1 << 24
LARGEST_ROW: Final = 1 << 20
MOST_STREAMS: Final = 1000
BYTES_AT_ONCE: Final = 1 << 20
MOST_OFFSETS: Final = 1000
RATE_LOOKED_AT_S: Final = (5.0, 60.0)
LATEST_S: Final = 1e12
RATE_WITHIN: Final = 0.05
CUT: Final = "The file ends in the middle of a chunk; what comes before is read."
DAMAGED: Final = "A part of the file is damaged and left out."


class _DamagedError(Exception):
    """A chunk does not hold what it must."""


@dataclass(frozen=True)
class _Stream:
    number: int
    name: str
    rate: float
    kind: np.dtype[np.generic]
    channels: tuple[tuple[str, str], ...]
    """Label and unit of each."""


class _Clock:
    """Follows the time stamps of a stream and tells where samples were lost."""

    def __init__(self, stream: _Stream) -> None:
        self.rate = stream.rate
        self.samples = 0
        self.lost = 0
        self.first: float | None = None
        self.last = 0.0

    def start(self, offsets: list[float]) -> float:
        """When the stream begins on the clock of the recorder, given how far the sender's clock was behind."""
        known = [o for o in offsets if abs(o) < LATEST_S]
        return (self.first or 0.0) + (float(np.median(known)) if known else 0.0)

    def take(self, stamps: Floats | None, count: int) -> list[tuple[int, int]]:
        """Take a run of samples; give the places in it before which samples are missing, and how many."""
        found: list[tuple[int, int]] = []
        if stamps is not None:
            if self.first is None:
                self.first = float(stamps[0]) - self.samples / self.rate
                self.last = float(stamps[0]) - 1 / self.rate
            steps = np.diff(stamps, prepend=self.last)
            for place in np.flatnonzero(steps > max(BREAK_S, BREAK_SAMPLES / self.rate)):
                lost = min(float(steps[place]), LONGEST_GAP_S) * self.rate
                found.append((int(place), round(lost) - 1))
            self.last = float(stamps[-1])
        else:
            self.last += count / self.rate
        self.samples += count
        self.lost += sum(lost for _, lost in found)
        return found


def open_xdf(path: Path, rate: float | None = None) -> RecordingFile:
    """Open an XDF file; a missing end or a damaged part is noted, and what is there is read."""
    notes: list[str] = []
    streams: dict[int, _Stream] = {}
    clocks: dict[int, _Clock] = {}
    offsets: dict[int, list[float]] = {}
    try:
        for tag, number, content in _chunks(path, notes):
            if tag == STREAM_HEADER and len(streams) < MOST_STREAMS:
                if stream := _described(number, content.read(LARGEST_DESCRIPTION)):
                    stream = stream if rate is None else replace(stream, rate=rate)
                    streams[number], clocks[number] = stream, _Clock(stream)
            elif tag == CLOCK_OFFSET and len(offsets.setdefault(number, [])) < MOST_OFFSETS:
                offsets[number] += np.frombuffer(content.read(16).ljust(16, b"\0"), "<f8")[1:].tolist()
            elif tag == SAMPLES and number in streams:
                clock = clocks[number]
                if clock.samples < RATE_LOOKED_AT_S[1] * clock.rate:
                    for stamps, values in _runs(streams[number], content, notes):
                        clock.take(stamps, len(values))
    except (OSError, EOFError, zlib.error) as error:
        raise TwitchError(f"{path.name}: it is no readable XDF file: {first_line(error)}") from None
    columns = [(s, i) for s in streams.values() if clocks[s.number].samples for i in range(len(s.channels))]
    if not columns:
        raise TwitchError(f"{path.name}: it holds no regularly sampled stream")
    if rate is None:
        for number in {s.number for s, _ in columns}:
            _check_rate(path.name, streams[number], clocks[number])

    def read(channel: int) -> Iterator[Floats]:
        stream, index = columns[channel]
        clock, gaps, held, size = _Clock(stream), Gaps(path.name, stream.rate), list[Floats](), 0
        for tag, number, content in _chunks(path, notes):
            if tag != SAMPLES or number != stream.number:
                continue
            for stamps, values in _runs(stream, content, notes):
                column, at = np.asarray(values[:, index], float), 0
                for place, lost in clock.take(stamps, len(values)):
                    held.append(column[at:place])
                    yield gaps.read(np.concatenate(held))
                    yield from gaps.missing(lost)
                    held, size, at = [], 0, place
                held.append(column[at:])
                size += len(column) - at
                if size >= BLOCK_SAMPLES:
                    yield gaps.read(np.concatenate(held))
                    held, size = [], 0
        if held:
            yield np.concatenate(held)

    return RecordingFile(
        path.name,
        tuple(s.rate for s, _ in columns),
        tuple(s.channels[i][0] for s, i in columns),
        tuple(s.channels[i][1] for s, i in columns),
        read,
        notes,
        tuple(clocks[s.number].start(offsets.get(s.number, [])) for s, _ in columns),
    )


def _check_rate(name: str, stream: _Stream, clock: _Clock) -> None:
    seconds = clock.last - (clock.first or 0.0) - clock.lost / stream.rate
    if clock.first is not None and seconds > RATE_LOOKED_AT_S[0]:
        seen = (clock.samples - 1) / seconds
        if abs(seen / stream.rate - 1) > RATE_WITHIN:
            raise TwitchError(
                f"{name}: stream {stream.name!r} says {stream.rate:g} Hz, but its time stamps say {seen:.4g} Hz; "
                f"give the true rate with --rate"
            )


def _described(number: int, text: bytes) -> _Stream | None:
    """Read a stream's description, or None where it holds no regularly sampled numbers."""
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        return None
    try:
        root = ElementTree.fromstring(text)
        rate, count = float(root.findtext("nominal_srate", "0")), int(root.findtext("channel_count", "0"))
    except (ElementTree.ParseError, ValueError, LookupError):  # the last is an encoding that nobody knows
        return None
    kind = KINDS.get(root.findtext("channel_format", ""))
    if kind is None or not 0 < rate < 1e9 or not 0 < count * np.dtype(kind).itemsize <= LARGEST_ROW:
        return None
    name = root.findtext("name", "") or f"stream {number}"
    about = root.findall("desc/channels/channel")
    channels = []
    for i in range(count):
        entry = about[i] if i < len(about) else ElementTree.Element("channel")
        label = entry.findtext("label", "").strip() or f"{name} {i + 1}"
        channels.append((label, entry.findtext("unit", "").strip()))
    return _Stream(number, name, rate, np.dtype(kind), tuple(channels))


class _Content:
    """The bytes of one chunk, read as they are asked for."""

    def __init__(self, file: IO[bytes], length: int) -> None:
        self._file, self.left = file, length

    def read(self, most: int) -> bytes:
        """Read at most so many bytes of the chunk; fewer only where the file ends."""
        data = self._file.read(min(most, self.left))
        self.left -= len(data)
        return data


def _chunks(path: Path, notes: list[str]) -> Iterator[tuple[int, int, _Content]]:
    """Tag, stream number and content of every chunk that describes or holds a stream, in order."""
    zipped = path.suffix.lower() == ".xdfz"
    size = None if zipped else path.stat().st_size
    with cast(IO[bytes], gzip.open(path) if zipped else path.open("rb")) as file:
        if file.read(4) != b"XDF:":
            raise TwitchError(f"{path.name}: it is no XDF file")
        while True:
            at = file.tell()
            width = file.read(1)
            if not width:
                return
            try:
                length = _number(file, width)
                tag = int.from_bytes(file.read(2), "little")
                if length < 2 or not 1 <= tag <= LAST_TAG:
                    raise _DamagedError
                end = file.tell() + length - 2
                if size is not None and end > size and _to_boundary(file, at + 1):
                    _note(notes, DAMAGED)  # its length is wrong: there is more behind it
                    continue
                file.seek(end - length + 2)
                if tag in (STREAM_HEADER, SAMPLES, CLOCK_OFFSET):
                    content = _Content(file, length - 2)
                    yield tag, int.from_bytes(content.read(4), "little"), content
                if size is not None and end > size:
                    _note(notes, CUT)
                    return
                file.seek(end)
            except EOFError:  # of a zipped file
                _note(notes, CUT)
                return
            except _DamagedError:
                _note(notes, DAMAGED)
                if not _to_boundary(file, at + 1):
                    return


def _note(notes: list[str], text: str) -> None:
    if text not in notes:
        notes.append(text)


def _number(file: IO[bytes] | _Content, width: bytes) -> int:
    """Read a number of variable length, whose first byte says how many follow."""
    if not width or width[0] not in (1, 4, 8):
        raise _DamagedError
    return int.from_bytes(file.read(width[0]), "little")


def _to_boundary(file: IO[bytes], at: int) -> bool:
    """Go behind the next boundary mark; whether there is one."""
    file.seek(at)
    kept = b""
    while piece := file.read(BYTES_AT_ONCE):
        window = kept + piece
        place = window.find(BOUNDARY)
        if place >= 0:
            file.seek(file.tell() - len(window) + place + len(BOUNDARY))
            return True
        kept = window[-len(BOUNDARY) + 1 :]
    return False


def _runs(
    stream: _Stream, content: _Content, notes: list[str]
) -> Iterator[tuple[Floats | None, NDArray[np.generic]]]:
    """Samples of a chunk in runs with and without time stamps: the stamps (or None) and the values, (n, channels)."""
    shape = (len(stream.channels),)
    bare = np.dtype([("flag", "u1"), ("values", stream.kind, shape)])
    stamped = np.dtype([("flag", "u1"), ("stamp", "<f8"), ("values", stream.kind, shape)])
    try:
        left = _number(content, content.read(1))
    except _DamagedError:
        _note(notes, DAMAGED)
        return
    buffer, at, ahead = b"", 0, 1024
    while left > 0:
        if len(buffer) - at < stamped.itemsize and content.left:
            buffer, at = buffer[at:] + content.read(max(BYTES_AT_ONCE, stamped.itemsize)), 0
        if at == len(buffer):
            return
        flag = buffer[at]
        layout = stamped if flag else bare
        whole = min((len(buffer) - at) // layout.itemsize, left, ahead)
        rows = np.frombuffer(buffer, layout, whole, at) if whole else np.zeros(0, layout)
        other = np.flatnonzero(rows["flag"] != flag)
        rows = rows[: int(other[0])] if len(other) else rows
        ahead = 2 * len(rows) + 16  # samples with and without a stamp may take turns
        stamps = np.asarray(rows["stamp"], float) if flag else None
        if flag not in (0, 8) or whole == 0 or (stamps is not None and not (np.abs(stamps) < LATEST_S).all()):
            if flag not in (0, 8) or whole:
                _note(notes, DAMAGED)
            return
        yield stamps, rows["values"]
        at, left = at + len(rows) * layout.itemsize, left - len(rows)
