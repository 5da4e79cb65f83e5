"""Twitches and rejections as annotations: EDF+ without signals, or a BIDS table of events with its description."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from tautband.twitch.errors import TwitchError
from tautband.twitch.events import Rejected, Twitch

COLUMNS = {
    "onset": {"Description": "Onset of the event", "Units": "s"},
    "duration": {"Description": "Duration of the event", "Units": "s"},
    "trial_type": {
        "Description": "What it is",
        "Levels": {"twitch": "local twitch response", "rejected": "stands out and is no twitch"},
    },
    "value": {"Description": "Peak RMS over 50 ms, noise taken off", "Units": "uV"},
    "relative_to_first": {"Description": "Peak relative to the first twitch of the series"},
    "confidence": {"Description": "Probability of what trial_type says"},
    "why": {"Description": "Name of what was rejected"},
}


def write_annotations(path: str | Path, events: Sequence[Twitch | Rejected]) -> None:
    """Write events as annotations.

    Parameters
    ----------
    path
        Ending in `.edf` for EDF+, in `.tsv` for a BIDS `_events.tsv` with a `.json` beside it.
    events
        Twitches and rejections.
    """
    file = Path(path)
    ordered = sorted(events, key=lambda e: e.onset_s)
    try:
        if file.suffix.lower() == ".edf":
            _write_edf(file, ordered)
        elif file.suffix.lower() == ".tsv":
            _write_bids(file, ordered)
        else:
            raise TwitchError(f"annotations: the ending {file.suffix!r} is not known; use .edf or .tsv")
    except OSError as error:
        raise TwitchError(f"annotations: {file.name} cannot be written: {error.strerror or error}") from None


def _write_edf(file: Path, events: Sequence[Twitch | Rejected]) -> None:
    import edfio

    marks = [
        edfio.EdfAnnotation(
            round(e.onset_s, 4),
            round(e.offset_s - e.onset_s, 4),
            f"twitch {e.peak_rms_uv:.1f} uV" if isinstance(e, Twitch) else f"rejected: {e.why}",
        )
        for e in events
    ]
    edfio.Edf([], annotations=marks).write(file)


def _write_bids(file: Path, events: Sequence[Twitch | Rejected]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, delimiter="\t", lineterminator="\n")
        table.writerow(COLUMNS)
        for e in events:
            head = [f"{e.onset_s:.4f}", f"{e.offset_s - e.onset_s:.4f}"]
            if isinstance(e, Twitch):
                table.writerow(
                    [
                        *head,
                        "twitch",
                        f"{e.peak_rms_uv:.3f}",
                        f"{e.relative_to_first:.3f}",
                        f"{e.confidence:.3f}",
                        "n/a",
                    ]
                )
            else:
                table.writerow([*head, "rejected", "n/a", "n/a", f"{e.confidence:.3f}", e.why])
    file.with_suffix(".json").write_text(json.dumps(COLUMNS, indent=2) + "\n", encoding="utf-8")
