"""Tables of the user's own extend or replace rows, under the same rules; the report says what they change."""

import csv
from collections.abc import Mapping
from pathlib import Path

import pytest

from tautband.atlas import Atlas
from tautband.errors import AtlasError

from .conftest import Write

TEMPLE = {
    "id": "temple",
    "label": "Temple, our clinic's words",
    "area": "head",
    "midline": "no",
    "where": "beside the eye",
    "names": "temples",
    "area_cm2": "40",
}
NEW_MUSCLE = {"id": "our_muscle", "name": "Our muscle", "depth": "deep", "group": "jaw"}


def test_a_new_row_is_added(atlas: Atlas, own_tables: Write) -> None:
    extended = Atlas.load(own_tables("muscles", NEW_MUSCLE))
    assert extended.muscles["our_muscle"].depth == "deep"
    assert len(extended.muscles) == len(atlas.muscles) + 1


def test_a_row_whose_key_exists_replaces_it_in_its_place(atlas: Atlas, own_tables: Write) -> None:
    replaced = Atlas.load(own_tables("regions", TEMPLE))
    assert replaced.regions["temple"].label == "Temple, our clinic's words"
    assert list(replaced.regions) == list(atlas.regions)


def test_rows_may_point_to_each_other_across_tables_of_ones_own(own_tables: Write) -> None:
    own_tables("muscles", NEW_MUSCLE)
    point = {"id": "our_muscle_1", "muscle": "our_muscle", "region": "temple", "commonness": "1"}
    folder = own_tables("trigger_points", {**point, "label": "Belly"})
    assert [p.id for p in Atlas.load(folder).trigger_points_of["our_muscle"]] == ["our_muscle_1"]


