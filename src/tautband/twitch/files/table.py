"""CSV and Parquet: a column per channel, its unit in the heading, a column of seconds or a rate that is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import BLOCK_SAMPLES, Floats, RecordingFile, factor, first_line

TIME = re.compile(
    r"^\s*(time|t|seconds|sec|s|timestamp)\s*[\[(_ ]?\s*(s|sec|seconds|ms)?\s*[\])]?\s*$", re.IGNORECASE
)
UNIT = re.compile(r"[\[(_ ]\s*(n|u|µ|μ|m)?v(olts?)?\s*[\])]?\s*$", re.IGNORECASE)
PEEK = 2000


def open_table(path: Path, rate: float | None) -> RecordingFile:
    """Open a CSV or Parquet file."""
    head = next(_frames(path), None)
    if head is None or not len(head):
        raise TwitchError(f"{path.name}: it is empty")
    time = next((c for c in head.columns if TIME.match(str(c))), None)
    columns = [c for c in head.columns if c != time and pd.api.types.is_numeric_dtype(head[c])]
    if not columns:
        raise TwitchError(f"{path.name}: no column of numbers; a heading and numbers in columns are needed")
    if rate is None:
        rate = _rate_of(path.name, head, time)

    def stream(channel: int) -> Iterator[Floats]:
        for frame in _frames(path):
            values = pd.to_numeric(frame[columns[channel]], errors="coerce")
            yield np.asarray(values, float)

    return RecordingFile(
        path.name,
        (rate,) * len(columns),
        tuple(map(str, columns)),
        tuple(_unit(str(c)) for c in columns),
        stream,
    )


def _frames(path: Path) -> Iterator[pd.DataFrame]:
    try:
        if path.suffix.lower() == ".parquet":
            from pyarrow.parquet import ParquetFile

            for batch in ParquetFile(path).iter_batches(BLOCK_SAMPLES):
                yield batch.to_pandas()
        else:
            separator = "\t" if path.suffix.lower() == ".tsv" else ","
            yield from pd.read_csv(
                path,
                sep=separator,
                chunksize=BLOCK_SAMPLES,
                skipinitialspace=True,
                comment="#",
                low_memory=False,
            )
    except TwitchError:
        raise
    except Exception as error:  # whatever a broken file makes the readers raise
        raise TwitchError(f"{path.name}: it is no readable table: {first_line(error)}") from None


def _rate_of(name: str, head: pd.DataFrame, time: object) -> float:
    if time is None:
        raise TwitchError(f"{name}: it has no column of seconds; give the samples per second with --rate")
    stamps = np.asarray(pd.to_numeric(head[time], errors="coerce"), float)[:PEEK]
    steps = np.diff(stamps)
    step = float(np.median(steps)) if len(steps) else float("nan")
    if not step > 0 or np.nanmax(np.abs(steps - step)) > 0.5 * step:
        raise TwitchError(
            f"{name}: column {time!r} is not evenly spaced; give the samples per second with --rate"
        )
    span = (stamps[-1] - stamps[0]) / (len(stamps) - 1)
    return round((1000.0 if "ms" in str(time).lower() else 1.0) / float(span), 3)


def _unit(heading: str) -> str:
    found = UNIT.search(heading)
    unit = found[0].strip(" [](_") if found else ""
    return unit if factor(unit) else ""
