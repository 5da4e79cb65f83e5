"""Recordings from disk, whatever their format, and annotations back to disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.source import RecordingFile, factor
from tautband.twitch.files.write import Mark, check_target, write_annotations

__all__ = ["Mark", "RecordingFile", "check_target", "factor", "open_recording", "write_annotations"]

SUFFIXES = (".edf", ".bdf", ".hea", ".dat", ".xdf", ".xdfz", ".otb+", ".csv", ".tsv", ".parquet")


def open_recording(path: str | Path, rate: float | None = None) -> RecordingFile:
    """Open a recording.

    Parameters
    ----------
    path
        An EDF, BDF, WFDB, XDF, OTB+, CSV, TSV or Parquet file, told by its ending.
    rate
        Samples per second, where the file does not say them or says them wrongly.

    Returns
    -------
    RecordingFile
        Its channels, rates and units; samples are read when asked for.

    Raises
    ------
    TwitchError
        If the file cannot be used, in one line.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise TwitchError(f"{file.name}: the ending {suffix!r} is not known; known are {', '.join(SUFFIXES)}")
    if not file.is_file():
        raise TwitchError(f"{file.name}: there is no such file")
    if file.stat().st_size == 0:
        raise TwitchError(f"{file.name}: it is empty")
    opened = _open(file, suffix, rate)
    return opened if rate is None else replace(opened, sampling_rates=(float(rate),) * len(opened.channels))


def _open(file: Path, suffix: str, rate: float | None) -> RecordingFile:
    if suffix in (".edf", ".bdf"):
        from tautband.twitch.files.edf import open_edf

        return open_edf(file)
    if suffix in (".hea", ".dat"):
        from tautband.twitch.files.wfdb import open_wfdb

        return open_wfdb(file)
    if suffix in (".xdf", ".xdfz"):
        from tautband.twitch.files.xdf import open_xdf

        return open_xdf(file, rate)
    if suffix == ".otb+":
        from tautband.twitch.files.otb import open_otb

        return open_otb(file)
    from tautband.twitch.files.table import open_table

    return open_table(file, rate)
