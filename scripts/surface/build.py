"""Work out where every point lies on the body surface and write the addresses into `surface_points.csv`.

Run with `PYTHONPATH=scripts python -m surface.build`; it also writes `docs/data/point-distances.md`. The rules
are the input and stay as they are; only the columns of addresses and differences change.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from surface.pages import distances_page
from surface.rules import Measure, Placer, Segment
from surface.skin import Place, Skin
from tautband.atlas.body import SHAPES, Body

DATA = Path(__file__).parents[2] / "src/tautband/atlas/data"
PAGE = Path(__file__).parents[2] / "docs/data/point-distances.md"
OTHER_SHAPES = tuple(shape for shape in SHAPES if shape != "neutral")
DECIMALS = 4

Rows = list[dict[str, str]]


def read_table(name: str) -> Rows:
    """Read a table as texts."""
    with (DATA / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def new_placer(shape: str) -> Placer:
    """A placer on one shape that knows the measures and limb segments, but no place yet."""
    units = {row["id"]: row["units"] for row in read_table("bcun")}
    measures = {
        row["measure"]: Measure(row["begin"], row["end"], float(units[row["measure"]]), row["along"])
        for row in read_table("bcun_landmarks")
    }
    segments = {}
    for row in read_table("limb_segments"):
        (a, b), (c, d) = row["begin"].split(";"), row["end"].split(";")
        segments[row["id"]] = Segment((a, b), (c, d))
    body = Body.load()
    return Placer(Skin(body.shape(shape).vertices_cm, body.topology.cells), measures, segments)


def name_of(row: Mapping[str, str]) -> str:
    """The name a rule may call a point by: dashes are written as underscores, its part comes behind."""
    return "__".join(filter(None, (row["point"], row["part"]))).replace("-", "_")


def place_rows(placer: Placer, rows: Iterable[Mapping[str, str]]) -> dict[str, Place]:
    """Work out the rule of each row, in order."""
    return {name_of(row): placer.place(name_of(row), row["rule"], row["midline"] == "yes") for row in rows}


def place_neutral(rows: Rows) -> tuple[Placer, dict[str, Place]]:
    """Place everything on the neutral shape."""
    placer = new_placer("neutral")
    return placer, place_rows(placer, rows)


def place_on(shape: str, rows: Rows, landmarks: Mapping[str, Place]) -> tuple[Placer, dict[str, Place]]:
    """Carry the landmarks to another shape and work out every other rule there anew."""
    placer = new_placer(shape)
    placer.places.update(landmarks)
    return placer, place_rows(placer, (row for row in rows if row["kind"] != "landmark"))


def write_table(rows: Rows) -> None:
    """Write `surface_points.csv`."""
    with (DATA / "surface_points.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def main() -> None:
    """Build the table and the page of distances."""
    rows = read_table("surface_points")
    neutral, places = place_neutral(rows)
    landmarks = {name_of(row): places[name_of(row)] for row in rows if row["kind"] == "landmark"}
    for row in rows:
        place = places[name_of(row)]
        u, v = round(place.u, DECIMALS), round(place.v, DECIMALS)
        row |= {"cell": str(place.cell), "u": f"{u:.{DECIMALS}f}", "v": f"{min(v, 1 - u):.{DECIMALS}f}"}
    for shape in OTHER_SHAPES:
        placer, anew = place_on(shape, rows, landmarks)
        for row in rows:
            if row["kind"] != "landmark":
                carried = placer.skin.position(places[name_of(row)])
                apart_cm = float(np.linalg.norm(carried - placer.skin.position(anew[name_of(row)])))
                row[f"{shape}_mm"] = f"{10 * apart_cm:.1f}"
    write_table(rows)
    PAGE.write_text(distances_page(neutral.skin, places, read_table("correspondence")), encoding="utf-8")


if __name__ == "__main__":
    main()
