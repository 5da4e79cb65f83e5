"""The shipped atlas, and a way to write tables of one's own."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tautband.atlas import Atlas
from tautband.atlas.load import TABLES, column_names

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def atlas() -> Atlas:
    return Atlas.load()


@pytest.fixture
def own_tables(tmp_path: Path) -> Write:
    """Write rows of one table into a directory of the user's own; what is not given is filled in soundly."""
    filled = {"sources": "own_judgement", "confidence": "low", "source_read": "no"}

    def write(table: str, *rows: Mapping[str, str]) -> Path:
        header = column_names(TABLES[table][0])
        with (tmp_path / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, header, restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows({**{k: v for k, v in filled.items() if k in header}, **row} for row in rows)
        return tmp_path

    return write
