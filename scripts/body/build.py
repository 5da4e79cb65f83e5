"""Make the assets of `tautband.atlas.body` anew: shapes, regions, views, pictures, and their provenance file."""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from body import art, raster, regions, seeds, views
from body.art import Anchors
from body.makehuman import SKIN_VERTICES, WHEEL, WHEEL_SHA256, MakeHuman, Points
from body.pose import ANATOMICAL, ARMS_FORWARD, Skeleton, cage, stand
from tautband.atlas.body.load import VERSION
from tautband.atlas.body.surface import Floats, Ints, Shape, Topology

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "src/tautband/atlas/body/assets"
REGIONS = ROOT / "src/tautband/atlas/data/regions.csv"

POSE = {"chart": ANATOMICAL, "reach": ARMS_FORWARD}
BODIES: dict[str, Callable[[MakeHuman], Points]] = {
    "neutral": lambda source: source.shape(male=0.5),
    "female": lambda source: source.shape(male=0.0),
    "male": lambda source: source.shape(male=1.0),
    "heavier": lambda source: source.shape(male=0.5, weight=1.0),
    "older": lambda source: source.shape(male=0.5, age="old"),
}


@dataclass(frozen=True)
class Skin:
    """What the later steps need of the surface."""

    topology: Topology
    cages: dict[tuple[str, str], NDArray[np.int16]]
    regions: list[str]
    midline: NDArray[np.bool_]
    depth: Floats
    hidden: NDArray[np.bool_]
    region_of_cell: Ints
    openness: dict[str, Floats]
    details: list[Anchors]


def make_skin(source: MakeHuman) -> Skin:
    """Shapes and regions."""
    skeleton = Skeleton(source)
    topology = Topology(source.quads, source.mirror()[:SKIN_VERTICES])
    rest = {name: make(source) for name, make in BODIES.items()}
    cages = {
        (name, pose): cage(source, skeleton, body, POSE[pose]) for name, body in rest.items() for pose in POSE
    }
    neutral = Shape("neutral", topology.subdivide(cages["neutral", "chart"]), topology.cells)

    standing = stand(rest["neutral"], skeleton, ANATOMICAL)
    standing -= [0, standing[:SKIN_VERTICES, 1].min(), 0]
    frames = seeds.Frames(neutral.vertices_cm, topology.cells, standing, skeleton)
    lines = seeds.read_seeds(frames)
    details = [art.anchor(line, neutral) for line in seeds.read_details(frames)]
    with REGIONS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    names = [row["id"] for row in rows]
    midline = np.array([row["midline"] == "yes" for row in rows])
    depth = regions.membership(neutral, topology, lines, names, midline)
    open_cells, open_vertices = raster.openness(neutral.vertices_cm, topology.cells)
    openness = {"chart": open_vertices}
    openness["reach"] = raster.openness(topology.subdivide(cages["neutral", "reach"]), topology.cells)[1]
    pairs = regions.cell_neighbours(topology.cells)
    hidden = regions.enclosed(open_cells, neutral, topology.mirrored_cell, pairs)
    partner = regions.mirrored_vertex(neutral, topology)
    region_of_cell = regions.divide(depth, hidden, topology, neutral, pairs)
    return Skin(
        topology,
        cages,
        names,
        midline,
        regions.without_specks(depth, region_of_cell, topology.cells),
        hidden,
        region_of_cell,
        {pose: (values + values[partner]) / 2 for pose, values in openness.items()},
        details + [art.mirrored(line, topology.mirrored_cell) for line in details if line.sided],
    )


def write_surface(skin: Skin) -> None:
    """Write surface.npz: one vertex of each mirrored pair, the topology, and the region of each cell."""
    partner = skin.topology.partner
    kept = partner >= np.arange(len(partner))
    arrays: dict[str, Any] = {
        "quads": skin.topology.quads.astype(np.uint16),
        "partner": partner.astype(np.uint16),
        "regions": np.array(skin.regions),
        "midline": skin.midline,
        "region_of_cell": np.where(skin.region_of_cell < 0, 255, skin.region_of_cell).astype(np.uint8),
    }
    arrays |= {f"{shape}_{pose}": cage[kept] for (shape, pose), cage in skin.cages.items()}
    np.savez_compressed(ASSETS / "surface.npz", **arrays)


