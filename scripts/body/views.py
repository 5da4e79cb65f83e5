"""Lay out the views, find what shows in each, and outline the regions there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from body import raster, trace
from body.raster import Floats, Ints
from body.settle import settled
from tautband.atlas.body.surface import Shape

FRONT = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
BACK = ((-1, 0, 0), (0, 1, 0), (0, 0, -1))
LEFT = ((0, 0, -1), (0, 1, 0), (1, 0, 0))
INNER = ((0, 0, 1), (0, 1, 0), (-1, 0, 0))
BELOW = ((1, 0, 0), (0, 0, 1), (0, -1, 0))

SLIVER_PIXELS = 3
"""What is nowhere twice as wide as this, such as the rim of a region seen edge-on, is not outlined."""

SMALLEST_PIECE_CM2 = 0.15


def turned(axes: Any, degrees: float) -> Any:
    """The same direction of view with the picture turned."""
    right, up, out = np.array(axes, float)
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([right * cos + up * sin, up * cos - right * sin, out]).round(9).tolist()


def from_above(degrees: float) -> Any:
    """The front seen from above, toes up in the picture."""
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[-1, 0, 0], [0, -cos, sin], [0, sin, cos]]).round(9).tolist()


@dataclass(frozen=True)
class Frame:
    """A view to be laid out: its direction, its scale, the part of the body it shows, and what it is cropped to.

    `part` keeps cells by where they are on the neutral body in chart pose; `crop` the same for what must fit in.
    """

    axes: Any
    units_per_cm: int
    part: str = "all"
    crop: str = "all"
    pose: str = "chart"
    margin_cm: float = 2.0
    symmetric: bool = False

    @property
    def pixels_per_unit(self) -> int:
        """How finely the view is drawn before it is traced."""
        return 2 if self.units_per_cm < 20 else 1


FRAMES: dict[str, Frame] = {
    "front": Frame(FRONT, 10, symmetric=True),
    "back": Frame(BACK, 10, symmetric=True),
    "left": Frame(LEFT, 10, pose="reach"),
    "head_front": Frame(FRONT, 40, crop="head", margin_cm=1, symmetric=True),
    "head_back": Frame(BACK, 40, crop="head", margin_cm=1, symmetric=True),
    "head_left": Frame(LEFT, 40, crop="head", margin_cm=1),
    "left_hand_palm": Frame(turned(FRONT, 198), 40, part="forearm", crop="hand", margin_cm=1),
    "left_hand_back": Frame(turned(BACK, 162), 40, part="forearm", crop="hand", margin_cm=1),
    "left_foot_top": Frame(from_above(58), 40, part="one_leg", crop="instep", margin_cm=1),
    "left_foot_sole": Frame(BELOW, 40, part="foot", crop="foot", margin_cm=1),
    "left_foot_outer": Frame(LEFT, 40, part="one_leg", crop="calf", margin_cm=1),
    "left_foot_inner": Frame(INNER, 40, part="one_leg", crop="calf", margin_cm=1),
    "left_leg_inner": Frame(INNER, 14, part="one_leg", crop="leg", margin_cm=1.5),
}


def part_of_body(neutral: Shape, name: str) -> NDArray[np.bool_]:
    """Which cells a part takes in, told by where they are on the neutral body in chart pose (166 cm tall)."""
    x, y, _ = neutral.centroids_cm.T
    parts: dict[str, NDArray[np.bool_]] = {
        "all": y >= 0,
        "head": (y > 136.5) & (np.abs(x) < 13),
        "forearm": (x > 28) & (y < 105),
        "hand": (x > 28) & (y < 92),
        "one_leg": (x > 0) & (x < 25) & (y < 86) & ~((x > 22) & (y > 60)),
        "leg": (x > 0) & (x < 22) & (y < 76),
        "foot": (x > 0) & (y < 12),
        "instep": (x > 0) & (y < 12),
        "calf": (x > 0) & (y < 25),
    }
    return parts[name]


@dataclass(frozen=True)
class Layout:
    """A view of one shape, laid out and drawn: its geometry, and per pixel the cell and the depth."""

    name: str
    geometry: dict[str, Any]
    shape: Shape
    cells: Ints
    points: Floats
    cell_at: Ints
    depth: Floats
    symmetric: bool
    pixels_per_unit: int

    @property
    def pixels_per_cm(self) -> float:
        """Scale of the raster."""
        return float(self.geometry["units_per_cm"] * self.pixels_per_unit)


def lay_out(name: str, neutral: Shape, shape: Shape) -> Layout:
    """Choose the picture's frame and draw the shape's cells into it."""
    frame = FRAMES[name]
    axes = np.array(frame.axes, float)
    kept = part_of_body(neutral, frame.crop) & part_of_body(neutral, frame.part)
    right, up, _ = settled(axes @ shape.vertices_cm[shape.cells[kept].ravel()].T)
    low, high = right.min() - frame.margin_cm, right.max() + frame.margin_cm
    # a part that is cut off is cut at the edge of the picture; whole things get a margin all around
    top = up.max() + (0 if frame.crop in ("calf", "leg") else frame.margin_cm)
    bottom = up.min() - (0 if frame.crop in ("head", "hand", "instep") else frame.margin_cm)
    units = frame.units_per_cm
    geometry: dict[str, Any] = {
        "width": 2 * int(np.ceil((high - low) * units / 2)),
        "height": int(np.ceil((top - bottom) * units)),
        "units_per_cm": units,
        "axes": frame.axes,
        "centre": 0.0 if frame.symmetric else round(float(low + high) / 2, 3),
        "top": round(float(top), 3),
        "pose": frame.pose,
    }
    right, up, out = settled(axes @ shape.vertices_cm.T)
    scale = units * frame.pixels_per_unit
    middle = geometry["width"] * frame.pixels_per_unit / 2
    points = np.stack([middle + (right - geometry["centre"]) * scale, (geometry["top"] - up) * scale, out], 1)
    chosen = np.flatnonzero(part_of_body(neutral, frame.part))
    size = (geometry["width"] * frame.pixels_per_unit, geometry["height"] * frame.pixels_per_unit)
    cell_at, depth = raster.draw(points, shape.cells, chosen, size)
    return Layout(
        name, geometry, shape, chosen, points, cell_at, depth, frame.symmetric, frame.pixels_per_unit
    )


def pointable(layout: Layout, hidden: NDArray[np.bool_], mirrored_cell: Ints) -> NDArray[np.bool_]:
    """Which cells a person can point at: facing the viewer by more than 12 degrees, in the picture, in front."""
    corners = layout.points[layout.shape.cells]
    middle = corners.mean(1)
    out = np.array(layout.geometry["axes"], float)[2]
    facing = settled(layout.shape.normals_cm2 @ out / np.maximum(layout.shape.areas_cm2, 1e-12))
    column, row = np.floor(middle[:, :2].T).astype(int)
    height, width = layout.depth.shape
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    depth = layout.depth[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    slope = np.sqrt(1 / np.clip(facing, 0.2, 1) ** 2 - 1) / layout.pixels_per_cm
    shown = inside & (facing > 0.2) & ~hidden & (middle[:, 2] > depth - 0.03 - slope)
    chosen = np.zeros(len(shown), bool)
    chosen[layout.cells] = True
    shown &= chosen
    both: NDArray[np.bool_] = shown & shown[mirrored_cell] if layout.symmetric else shown
    return both


def region_paths(
    layout: Layout, depth: Floats, hidden: NDArray[np.bool_], places: list[tuple[str, str]], first: Ints
) -> list[dict[str, str]]:
    """Outline every place that shows, along the smooth border between the regions' depths.

    `first` is, per region, the number of its left (or only) place. Where `hidden` cells show, as in the slit of the
    mouth, the place beside them reaches on.
    """
    cells, on_skin = layout.shape.cells, layout.cell_at >= 0
    deepest = depth.argmax(1)
    same = (deepest[cells] == deepest[cells[:, :1]]).all(1)
    region_at = np.where(on_skin, deepest[cells[layout.cell_at, 0]], -1)
    mixed = np.where(same[layout.cell_at], -1, layout.cell_at)
    corners = cells[mixed[mixed >= 0]]
    weights = raster.weights(layout.points, cells, mixed)
    region_at[mixed >= 0] = np.concatenate(
        [
            settled(np.einsum("pi,pir->pr", w, depth[c])).argmax(1)
            for w, c in zip(np.array_split(weights, 200), np.array_split(corners, 200), strict=True)
        ]
    )
    sided = np.array([side != "midline" for _, side in places])[first]
    on_right = layout.shape.centroids_cm[layout.cell_at, 0] < 0
    numbers = np.where(on_skin, first[region_at] + (sided[region_at] & on_right), -1)
    shut = on_skin & hidden[layout.cell_at]
    nearest = ndimage.distance_transform_edt(shut | ~on_skin, return_distances=False, return_indices=True)
    numbers = np.where(shut, numbers[tuple(nearest)], numbers)
    numbers = trace.without_slivers(numbers, SLIVER_PIXELS, SMALLEST_PIECE_CM2 * layout.pixels_per_cm**2)
    paths = []
    for number, rings in trace.outlines(numbers, 2.5 * layout.pixels_per_unit + 1.5, 0.8).items():
        region, side = places[number]
        outline = "".join(trace.path(ring, 1 / layout.pixels_per_unit, 0) for ring in rings)
        paths.append({"region": region, "side": side, "path": outline})
    return paths
