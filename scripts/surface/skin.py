"""The skin as geometry: rays that meet it, paths along it, steps across it. Lengths are centimetres.

Axes as in the body asset: x to the person's left, y up, z to the front.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
MIDLINE_CM = 1e-6
EDGE_ON = 1e-9  # a cell that a ray only grazes is no hit
EDGE = 1e-6  # a ray through an edge meets at least one of its cells
NEAREST_VERTICES = 12
TURNS = range(0, 180, 20)  # degrees
SAME_PLACE_CM = 0.05
SMOOTHING_ROUNDS = 12  # averages a normal over about a centimetre, so that a nipple does not turn a path


class OffTheSkin(ValueError):
    """A ray or a path that does not meet the skin."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place on the skin: a cell and the weights of its second and third corner."""

    cell: int
    u: float
    v: float


def unit(vector: Vector) -> Vector:
    """Scale a vector to length one."""
    return vector / float(np.linalg.norm(vector))


class Skin:
    """One shape of the body surface.

    Parameters
    ----------
    vertices
        Shape (n, 3), cm.
    cells
        Shape (m, 3), corner indices, counter-clockwise seen from outside.
    """

    def __init__(self, vertices: Vector, cells: NDArray[np.int64]) -> None:
        self.vertices = np.asarray(vertices, np.float64)
        self.cells = np.asarray(cells, np.int64)

    @cached_property
    def corners(self) -> Vector:
        """Shape (m, 3, 3): corner positions of every cell."""
        corners: Vector = self.vertices[self.cells]
        return corners

    @cached_property
    def face_normals(self) -> Vector:
        """Shape (m, 3): outward normals, twice the area long."""
        a, b, c = self.corners.transpose(1, 0, 2)
        normals: Vector = np.cross(b - a, c - a)
        return normals

    @cached_property
    def _middles(self) -> Vector:
        middles: Vector = self.corners.mean(axis=1)
        return middles

    @cached_property
    def _reach_cm(self) -> float:
        """Largest distance from the middle of a cell to its corners."""
        return float(np.linalg.norm(self.corners - self._middles[:, None], axis=2).max())

    @cached_property
    def vertex_normals(self) -> Vector:
        """Shape (n, 3): outward unit normals, smoothed over about a centimetre."""
        normals = np.zeros_like(self.vertices)
        for corner in range(3):
            np.add.at(normals, self.cells[:, corner], self.face_normals)
        for _ in range(SMOOTHING_ROUNDS):
            normals /= np.linalg.norm(normals, axis=1, keepdims=True)
            mean = normals[self.cells].mean(axis=1)
            normals = np.zeros_like(normals)
            for corner in range(3):
                np.add.at(normals, self.cells[:, corner], mean)
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return normals

    @cached_property
    def _cell_at_edge(self) -> dict[tuple[int, int], int]:
        t = self.cells
        edges = np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]]).tolist()
        return {(a, b): i % len(t) for i, (a, b) in enumerate(edges)}

    @cached_property
    def _cells_at_vertex(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The cells around every vertex, one vertex behind the other, and where each begins."""
        corners = self.cells.ravel()
        order = np.argsort(corners, kind="stable") // 3
        return order, np.searchsorted(np.sort(corners), np.arange(len(self.vertices) + 1))

    @cached_property
    def _midline_edges(self) -> NDArray[np.int64]:
        """Shape (k, 3): cell and the two corners of its edge that lies in the midline."""
        on = np.abs(self.vertices[self.cells][:, :, 0]) < MIDLINE_CM
        pairs = [
            np.column_stack(
                [
                    np.flatnonzero(on[:, i] & on[:, j]),
                    np.full((on[:, i] & on[:, j]).sum(), i),
                    np.full((on[:, i] & on[:, j]).sum(), j),
                ]
            )
            for i, j in ((0, 1), (1, 2), (2, 0))
        ]
        edges = np.concatenate(pairs)
        left = self.vertices[self.cells[edges[:, 0]]][:, :, 0].sum(axis=1) > 0
        on_the_left: NDArray[np.int64] = edges[left]
        return on_the_left

    def position(self, place: Place) -> Vector:
        """Give the place's coordinates, shape (3,)."""
        a, b, c = self.corners[place.cell]
        at: Vector = a + place.u * (b - a) + place.v * (c - a)
        return at

    def normal(self, place: Place) -> Vector:
        """Give the smoothed outward normal at a place, shape (3,)."""
        a, b, c = self.vertex_normals[self.cells[place.cell]]
        return unit(a + place.u * (b - a) + place.v * (c - a))

    def hit(self, origin: Vector, direction: Vector, outward: bool = False) -> Place:
        """Follow a ray to the skin: from outside to its first entry, or `outward` from inside to its first exit.

        Raises
        ------
        OffTheSkin
            If the ray misses.
        """
        direction = unit(direction)
        away = self._middles - origin
        along_middle = away @ direction
        close = (away**2).sum(axis=1) - along_middle**2 <= self._reach_cm**2
        facing = self.face_normals @ direction * (1 if outward else -1)
        near = np.flatnonzero(close & (facing > EDGE_ON))
        a, b, c = self.corners[near].transpose(1, 0, 2)
        offset, edge_b, edge_c = origin - a, b - a, c - a
        denominator = -self.face_normals[near] @ direction
        turned = np.cross(offset, direction)
        u = _dot(edge_c, turned) / denominator
        v = -_dot(edge_b, turned) / denominator
        along = _dot(self.face_normals[near], offset) / denominator
        inside = (u >= -EDGE) & (v >= -EDGE) & (u + v <= 1 + EDGE) & (along > 0)
        if not inside.any():
            raise OffTheSkin(
                f"no skin from {np.round(origin, 2).tolist()} towards {np.round(direction, 2).tolist()}"
            )
        found = np.flatnonzero(inside)[np.argmin(along[inside])]
        return Place(int(near[found]), float(u[found]), float(v[found]))

    def nearest(self, point: Vector) -> Place:
        """Give the place on the skin that is nearest to a point in space."""
        near = np.argpartition(((self.vertices - point) ** 2).sum(axis=1), NEAREST_VERTICES)[
            :NEAREST_VERTICES
        ]
        around, first = self._cells_at_vertex
        cells = np.unique(np.concatenate([around[first[v] : first[v + 1]] for v in near]))
        a, b, c = self.corners[cells].transpose(1, 0, 2)
        tried = [_inside(a, b, c, point)]
        for p, q, weights_p, weights_q in (
            (a, b, (0.0, 0.0), (1.0, 0.0)),
            (b, c, (1.0, 0.0), (0.0, 1.0)),
            (c, a, (0.0, 1.0), (0.0, 0.0)),
        ):
            share = np.clip(_dot(point - p, q - p) / _dot(q - p, q - p), 0, 1)[:, None]
            tried.append(np.array(weights_p) + share * (np.array(weights_q) - weights_p))
        weights = np.concatenate(tried)
        found = (
            np.tile(a, (4, 1))
            + weights[:, :1] * np.tile(b - a, (4, 1))
            + weights[:, 1:] * np.tile(c - a, (4, 1))
        )
        best = int(np.nanargmin(((found - point) ** 2).sum(axis=1)))
        u, v = weights[best].tolist()
        return Place(int(cells[best % len(cells)]), u, v)

    def on_midline(self, point: Vector) -> Place:
        """Give the place exactly in the midline that is nearest to a point in space."""
        edges = self._midline_edges
        a = self.vertices[self.cells[edges[:, 0], edges[:, 1]]]
        b = self.vertices[self.cells[edges[:, 0], edges[:, 2]]]
        s = np.clip(np.einsum("ij,ij->i", point - a, b - a) / ((b - a) ** 2).sum(axis=1), 0, 1)
        best = int(np.argmin((((1 - s)[:, None] * a + s[:, None] * b - point) ** 2).sum(axis=1)))
        weights = np.zeros(3)
        weights[edges[best, 1]], weights[edges[best, 2]] = 1 - s[best], s[best]
        return Place(int(edges[best, 0]), float(weights[1]), float(weights[2]))

    def _cut(self, origin: Vector, plane: Vector, start: int, limit_cm: float) -> list[Vector]:
        """Walk the cut of a plane through the skin from a cell, both ways round: the crossings, shape (k, 3)."""
        height = (self.vertices - origin) @ plane
        height[np.abs(height) < 1e-9] = 1e-9
        ways = []
        a, b, c = self.cells[start].tolist()
        edges = [(p, q) for p, q in ((a, b), (b, c), (c, a)) if height[p] * height[q] < 0]
        for p, q in edges:
            points, walked_cm = [origin], 0.0
            cell = start
            while walked_cm < limit_cm:
                share = height[p] / (height[p] - height[q])
                points.append(self.vertices[p] + share * (self.vertices[q] - self.vertices[p]))
                walked_cm += float(np.linalg.norm(points[-1] - points[-2]))
                cell = self._cell_at_edge[q, p]
                if cell == start:
                    break
                p, q = next(
                    (i, j) for i, j in self._edges_of(cell) if (i, j) != (q, p) and height[i] * height[j] < 0
                )
            ways.append(np.array(points))
        return ways

    def _edges_of(self, cell: int) -> list[tuple[int, int]]:
        a, b, c = self.cells[cell].tolist()
        return [(a, b), (b, c), (c, a)]

    def _start(self, place: Place) -> Place:
        """The place, moved off edges and corners by a thousandth of the cell, so that every plane cuts it."""
        weights = np.maximum([1 - place.u - place.v, place.u, place.v], 1e-3)
        weights /= weights.sum()
        return Place(place.cell, float(weights[1]), float(weights[2]))

    def path(self, a: Place, b: Place, turned_degrees: float = 0.0) -> Vector:
        """Draw the path along the skin from a to b in the plane that also holds the mean of their normals.

        Parameters
        ----------
        a, b
            Its ends.
        turned_degrees
            Turns that plane about the line from a to b.

        Returns
        -------
        ndarray
            Shape (k, 3), from a to b, the shorter way round.

        Raises
        ------
        OffTheSkin
            If the plane's cut from a never reaches b.
        """
        start = self._start(a)
        origin, end = self.position(start), self.position(b)
        lean = self.normal(a) + self.normal(b)
        plane = np.cross(end - origin, lean)
        if np.linalg.norm(plane) < 1e-9:
            raise OffTheSkin("the two ends leave no plane between them")
        turn, axis = np.radians(turned_degrees), unit(end - origin)
        plane = np.cos(turn) * plane + np.sin(turn) * np.cross(axis, plane)
        best: Vector | None = None
        for points in self._cut(
            origin, unit(plane), start.cell, limit_cm=4 * float(np.linalg.norm(end - origin)) + 20
        ):
            nearest = int(np.argmin(((points - end) ** 2).sum(axis=1)))
            if np.linalg.norm(points[nearest] - end) > 1.5:
                continue
            # stop before b and step onto it, so that the path ends there exactly
            while nearest > 0 and (points[nearest] - end) @ (points[nearest] - points[nearest - 1]) > 0:
                nearest -= 1
            candidate = np.vstack([points[: nearest + 1], end])
            if best is None or length(candidate) < length(best):
                best = candidate
        if best is None:
            raise OffTheSkin("the cut from the first place never reaches the second")
        return best

    def step(self, place: Place, direction: Vector, distance_cm: float) -> Place:
        """Step a distance from a place along the skin in the plane of its normal and a direction."""
        return self._walk(place, unit(np.cross(self.normal(place), direction)), direction, distance_cm)

    def step_level(self, place: Place, direction: Vector, distance_cm: float) -> Place:
        """Step a distance from a place along the skin, staying at its height."""
        return self._walk(place, np.array([0.0, 1.0, 0.0]), direction, distance_cm)

    def _walk(self, place: Place, plane: Vector, direction: Vector, distance_cm: float) -> Place:
        start = self._start(place)
        origin = self.position(start)
        ways = self._cut(origin, plane, start.cell, limit_cm=distance_cm + 3)
        points = max(ways, key=lambda p: float((p[1] - p[0]) @ direction))
        return self.nearest(at_length(points, distance_cm))


def apart_cm(skin: Skin, a: Place, b: Place) -> float:
    """How far two places lie apart along the skin: the shortest way in any of the planes through both.

    An upper bound of the geodesic distance.

    Raises
    ------
    OffTheSkin
        If no plane leads from one to the other.
    """
    straight_cm = float(np.linalg.norm(skin.position(a) - skin.position(b)))
    if straight_cm < SAME_PLACE_CM:
        return straight_cm
    ways = []
    for degrees in TURNS:
        with suppress(OffTheSkin):
            ways.append(length(skin.path(a, b, degrees)))
    if not ways:
        raise OffTheSkin(f"no plane leads from {a} to {b}")
    return min(ways)


def _dot(a: Vector, b: Vector) -> Vector:
    """Row by row."""
    product: Vector = np.einsum("ij,ij->i", a, b)
    return product


def _inside(a: Vector, b: Vector, c: Vector, point: Vector) -> Vector:
    """Weights of the foot of a point on each cell's plane, shape (k, 2); NaN where it falls outside the cell."""
    e, f, away = b - a, c - a, point - a
    ee, ef, ff, ea, fa = _dot(e, e), _dot(e, f), _dot(f, f), _dot(e, away), _dot(f, away)
    weights = np.column_stack([ff * ea - ef * fa, ee * fa - ef * ea]) / (ee * ff - ef * ef)[:, None]
    weights[(weights < 0).any(axis=1) | (weights.sum(axis=1) > 1)] = np.nan
    return weights


def length(points: Vector) -> float:
    """Length of a polyline, cm."""
    return float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())


def at_length(points: Vector, distance_cm: float) -> Vector:
    """Point of a polyline at a distance from its beginning, shape (3,)."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    reached = np.concatenate([[0.0], np.cumsum(steps)])
    return np.array([np.interp(distance_cm, reached, points[:, axis]) for axis in range(3)])
