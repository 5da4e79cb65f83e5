"""Twitches and rejections as annotations: EDF+ without signals, or a BIDS table of events with its description."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Rejected, Twitch

COLUMNS = {
    "onset": {"Description": "Onset of the event", "Units": "s"},
    "duration": {"Description": "Duration of the event", "Units": "s"},
    "trial_type": {
        "Description": "What it is",
        "Levels": {
            "twitch": "local twitch response",
            "rejected": "stands out and is no twitch",
            "tap": "twitch counted by the practitioner",
            "new series": "change of site",
        },
    },
    "value": {"Description": "Peak RMS over 50 ms, noise taken off", "Units": "uV"},
    "relative_to_first": {"Description": "Peak relative to the first twitch of the series"},
    "confidence": {"Description": "Probability of what trial_type says"},
    "why": {"Description": "Name of what was rejected"},
}


@dataclass(frozen=True)
class Mark:
    """Something that a person noted while recording.

    Attributes
    ----------
    onset_s
        When, in seconds from the first sample.
    what
        `tap` or `new series`.
    """

    onset_s: float
    what: str


def write_annotations(
    path: str | Path, events: Sequence[Twitch | Rejected], marks: Sequence[Mark] = ()
) -> None:
    """Write events as annotations.

    Parameters
    ----------
    path
        Ending in `.edf` for EDF+, in `.tsv` for a BIDS `_events.tsv` with a `.json` beside it.
    events
        Twitches and rejections.
    marks
        What a person noted.
    """
    file = Path(path)
    check_target(file)
    try:
        if file.suffix.lower() == ".edf":
            _write_edf(file, events, marks)
        else:
            _write_bids(file, events, marks)
    except OSError as error:
        raise TwitchError(f"annotations: {file.name} cannot be written: {error.strerror or error}") from None


def check_target(path: str | Path) -> None:
    """Refuse a file for annotations whose ending is not known, or that would overwrite one, such as the recording."""
    target = Path(path)
    if target.suffix.lower() not in (".edf", ".tsv"):
        raise TwitchError(f"annotations: the ending {target.suffix!r} is not known; use .edf or .tsv")
    written = [target] if target.suffix.lower() == ".edf" else [target, target.with_suffix(".json")]
    for file in written:
        if file.exists():
            raise TwitchError(f"annotations: {file.name} exists already; choose another name")


def edf_annotations(events: Sequence[Twitch | Rejected], marks: Sequence[Mark]) -> list[Any]:
    """Give events and marks as annotations of edfio, in order of time."""
    import edfio

    found = [
        edfio.EdfAnnotation(
            round(e.onset_s, 4),
            round(e.offset_s - e.onset_s, 4),
            f"twitch {e.peak_rms_uv:.1f} uV" if isinstance(e, Twitch) else f"rejected: {e.why}",
        )
        for e in events
    ]
    found += [edfio.EdfAnnotation(round(m.onset_s, 4), None, m.what) for m in marks]
    return sorted(found, key=lambda a: a.onset)


def _write_edf(file: Path, events: Sequence[Twitch | Rejected], marks: Sequence[Mark]) -> None:
    import edfio

    edfio.Edf([], annotations=edf_annotations(events, marks)).write(file)


def _write_bids(file: Path, events: Sequence[Twitch | Rejected], marks: Sequence[Mark]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, delimiter="\t", lineterminator="\n")
        table.writerow(COLUMNS)
        both: list[Twitch | Rejected | Mark] = [*events, *marks]
        table.writerows(_row(e) for e in sorted(both, key=lambda e: e.onset_s))
    file.with_suffix(".json").write_text(json.dumps(COLUMNS, indent=2) + "\n", encoding="utf-8")


def _row(e: Twitch | Rejected | Mark) -> list[str]:
    if isinstance(e, Mark):
        return [f"{e.onset_s:.4f}", "0.0000", e.what, "n/a", "n/a", "n/a", "n/a"]
    head = [f"{e.onset_s:.4f}", f"{e.offset_s - e.onset_s:.4f}"]
    if isinstance(e, Twitch):
        return [
            *head,
            "twitch",
            f"{e.peak_rms_uv:.3f}",
            f"{e.relative_to_first:.3f}",
            f"{e.confidence:.3f}",
            "n/a",
        ]
    return [*head, "rejected", "n/a", "n/a", f"{e.confidence:.3f}", e.why]
