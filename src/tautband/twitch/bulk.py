"""Many recordings at once, over Dask: what is finished is kept, one bad file is reported and skipped.

A finished recording is a JSON file named after the digest of its content, of how it was to be read, and of the code
that reads it. A run that was ended goes on where it was; a changed file, unit or detector is analysed anew.
"""

from __future__ import annotations

import csv
import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from queue import Empty, Queue
from typing import Any, Final

import pandas as pd

from tautband.twitch.analysis import COLUMNS as TWITCH
from tautband.twitch.analysis import analyse, write_analysis
from tautband.twitch.errors import TwitchError
from tautband.twitch.files import SUFFIXES, open_recording
from tautband.twitch.files.source import UNITS, first_line

MANIFEST_COLUMNS: Final = ("subject", "site", "file", "channel", "unit", "rate")
NEEDED_COLUMNS: Final = ("subject", "file")
READ_AT_ONCE: Final = 1 << 22
SCHEDULER_TIMEOUT_S: Final = 15
THIS_MACHINE: Final = "127.0.0.1:0"
"""Dask's status pages, which cannot be switched off: any free port, and nobody else sees them."""
WATCH_S, DESERTED_WATCHES = 15.0, 2
"""A cluster without a worker for that many looks is given up; a worker that died is usually back in some seconds."""
SIGNAL_COLUMNS: Final = ("noise_rms_uv", "rest_before_uv", "rest_after_uv", "electrode")
WHOSE: Final = ("subject", "site", "series")
TWITCH_COLUMNS: Final = (*WHOSE, "order", *TWITCH)
SERIES_COLUMNS: Final = (
    *WHOSE,
    "channel",
    "sampling_rate_hz",
    "duration_s",
    "twitches",
    "rejected",
    *SIGNAL_COLUMNS,
    "plateau_after",
    "state",
)
NUMBERS: Final = ("noise_rms_uv", "rest_before_uv", "rest_after_uv", "plateau_after")
CODE: Final = ("*.py", "files/*.py", "data/*")


@dataclass(frozen=True)
class Entry:
    """A recording of a cohort and how it is to be read.

    Attributes
    ----------
    subject, site
        Whose it is, and which place was needled; a site may be empty.
    path
        The file.
    channel, unit, rate
        As for a single recording; None leaves them to the file.
    """

    subject: str
    site: str
    path: Path
    channel: str | None = None
    unit: str | None = None
    rate: float | None = None

    @property
    def series(self) -> str:
        """Name of its series in tables: the file, and the channel where one was named."""
        return f"{self.path}:{self.channel}" if self.channel else str(self.path)


@dataclass(frozen=True)
class Outcome:
    """What became of one recording.

    Attributes
    ----------
    entry
        The recording.
    digest
        Of its content, its reading and the code; empty where the file could not be read.
    analysis
        A `tautband.twitches/1`, or None where it failed.
    error
        Why it failed, in one line, or empty.
    notes
        What was wrong with the file and could be mended.
    kept
        Whether it was analysed in an earlier run.
    """

    entry: Entry
    digest: str = ""
    analysis: dict[str, Any] | None = None
    error: str = ""
    notes: tuple[str, ...] = ()
    kept: bool = False


def read_entries(sources: Sequence[Path]) -> list[Entry]:
    """List the recordings that files, folders and manifests name.

    Parameters
    ----------
    sources
        Recordings, folders of them (looked through to the bottom), and manifests: CSV files with the columns `subject`
        and `file`, and `site`, `channel`, `unit`, `rate` where wanted. Paths in a manifest start from its folder.
        Without a manifest the subject is the `sub-...` of the name, as BIDS has it, or else the name; the site its
        `site-...`.

    Returns
    -------
    list of Entry
        In the order given, folders sorted by name.

    Raises
    ------
    TwitchError
        If a source is missing, a manifest cannot be read, or nothing was found.
    """
    found: list[Entry] = []
    for source in sources:
        if source.is_dir():
            found += [_named(path) for path in sorted(source.rglob("*")) if _is_recording(path)]
        elif not source.is_file():
            raise TwitchError(f"cohort: {source}: there is no such file or folder")
        elif _is_manifest(source):
            found += _manifest(source)
        else:
            found.append(_named(source))
    if not found:
        raise TwitchError("cohort: no recording found")
    return found


