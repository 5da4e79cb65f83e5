"""EDF, EDF+, BDF and BDF+ by edfio."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import edfio
import numpy as np

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import Floats, RecordingFile, first_line, in_blocks


def open_edf(path: Path) -> RecordingFile:
    """Open an EDF or BDF file; a missing end is noted, and what is there is read."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            if path.suffix.lower() == ".bdf":
                edf: Any = edfio.read_bdf(path)
            else:
                edf = edfio.read_edf(path, lazy_load_data=True)
            signals = list(edf.signals)
            rates = tuple(float(s.sampling_frequency) for s in signals)
            units = tuple(s.physical_dimension for s in signals)
            labels = tuple(s.label for s in signals)
            continuous = bool(edf.is_continuous)
        except Exception as error:  # whatever a broken header makes the reader raise
            raise TwitchError(
                f"{path.name}: it is no readable {path.suffix[1:].upper()} file: {first_line(error)}"
            ) from None
    notes = [str(w.message) for w in said]
    if not continuous:
        notes.append("The recording is discontinuous; its parts are read as if they followed each other.")

    def stream(channel: int) -> Iterator[Floats]:
        signal = signals[channel]
        length, rate = len(signal.data), rates[channel]

        def read(first: int, last: int) -> Floats:
            if path.suffix.lower() == ".bdf":
                return np.asarray(signal.data[first:last], float)
            return np.asarray(signal.get_data_slice(first / rate, last / rate), float)

        yield from in_blocks(read, length)

    return RecordingFile(path.name, rates, labels, units, stream, notes)
