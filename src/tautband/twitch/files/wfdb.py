"""WFDB records (a .hea header with its .dat) by wfdb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import wfdb as reader

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import Floats, RecordingFile, first_line, in_blocks

BYTES_PER_SAMPLE: Final = {
    "8": 1.0,
    "16": 2.0,
    "24": 3.0,
    "32": 4.0,
    "61": 2.0,
    "80": 1.0,
    "160": 2.0,
    "212": 1.5,
    "310": 4 / 3,
    "311": 4 / 3,
}
LARGEST_HEADER: Final = 1 << 20
MOST_SIGNALS: Final = 4096
MOST_SAMPLES_PER_BYTE: Final = 1000


def open_wfdb(path: Path) -> RecordingFile:
    """Open a record by its .hea or .dat file; a missing end is noted, and what is there is read."""
    base = str(path.with_suffix("").absolute())
    if not path.with_suffix(".hea").is_file():
        raise TwitchError(f"{path.name}: the header {path.with_suffix('.hea').name} is missing beside it")
    if path.with_suffix(".hea").stat().st_size > LARGEST_HEADER:
        raise TwitchError(
            f"{path.name}: its header is larger than {LARGEST_HEADER} bytes; it is no WFDB record"
        )
    if not _plausible(path.with_suffix(".hea")):
        raise TwitchError(f"{path.name}: it is no readable WFDB record: its header names no signals")
    try:
        header = reader.rdheader(base)
        labels = tuple(name or f"signal {i + 1}" for i, name in enumerate(header.sig_name))
        units = tuple(unit or "" for unit in header.units)
        files = [path.with_name(Path(name).name) for name in header.file_name]
        rate, samples = float(header.fs), int(header.sig_len or 0)
        formats = list(header.fmt)
    except Exception as error:  # whatever a broken header makes the reader raise
        raise TwitchError(f"{path.name}: it is no readable WFDB record: {first_line(error)}") from None
    for file in files:
        if not file.is_file():
            raise TwitchError(f"{path.name}: its signal file {file.name} is missing")
    notes = []
    width = BYTES_PER_SAMPLE.get(formats[0]) if len(set(formats)) == 1 else None
    if width is not None and len(set(files)) == 1:
        there = int(files[0].stat().st_size / (width * len(labels)))
        if samples == 0 or there < samples:
            if samples:
                notes.append(f"The header says {samples} samples, but the file holds {there}.")
            samples = there
    elif samples > MOST_SAMPLES_PER_BYTE * max(file.stat().st_size for file in files):
        raise TwitchError(
            f"{path.name}: the header says {samples} samples, which its signal files cannot hold"
        )

    def stream(channel: int) -> Iterator[Floats]:
        def read(first: int, last: int) -> Floats:
            try:
                record = reader.rdrecord(base, sampfrom=first, sampto=last, channels=[channel])
            except Exception as error:  # whatever broken signal data make the reader raise
                raise TwitchError(
                    f"{path.name}: samples {first} to {last} cannot be read: {first_line(error)}"
                ) from None
            return np.asarray(record.p_signal[:, 0], float)

        yield from in_blocks(read, samples)

    return RecordingFile(path.name, (rate,) * len(labels), labels, units, stream, notes)


def _plausible(header: Path) -> bool:
    """Whether the record line names a number of signals that the reader may be given."""
    for line in header.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            words = line.split()
            return len(words) > 1 and words[1].isdigit() and 1 <= int(words[1]) <= MOST_SIGNALS
    return False
