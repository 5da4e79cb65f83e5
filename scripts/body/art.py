"""Draw a view as line art: skin, soft shade in steps, contours, and the creases a draughtsman would draw."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage import morphology

from body import raster, trace
from body.raster import Floats, Ints
from body.settle import settled
from body.views import Layout
from tautband.atlas.body.surface import Shape

SKIN, SHADE, INK = "#fbf9f6", "#4b5563", "#374151"
LIGHT = np.array([0.0, 0.56, 0.83])
"""From above and in front, never from one side: one-sided shade reads as a finding."""

SHADE_STEPS = (0.80, 0.72, 0.63, 0.53, 0.42)
SHADE_OPACITY = 0.055


@dataclass(frozen=True)
class Anchors:
    """Points of a line on the skin, by address, so that the line can be drawn on every shape."""

    cells: Ints
    weights: Floats
    sided: bool = True

    def on(self, shape: Shape) -> Floats:
        """(n, 3) where the points are on a shape."""
        points: Floats = np.einsum("pi,pij->pj", self.weights, shape.vertices_cm[shape.cells[self.cells]])
        return points


def anchor(points: Floats, shape: Shape) -> Anchors:
    """Find the address of points close to the skin."""
    points = settled(points)
    near = cKDTree(shape.centroids_cm).query(points, 12)[1]
    a, b, c = (shape.vertices_cm[shape.cells[near][..., i]] for i in range(3))
    normal = np.cross(b - a, c - a)
    twice = (normal**2).sum(-1)
    offset = points[:, None] - a
    v = (np.cross(offset, c - a) * normal).sum(-1) / twice
    w = (np.cross(b - a, offset) * normal).sum(-1) / twice
    weights = np.stack([1 - v - w, v, w], -1)
    best = settled(weights.min(-1)).argmax(1)
    rows = np.arange(len(points))
    return Anchors(near[rows, best], settled(weights[rows, best]), bool(abs(points[:, 0].mean()) > 0.5))


def mirrored(line: Anchors, mirrored_cell: Ints) -> Anchors:
    """The same line on the other side; the second and third corner of a cell change places in the mirror."""
    return Anchors(mirrored_cell[line.cells], line.weights[:, [0, 2, 1]])


def vertex_normals(shape: Shape) -> Floats:
    """Unit normals at the vertices."""
    normals = np.zeros_like(shape.vertices_cm)
    for i in range(3):
        np.add.at(normals, shape.cells[:, i], shape.normals_cm2)
    unit: Floats = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return unit


def _edges(shape: Shape) -> Ints:
    return np.concatenate([shape.cells[:, [0, 1]], shape.cells[:, [1, 2]], shape.cells[:, [2, 0]]])


def _neighbour_mean(shape: Shape) -> Any:
    """The matrix that gives each vertex the mean of its neighbours."""
    n, edges = len(shape.vertices_cm), _edges(shape)
    graph = sp.csr_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (n, n))
    return sp.diags(1 / np.asarray(graph.sum(1)).ravel()) @ graph


def smoothed(values: Floats, shape: Shape, steps: int) -> Floats:
    """Values at vertices, averaged with their neighbours so many times."""
    mean = _neighbour_mean(shape)
    for _ in range(steps):
        values = 0.5 * values + 0.5 * (mean @ values)
    return values


def hollowness(shape: Shape, normals: Floats) -> Floats:
    """How hollow the skin is at each vertex, from -1 (a ridge) to 1 (a groove)."""
    n, edges = len(shape.vertices_cm), _edges(shape)
    mean = _neighbour_mean(shape)
    lengths = np.linalg.norm(shape.vertices_cm[edges[:, 0]] - shape.vertices_cm[edges[:, 1]], axis=1)
    length = np.bincount(edges[:, 0], lengths, n) / np.bincount(edges[:, 0], minlength=n)
    bend = np.einsum("ij,ij->i", mean @ shape.vertices_cm - shape.vertices_cm, normals) / length**2
    hollow: Floats = np.tanh(1.1 * smoothed(bend, shape, 2))
    return hollow


def _blur(picture: Floats, inside: NDArray[np.bool_], sigma: float) -> Floats:
    """Blur within a mask only, so that nothing bleeds in from outside."""
    weight = ndimage.gaussian_filter(inside.astype(float), sigma)
    return settled(ndimage.gaussian_filter(picture * inside, sigma) / np.maximum(weight, 1e-3))


def _brightness(layout: Layout, normal: Floats, openness: Floats, hollow: Floats) -> Floats:
    """How light each pixel is, before it is cut into steps."""
    lit = 0.5 + 0.5 * (normal @ LIGHT)
    tone: Floats = (
        np.clip(lit, 0, 1) ** 1.2
        - 0.35 * (1 - openness)
        - 0.20 * np.clip(hollow, 0, 1)
        - 0.22 * (1 - np.clip(normal[..., 2], 0, 1)) ** 2
    )
    return tone


def _depth_jumps(layout: Layout, normal: Floats) -> list[Floats]:
    """Lines where the body hides itself: strong jumps of depth, followed on as long as they stay jumps at all."""
    depth, inside, per_cm = layout.depth, layout.cell_at >= 0, layout.pixels_per_cm
    steep = [np.abs(normal[..., k]) / np.maximum(normal[..., 2], 0.02) / per_cm for k in (1, 0)]
    weak, strong = [], []
    for axis in (0, 1):
        near = [slice(None), slice(None)]
        far = [slice(None), slice(None)]
        near[axis], far[axis] = slice(0, -1), slice(1, None)
        one, other = tuple(near), tuple(far)
        both = inside[one] & inside[other]
        jump = np.where(both, np.abs(depth[one] - depth[other]), 0)
        expected = 1.8 * np.minimum(steep[axis][one], steep[axis][other])
        weak.append(jump > 0.06 + expected)
        strong.append(jump > 0.30 + expected)
    lines = trace.chain(trace.border_edges(weak[1], weak[0]))
    return [np.array(line, float) for line in _connected(lines, strong, 0.5 * per_cm)]


def _connected(
    lines: list[list[trace.Corner]], strong: list[NDArray[np.bool_]], shortest: float
) -> list[list[trace.Corner]]:
    """The lines of every connected figure that is long enough and strong enough as a whole, without its stubs."""
    figure: dict[trace.Corner, trace.Corner] = {}

    def root(corner: trace.Corner) -> trace.Corner:
        while figure.setdefault(corner, corner) != corner:
            corner = figure[corner]
        return corner

    for line in lines:
        figure[root(line[0])] = root(line[-1])
    length: dict[trace.Corner, int] = defaultdict(int)
    hits: dict[trace.Corner, int] = defaultdict(int)
    for line in lines:
        length[root(line[0])] += len(line)
        for (r0, c0), (r1, c1) in pairwise(line):
            hits[root(line[0])] += bool(
                strong[0][r0 - 1, min(c0, c1)] if r0 == r1 else strong[1][min(r0, r1), c0 - 1]
            )
    return [
        line
        for line in lines
        if len(line) > 5
        and length[root(line[0])] > shortest
        and hits[root(line[0])] > 0.08 * length[root(line[0])]
    ]


def _creases(
    layout: Layout, facing: Floats, border: Floats, scale_cm: float, threshold: float, shortest_cm: float
) -> list[Floats]:
    """Valleys of the facing ratio: where the skin folds away from the viewer on both sides of a line."""
    per_cm = layout.pixels_per_cm
    sigma = scale_cm * per_cm
    inside = border > 0
    smooth = _blur(facing, inside, sigma)
    gy, gx = np.gradient(smooth)
    gyy, gyx = np.gradient(gy)
    _, gxx = np.gradient(gx)
    spread = np.sqrt(0.25 * (gxx - gyy) ** 2 + gyx**2)
    across = (0.5 * (gxx + gyy) + spread) * per_cm**2
    along = (0.5 * (gxx + gyy) - spread) * per_cm**2
    steep = (across > threshold) & (across > 2.2 * np.abs(along)) & (border > 1.1 * sigma + 2)
    rows, columns = np.nonzero(steep)
    angle = 0.5 * np.arctan2(2 * gyx[steep], (gxx - gyy)[steep])
    sin, cos = settled(np.sin(angle)), settled(np.cos(angle))
    lowest = np.ones(len(rows), bool)
    for k in (-1, 1):
        beside = [rows + k * sin, columns + k * cos]
        lowest &= smooth[steep] <= ndimage.map_coordinates(smooth, beside, order=1, mode="nearest")
    valley = np.zeros_like(inside)
    valley[rows[lowest], columns[lowest]] = True
    labels, n = ndimage.label(valley, np.ones((3, 3)))
    kept = np.zeros(n + 1, bool)
    kept[np.unique(labels[valley & (across > 2.2 * threshold)])] = True
    kept[0] = False
    thin = morphology.skeletonize(ndimage.binary_dilation(kept[labels]))
    pixels = set(map(tuple, np.argwhere(thin).tolist()))
    edges = []
    for r, c in pixels:
        for step in ((0, 1), (1, 0), (1, 1), (1, -1)):
            other = (r + step[0], c + step[1])
            square = step[0] and step[1] and ((r, other[1]) in pixels or (other[0], c) in pixels)
            if other in pixels and not square:
                edges.append(((r, c), other))
    return [np.array(line, float) + 0.5 for line in trace.chain(edges) if len(line) > shortest_cm * per_cm]


def _apart(lines: list[Floats], drawn: list[Floats], reach: float) -> list[Floats]:
    """The stretches of lines, longest line first, that do not run beside a line that is drawn already."""
    drawn, kept = list(drawn), []
    for line in sorted(lines, key=len, reverse=True):
        near = np.zeros(len(line), bool)
        if drawn:
            near = cKDTree(np.vstack(drawn)).query(line)[0] < reach
        for piece in np.split(np.arange(len(line)), np.flatnonzero(np.diff(near.astype(int))) + 1):
            if not near[piece[0]] and len(piece) > 2.5 * reach:
                kept.append(line[piece])
                drawn.append(line[piece])
    return kept


def _symmetric(lines: list[Floats], middle: float) -> list[Floats]:
    """The lines of the person's left and their mirror images, joined where they meet in the middle of the picture."""

    def image(line: Floats) -> Floats:
        return np.stack([line[:, 0], 2 * middle - line[:, 1]], axis=1)

    both = []
    for line in lines:
        beyond = line[:, 1] >= middle
        for piece in np.split(line, np.flatnonzero(np.diff(beyond.astype(int))) + 1):
            if len(piece) < 4 or piece[1, 1] < middle:
                continue
            if piece[-1, 1] - middle < 2:
                piece = piece[::-1]
            if piece[0, 1] - middle < 2:
                both.append(np.vstack([image(piece)[::-1], piece]))
            else:
                both += [piece, image(piece)]
    return both


