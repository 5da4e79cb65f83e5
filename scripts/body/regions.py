"""Divide the skin into regions: each cell goes to the seed line that is nearest along the skin."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import potpourri3d
import scipy.sparse as sp
import scipy.sparse.linalg
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from body.raster import Floats, Ints
from body.seeds import SeedLine
from body.settle import settled
from tautband.atlas.body.surface import Shape, Topology

SEED_STEP_CM = 0.5
MARGIN_CM = 1.2
SMOOTHING_CM2 = 0.35
SPECK_SHARE = 0.15


def mirrored_vertex(shape: Shape, topology: Topology) -> Ints:
    """For each vertex of the level-1 mesh the one on the other side."""
    cells = topology.cells
    partner = np.empty(len(shape.vertices_cm), dtype=np.int64)
    for corner, image in ((0, 0), (1, 2), (2, 1)):
        partner[cells[:, corner]] = cells[topology.mirrored_cell][:, image]
    return partner


def membership(
    shape: Shape, topology: Topology, lines: list[SeedLine], regions: list[str], midline: NDArray[np.bool_]
) -> Floats:
    """How deep each vertex lies in each region, in cm along the skin, positive inside; exactly symmetric.

    Distances are geodesic, by the heat method (Crane, Weischedel and Wardetzky 2013, doi:10.1145/2516971.2516977).
    """
    vertices, cells = shape.vertices_cm, topology.cells
    tree = cKDTree(vertices)
    partner = mirrored_vertex(shape, topology)
    solver = potpourri3d.MeshHeatMethodDistanceSolver(vertices, cells)
    distance = np.full((len(vertices), len(regions)), np.inf)
    for j, region in enumerate(regions):
        sources: dict[float, set[int]] = {}
        for line in lines:
            if line.region == region:
                sources.setdefault(line.reach_cm, set()).update(
                    tree.query(settled(_dense(line.points)))[1].tolist()
                )
        if not sources:
            raise SystemExit(f"seeds.csv: region {region!r} has no seed")
        for reach, at in sources.items():
            both = at | {int(partner[v]) for v in at} if midline[j] else at
            away = settled(solver.compute_distance_multisource(sorted(both)))
            distance[:, j] = np.minimum(distance[:, j], away - reach)
    right = vertices[:, 0] < 0
    distance[right] = distance[partner[right]]
    nearest, second = np.partition(distance, 1, axis=1)[:, :2].T
    depth = np.where(distance == nearest[:, None], second[:, None], nearest[:, None]) - distance
    depth = np.clip(depth, -MARGIN_CM, MARGIN_CM)
    # diffusing the margins rounds the borders without moving them
    stiffness = potpourri3d.cotan_laplacian(vertices, cells, denom_eps=1e-8)
    mass = sp.diags(potpourri3d.vertex_areas(vertices, cells))
    solve = scipy.sparse.linalg.splu((mass + SMOOTHING_CM2 * stiffness).tocsc()).solve
    depth = settled(np.stack([solve(mass @ depth[:, j]) for j in range(len(regions))], axis=1))
    depth[right] = depth[partner[right]]
    return depth


def _dense(points: Floats) -> Floats:
    dense = [points[0]]
    for one, other in pairwise(points):
        steps = max(1, int(np.ceil(np.linalg.norm(other - one) / SEED_STEP_CM)))
        dense += [one + (other - one) * k / steps for k in range(1, steps + 1)]
    return np.array(dense)


def cell_neighbours(cells: Ints) -> Ints:
    """(n, 2) pairs of cells that share an edge."""
    edges = np.sort(np.concatenate([cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]]), axis=1)
    owner = np.tile(np.arange(len(cells)), 3)
    order = np.lexsort(edges.T)
    return owner[order].reshape(-1, 2)


def pieces(chosen: NDArray[np.bool_], pairs: Ints) -> Ints:
    """Number the connected pieces of the chosen pairs' cells; cells in no pair are pieces of their own."""
    n = int(pairs.max()) + 1
    linked = pairs[chosen]
    graph = sp.coo_matrix((np.ones(len(linked)), (linked[:, 0], linked[:, 1])), (n, n))
    labels: Ints = connected_components(graph, directed=False)[1].astype(np.int64)
    return labels


def enclosed(openness: Floats, shape: Shape, mirrored_cell: Ints, pairs: Ints) -> NDArray[np.bool_]:
    """Cells of the eye sockets, the mouth and the nostrils, which nobody can point at."""
    dark = openness < 0.02
    piece = pieces(dark[pairs[:, 0]] & dark[pairs[:, 1]], pairs)
    size = np.bincount(piece)[piece]
    hidden = dark & (size >= 120) & (shape.centroids_cm[:, 1] > 140)
    hidden |= hidden[mirrored_cell]
    # what only the hidden cells connect to the skin is hidden, too
    piece = pieces(~(hidden[pairs[:, 0]] | hidden[pairs[:, 1]]), pairs)
    outside: NDArray[np.bool_] = piece != np.bincount(piece).argmax()
    return outside


def divide(depth: Floats, hidden: NDArray[np.bool_], topology: Topology, shape: Shape, pairs: Ints) -> Ints:
    """The region of each cell: the deepest at its middle, without stray islands, exactly mirrored; -1 where hidden."""
    at_cell = settled(depth[topology.cells].mean(1))
    left = shape.centroids_cm[:, 0] > 0
    mirrored = topology.mirrored_cell
    at_cell[~left] = at_cell[mirrored[~left]]
    for _ in range(12):
        region = at_cell.argmax(1)
        region[hidden] = -1
        same = (region[pairs[:, 0]] == region[pairs[:, 1]]) & (left[pairs[:, 0]] == left[pairs[:, 1]])
        piece = pieces(same, pairs)
        size = np.bincount(piece)[piece]
        largest = np.zeros(at_cell.shape[1])
        np.maximum.at(largest, region[~hidden], size[~hidden])
        speck = ~hidden & (size < largest[region])
        if not speck.any():
            numbers: Ints = region.astype(np.int64)
            return numbers
        at_cell[speck, region[speck]] = -np.inf
        at_cell[~left] = at_cell[mirrored[~left]]
    raise SystemExit("regions: specks are left after 12 rounds; look at the seeds of the regions concerned")


def without_specks(depth: Floats, region_of_cell: Ints, cells: Ints) -> Floats:
    """The depths with every region kept to where its cells are, and two cells around, so that no speck is outlined."""
    near = np.zeros(depth.shape, bool)
    on_skin = region_of_cell >= 0
    for corner in cells.T:
        near[corner[on_skin], region_of_cell[on_skin]] = True
    for _ in range(2):
        at, region = np.nonzero(near[cells].any(1))
        for corner in cells.T:
            near[corner[at], region] = True
    return np.where(near, depth, np.minimum(depth, -MARGIN_CM))
