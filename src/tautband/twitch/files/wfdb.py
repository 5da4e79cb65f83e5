"""WFDB records (a .hea header with its .dat) by wfdb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import wfdb as reader

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import Floats, RecordingFile, first_line, in_blocks

SIXTEEN_BIT = "16"


def open_wfdb(path: Path) -> RecordingFile:
    """Open a record by its .hea or .dat file; a missing end is noted, and what is there is read."""
    base = str(path.with_suffix("").absolute())
    if not path.with_suffix(".hea").is_file():
        raise TwitchError(f"{path.name}: the header {path.with_suffix('.hea').name} is missing beside it")
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
    if set(formats) == {SIXTEEN_BIT} and len(set(files)) == 1:
        there = files[0].stat().st_size // (2 * len(labels))
        if samples == 0 or there < samples:
            if samples:
                notes.append(f"The header says {samples} samples, but the file holds {there}.")
            samples = there

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
