"""XDF by pyxdf: the streams that hold regularly sampled numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyxdf

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import Floats, RecordingFile, first_line, in_blocks


def open_xdf(path: Path) -> RecordingFile:
    """Open an XDF file; samples lie at the nominal rate, gaps in the time stamps become missing samples."""
    with path.open("rb") as file:
        if path.suffix.lower() == ".xdf" and file.read(4) != b"XDF:":
            raise TwitchError(f"{path.name}: it is no XDF file")
    try:
        streams, _ = pyxdf.load_xdf(str(path), dejitter_timestamps=True, verbose=False)
        found = [
            _columns(s) for s in streams if float(s["info"]["nominal_srate"][0]) > 0 and len(s["time_series"])
        ]
    except Exception as error:  # whatever a broken file makes the reader raise
        raise TwitchError(f"{path.name}: it is no readable XDF file: {first_line(error)}") from None
    columns = [column for stream in found for column in stream]
    if not columns:
        raise TwitchError(f"{path.name}: it holds no regularly sampled stream")

    def stream(channel: int) -> Iterator[Floats]:
        data = columns[channel][3]
        yield from in_blocks(lambda first, last: data[first:last], len(data))

    return RecordingFile(
        path.name,
        tuple(c[2] for c in columns),
        tuple(c[0] for c in columns),
        tuple(c[1] for c in columns),
        stream,
    )


def _columns(stream: Any) -> list[tuple[str, str, float, Floats]]:
    info = stream["info"]
    rate = float(info["nominal_srate"][0])
    name = str(info["name"][0])
    try:
        described = info["desc"][0]["channels"][0]["channel"]
    except (KeyError, TypeError, IndexError):
        described = []
    data = np.asarray(stream["time_series"], float)
    data = _with_gaps(data, np.asarray(stream["time_stamps"], float), rate)
    columns = []
    for i in range(data.shape[1]):
        about = described[i] if i < len(described) else {}
        label = str((about.get("label") or [f"{name} {i + 1}"])[0])
        unit = str((about.get("unit") or [""])[0])
        columns.append((label, unit, rate, np.ascontiguousarray(data[:, i])))
    return columns


def _with_gaps(data: Floats, stamps: Floats, rate: float) -> Floats:
    if len(stamps) < 2:
        return data
    steps = np.diff(stamps)
    wide = np.flatnonzero(steps > max(0.02, 3 / rate))
    parts, first = [], 0
    for place in wide:
        lost = min(round(steps[place] * rate) - 1, round(600 * rate))
        parts += [data[first : place + 1], np.full((lost, data.shape[1]), np.nan)]
        first = int(place) + 1
    return np.concatenate([*parts, data[first:]])
