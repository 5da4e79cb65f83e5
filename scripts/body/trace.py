"""Turn pixel pictures into smooth SVG paths: borders between labels, open edges, and closed level lines."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage import measure

from body.raster import Floats, Ints
from body.settle import settled

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
        ring = settled(ndimage.gaussian_filter1d(line[:-1], sigma, axis=0, mode="wrap"))
        return np.vstack([ring, ring[:1]])
    # odd reflection about both ends keeps them fixed; a short line is smoothed less, so that it does not swing out
    sigma = min(sigma, len(line) / 10)
    n = min(len(line) - 1, int(4 * sigma) + 1)
    before = 2 * line[0] - line[n:0:-1]
    after = 2 * line[-1] - line[-2 : -2 - n : -1]
    padded = settled(ndimage.gaussian_filter1d(np.vstack([before, line, after]), sigma, axis=0))
    return np.vstack([line[:1], padded[n + 1 : n + len(line) - 1], line[-1:]])


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


def bridged(lines: Sequence[Floats], gap: float) -> list[Floats]:
    """Join lines whose ends lie within a gap, in pixels, and lead on to each other; the nearest ends first."""
    joined: dict[int, Floats] = {
        i: line for i, line in enumerate(lines) if len(line) > 1 and not np.array_equal(line[0], line[-1])
    }
    rings = [line for line in lines if len(line) > 1 and np.array_equal(line[0], line[-1])]
    while True:
        ends = [(i, last) for i in joined for last in (False, True)]
        at = np.array([joined[i][-1 if last else 0] for i, last in ends]).reshape(-1, 2)
        ahead = np.array([_ahead(joined[i] if last else joined[i][::-1]) for i, last in ends]).reshape(-1, 2)
        found = (
            [
                (float(np.hypot(*(at[b] - at[a]))), a, b)
                for a, b in sorted(cKDTree(at).query_pairs(gap))
                if ends[a][0] != ends[b][0] and _leads_on(at[a], ahead[a], at[b], ahead[b])
            ]
            if len(at)
            else []
        )
        if not found:
            return rings + list(joined.values())
        _, a, b = min(found)
        one = joined.pop(ends[a][0])
        other = joined.pop(ends[b][0])
        one = one if ends[a][1] else one[::-1]
        other = other[::-1] if ends[b][1] else other
        steps = max(1, round(float(np.hypot(*(other[0] - one[-1])))))
        between = one[-1] + (other[0] - one[-1]) * (np.arange(1, steps) / steps)[:, None]
        joined[ends[a][0]] = np.vstack([one, between, other])


def _ahead(line: Floats) -> Floats:
    """The direction in which a line leaves at its end, told by its last stretch."""
    step = line[-1] - line[max(0, len(line) - 13)]
    ahead: Floats = step / max(float(np.hypot(*step)), 1e-9)
    return ahead


def _leads_on(end: Floats, ahead: Floats, other: Floats, back: Floats) -> bool:
    """Whether one line goes on as the other: neither turns by more than about 45 degrees over the gap."""
    step = other - end
    length = float(np.hypot(*step))
    if length < 3:
        return bool(ahead @ -back > 0.7)
    step = step / length
    return bool(ahead @ step > 0.75 and back @ -step > 0.75)


def border_edges(across: NDArray[np.bool_], down: NDArray[np.bool_]) -> list[tuple[Corner, Corner]]:
    """Lattice edges, as pairs of corners (row, column), of borders between pixels.

    `across[r, c]` says that a border runs between pixels (r, c) and (r, c + 1), `down` the same for (r + 1, c).
    """
    rows, columns = np.nonzero(across)
    upright = [((r, c + 1), (r + 1, c + 1)) for r, c in zip(rows.tolist(), columns.tolist(), strict=True)]
    rows, columns = np.nonzero(down)
    level = [((r + 1, c), (r + 1, c + 1)) for r, c in zip(rows.tolist(), columns.tolist(), strict=True)]
    return upright + level


def without_slivers(labels: Ints, radius: float, smallest: float) -> Ints:
    """Labels of which every piece has room for a disc and is large enough; what is left goes to its nearest neighbour.

    Parameters
    ----------
    labels
        A picture of labels from 0 on; -1 is the background and stays.
    radius
        Of the disc, in pixels.
    smallest
        Area of a piece, in pixels.
    """
    reach = np.arange(-int(radius), int(radius) + 1)
    disc = reach[:, None] ** 2 + reach**2 <= radius**2
    kept = np.zeros(labels.shape, bool)
    for number, found in enumerate(ndimage.find_objects(labels + 1)):
        if found is None:
            continue
        piece, n = ndimage.label(ndimage.binary_opening(np.pad(labels[found] == number, 1), disc)[1:-1, 1:-1])
        large = np.bincount(piece.ravel(), minlength=n + 1) >= smallest
        kept[found] |= large[piece] & (piece > 0)
    nearest = ndimage.distance_transform_edt(~kept, return_distances=False, return_indices=True)
    return np.where(labels < 0, -1, labels[tuple(nearest)])


def outlines(labels: Ints, sigma: float, tolerance: float) -> dict[int, list[list[Floats]]]:
    """Outline each label of a picture; neighbours share their border exactly, as each border is traced once.

    Returns
    -------
    dict
        Per label, from 0 on, closed rings, each a list of lines of (row, column) points that meet at their ends; -1 is
        the background.
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