def _mean_at(picture: Floats, line: Floats) -> float:
    rows, columns = np.clip(line.astype(int), 0, np.array(picture.shape) - 1).T
    return float(picture[rows, columns].mean())


def _uncut(ring: Floats, size: tuple[int, ...]) -> list[Floats]:
    """The parts of an outline that are the body's own, not the edge of the picture."""
    height, width = size
    own = (ring > 2).all(1) & (ring[:, 0] < height - 3) & (ring[:, 1] < width - 3)
    if own.all():
        return [ring]
    first = int(np.flatnonzero(~own)[0])
    turned, own = np.roll(ring[:-1], -first, axis=0), np.roll(own[:-1], -first)
    starts = np.flatnonzero(own & ~np.roll(own, 1))
    ends = np.flatnonzero(own & ~np.roll(own, -1)) + 1
    return [turned[max(s - 1, 0) : e + 1] for s, e in zip(starts, ends, strict=True) if e - s > 3]


def _details(layout: Layout, lines: list[Anchors], border: Floats) -> list[Floats]:
    """The parts of the draughtsman's lines that show, as (row, column) pixels."""
    right, up, out = np.array(layout.geometry["axes"], float)
    scale, middle = layout.pixels_per_cm, layout.depth.shape[1] / 2
    drawn = set(layout.cells.tolist())
    shown = []
    for line in lines:
        if not drawn.issuperset(line.cells.tolist()):
            continue
        points = settled(line.on(layout.shape))
        columns = settled(middle + (points @ right - layout.geometry["centre"]) * scale)
        rows = settled((layout.geometry["top"] - points @ up) * scale)
        r, c = (
            np.clip(k.astype(int), 0, n - 1) for k, n in zip((rows, columns), layout.depth.shape, strict=True)
        )
        seen = (rows > 0) & (rows < layout.depth.shape[0]) & (columns > 0) & (columns < layout.depth.shape[1])
        seen &= (settled(points @ out) > layout.depth[r, c] - 0.25) & (border[r, c] > 0.35 * scale)
        for piece in np.split(np.arange(len(points)), np.flatnonzero(np.diff(seen.astype(int))) + 1):
            if seen[piece[0]] and len(piece) > 3:
                shown.append(np.stack([rows[piece], columns[piece]], axis=1))
    return shown


