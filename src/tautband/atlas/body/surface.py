"""The body surface: one symmetric adult mesh in several shapes, whose triangles are the cells everything lies on.

The mesh is stored as a cage of 13,378 quads; one Catmull-Clark step (Catmull and Clark 1978,
doi:10.1016/0010-4485(78)90110-0) gives the level-1 mesh of 53,514 vertices and 107,024 triangles. A *cell* is one of
these triangles; the address of a place is a cell and barycentric coordinates in it, and means the same place on every
shape.

Axes: x towards the person's own left, y up, z forward; the person stands on y = 0. All steps are elementwise
arithmetic on numbers stored as whole tenths of a millimetre, so that every machine gets the same bits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

STORED_PER_CM = 100
"""The cage is stored in tenths of a millimetre."""

KEPT_PER_CM = 1000
"""Vertices of the level-1 mesh are rounded to hundredths of a millimetre."""


@dataclass(frozen=True)
class Topology:
    """How cells, vertices and their mirror images hang together; the same for every shape.

    Attributes
    ----------
    quads
        (13378, 4) vertices of the cage's quads, anticlockwise from outside.
    partner
        (13380,) the cage vertex on the other side; a vertex on the midline is its own partner.
    """

    quads: Ints
    partner: Ints

    @property
    def n_cage(self) -> int:
        """Number of vertices of the cage."""
        return len(self.partner)

    @cached_property
    def _edges(self) -> tuple[Ints, Ints]:
        """Sorted unique edges of the cage as one number each, and for corner i of each quad the edge to its next."""
        following = np.roll(self.quads, -1, axis=1)
        keys = np.minimum(self.quads, following) * self.n_cage + np.maximum(self.quads, following)
        edges, at = np.unique(keys.T.ravel(), return_inverse=True)
        return edges, at.reshape(4, -1)

    @cached_property
    def cells(self) -> Ints:
        """(107024, 3) vertices of the level-1 triangles, anticlockwise from outside."""
        edges, edge_of = self._edges
        n_edges, n_quads = len(edges), len(self.quads)
        faces = np.arange(n_quads) + self.n_cage + n_edges
        small = np.concatenate(
            [
                np.stack(
                    [self.quads[:, i], edge_of[i] + self.n_cage, faces, edge_of[i - 1] + self.n_cage], axis=1
                )
                for i in range(4)
            ]
        )
        return np.stack([small[:, [0, 1, 2]], small[:, [0, 2, 3]]], axis=1).reshape(-1, 3)

    @cached_property
    def mirrored_cell(self) -> Ints:
        """(107024,) for each cell the one on the other side."""
        n_quads = len(self.quads)
        images = self.partner[self.quads]
        order = np.lexsort(np.sort(self.quads, axis=1).T)
        other = np.empty(n_quads, dtype=np.int64)
        other[np.lexsort(np.sort(images, axis=1).T)] = order
        # a small quad starts at a corner of the cage; its two triangles change places in the mirror
        corner = np.argmax(self.quads[other][:, :, None] == images[:, None, :], axis=1)
        small = corner.T * n_quads + other
        return np.stack([2 * small + 1, 2 * small], axis=2).reshape(-1)

    @cached_property
    def neighbours(self) -> Ints:
        """(160536, 2) pairs of cells that share an edge."""
        edges = np.sort(
            np.concatenate([self.cells[:, [0, 1]], self.cells[:, [1, 2]], self.cells[:, [2, 0]]]), axis=1
        )
        owner = np.tile(np.arange(len(self.cells)), 3)
        pairs: Ints = owner[np.argsort(edges[:, 0] * len(self.cells) + edges[:, 1], kind="stable")].reshape(
            -1, 2
        )
        return pairs

    @cached_property
    def beside(self) -> NDArray[np.int32]:
        """(107024, 3) the cells that share an edge with each cell."""
        both = np.concatenate([self.neighbours, self.neighbours[:, ::-1]]).astype(np.int32)
        beside: NDArray[np.int32] = both[np.argsort(both[:, 0], kind="stable"), 1].reshape(-1, 3)
        return beside

    def patches(self, chosen: NDArray[np.bool_]) -> Ints:
        """Number the pieces in which chosen cells hang together: the lowest cell of its piece for each, -1 outside."""
        cells = np.flatnonzero(chosen)
        # the chosen cells are few, so all that follows counts among them; their order stays
        number = np.empty(len(chosen), dtype=np.int32)
        number[cells] = np.arange(len(cells), dtype=np.int32)
        other = self.beside[cells]
        at, which = np.nonzero(chosen[other] & (other > cells[:, None]))
        low, high = at.astype(np.int32), number[other[at, which]]
        lowest = np.arange(len(cells), dtype=np.int32)
        while len(low):
            np.minimum.at(lowest, high, low)
            shorter = lowest[lowest]
            while not np.array_equal(shorter, lowest):
                lowest, shorter = shorter, shorter[shorter]
            first, second = lowest[low], lowest[high]
            apart = np.flatnonzero(first != second)
            first, second = first[apart], second[apart]
            low, high = np.minimum(first, second), np.maximum(first, second)
        piece = np.full(len(chosen), -1, dtype=np.int64)
        piece[cells] = cells[lowest]
        return piece

    def subdivide(self, cage: NDArray[Any]) -> Floats:
        """Level-1 vertices in centimetres of a cage given in tenths of a millimetre: one Catmull-Clark step.

        The order is: cage vertices, one vertex per edge (edges sorted by their vertices), one per quad.
        """
        position = cage.astype(np.int64)
        edges, edge_of = self._edges
        ends = position[edges // self.n_cage] + position[edges % self.n_cage]
        quad_sums = position[self.quads].sum(axis=1)

        beside = np.zeros_like(ends)
        around = np.zeros_like(position)
        spokes = np.zeros_like(position)
        count = np.zeros(self.n_cage, dtype=np.int64)
        for i in range(4):
            np.add.at(beside, edge_of[i], quad_sums)
            np.add.at(around, self.quads[:, i], quad_sums)
            np.add.at(count, self.quads[:, i], 1)
        np.add.at(spokes, edges // self.n_cage, ends)
        np.add.at(spokes, edges % self.n_cage, ends)

        n = count[:, None]
        scale = KEPT_PER_CM // STORED_PER_CM
        moved = scale * (around + 4 * spokes + 4 * n * (n - 3) * position) / (4 * n * n)
        middles = scale * (4 * ends + beside) / 16
        centres = scale * quad_sums / 4
        kept: Floats = np.rint(np.concatenate([moved, middles, centres])) / KEPT_PER_CM
        return kept


@dataclass(frozen=True)
class Shape:
    """One body in one pose: where the vertices of the level-1 mesh are.

    Attributes
    ----------
    name
        `neutral`, `female`, `male`, `heavier` or `older`.
    vertices_cm
        (53514, 3) positions.
    cells
        (107024, 3) vertices of each cell.
    """

    name: str
    vertices_cm: Floats
    cells: Ints

    @cached_property
    def centroids_cm(self) -> Floats:
        """(107024, 3) middle of each cell."""
        a, b, c = (self.vertices_cm[self.cells[:, i]] for i in range(3))
        # the two corners that change places in the mirror are added first, so that mirror images agree to the bit
        middle: Floats = ((b + c) + a) / 3
        return middle

    @cached_property
    def normals_cm2(self) -> Floats:
        """(107024, 3) outward normal of each cell, as long as the cell is large."""
        a, b, c = (self.vertices_cm[self.cells[:, i]] for i in range(3))
        normal: Floats = np.cross(b - a, c - a) / 2
        return normal

    @cached_property
    def areas_cm2(self) -> Floats:
        """(107024,) area of each cell."""
        x, y, z = self.normals_cm2.T
        area: Floats = np.sqrt(x * x + y * y + z * z)
        return area

    @property
    def height_cm(self) -> float:
        """Standing height."""
        return float(self.vertices_cm[:, 1].max() - self.vertices_cm[:, 1].min())

    def place_cm(self, cell: int, u: float, v: float) -> Floats:
        """Position of a place: `u` and `v` are the weights of the cell's second and third corner."""
        a, b, c = self.vertices_cm[self.cells[cell]]
        place: Floats = a * (1 - u - v) + b * u + c * v
        return place


def read_shapes(stored: Mapping[str, NDArray[Any]], topology: Topology) -> dict[str, Shape]:
    """Subdivide every stored cage; keys that are no cage are left out."""
    return {
        name: Shape(name, topology.subdivide(cage), topology.cells)
        for name, cage in stored.items()
        if cage.shape == (topology.n_cage, 3)
    }
