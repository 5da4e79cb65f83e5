"""Measure the regions on the neutral body and renew their areas and neighbours in the atlas tables."""

from __future__ import annotations

import csv
from collections import defaultdict
from pathlib import Path

import numpy as np

from tautband.atlas.body import Body

DATA = Path(__file__).parents[2] / "src/tautband/atlas/data"
SMALLEST_SHARE = 0.02
PROVENANCE = ("tautband_body_prototype", "medium", "yes")


def areas(body: Body) -> dict[str, float]:
    """Area of each region in cm²: one side of a sided region, the whole of one on the midline."""
    found: dict[str, float] = {}
    for (region, _), area in zip(body.places, body.place_areas_cm2(), strict=True):
        found.setdefault(region, float(area))
    return found


def neighbours(body: Body) -> dict[tuple[str, str, str], float]:
    """Share of each region's border that it has with each other region, on the same or the opposite side."""
    pairs = body.topology.neighbours
    cells, vertices = body.topology.cells, body.shape().vertices_cm
    one, other = body.place_of_cell[pairs].T
    border = pairs[(one != other) & (one >= 0) & (other >= 0)]
    length: dict[tuple[int, int], float] = defaultdict(float)
    for a, b in border.tolist():
        shared = sorted(set(cells[a].tolist()) & set(cells[b].tolist()))
        step = float(np.linalg.norm(vertices[shared[0]] - vertices[shared[1]]))
        first, second = int(body.place_of_cell[a]), int(body.place_of_cell[b])
        length[first, second] += step
        length[second, first] += step
    whole: dict[int, float] = defaultdict(float)
    for (first, _), step in length.items():
        whole[first] += step
    shares: dict[tuple[str, str, str], float] = defaultdict(float)
    for (first, second), step in length.items():
        region, side = body.places[first]
        neighbour, beside = body.places[second]
        if side == "right":
            continue
        relation = "same" if "midline" in (side, beside) or side == beside else "opposite"
        shares[region, neighbour, relation] += step / whole[first]
    # a border has two sides: it stays when it matters to either
    return {
        (region, neighbour, side): share
        for (region, neighbour, side), share in shares.items()
        if max(share, shares[neighbour, region, side]) >= SMALLEST_SHARE
    }


def main() -> None:
    """Rewrite the two tables in place."""
    body = Body.load()
    measured = areas(body)
    path = DATA / "regions.csv"
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    for row in rows:
        row[header.index("area_cm2")] = f"{measured[row[0]]:.1f}"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    with (DATA / "region_neighbours.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ("region", "neighbour", "side", "border_share", "sources", "confidence", "source_read")
        )
        for (region, neighbour, side), share in sorted(neighbours(body).items()):
            writer.writerow((region, neighbour, side, f"{share:.3f}", *PROVENANCE))


if __name__ == "__main__":
    main()