def _join(arcs: list[tuple[Corner, Corner, Floats]]) -> list[list[Floats]]:
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
            ring.append(points if one == end else points[::-1])
            end = other if one == end else one
        rings.append(ring)
    return rings


def level_rings(
    picture: Floats, level: float, sigma: float, tolerance: float, smallest: float
) -> list[Floats]:
    """Closed lines around where a picture exceeds a level; rings of less than `smallest` pixels are left out."""
    rings = []
    for line in measure.find_contours(np.pad(settled(picture), 1, constant_values=-1e9), level):
        ring = line - 0.5
        area = abs(np.sum(ring[:-1, 0] * ring[1:, 1] - ring[1:, 0] * ring[:-1, 1])) / 2
        if area >= smallest:
            ring[-1] = ring[0]
            rings.append(simplify(smooth(ring, sigma), tolerance))
    return rings


def path(lines: Sequence[Floats], scale: float, decimals: int = 1) -> str:
    """Write lines of (row, column) pixels that follow each other as one SVG path of relative cubic Béziers.

    Each line is smooth, and corners are only where two lines meet. A line reads the same from either end, so a border
    that two rings share is written twice with the same curve. A path that ends where it began is closed.
    """
    parts: list[str] = []
    pen = np.zeros(2)
    for line in lines:
        points = line[:, ::-1] * scale
        if len(points) < 2:
            continue
        if not parts:
            pen = np.round(points[0], decimals)
            parts.append(f"M{_number(pen[0])} {_number(pen[1])}")
        for curve in np.round(_curves(points), decimals):
            parts.append("c" + " ".join(f"{_number(x)} {_number(y)}" for x, y in curve - pen))
            pen = curve[-1]
    closed = bool(parts) and np.array_equal(lines[0][0], lines[-1][-1])
    return "".join(parts) + ("z" if closed else "")


def _curves(points: Floats) -> Floats:
    """(n - 1, 3, 2) Bézier controls of a Catmull-Rom spline with chord-length tangents through n points.

    A tangent is the step between the two neighbours by the way over the point, so never longer than 1: no control lies
    further from its end than a third of the chord, and the curve cannot swing out (Yuksel, Schaefer and Keyser 2011,
    doi:10.1016/j.cad.2010.08.008).
    """
    steps = np.diff(points, axis=0)
    chords = np.maximum(np.hypot(steps[:, 0], steps[:, 1]), 1e-9)[:, None]
    tangents = np.empty_like(points)
    tangents[1:-1] = (points[2:] - points[:-2]) / (chords[:-1] + chords[1:])
    tangents[0], tangents[-1] = steps[0] / chords[0], steps[-1] / chords[-1]
    if len(points) > 3 and np.array_equal(points[0], points[-1]):
        tangents[0] = tangents[-1] = (points[1] - points[-2]) / (chords[0] + chords[-1])
    controls: Floats = np.stack(
        [points[:-1] + tangents[:-1] * chords / 3, points[1:] - tangents[1:] * chords / 3, points[1:]], axis=1
    )
    return controls


def _number(value: float) -> str:
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text in ("-0", "") else text
