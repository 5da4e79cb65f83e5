"""Draw the mesh into a depth buffer, to see which cells are visible from where."""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from body.settle import settled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@numba.njit(cache=True)
def _fill(points: Floats, cells: Ints, chosen: Ints, cell_at: Ints, depth: Floats) -> None:
    height, width = depth.shape
    for k in range(len(chosen)):
        a, b, c = cells[chosen[k], 0], cells[chosen[k], 1], cells[chosen[k], 2]
        x0, y0, x1, y1, x2, y2 = (
            points[a, 0], points[a, 1], points[b, 0], points[b, 1], points[c, 0], points[c, 1],
        )  # fmt: skip
        twice = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        if twice == 0:
            continue
        for row in range(
            max(0, int(np.floor(min(y0, y1, y2)))), min(height - 1, int(np.ceil(max(y0, y1, y2)))) + 1
        ):
            for column in range(
                max(0, int(np.floor(min(x0, x1, x2)))), min(width - 1, int(np.ceil(max(x0, x1, x2)))) + 1
            ):
                x, y = column + 0.5, row + 0.5
                v = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / twice
                w = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / twice
                u = 1 - v - w
                if u < -1e-9 or v < -1e-9 or w < -1e-9:
                    continue
                z = u * points[a, 2] + v * points[b, 2] + w * points[c, 2]
                if z > depth[row, column]:
                    depth[row, column] = z
                    cell_at[row, column] = chosen[k]


def draw(points: Floats, cells: Ints, chosen: Ints, size: tuple[int, int]) -> tuple[Ints, Floats]:
    """Draw cells whose corners are given in pixels (x, y down, z towards the viewer).

    Returns
    -------
    cell_at, depth
        (height, width) the nearest cell at each pixel centre, -1 where there is none, and its z there.
    """
    cell_at = np.full((size[1], size[0]), -1, np.int64)
    depth = np.full((size[1], size[0]), -1e9)
    _fill(np.ascontiguousarray(points), cells, chosen, cell_at, depth)
    return cell_at, depth


def weights(points: Floats, cells: Ints, cell_at: Ints) -> Floats:
    """(n, 3) barycentric weights of every pixel that shows a cell, in the order of `numpy.nonzero`."""
    rows, columns = np.nonzero(cell_at >= 0)
    x, y = columns + 0.5, rows + 0.5
    (x0, y0), (x1, y1), (x2, y2) = (points[i, :2].T for i in cells[cell_at[rows, columns]].T)
    twice = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
    twice = np.where(twice == 0, 1, twice)
    v = ((x - x0) * (y2 - y0) - (x2 - x0) * (y - y0)) / twice
    w = ((x1 - x0) * (y - y0) - (x - x0) * (y1 - y0)) / twice
    return np.stack([1 - v - w, v, w], axis=1)


def spread(points: Floats, cells: Ints, cell_at: Ints, values: Floats) -> Floats:
    """Interpolate what is known at vertices, (n,) or (n, k), to every pixel that shows a cell; nought elsewhere."""
    shown = cell_at >= 0
    by_corner = values[cells[cell_at[shown]]]
    out = np.zeros(cell_at.shape + values.shape[1:])
    out[shown] = np.einsum("pi,pi...->p...", weights(points, cells, cell_at), by_corner)
    return out


def openness(vertices_cm: Floats, cells: Ints, n_directions: int = 96) -> tuple[Floats, Floats]:
    """How much of the sky each cell and each vertex sees, from 0 (enclosed) to 1 (open); always the same directions."""
    corners = vertices_cm[cells]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    areas = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = normals / np.maximum(areas, 1e-12)
    seen, possible = np.zeros(len(cells)), np.zeros(len(cells))
    golden = np.pi * (3 - np.sqrt(5))
    for k in range(n_directions):
        up = 1 - 2 * (k + 0.5) / n_directions
        ring = np.sqrt(1 - up * up)
        out = settled(np.array([ring * np.cos(golden * k), up, ring * np.sin(golden * k)]))
        right = np.cross([0.0, 1.0, 0.0], out)
        right /= np.linalg.norm(right)
        axes = np.stack([right, np.cross(out, right), out])
        turned = settled(vertices_cm @ axes.T)
        low, scale = turned.min(0), 8.0
        points = (turned - low) * [scale, scale, 1]
        size = np.ceil(np.ptp(points[:, :2], axis=0)).astype(int) + 1
        _, depth = draw(points, cells, np.arange(len(cells)), (int(size[0]), int(size[1])))
        middle = settled(points[cells].mean(1) + np.outer(normals @ out, [0, 0, 0.05]))
        column, row = middle[:, 0].astype(int), middle[:, 1].astype(int)
        facing = settled(np.clip(normals @ out, 0, None))
        facing[facing < 0.05] = 0
        slope = np.sqrt(np.clip(1 / np.maximum(facing, 0.05) ** 2 - 1, 0, None)) / scale
        open_to = middle[:, 2] > depth[row, column] - 0.06 - slope
        seen += facing * open_to
        possible += facing
    by_cell = seen / np.maximum(possible, 1e-9)
    total, weight = np.zeros(len(vertices_cm)), np.zeros(len(vertices_cm))
    for i in range(3):
        np.add.at(total, cells[:, i], by_cell * areas[:, 0])
        np.add.at(weight, cells[:, i], areas[:, 0])
    return settled(by_cell), settled(total / np.maximum(weight, 1e-12))