def _is_recording(path: Path) -> bool:
    suffix = path.suffix.lower()
    if not path.is_file() or suffix not in SUFFIXES or path.name.endswith("_events.tsv"):
        return False
    if suffix == ".dat" and path.with_suffix(".hea").is_file():
        return False  # its header stands for it
    return not (suffix in (".csv", ".tsv") and _is_manifest(path))


def _is_manifest(path: Path) -> bool:
    if path.suffix.lower() != ".csv":
        return False
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        heading = file.readline(1000)
    return set(NEEDED_COLUMNS) <= {word.strip().lower() for word in heading.split(",")}


def _named(path: Path) -> Entry:
    words = dict(part.split("-", 1) for part in path.stem.split("_") if part.startswith(("sub-", "site-")))
    return Entry(words.get("sub", path.stem), words.get("site", ""), path)


def _manifest(path: Path) -> list[Entry]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.DictReader(file)
        columns = [c.strip().lower() for c in reader.fieldnames or ()]
        unknown = sorted(set(columns) - set(MANIFEST_COLUMNS))
        if unknown:
            raise TwitchError(
                f"{path.name}: column {unknown[0]!r} is not known; known are {', '.join(MANIFEST_COLUMNS)}"
            )
        reader.fieldnames = columns
        return [_row(path, number, row) for number, row in enumerate(reader, 2)]


def _row(path: Path, number: int, row: dict[str | Any, Any]) -> Entry:
    cell = {column: (row.get(column) or "").strip() for column in MANIFEST_COLUMNS}
    for column in NEEDED_COLUMNS:
        if not cell[column]:
            raise TwitchError(f"{path.name}, line {number}: {column} is empty")
    rate = None
    if cell["rate"]:
        try:
            rate = float(cell["rate"])
        except ValueError:
            raise TwitchError(f"{path.name}, line {number}: rate {cell['rate']!r} is no number") from None
    file = path.parent / cell["file"]
    return Entry(cell["subject"], cell["site"], file, cell["channel"] or None, cell["unit"] or None, rate)


# -- one recording ----------------------------------------------------------------------------------------------------


@cache
def code_digest() -> str:
    """Digest of the code and the tables of the twitch room: what an analysis depends on beside the recording."""
    room = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(p for pattern in CODE for p in room.glob(pattern) if p.is_file()):
        digest.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def analyse_entry(entry: Entry, known: frozenset[str] = frozenset()) -> Outcome:
    """Analyse one recording; what goes wrong is in the outcome and never raised.

    Parameters
    ----------
    entry
        The recording.
    known
        Digests of what need not be analysed again.

    Returns
    -------
    Outcome
        Without an analysis where its digest is known.
    """
    digest = ""
    try:
        if entry.unit is not None and entry.unit not in UNITS:
            raise TwitchError(f"{entry.path.name}: unit {entry.unit!r} is not one of {', '.join(UNITS)}")
        digest = _digest(entry)
        if digest in known:
            return Outcome(entry, digest, kept=True)
        file = open_recording(entry.path, entry.rate)
        index = file.pick(entry.channel)
        found = analyse(
            file.microvolts(index, entry.unit),
            file.rate(index),
            channel=file.channels[index],
            known_unit=entry.unit is not None,
        )
    except TwitchError as error:
        return Outcome(entry, digest, error=str(error))
    except OSError as error:
        return Outcome(entry, digest, error=f"{entry.path.name}: {error.strerror or error}")
    except Exception as error:  # a defect of ours must not end a long run; it is shown with its kind
        return Outcome(entry, digest, error=f"{entry.path.name}: {type(error).__name__}: {error}")
    return Outcome(entry, digest, write_analysis(found), notes=tuple(file.notes))


