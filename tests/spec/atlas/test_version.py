"""An atlas cannot change, and its version is a digest of its content and of nothing else."""

import subprocess
import sys
from dataclasses import FrozenInstanceError
from typing import Any, cast

import pytest

from tautband.atlas import Atlas
from tautband.atlas.check import rows_of
from tautband.atlas.load import TABLES

from .conftest import Write


def test_neither_the_atlas_nor_its_tables_nor_its_rows_can_be_changed(atlas: Atlas) -> None:
    with pytest.raises(FrozenInstanceError):
        atlas.version = "other"  # type: ignore[misc]
    with pytest.raises(TypeError):
        cast(dict[str, Any], atlas.muscles)["infraspinatus"] = None
    with pytest.raises(FrozenInstanceError):
        atlas.muscles["infraspinatus"].depth = "deep"  # type: ignore[misc]
    with pytest.raises(TypeError):
        cast(dict[str, Any], atlas.referrals_of)["infraspinatus_1"] = ()


def test_every_row_of_every_table_is_frozen_through_and_through(atlas: Atlas) -> None:
    for table in TABLES:
        for row in rows_of(atlas, table):
            hash(row)


def test_the_version_is_sixteen_hexadecimal_digits(atlas: Atlas) -> None:
    assert len(atlas.version) == 16
    assert int(atlas.version, 16) >= 0


def test_the_same_content_is_the_same_atlas(atlas: Atlas) -> None:
    again = Atlas.load()
    assert again == atlas
    assert hash(again) == hash(atlas)
    assert {atlas: "found"}[again] == "found"


def test_another_process_gives_the_same_version(atlas: Atlas) -> None:
    code = "from tautband.atlas import Atlas; print(Atlas.load().version)"
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == atlas.version


def test_any_changed_cell_changes_the_version(atlas: Atlas, own_tables: Write) -> None:
    source = atlas.sources["own_judgement"]
    row = {"id": source.id, "kind": source.kind, "title": source.title, "url": source.url}
    assert Atlas.load(own_tables("sources", row)).version == atlas.version
    changed = Atlas.load(own_tables("sources", {**row, "title": source.title + "."}))
    assert changed.version != atlas.version
    assert changed != atlas


def test_an_added_row_changes_the_version(atlas: Atlas, own_tables: Write) -> None:
    row = {"id": "example", "kind": "web", "title": "A", "url": "https://example.org/a"}
    assert Atlas.load(own_tables("sources", row)).version != atlas.version
