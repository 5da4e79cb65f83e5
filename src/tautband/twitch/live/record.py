"""A live recording kept on disk while it goes on: as CSV, or as EDF+ that is made of the CSV at the end."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Rejected, Twitch
from tautband.twitch.files import open_recording
from tautband.twitch.files.source import first_line
from tautband.twitch.files.write import Mark, edf_annotations

Floats = NDArray[np.float64]


class Recorder:
    """Writes samples as they come, so that a crash loses nothing.

    Parameters
    ----------
    path
        Ending in `.csv` or `.edf`; must not exist. For EDF the samples wait in `NAME.partial.csv` beside it.
    channel
        Name of the channel.
    sampling_rate
        Samples per second.
    """

    def __init__(self, path: str | Path, channel: str, sampling_rate: float) -> None:
        self.path = Path(path)
        if self.path.suffix.lower() not in (".csv", ".edf"):
            raise TwitchError(f"record: the ending {self.path.suffix!r} is not known; use .csv or .edf")
        self._spool = self.path
        if self.path.suffix.lower() == ".edf":
            if sampling_rate != round(sampling_rate):
                raise TwitchError(
                    f"record: {self.path.name}: EDF cannot hold {sampling_rate:g} samples per second; use .csv"
                )
            self._spool = self.path.with_suffix(".partial.csv")
        self._channel, self._rate, self._samples = channel, sampling_rate, 0
        for file in {self.path, self._spool}:
            if file.exists():
                raise TwitchError(f"record: {file.name} exists already; choose another name")
        try:
            self._out = self._spool.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise TwitchError(
                f"record: {self.path.name} cannot be written: {error.strerror or error}"
            ) from None
        csv.writer(self._out, lineterminator="\n").writerow(["time_s", f"{channel} [uV]"])

    def write(self, samples: Floats) -> None:
        """Keep samples in microvolts, shape (n,); what is missing is left empty."""
        times = (self._samples + np.arange(len(samples))) / self._rate
        rows = zip(times.tolist(), samples.tolist(), strict=True)
        self._out.write("".join(f"{t:.9g},{v:.7g}\n" if np.isfinite(v) else f"{t:.9g},\n" for t, v in rows))
        self._out.flush()
        self._samples += len(samples)

    def close(self, events: Sequence[Twitch | Rejected] = (), marks: Sequence[Mark] = ()) -> None:
        """End the recording; an EDF gets the events and marks as annotations."""
        try:
            self._out.close()
        except OSError as error:
            raise TwitchError(
                f"record: the end of {self._spool.name} cannot be written: {error.strerror or error}"
            ) from None
        if self._spool == self.path:
            return
        try:
            self._write_edf(events, marks)
        except Exception as error:  # whatever the format cannot hold; the samples stay in the table
            raise TwitchError(
                f"record: {self.path.name} cannot be written: {first_line(error)}; "
                f"the samples are in {self._spool.name}"
            ) from None
        self._spool.unlink()

    def _write_edf(self, events: Sequence[Twitch | Rejected], marks: Sequence[Mark]) -> None:
        import edfio

        if not self._samples:
            raise ValueError("it holds no sample")
        samples = _bridged(np.concatenate([*open_recording(self._spool, self._rate).microvolts(0)]))
        # an EDF has whole records of one second: the last value is held to the end of the last one
        samples = np.pad(samples, (0, -len(samples) % round(self._rate)), "edge")
        signal = edfio.EdfSignal(samples, self._rate, label=self._channel[:16], physical_dimension="uV")
        edfio.Edf([signal], annotations=edf_annotations(events, marks)).write(self.path)


def _bridged(samples: Floats) -> Floats:
    """Hold the last value over what is missing: the format has no sample that is none."""
    place = np.where(np.isfinite(samples), np.arange(len(samples)), 0)
    held = samples[np.maximum.accumulate(place)]
    return np.where(np.isfinite(held), held, 0.0)