def lay_out(skin: Skin, shapes: list[str]) -> Iterator[views.Layout]:
    """Every stored view of the shapes, one after the other."""

    def shape(name: str, pose: str) -> Shape:
        return Shape(name, skin.topology.subdivide(skin.cages[name, pose]), skin.topology.cells)

    neutral = shape("neutral", "chart")
    for name in shapes:
        for view, frame in views.FRAMES.items():
            print(name, view, flush=True)
            yield views.lay_out(view, neutral, shape(name, frame.pose))


def write_views(skin: Skin, layouts: Iterable[views.Layout], pictures: bool) -> None:
    """Write the geometry of the views, what shows in them, the outlines of the regions, and the pictures if wanted."""
    places = [
        (region, side)
        for region, across in zip(skin.regions, skin.midline, strict=True)
        for side in (("midline",) if across else ("left", "right"))
    ]
    first = np.array([next(i for i, place in enumerate(places) if place[0] == r) for r in skin.regions])
    plain = skin.region_of_cell == skin.regions.index("breast")
    geometry: dict[str, dict[str, Any]] = {}
    visible: dict[str, Any] = {}
    (ASSETS / "pictures").mkdir(exist_ok=True)
    for layout in layouts:
        shape, view = layout.shape.name, layout.name
        geometry.setdefault(shape, {})[view] = layout.geometry
        shown = views.pointable(layout, skin.hidden, skin.topology.mirrored_cell)
        visible[f"{shape}_{view}"] = np.packbits(shown)
        outlines = views.region_paths(layout, skin.depth, skin.hidden, places, first)
        picture = ASSETS / "pictures" / f"{shape}_{view}"
        picture.with_suffix(".json").write_text(json.dumps(outlines, separators=(",", ":")))
        if pictures:
            picture.with_suffix(".svg").write_text(
                art.draw(layout, skin.openness[layout.geometry["pose"]], skin.details, plain)
            )
    (ASSETS / "views.json").write_text(json.dumps(geometry, indent=1) + "\n")
    np.savez_compressed(ASSETS / "views.npz", **visible)


def write_provenance() -> None:
    """Write provenance.json: where the assets come from, and the digest of each."""
    provenance = {
        "body": VERSION,
        "made_from": f"base mesh, targets and default rig of MakeHuman, as carried by the PyPI package {WHEEL}",
        "made_from_sha256": WHEEL_SHA256,
        "licence": "CC0 1.0 (MakeHuman's base mesh, targets and rig); the regions and drawings are tautband's own",
        "made_by": "scripts/body/build.py with scripts/body/seeds.csv",
        "sha256": {
            path.relative_to(ASSETS).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(ASSETS.rglob("*"))
            if path.is_file() and path.name != "provenance.json"
        },
    }
    (ASSETS / "provenance.json").write_text(json.dumps(provenance, indent=1) + "\n")


def fetch_wheel(folder: str) -> Path:
    """Let pip bring the wheel; its digest is checked when it is opened."""
    name, version = WHEEL.split("-")[:2]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder]
    subprocess.run([*command, f"{name}=={version}"], check=True)
    return Path(folder) / WHEEL


def main() -> None:
    """Make everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, help=f"{WHEEL}, if it is at hand; otherwise pip brings it")
    parser.add_argument("--seeds-only", action="store_true", help="keep the pictures; only seeds have moved")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source = MakeHuman(arguments.wheel or fetch_wheel(folder))
    ASSETS.mkdir(parents=True, exist_ok=True)
    skin = make_skin(source)
    write_surface(skin)
    write_views(skin, lay_out(skin, list(BODIES)), pictures=not arguments.seeds_only)
    write_provenance()


if __name__ == "__main__":
    main()