def draw(layout: Layout, openness: Floats, details: list[Anchors], plain: NDArray[np.bool_]) -> str:
    """The view as SVG markup, without the outer element; `plain` cells get no fine creases."""
    shape = layout.shape
    normals = vertex_normals(shape)
    inside = layout.cell_at >= 0

    def at_pixels(values: Floats) -> Floats:
        return raster.spread(layout.points, shape.cells, layout.cell_at, values)

    normal = at_pixels(normals) @ np.array(layout.geometry["axes"], float).T
    normal = settled(normal / np.maximum(np.linalg.norm(normal, axis=-1, keepdims=True), 1e-9))
    per_cm, scale = layout.pixels_per_cm, 1 / layout.pixels_per_unit
    close = layout.geometry["units_per_cm"] > 20

    silhouette = trace.level_rings(
        ndimage.gaussian_filter(inside.astype(float), 1.0), 0.5, 3.5 if close else 2.5, 0.6, 60
    )
    outline = "".join(trace.path([ring], scale) for ring in silhouette)
    rim = "".join(trace.path([part], scale) for ring in silhouette for part in _uncut(ring, inside.shape))

    tone = _brightness(
        layout, normal, at_pixels(smoothed(openness, shape, 12)), at_pixels(hollowness(shape, normals))
    )
    tone = _blur(settled(tone), inside, (0.28 if close else 0.35) * per_cm)
    shades = []
    for step in SHADE_STEPS:
        rings = trace.level_rings(
            np.where(inside, step - tone, -0.3), 0, 4, 1.0, (0.05 if close else 0.8) * per_cm**2
        )
        shades.append("".join(trace.path([ring], scale, 0) for ring in rings))

    border = ndimage.distance_transform_edt(inside)
    jumps = [line for line in _depth_jumps(layout, normal) if _mean_at(border, line) > 5]
    jumps = trace.bridged(jumps, (1.1 if close else 1.4) * per_cm)
    jumps = [line for line in jumps if len(line) > (0.5 if close else 0.6) * per_cm]
    if layout.symmetric:
        jumps = _symmetric(jumps, layout.depth.shape[1] / 2)
    contours = "".join(trace.path([trace.simplify(trace.smooth(line, 3.5), 0.45)], scale) for line in jumps)

    free = inside.copy()
    for line in jumps:
        rows, columns = np.clip(line.astype(int), 0, np.array(inside.shape) - 1).T
        free[rows, columns] = False
    facing = np.where(inside, np.clip(normal[..., 2], 0, 1), 1)
    border = ndimage.distance_transform_edt(free)
    coarse, fine = ((0.32, 0.06, 1.6), (0.12, 0.5, 0.8)) if close else ((0.45, 0.06, 2.4), (0.16, 0.4, 0.6))
    left_plain = (inside & plain[layout.cell_at]).astype(float)
    folds = _creases(layout, facing, border, *coarse)
    folds += [line for line in _creases(layout, facing, border, *fine) if _mean_at(left_plain, line) < 0.5]
    own = _details(layout, details, border)
    folds = _apart(trace.bridged(folds, 0.35 * per_cm), [*jumps, *own], 0.3 * per_cm)
    if layout.symmetric:
        folds = _symmetric(folds, layout.depth.shape[1] / 2)
    folds = [trace.simplify(trace.smooth(line, 0.1 * per_cm), 0.5) for line in folds]
    folds += [trace.simplify(line, 0.3) for line in own]
    creases = "".join(trace.path([line], scale) for line in folds)

    width = 2.2 if close else 1.5
    name = f"body-{shape.name}-{layout.name}".replace("_", "-")
    ink = f'<path d="{rim}"/>' if rim != outline else f'<use href="#{name}"/>'
    return (
        f'<defs><path id="{name}" d="{outline}"/><clipPath id="{name}-clip"><use href="#{name}"/></clipPath></defs>'
        f'<use href="#{name}" class="body-skin" fill="{SKIN}" fill-rule="evenodd"/>'
        f'<g class="body-shade" fill="{SHADE}" fill-opacity="{SHADE_OPACITY}" fill-rule="evenodd" '
        f'clip-path="url(#{name}-clip)">' + "".join(f'<path d="{d}"/>' for d in shades if d) + "</g>"
        f'<g class="body-ink" fill="none" stroke="{INK}" stroke-linecap="round" stroke-linejoin="round" '
        f'stroke-width="{width}"><path class="body-detail" stroke-opacity=".5" stroke-width="{width * 0.6:.2g}" '
        f'd="{creases}"/><path stroke-width="{width * 0.75:.2g}" d="{contours}"/>{ink}</g>'
    )