def test_the_order_of_the_columns_is_free(tmp_path: Path) -> None:
    cells = {"url": "https://example.org/a", "title": "A", "kind": "web", "id": "example"}
    with (tmp_path / "sources.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, cells)
        writer.writeheader()
        writer.writerow(cells)
    assert Atlas.load(tmp_path).sources["example"].title == "A"


def test_blank_lines_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeffid,kind,title,url\r\n\r\nexample,web,A,https://example.org/a\r\n\r\n"
    (tmp_path / "sources.csv").write_bytes(text.encode("utf-8"))
    assert "example" in Atlas.load(tmp_path).sources


def test_other_files_in_the_directory_are_left_alone(atlas: Atlas, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("our tables", encoding="utf-8")
    assert Atlas.load(tmp_path) == atlas


def test_a_former_id_in_a_row_of_ones_own_means_the_new_one(own_tables: Write) -> None:
    row = {"lookalike": "gallbladder_disease", "region": "shin", "zone": "sometimes"}
    felt = Atlas.load(own_tables("lookalike_regions", row)).regions_of_lookalike["gallbladder"]
    assert "shin" in {r.region for r in felt}


def test_the_report_tells_added_from_replaced_and_names_the_columns(atlas: Atlas, own_tables: Write) -> None:
    own_tables("regions", TEMPLE)
    changes = {c.key: c for c in Atlas.diff(own_tables("muscles", NEW_MUSCLE))}
    assert (changes["our_muscle"].table, changes["our_muscle"].kind) == ("muscles", "added")
    assert changes["temple"].kind == "replaced"
    assert changes["temple"].columns["label"] == ("Temple", "Temple, our clinic's words")
    assert "area" not in changes["temple"].columns


def test_a_row_that_changes_nothing_is_not_reported(own_tables: Write) -> None:
    source = Atlas.load().sources["own_judgement"]
    row = {"id": source.id, "kind": source.kind, "title": source.title, "url": source.url}
    assert Atlas.diff(own_tables("sources", row)) == ()


SOUND: Mapping[str, Mapping[str, str]] = {
    "regions": TEMPLE,
    "muscles": NEW_MUSCLE,
    "referrals": {"trigger_point": "upper_trapezius_1", "region": "temple", "side": "same", "zone": "local"},
    "trigger_points": {
        "id": "infraspinatus_9",
        "muscle": "infraspinatus",
        "region": "infraspinous",
        "commonness": "1",
        "fraction": "0.5",
    },
}

BROKEN = [
    ("regions", "area", "elbow", "regions.csv row temple, column 'area': 'elbow' is not a choice"),
    ("regions", "midline", "left", "column 'midline': 'left' is not yes or no; write one of them"),
    ("regions", "area_cm2", "big", "column 'area_cm2': 'big' is not a number; write one such as 0.5"),
    ("regions", "area_cm2", "nan", "column 'area_cm2': 'nan' is not a finite number; write one such as 0.5"),
    ("regions", "area_cm2", "-1", "column 'area_cm2': '-1' is out of bounds; write at least 0"),
    ("muscles", "depth", "deeep", "muscles.csv row our_muscle, column 'depth': 'deeep' is not a choice; did"),
    (
        "referrals",
        "region",
        "tempel",
        "column 'region': 'tempel' is not in regions.csv; did you mean 'temple'?",
    ),
    ("referrals", "side", "left", "column 'side': 'left' is not a choice; choose one of opposite, same"),
    ("referrals", "zone", "esential", "column 'zone': 'esential' is not a choice; did you mean 'essential'?"),
    ("trigger_points", "muscle", "infraspinatis", "is not in muscles.csv; did you mean 'infraspinatus'?"),
    ("trigger_points", "fraction", "1.5", "column 'fraction': '1.5' is out of bounds; write 0 to 1"),
    ("trigger_points", "commonness", "often", "'often' is not a whole number; write one such as 2"),
    ("muscles", "sources", "", "muscles.csv row our_muscle: no source; name one of sources.csv"),
    ("muscles", "sources", "own_judgment", "source 'own_judgment' is not in sources.csv; did you mean"),
    ("muscles", "confidence", "sure", "column 'confidence': 'sure'; choose one of high, low, medium"),
    ("muscles", "source_read", "maybe", "column 'source_read': 'maybe'; choose one of no, yes"),
]


@pytest.mark.parametrize(("table", "column", "value", "line"), BROKEN)
def test_a_broken_cell_gets_one_line_with_file_row_column_value_and_mend(
    own_tables: Write, table: str, column: str, value: str, line: str
) -> None:
    folder = own_tables(table, {**SOUND[table], column: value})
    with pytest.raises(AtlasError) as error:
        Atlas.load(folder)
    told = str(error.value)
    assert line in told
    assert told.startswith(f"{table}.csv row ")
    assert "\n" not in told


@pytest.mark.parametrize("table", SOUND)
def test_the_same_row_unbroken_is_accepted(own_tables: Write, table: str) -> None:
    Atlas.load(own_tables(table, SOUND[table]))


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("region.csv", b"id\n", "region.csv: no atlas table has this name; did you mean 'regions'?"),
        ("sources.csv", b"", "sources.csv: column 'id' is missing; the columns are id, kind, title, url"),
        ("sources.csv", b"id,kind,title\n", "sources.csv: column 'url' is missing"),
        ("sources.csv", b"id,kind,title,url,urls\n", "column 'urls' is unknown; did you mean 'url'?"),
        ("sources.csv", b"id,kind,title,url,url\n", "sources.csv: column 'url' stands twice; keep one"),
        ("sources.csv", b"id,kind,title,url\na,web\n", "sources.csv line 2: 2 cells where the header has 4"),
        ("sources.csv", b"id,kind,title,url\na,b,c,d\na,b,c,d\n", "sources.csv line 3: a stands twice"),
        ("sources.csv", b"id,kind,title,url\n\xff,b,c,d\n", "sources.csv: not UTF-8 at byte 18; save it as"),
        ("sources.csv", b'id,kind,title,url\n"' + b"x" * 200_000 + b'",b,c,d', "sources.csv: not a CSV file"),
    ],
)
def test_a_broken_file_gets_one_line_with_its_name_and_the_mend(
    tmp_path: Path, name: str, content: bytes, line: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(AtlasError) as error:
        Atlas.load(tmp_path)
    assert line in str(error.value)
    assert "\n" not in str(error.value)


def test_a_directory_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match=r"atlas directory '.*nowhere' does not exist"):
        Atlas.load(tmp_path / "nowhere")


def test_something_that_is_no_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "sources.csv").mkdir()
    with pytest.raises(AtlasError, match=r"sources\.csv: cannot be read"):
        Atlas.load(tmp_path)