def _digest(entry: Entry) -> str:
    if not entry.path.is_file():
        raise TwitchError(f"{entry.path.name}: there is no such file")
    reading = json.dumps([entry.channel, entry.unit, entry.rate, code_digest()])
    digest = hashlib.sha256(reading.encode())
    parts = [entry.path]
    if entry.path.suffix.lower() in (".hea", ".dat"):
        parts = [p for p in (entry.path.with_suffix(".hea"), entry.path.with_suffix(".dat")) if p.is_file()]
    for part in parts:
        with part.open("rb") as file:
            while piece := file.read(READ_AT_ONCE):
                digest.update(piece)
    return digest.hexdigest()


# -- many -------------------------------------------------------------------------------------------------------------


def run(
    entries: Sequence[Entry],
    store: Path,
    *,
    scheduler: str | None = None,
    workers: int | None = None,
    done: Callable[[Outcome], None] = lambda _: None,
) -> list[Outcome]:
    """Analyse recordings over Dask, keeping each as it is finished.

    Parameters
    ----------
    entries
        The recordings.
    store
        Folder of what is finished; made where it is missing.
    scheduler
        Address of a Dask scheduler whose workers see the files under the same paths and have the same tautband; by
        default workers are started on this machine.
    workers
        How many of those; by default one per core.
    done
        Called with each outcome as it comes, in no order.

    Returns
    -------
    list of Outcome
        In the order of `entries`, with the analyses of earlier runs filled in. A recording whose content another entry
        has, read in the same way, is an error: it would count twice.
    """
    store.mkdir(parents=True, exist_ok=True)
    known = frozenset(path.stem for path in store.glob("*.json") if _kept(path) is not None)
    outcomes: dict[int, Outcome] = {}

    def take(number: int, outcome: Outcome) -> None:
        outcomes[number] = replace(outcome, entry=entries[number])
        _keep(store, outcomes[number])
        done(outcomes[number])

    lost = []
    with _client(scheduler, workers) as client:
        for number, outcome in _results(client, dict(enumerate(entries)), known):
            if outcome is None:
                lost.append(number)
            else:
                take(number, outcome)
    for number in lost:  # once more and alone: those that waited for the same worker were lost with it
        with _client(scheduler, 1) as client:
            for _, outcome in _results(client, {number: entries[number]}, known):
                said = (
                    f"{entries[number].path.name}: its worker was lost; it may need more memory than there is"
                )
                take(number, outcome or Outcome(entries[number], error=said))
    return _without_twins([_filled(store, outcomes[number]) for number in range(len(entries))])


def _results(
    client: Any, entries: Mapping[int, Entry], known: frozenset[str]
) -> Iterator[tuple[int, Outcome | None]]:
    """Outcomes as they come, None where the worker was lost; when no worker is left, none of the others comes."""
    finished: Queue[Any] = Queue()
    numbers, held = dict[str, int](), dict[str, Any]()
    for number, entry in entries.items():
        # a worker may have been started in another folder
        absolute = replace(entry, path=entry.path.absolute())
        future = client.submit(analyse_entry, absolute, known, pure=False)
        numbers[future.key], held[future.key] = number, future  # a future that nobody holds is cancelled
        future.add_done_callback(finished.put)
    deserted = 0
    while numbers and deserted < DESERTED_WATCHES:
        try:
            future = finished.get(timeout=WATCH_S)
        except Empty:
            deserted = 0 if client.scheduler_info()["workers"] else deserted + 1
            continue
        yield numbers.pop(future.key), None if future.exception() is not None else future.result()
        held.pop(future.key).release()
    for number in numbers.values():
        yield number, None


