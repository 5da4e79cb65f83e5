"""CSV and Parquet: a column per channel, its unit in the heading, a column of seconds or a rate that is given."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import BLOCK_SAMPLES, Floats, Gaps, RecordingFile, factor, first_line

TIME = re.compile(
    r"^\s*(time|t|seconds|sec|s|timestamp)\s*[\[(_ ]?\s*(s|sec|seconds|ms)?\s*[\])]?\s*$", re.IGNORECASE
)
UNIT = re.compile(r"[\[(_ ]\s*(n|u|µ|μ|m)?v(olts?)?\s*[\])]?\s*$", re.IGNORECASE)
ACCELERATION = re.compile(r"[\[(_ ]\s*(g|m/s\^?2|m/s²)\s*[\])]?\s*$", re.IGNORECASE)
PEEK = 2000
PEEKED_BYTES: Final = 1 << 14
VALUES_AT_ONCE: Final = 1 << 21
LONGEST_LINE: Final = 1 << 20
MOST_COLUMNS: Final = 4096
MOST_VALUES_PER_BYTE: Final = 100
LATEST: Final = 1e15
LEAST_STEP: Final = 0.01
"""Time stamps that go back by more than this much of a step are no clock; less is rounding."""
GAP_STEPS: Final = 3.0
"""Time stamps that are this many steps apart have lost samples between them."""


def open_table(path: Path, rate: float | None) -> RecordingFile:
    """Open a CSV or Parquet file; gaps in its column of seconds become missing samples."""
    head = next(_frames(path), None)
    if head is None or not len(head):
        raise TwitchError(f"{path.name}: it is empty")
    time = next((c for c in head.columns if TIME.match(str(c))), None)
    columns = [c for c in head.columns if c != time and pd.api.types.is_numeric_dtype(head[c])]
    if not columns:
        raise TwitchError(f"{path.name}: no column of numbers; a heading and numbers in columns are needed")
    timed = rate is None
    if rate is None:
        rate = _rate_of(path.name, head, time)
    per_second = rate / 1000 if "ms" in str(time).lower() else rate

    def stream(channel: int) -> Iterator[Floats]:
        gaps = Gaps(path.name, rate)
        last, wanted = float("nan"), [columns[channel], *([time] if timed else [])]
        for frame in _frames(path, wanted):
            values = np.asarray(pd.to_numeric(frame[columns[channel]], errors="coerce"), float)
            if not timed:
                yield values
                continue
            stamps = _stamps(frame[time])
            yield from _with_gaps(path.name, values, np.diff(stamps, prepend=last) * per_second, gaps)
            last = float(stamps[-1])

    return RecordingFile(
        path.name,
        (rate,) * len(columns),
        tuple(map(str, columns)),
        tuple(_unit(str(c)) for c in columns),
        stream,
    )


def _with_gaps(name: str, values: Floats, steps: Floats, gaps: Gaps) -> Iterator[Floats]:
    """Put in what is missing where the time stamps are more than some samples apart."""
    if (steps < -LEAST_STEP).any():
        raise TwitchError(
            f"{name}: its column of seconds goes backwards; mend it, or leave it out and give --rate"
        )
    at = 0
    for place in np.flatnonzero(steps > GAP_STEPS):
        yield gaps.read(values[at:place])
        yield from gaps.missing(round(float(steps[place])) - 1)
        at = int(place)
    yield gaps.read(values[at:])


def _stamps(column: pd.Series[float]) -> Floats:
    stamps = np.asarray(pd.to_numeric(column, errors="coerce"), float)
    return np.where(np.abs(stamps) < LATEST, stamps, np.nan)


class _Lines(io.RawIOBase):
    """A file whose lines may not grow without end: the reader of tables holds a whole line at a time."""

    def __init__(self, path: Path) -> None:
        self._file, self._name, self._since = path.open("rb"), path.name, 0

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(min(len(buffer), LONGEST_LINE))
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self._since = len(data) - end - 1 if end >= 0 else self._since + len(data)
        if self._since > LONGEST_LINE:
            raise TwitchError(f"{self._name}: a line is longer than {LONGEST_LINE} bytes; it is no table")
        buffer[: len(data)] = data
        return len(data)


def _frames(path: Path, columns: Sequence[object] | None = None) -> Iterator[pd.DataFrame]:
    try:
        if path.suffix.lower() == ".parquet":
            yield from _parquet(path, columns)
        else:
            yield from _csv(path, columns)
    except TwitchError:
        raise
    except Exception as error:  # whatever a broken file makes the readers raise
        raise TwitchError(f"{path.name}: it is no readable table: {first_line(error)}") from None


def _csv(path: Path, columns: Sequence[object] | None) -> Iterator[pd.DataFrame]:
    how: dict[str, Any] = {**_separators(path), "skipinitialspace": True, "comment": "#"}
    with io.BufferedReader(_Lines(path)) as lines:
        width = len(pd.read_csv(lines, nrows=0, **how).columns)
    _check_width(path.name, width)
    rows = max(1, min(BLOCK_SAMPLES if columns else PEEK, VALUES_AT_ONCE // max(width, 1)))
    with io.BufferedReader(_Lines(path)) as lines:
        yield from pd.read_csv(
            lines,
            chunksize=rows,
            usecols=None if columns is None else lambda name: name in columns,
            low_memory=False,
            **how,
        )


def _separators(path: Path) -> dict[str, str]:
    """What stands between columns and before decimals: where semicolons part the columns, a comma may do the latter."""
    if path.suffix.lower() == ".tsv":
        return {"sep": "\t"}
    with path.open("rb") as file:
        lines = file.read(PEEKED_BYTES).decode("utf-8", "replace").splitlines()
    told = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not told or ";" not in told[0]:
        return {"sep": ","}
    return {"sep": ";", "decimal": "," if any("," in line for line in told[1:-1]) else "."}


def _check_width(name: str, columns: int) -> None:
    if columns > MOST_COLUMNS:
        raise TwitchError(f"{name}: {columns} columns; at most {MOST_COLUMNS} are read")


def _parquet(path: Path, columns: Sequence[object] | None) -> Iterator[pd.DataFrame]:
    from pyarrow import types
    from pyarrow.parquet import ParquetFile

    with ParquetFile(path, buffer_size=1 << 20, pre_buffer=False) as file:
        about = file.metadata
        if about.num_rows > MOST_VALUES_PER_BYTE * path.stat().st_size:
            raise TwitchError(
                f"{path.name}: {about.num_rows} rows in {path.stat().st_size} bytes; it is no recording"
            )
        _check_width(path.name, about.num_columns)
        numeric = [f.name for f in file.schema_arrow if types.is_integer(f.type) or types.is_floating(f.type)]
        wanted = numeric if columns is None else [str(c) for c in columns]
        for batch in file.iter_batches(BLOCK_SAMPLES if columns else PEEK, columns=wanted):
            yield batch.to_pandas()


def _rate_of(name: str, head: pd.DataFrame, time: object) -> float:
    if time is None:
        raise TwitchError(f"{name}: it has no column of seconds; give the samples per second with --rate")
    stamps = _stamps(head[time])[:PEEK]
    steps = np.diff(stamps)
    step = float(np.median(steps)) if len(steps) else float("nan")
    if not step > 0 or np.nanmax(np.abs(steps - step)) > 0.5 * step:
        raise TwitchError(
            f"{name}: column {time!r} is not evenly spaced; give the samples per second with --rate"
        )
    span = (stamps[-1] - stamps[0]) / (len(stamps) - 1)
    rate = round((1000.0 if "ms" in str(time).lower() else 1.0) / float(span), 3)
    if rate <= SLOWEST_HZ:
        raise TwitchError(
            f"{name}: column {time!r} makes {rate:g} samples per second; if it counts milliseconds, name it "
            f"'time_ms', else give the true rate with --rate"
        )
    return rate


SLOWEST_HZ: Final = 30.0
"""Slower than any recording of a muscle: the column counts something else than seconds."""


def _unit(heading: str) -> str:
    for pattern in (UNIT, ACCELERATION):
        if found := pattern.search(heading):
            unit = found[0].strip(" [()]_")
            if factor(unit) or pattern is ACCELERATION:
                return unit
    return ""
