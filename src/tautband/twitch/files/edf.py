"""EDF, EDF+, BDF and BDF+: edfio reads the header, the records are read a few at a time."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import edfio
import numpy as np

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import BLOCK_SAMPLES, Floats, Gaps, RecordingFile, first_line

FIXED_HEADER: Final = 256
MOST_SIGNALS: Final = 4096
BYTES_AT_ONCE: Final = 1 << 23
LONGEST_STAMP: Final = 64
SAME_TIME_S: Final = 0.001


def open_edf(path: Path) -> RecordingFile:
    """Open an EDF or BDF file; a missing end is noted, and what is there is read."""
    kind = path.suffix[1:].upper()
    with path.open("rb") as file:
        header = file.read(FIXED_HEADER)
        count = header[252:256].strip()
        if not count.isdigit() or not 1 <= int(count) <= MOST_SIGNALS:
            raise TwitchError(f"{path.name}: it is no readable {kind} file: its header names no signals")
        start = FIXED_HEADER * (1 + int(count))
        header += file.read(start - FIXED_HEADER)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that no record follows the header is by intent
            read: Any = edfio.read_bdf if kind == "BDF" else edfio.read_edf
            edf = read(io.BytesIO(header))
            every = list(
                edf._signals
            )  # the public list leaves out the annotations, which take room in a record
            lengths = [int(s.samples_per_data_record) for s in every]
            calibration = [(s.digital_min, s.digital_max, s.physical_min, s.physical_max) for s in every]
            shown = [n for n, s in enumerate(every) if not s.label.endswith("Annotations")]
            rates = tuple(float(every[n].sampling_frequency) for n in shown)
            labels = tuple(every[n].label for n in shown)
            units = tuple(every[n].physical_dimension for n in shown)
            clock = next((n for n, s in enumerate(every) if s.label.endswith("Annotations")), None)
            if not edf.reserved.startswith(("EDF+D", "BDF+D")):
                clock = None
            seconds = float(edf.data_record_duration)
            declared = int(header[236:244])
    except Exception as error:  # whatever a broken header makes the reader raise
        raise TwitchError(f"{path.name}: it is no readable {kind} file: {first_line(error)}") from None
    if min(lengths) < 0 or sum(lengths) <= 0:
        raise TwitchError(f"{path.name}: its header gives {sum(lengths)} samples to a record")
    width = 3 if kind == "BDF" else 2
    record = width * sum(lengths)
    records, rest = divmod(path.stat().st_size - start, record)
    notes = []
    if rest > 0:
        notes.append("The last record is incomplete and left out.")
    if declared not in (-1, records):
        notes.append(f"The header says {declared} records, but the file holds {max(records, 0)}.")
    if clock is not None:
        notes.append("The recording is discontinuous; what lies between its parts is read as missing.")

    def stream(channel: int) -> Iterator[Floats]:
        signal = shown[channel]
        low, high, bottom, top = calibration[signal]
        if low == high:
            raise TwitchError(
                f"{path.name}: channel {labels[channel]!r}: digital minimum and maximum are equal"
            )
        gain = (top - bottom) / (high - low)
        if not math.isfinite(gain) or gain == 0.0:
            raise TwitchError(
                f"{path.name}: channel {labels[channel]!r}: physical range {bottom:g} to {top:g} gives no scale"
            )
        gaps = Gaps(path.name, rates[channel])
        for first, last, lost_s in _parts(path, start, records, record, lengths, clock, width, seconds):
            yield from gaps.missing(round(lost_s * rates[channel]))
            for digital in _digital(
                path, start + first * record, last - first, record, lengths, signal, width
            ):
                yield gaps.read((digital - low) * gain + bottom)

    return RecordingFile(path.name, rates, labels, units, stream, notes)


def _parts(
    path: Path,
    start: int,
    records: int,
    record: int,
    lengths: list[int],
    clock: int | None,
    width: int,
    seconds: float,
) -> Iterator[tuple[int, int, float]]:
    """Records that follow each other without a gap: the first, the one behind the last, and the seconds lost before."""
    if clock is None:
        yield 0, records, 0.0
        return
    first, lost = 0, 0.0
    expected: float | None = None
    before, own = width * sum(lengths[:clock]), width * lengths[clock]
    with path.open("rb") as file:
        for number in range(records):
            file.seek(start + number * record + before)
            onset = _onset(file.read(min(own, LONGEST_STAMP)))
            if onset is not None and expected is not None and onset - expected < -SAME_TIME_S:
                raise TwitchError(
                    f"{path.name}: record {number + 1} begins at {onset:g} s, before the one before it ends"
                )
            if onset is not None and expected is not None and onset - expected > SAME_TIME_S:
                yield first, number, lost
                first, lost = number, onset - expected
            begun = expected if onset is None else onset
            expected = None if begun is None else begun + seconds
    yield first, records, lost


def _onset(annotations: bytes) -> float | None:
    """When a record begins, as the first of its annotations has it."""
    try:
        onset = float(annotations.split(b"\x14", 1)[0])
    except ValueError:
        return None
    return onset if 0 <= onset < math.inf else None


def _digital(
    path: Path, start: int, records: int, record: int, lengths: list[int], signal: int, width: int
) -> Iterator[Floats]:
    """Samples of one signal as the converter gave them; many short records at once, a long one in pieces."""
    before, own = width * sum(lengths[:signal]), width * lengths[signal]
    many = max(1, min(BYTES_AT_ONCE // record, BLOCK_SAMPLES // max(lengths[signal], 1)))
    with path.open("rb") as file:
        if record <= BYTES_AT_ONCE:
            for first in range(0, records, many):
                file.seek(start + first * record)
                raw = np.frombuffer(file.read(min(many, records - first) * record), np.uint8)
                rows = raw[: len(raw) // record * record].reshape(-1, record)
                yield _numbers(rows[:, before : before + own], width)
        else:
            for number in range(records):
                for piece in range(0, own, width * BLOCK_SAMPLES):
                    file.seek(start + number * record + before + piece)
                    raw = np.frombuffer(file.read(min(width * BLOCK_SAMPLES, own - piece)), np.uint8)
                    yield _numbers(raw, width)


def _numbers(raw: np.ndarray, width: int) -> Floats:
    """Little-endian integers of two or three bytes."""
    parts = np.ascontiguousarray(raw).reshape(-1, width)
    top = parts[:, -1].view(np.int8).astype(np.int32)  # the sign is in the highest byte
    for place in range(width - 2, -1, -1):
        top = (top << 8) | parts[:, place]
    return top.astype(float)
