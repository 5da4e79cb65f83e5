"""Turn pixel pictures into smooth SVG paths: borders between labels, open edges, and closed level lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage import measure

from body.raster import Floats, Ints

Corner = tuple[int, int]


def simplify(line: Floats, tolerance: float) -> Floats:
    """Drop points that lie within the tolerance of the line without them (Douglas and Peucker 1973)."""
    simple: Floats = measure.approximate_polygon(line, tolerance)
    return simple


def smooth(line: Floats, sigma: float) -> Floats:
    """Smooth a line along its length; the ends of an open line stay where they are."""
    if len(line) < 4:
        return line
    if np.array_equal(line[0], line[-1]):
        ring: Floats = ndimage.gaussian_filter1d(line[:-1], sigma, axis=0, mode="wrap")
        return np.vstack([ring, ring[:1]])
    # odd reflection about both ends keeps them fixed; a short line is smoothed less, so that it does not swing out
    sigma = min(sigma, len(line) / 10)
    n = min(len(line) - 1, int(4 * sigma) + 1)
    before = 2 * line[0] - line[n:0:-1]
    after = 2 * line[-1] - line[-2 : -2 - n : -1]
    padded: Floats = ndimage.gaussian_filter1d(np.vstack([before, line, after]), sigma, axis=0)
    return padded[n : n + len(line)]


def chain(edges: Iterable[tuple[Corner, Corner]]) -> list[list[Corner]]:
    """Join lattice edges into lines that end where other than two edges meet."""
    beside: dict[Corner, list[Corner]] = defaultdict(list)
    for one, other in edges:
        beside[one].append(other)
        beside[other].append(one)
    used: set[tuple[Corner, Corner]] = set()
    lines = []

    def walk(start: Corner, following: Corner) -> list[Corner]:
        line = [start, following]
        used.update({(start, following), (following, start)})
        while len(beside[line[-1]]) == 2 and line[-1] != start:
            one, other = beside[line[-1]]
            step = other if one == line[-2] else one
            if (line[-1], step) in used:
                break
            used.update({(line[-1], step), (step, line[-1])})
            line.append(step)
        return line

    ends = [c for c in beside if len(beside[c]) != 2]
    for start in (*ends, *beside):
        for following in beside[start]:
            if (start, following) not in used:
                lines.append(walk(start, following))
    return lines


def border_edges(across: NDArray[np.bool_], down: NDArray[np.bool_]) -> list[tuple[Corner, Corner]]:
    """Lattice edges, as pairs of corners (row, column), of borders between pixels.

    `across[r, c]` says that a border runs between pixels (r, c) and (r, c + 1), `down` the same for (r + 1, c).
    """
    rows, columns = np.nonzero(across)
    upright = [((r, c + 1), (r + 1, c + 1)) for r, c in zip(rows.tolist(), columns.tolist(), strict=True)]
    rows, columns = np.nonzero(down)
    level = [((r + 1, c), (r + 1, c + 1)) for r, c in zip(rows.tolist(), columns.tolist(), strict=True)]
    return upright + level


def outlines(labels: Ints, sigma: float, tolerance: float) -> dict[int, list[Floats]]:
    """Outline each label of a picture; neighbours share their border exactly, as each border is traced once.

    Returns
    -------
    dict
        Per label, from 0 on, closed rings of (row, column) points; -1 is the background.
    """
    padded = np.pad(labels, 1, constant_values=-1)
    across, down = padded[:, :-1] != padded[:, 1:], padded[:-1] != padded[1:]
    arcs: dict[int, list[tuple[Corner, Corner, Floats]]] = defaultdict(list)
    for line in chain(border_edges(across, down)):
        (r0, c0), (r1, c1) = line[0], line[1]
        if r0 == r1:
            beside = {int(padded[r0 - 1, min(c0, c1)]), int(padded[r0, min(c0, c1)])}
        else:
            beside = {int(padded[min(r0, r1), c0 - 1]), int(padded[min(r0, r1), c0])}
        points = simplify(smooth(np.array(line, float) - 1, sigma), tolerance)
        for label in beside - {-1}:
            arcs[label].append((line[0], line[-1], points))
    return {label: _join(parts) for label, parts in sorted(arcs.items())}


def _join(arcs: list[tuple[Corner, Corner, Floats]]) -> list[Floats]:
    """Join the arcs around one label into rings."""
    at: dict[Corner, list[int]] = defaultdict(list)
    for i, (start, end, _) in enumerate(arcs):
        at[start].append(i)
        at[end].append(i)
    left = set(range(len(arcs)))
    rings = []
    while left:
        i = min(left)
        left.remove(i)
        start, end, points = arcs[i]
        ring = [points]
        while end != start:
            following = next((k for k in at[end] if k in left), None)
            if following is None:
                break
            left.remove(following)
            one, other, points = arcs[following]
            ring.append((points if one == end else points[::-1])[1:])
            end = other if one == end else one
        rings.append(np.vstack(ring))
    return rings


def level_rings(
    picture: Floats, level: float, sigma: float, tolerance: float, smallest: float
) -> list[Floats]:
    """Closed lines around where a picture exceeds a level; rings of less than `smallest` pixels are left out."""
    rings = []
    for line in measure.find_contours(np.pad(picture, 1, constant_values=-1e9), level):
        ring = line - 0.5
        area = abs(np.sum(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1])) / 2
        if area >= smallest:
            ring[-1] = ring[0]
            rings.append(simplify(smooth(ring, sigma), tolerance))
    return rings


def path(line: Floats, scale: float, decimals: int = 1) -> str:
    """Write a line of (row, column) pixels as an SVG path: a Catmull-Rom spline as cubic Béziers, relative."""
    points = line[:, ::-1] * scale
    closed = len(points) > 2 and np.array_equal(points[0], points[-1])
    if closed:
        points = points[:-1]
    n = len(points)
    if n < 2:
        return ""

    def at(i: int) -> Floats:
        point: Floats = points[i % n] if closed else points[min(max(i, 0), n - 1)]
        return point

    pen = np.round(points[0], decimals)
    parts = [f"M{_number(pen[0])} {_number(pen[1])}"]
    for i in range(n if closed else n - 1):
        before, start, end, after = (at(i + k) for k in (-1, 0, 1, 2))
        controls = (start + (end - before) / 6, end - (after - start) / 6, end)
        numbers = [np.round(c - pen, decimals) for c in controls]
        parts.append("c" + " ".join(f"{_number(x)} {_number(y)}" for x, y in numbers))
        pen = pen + numbers[-1]
    return "".join(parts) + ("z" if closed else "")


def _number(value: float) -> str:
    text = f"{value:.1f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text
