"""Read the atlas tables from CSV, check every cell, and lay a directory of the user's own over them."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from tautband.atlas import tables
from tautband.errors import AtlasError, nearest

TABLES: Mapping[str, tuple[type[Any], tuple[str, ...]]] = {
    "sources": (tables.Source, ("id",)),
    "aliases": (tables.Alias, ("kind", "old_id", "new_id")),
    "regions": (tables.Region, ("id",)),
    "region_neighbours": (tables.Neighbour, ("region", "neighbour", "side")),
    "muscles": (tables.Muscle, ("id",)),
    "muscle_names": (tables.MuscleName, ("muscle", "name")),
    "muscle_groups": (tables.MuscleGroup, ("group",)),
    "trigger_points": (tables.TriggerPoint, ("id",)),
    "referrals": (tables.Referral, ("trigger_point", "region", "side")),
    "lookalikes": (tables.LookAlike, ("id",)),
    "lookalike_names": (tables.LookAlikeName, ("lookalike", "name")),
    "lookalike_regions": (tables.LookAlikeRegion, ("lookalike", "region")),
    "acupoints": (tables.Acupoint, ("code",)),
    "channels": (tables.Channel, ("id",)),
    "channel_names": (tables.ChannelName, ("channel", "name")),
    "channel_regions": (tables.ChannelRegion, ("channel", "branch", "position")),
    "course_branches": (tables.CourseBranch, ("acupoint", "follows")),
    "correspondence": (tables.Correspondence, ("muscle", "site", "acupoint")),
    "bcun": (tables.BCun, ("id",)),
    "landmarks": (tables.Landmark, ("id",)),
    "bcun_landmarks": (tables.BCunLandmarks, ("measure",)),
    "limb_segments": (tables.LimbSegment, ("id",)),
    "surface_points": (tables.SurfacePoint, ("kind", "point", "part")),
    "point_cautions": (tables.PointCaution, ("id",)),
    "questions": (tables.Question, ("id",)),
    "answers": (tables.Answer, ("question", "answer")),
    "answer_strengths": (tables.AnswerStrength, ("scope", "about", "question", "answer")),
    "accuracy": (tables.Accuracy, ("id",)),
    "red_flags": (tables.RedFlag, ("id",)),
    "red_flag_causes": (tables.RedFlagCause, ("red_flag", "lookalike")),
    "palpation_signs": (tables.PalpationSign, ("sign",)),
    "palpation_lookalikes": (tables.PalpationLookAlike, ("group_or_muscle", "lookalike")),
    "prevalence": (tables.Prevalence, ("study", "complaint", "muscle")),
    "complaint_regions": (tables.ComplaintRegion, ("complaint", "region")),
    "widespread_areas": (tables.WidespreadArea, ("region",)),
    "model": (tables.ModelParameter, ("name",)),
    "hazards": (tables.Hazard, ("id",)),
    "needling": (tables.NeedlingSite, ("muscle",)),
    "depth_limits": (tables.DepthLimit, ("id",)),
    "contraindications": (tables.Contraindication, ("id",)),
    "screening_answers": (tables.ScreeningAnswer, ("contraindication", "question", "answer")),
    "adverse_events": (tables.AdverseEvent, ("id", "study")),
    "techniques": (tables.Technique, ("id",)),
    "technique_parameters": (tables.TechniqueParameter, ("technique", "parameter")),
    "needle_sizes": (tables.NeedleSize, ("id",)),
    "aftercare": (tables.Aftercare, ("id",)),
    "adjuncts": (tables.Adjunct, ("area", "condition", "what")),
    "jurisdictions": (tables.JurisdictionRule, ("jurisdiction", "rule")),
    "planning_rules": (tables.PlanningRule, ("name",)),
    "segments": (tables.Segment, ("level",)),
    "vocabularies": (tables.VocabularyTerm, ("vocabulary", "term")),
}
"""File name of each table, the class of its rows, and the columns that identify a row."""

PROVENANCE = ("sources", "confidence", "source_read")
CONFIDENCES = ("high", "medium", "low")
ALIAS_KIND = {
    "lookalikes": "lookalike",
    "muscles": "muscle",
    "trigger_points": "trigger_point",
    "questions": "question",
    "red_flags": "red_flag",
    "regions": "region",
}
"""The tables whose ids may be renamed, and the kind of alias that keeps the old id known."""


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that a directory of the user's own adds or replaces, with the columns that differ."""

    table: str
    key: str
    kind: str
    columns: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as text: its header, and its cells by key, in file order."""

    name: str
    header: tuple[str, ...]
    rows: Mapping[tuple[str, ...], tuple[str, ...]]


def parse_table(name: str, text: str, origin: str) -> RawTable:
    """Split a CSV text into cells and check its shape: header, width, unique keys.

    Raises
    ------
    AtlasError
        If a column is missing or unknown, a row has the wrong width, or a key stands twice.
    """
    row_class, key_columns = TABLES[name]
    reader = csv.reader(io.StringIO(text))
    header = tuple(next(_cells(reader, origin), ()))
    expected = column_names(row_class)
    if missing := [c for c in expected if c not in header]:
        raise AtlasError(f"{origin}: column {missing[0]!r} is missing; the columns are {', '.join(expected)}")
    if unknown := [c for c in header if c not in expected]:
        raise AtlasError(f"{origin}: column {unknown[0]!r} is unknown{nearest(unknown[0], expected)}")
    if twice := [c for c in header if header.count(c) > 1]:
        raise AtlasError(f"{origin}: column {twice[0]!r} stands twice; keep one")
    key_at = [header.index(c) for c in key_columns]
    order = [header.index(c) for c in expected] if header != expected else None
    rows: dict[tuple[str, ...], tuple[str, ...]] = {}
    for cells in _cells(reader, origin):
        if len(cells) != len(header):
            raise AtlasError(
                f"{origin} line {reader.line_num}: {len(cells)} cells where the header has {len(header)}"
            )
        key = tuple([cells[i] for i in key_at])
        if key in rows:
            raise AtlasError(f"{origin} line {reader.line_num}: {', '.join(key)} stands twice")
        rows[key] = tuple(cells) if order is None else tuple(cells[i] for i in order)
    return RawTable(name, expected, rows)


def _cells(reader: Iterator[list[str]], origin: str) -> Iterator[list[str]]:
    """Give the rows of a CSV reader that are not blank lines."""
    try:
        yield from filter(None, reader)
    except csv.Error as error:
        raise AtlasError(f"{origin}: not a CSV file ({error})") from None


def column_names(row_class: type[Any]) -> tuple[str, ...]:
    """List the CSV columns of a row class; provenance is written as three of them."""
    plain = tuple(f.name for f in fields(row_class) if f.name != "provenance")
    return plain + PROVENANCE if any(f.name == "provenance" for f in fields(row_class)) else plain


def shipped_tables() -> dict[str, RawTable]:
    """Read the tables that come with tautband."""
    folder = files("tautband.atlas") / "data"
    return {
        name: parse_table(name, (folder / f"{name}.csv").read_text(encoding="utf-8"), f"{name}.csv")
        for name in TABLES
    }


def overlay_tables(directory: Path) -> dict[str, RawTable]:
    """Read the tables in a directory of the user's own; each may hold a few rows only.

    Raises
    ------
    AtlasError
        If the directory does not exist, holds a CSV of another name, or a file cannot be read as UTF-8.
    """
    if not directory.is_dir():
        raise AtlasError(f"atlas directory {str(directory)!r} does not exist")
    found: dict[str, RawTable] = {}
    for path in sorted(directory.glob("*.csv")):
        if path.stem not in TABLES:
            raise AtlasError(f"{path.name}: no atlas table has this name{nearest(path.stem, TABLES)}")
        try:
            text = path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise AtlasError(f"{path.name}: cannot be read ({error.strerror})") from None
        except UnicodeDecodeError as error:
            raise AtlasError(f"{path.name}: not UTF-8 at byte {error.start}; save it as UTF-8") from None
        found[path.stem] = parse_table(path.stem, text, path.name)
    return found


def lay_over(base: Mapping[str, RawTable], overlay: Mapping[str, RawTable]) -> dict[str, RawTable]:
    """Replace rows that share a key and append the new ones; nothing is ever removed."""
    return {
        name: RawTable(name, table.header, {**table.rows, **overlay[name].rows}) if name in overlay else table
        for name, table in base.items()
    }


def compare_tables(base: Mapping[str, RawTable], overlay: Mapping[str, RawTable]) -> tuple[RowChange, ...]:
    """List what an overlay adds and replaces, in table and file order."""
    return tuple(
        change
        for name, table in overlay.items()
        for key, cells in table.rows.items()
        for change in _row_changes(base[name], key, cells)
    )


def _row_changes(base: RawTable, key: tuple[str, ...], cells: tuple[str, ...]) -> Iterator[RowChange]:
    label = ", ".join(key)
    before = base.rows.get(key)
    if before is None:
        yield RowChange(base.name, label, "added", {})
    elif before != cells:
        differing = {
            c: (was, now) for c, was, now in zip(base.header, before, cells, strict=True) if was != now
        }
        yield RowChange(base.name, label, "replaced", differing)


def digest(raw: Mapping[str, RawTable]) -> str:
    """Hash the content of all tables; the same content gives the same 16 hexadecimal digits anywhere."""
    hasher = hashlib.sha256()
    for name in sorted(raw):
        lines = map("\x1f".join, (raw[name].header, *raw[name].rows.values()))
        hasher.update(f"\x1d{name}\x1d{chr(30).join(lines)}".encode())
    return hasher.hexdigest()[:16]


def build_rows(raw: Mapping[str, RawTable]) -> dict[str, tuple[Any, ...]]:
    """Turn cells into frozen rows, checking each against its column's type, choices, bounds and references.

    Raises
    ------
    AtlasError
        Naming table, row, column and value, and what would be accepted.
    """
    ids = {name: {key[0] for key in raw[name].rows} for name in raw}
    renamed: dict[str, dict[str, str]] = {}
    for kind, old, new, _ in raw["aliases"].rows.values():
        renamed.setdefault(kind, {})[old] = new
    sources = ids["sources"]
    provenances: dict[tuple[str, str, str], tables.Provenance] = {}
    return {
        name: _build_table(name, table, ids, renamed, sources, provenances) for name, table in raw.items()
    }


def _build_table(
    name: str,
    table: RawTable,
    ids: Mapping[str, set[str]],
    renamed: Mapping[str, Mapping[str, str]],
    sources: set[str],
    provenances: dict[tuple[str, str, str], tables.Provenance],
) -> tuple[Any, ...]:
    row_class, _ = TABLES[name]
    if not table.rows:
        return ()
    by_column = list(zip(*table.rows.values(), strict=True))
    values: list[Iterable[Any]] = [
        _read_column(f"{name}.csv", field.name, _cell_reader(field, ids, renamed), cells, table.rows)
        for field, cells in zip(fields(row_class), by_column, strict=False)
        if field.name != "provenance"
    ]
    if len(values) != len(fields(row_class)):
        cited = list(zip(*by_column[-len(PROVENANCE) :], strict=True))
        for key, cells in zip(table.rows, cited, strict=True):
            if cells not in provenances:
                provenances[cells] = _read_provenance(name, key, cells, sources)
        values.append(map(provenances.__getitem__, cited))
    return tuple(map(row_class, *values))


def _read_column(
    origin: str,
    column: str,
    read: Callable[[str], Any],
    cells: tuple[str, ...],
    keys: Iterable[tuple[str, ...]],
) -> Iterable[Any]:
    """Read each distinct cell once: the same few thousand texts fill all cells."""
    if read is str:
        return cells
    known: dict[str, Any] = {}
    for cell in dict.fromkeys(cells):
        try:
            known[cell] = read(cell)
        except ValueError as error:
            key = next(key for key, other in zip(keys, cells, strict=True) if other == cell)
            raise AtlasError(f"{origin} row {', '.join(key)}, column {column!r}: {cell!r} {error}") from None
    return map(known.__getitem__, cells)


def _read_provenance(
    name: str, key: tuple[str, ...], cells: tuple[str, ...], known: set[str]
) -> tables.Provenance:
    where = f"{name}.csv row {', '.join(key)}"
    cited = tuple(filter(None, cells[0].split(";")))
    if not cited:
        raise AtlasError(f"{where}: no source; name one of sources.csv, or own_judgement")
    for source in cited:
        if source not in known:
            raise AtlasError(f"{where}: source {source!r} is not in sources.csv{nearest(source, known)}")
    if cells[1] not in CONFIDENCES:
        raise AtlasError(f"{where}, column 'confidence': {cells[1]!r}{nearest(cells[1], CONFIDENCES)}")
    if cells[2] not in ("yes", "no"):
        raise AtlasError(f"{where}, column 'source_read': {cells[2]!r}; choose one of no, yes")
    return tables.Provenance(cited, cells[1], cells[2] == "yes")


def _cell_reader(
    field: Any, ids: Mapping[str, set[str]], renamed: Mapping[str, Mapping[str, str]]
) -> Callable[[str], Any]:
    convert = _CONVERTERS[field.type]
    ref, choices = field.metadata.get("ref"), field.metadata.get("choices")
    low, high = field.metadata.get("low"), field.metadata.get("high")
    if ref is not None:
        known, aliases = ids[ref], renamed.get(ALIAS_KIND.get(ref, ""), {})

        def resolve(value: str) -> str:
            value = aliases.get(value, value)
            if value not in known:
                raise ValueError(f"is not in {ref}.csv{nearest(value, known)}")
            return value

        if field.type == "str":
            return resolve
        return lambda cell: tuple(resolve(v) for v in convert(cell))
    if choices is not None:

        def choose(cell: str) -> str:
            if cell not in choices:
                raise ValueError(f"is not a choice{nearest(cell, choices)}")
            return cell

        return choose
    if low is not None or high is not None:

        def bounded(cell: str) -> Any:
            value = convert(cell)
            if value is not None and not ((low is None or value >= low) and (high is None or value <= high)):
                limits = f"at least {low}" if high is None else f"{low} to {high}"
                raise ValueError(f"is out of bounds; write {limits}")
            return value

        return bounded
    return convert


def _read_bool(cell: str) -> bool:
    if cell not in ("yes", "no"):
        raise ValueError("is not yes or no; write one of them")
    return cell == "yes"


def _read_int(cell: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise ValueError("is not a whole number; write one such as 2") from None


def _read_float(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise ValueError("is not a number; write one such as 0.5") from None
    if not isfinite(value):
        raise ValueError("is not a finite number; write one such as 0.5")
    return value


def _read_tuple(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


_CONVERTERS: Mapping[str, Callable[[str], Any]] = {
    "str": str,
    "bool": _read_bool,
    "int": _read_int,
    "float": _read_float,
    "int | None": lambda cell: _read_int(cell) if cell else None,
    "float | None": lambda cell: _read_float(cell) if cell else None,
    "tuple[str, ...]": _read_tuple,
}