@contextmanager
def _client(scheduler: str | None, workers: int | None) -> Iterator[Any]:
    from distributed import Client, LocalCluster

    if scheduler is None:
        with (
            LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address=THIS_MACHINE,
                worker_dashboard_address=THIS_MACHINE,
                silence_logs=logging.CRITICAL,
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
        return
    try:
        client = Client(scheduler, timeout=SCHEDULER_TIMEOUT_S)
    except (OSError, ValueError, TypeError) as error:
        raise TwitchError(f"scheduler: {scheduler} does not answer: {first_line(error)}") from None
    with client:
        try:
            codes = set(client.run(code_digest).values())
        except ModuleNotFoundError:
            codes = set()
        if codes != {code_digest()}:
            raise TwitchError(
                f"scheduler: {scheduler} has no workers, or they have another tautband; install the same one there"
            )
        yield client


def _keep(store: Path, outcome: Outcome) -> None:
    """Write what is finished so that it is there whole or not at all."""
    if outcome.analysis is not None:
        part = store / f"{outcome.digest}.part"
        kept = {"analysis": outcome.analysis, "notes": list(outcome.notes)}
        part.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        os.replace(part, store / f"{outcome.digest}.json")


def _filled(store: Path, outcome: Outcome) -> Outcome:
    if not outcome.kept:
        return outcome
    kept = _kept(store / f"{outcome.digest}.json")
    if kept is None:
        raise TwitchError(f"{outcome.entry.path.name}: its analysis was damaged during the run; run again")
    return replace(outcome, analysis=kept["analysis"], notes=tuple(kept["notes"]))


def _kept(file: Path) -> dict[str, Any] | None:
    """What an earlier run has left, or nothing where the file is damaged: the recording is then analysed again."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except ValueError:
        return None
    return kept if isinstance(kept, dict) and kept.keys() >= {"analysis", "notes"} else None


def _without_twins(outcomes: Sequence[Outcome]) -> list[Outcome]:
    first: dict[str, Outcome] = {}
    found = []
    for outcome in outcomes:
        twin = first.setdefault(outcome.digest, outcome) if outcome.analysis is not None else outcome
        if twin is not outcome:
            said = f"{outcome.entry.path.name}: the same recording as {twin.entry.path.name}; it would count twice"
            outcome = replace(outcome, analysis=None, error=said)
        found.append(outcome)
    return found


def tables(outcomes: Sequence[Outcome]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give what was found as tidy tables.

    Parameters
    ----------
    outcomes
        Of a run; those without an analysis are passed over.

    Returns
    -------
    twitches : pandas.DataFrame
        A row per twitch: whose and where, `order` from 1, and what a twitch has in a `tautband.twitches/1`.
    series : pandas.DataFrame
        A row per recording: whose and where, its channel, rate, noise, rest, electrode and dose.
    """
    twitches, series = [], []
    for outcome in outcomes:
        found = outcome.analysis
        if found is None:
            continue
        entry = outcome.entry
        whose = {"subject": entry.subject, "site": entry.site, "series": entry.series}
        twitches += [{**whose, "order": k, **t} for k, t in enumerate(found["twitches"], 1)]
        signal, dose = found["signal"], found["dose"]
        series.append(
            {
                **whose,
                "channel": found["channel"],
                "sampling_rate_hz": found["sampling_rate_hz"],
                "duration_s": found["duration_s"],
                "twitches": len(found["twitches"]),
                "rejected": len(found["rejected"]),
                **{key: signal[key] for key in SIGNAL_COLUMNS},
                "plateau_after": dose["plateau_after"],
                "state": dose["state"],
            }
        )
    return (
        pd.DataFrame(twitches, columns=list(TWITCH_COLUMNS)),
        pd.DataFrame(series, columns=list(SERIES_COLUMNS)).astype(dict.fromkeys(NUMBERS, float)),
    )
