"""A pain drawing: what was painted, stroke by stroke, checked, and resolved to cells and regions of the body.

A drawing keeps the strokes, never what they resolve to: the body's version says which surface, regions and views they
mean, and the same drawing resolves to the same cells for ever. Strokes act in order: what is painted later lies over
what was there, and erasing uncovers the skin. A cell is covered when its middle lies under the brush in a view where a
person can point at it, so a place painted from the front and again from the side is one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tautband.atlas.body.body import SHAPES, Body
from tautband.atlas.body.load import VERSION
from tautband.atlas.body.surface import Floats
from tautband.atlas.body.views import OTHER_SIDE, VIEWS, View, other_view, view
from tautband.errors import DrawingError, nearest

MODES = ("paint", "erase")
MAX_STROKES = 1000
MAX_POINTS = 50_000
MAX_RADIUS = 400
STEPS_PER_UNIT = 8
"""Coordinates and radii are kept to an eighth of a unit, which every machine's numbers hold exactly."""

PAIRS_AT_ONCE = 20_000
"""Of a segment and a cell; as many as a processor keeps at hand."""


@dataclass(frozen=True, slots=True)
class Stroke:
    """One movement of the brush, or one region filled at once.

    Attributes
    ----------
    mode
        `paint` or `erase`.
    view
        The view that was painted on; empty when a region was filled.
    points
        Where the brush went: x, y, and the share of the radius it pressed with there (1 unless given).
    radius
        Of the brush, in units of the view.
    region, side
        What was filled; empty when the brush moved.
    intensity
        From 0 to 10, if given.
    quality
        Words for the pain.
    """

    mode: str = "paint"
    view: str = ""
    points: tuple[tuple[float, float, float], ...] = ()
    radius: float = 0.0
    region: str = ""
    side: str = ""
    intensity: float | None = None
    quality: tuple[str, ...] = ()

    def mirrored(self, shape: str) -> Stroke:
        """The same stroke on the other side."""
        if self.region:
            return replace(self, side=OTHER_SIDE[self.side])
        width = view(self.view, shape).width
        points = tuple((width - x, y, pressure) for x, y, pressure in self.points)
        return replace(self, view=other_view(self.view), points=points)


@dataclass(frozen=True, slots=True)
class Drawing:
    """Strokes on one shape of one version of the body."""

    body: str = VERSION
    shape: str = "neutral"
    strokes: tuple[Stroke, ...] = ()

    def mirrored(self) -> Drawing:
        """The same drawing with left and right exchanged."""
        return replace(self, strokes=tuple(stroke.mirrored(self.shape) for stroke in self.strokes))


@dataclass(frozen=True, slots=True)
class RegionShare:
    """How much of one region, on one side, a drawing covers.

    Attributes
    ----------
    region, side
        The place.
    area_cm2
        Covered area, measured on the neutral body.
    share
        Covered share of the region, from 0 to 1.
    share_of_patch
        The largest share that the place has in one painted patch: near 1 when a patch lies within it. A patch is all
        that hangs together on the skin or by a stroke.
    intensity
        Mean intensity over the covered area where one was given, weighted by area.
    peak_intensity
        Highest intensity given for a part of it.
    quality
        Words given for it, in the order of the strokes.
    """

    region: str
    side: str
    area_cm2: float
    share: float
    share_of_patch: float
    intensity: float | None
    peak_intensity: float | None
    quality: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Painting:
    """What a drawing covers: for each cell the stroke that lies on top there.

    Attributes
    ----------
    drawing
        The strokes.
    last_of_cell
        (107024,) index of the last stroke that touched it, painting or erasing; -1 where none did.
    """

    drawing: Drawing
    last_of_cell: NDArray[np.int32]

    @cached_property
    def stroke_of_cell(self) -> NDArray[np.int32]:
        """(107024,) index of the topmost stroke; -1 where nothing is painted."""
        kept = [i if s.mode == "paint" else -1 for i, s in enumerate(self.drawing.strokes)]
        return np.array([*kept, -1], dtype=np.int32)[self.last_of_cell]

    @property
    def covered(self) -> NDArray[np.bool_]:
        """(107024,) whether a cell is painted."""
        return self.stroke_of_cell >= 0

    @cached_property
    def intensity_of_cell(self) -> Floats:
        """(107024,) intensity; NaN where nothing is painted or none was given."""
        given = [np.nan if s.intensity is None else float(s.intensity) for s in self.drawing.strokes]
        return np.array([*given, np.nan])[self.stroke_of_cell]

    @cached_property
    def regions(self) -> tuple[RegionShare, ...]:
        """Every place that is covered at all, in the order of the body's places."""
        body = Body.load()
        painted = np.flatnonzero(self.covered & (body.place_of_cell >= 0))
        places, strokes = body.place_of_cell[painted], self.stroke_of_cell[painted]
        # whole millionths of a square centimetre add up to the same in any order, so mirror images agree to the bit
        areas = np.rint(body.shape().areas_cm2[painted] * 1e6)
        n = len(body.places)
        covered = np.bincount(places, areas, n)
        n_patches, patch = _patches(body.topology.patches(self.covered)[painted], strokes)
        in_patch = np.bincount(patch * n + places, areas, n_patches * n).reshape(-1, n)
        share_of_patch = (in_patch / in_patch.sum(1, keepdims=True)).max(0, initial=0.0)

        by_stroke: dict[int, dict[int, float]] = {}
        n_strokes = max(len(self.drawing.strokes), 1)
        made_by = np.bincount(places.astype(np.int64) * n_strokes + strokes, areas)
        for key in np.flatnonzero(made_by).tolist():
            by_stroke.setdefault(key // n_strokes, {})[key % n_strokes] = float(made_by[key])

        whole = body.place_areas_cm2()
        found = []
        for i in np.flatnonzero(covered).tolist():
            made = [(self.drawing.strokes[k], area) for k, area in by_stroke[i].items()]
            rated = [(s.intensity, area) for s, area in made if s.intensity is not None]
            rated_area = sum(area for _, area in rated)
            found.append(
                RegionShare(
                    *body.places[i],
                    float(covered[i] / 1e6),
                    min(float(covered[i] / 1e6 / whole[i]), 1.0),
                    float(share_of_patch[i]),
                    sum(intensity * area for intensity, area in rated) / rated_area if rated else None,
                    max((intensity for intensity, _ in rated), default=None),
                    tuple(dict.fromkeys(word for stroke, _ in made for word in stroke.quality)),
                )
            )
        return tuple(found)


def _patches(pieces: NDArray[Any], strokes: NDArray[Any]) -> tuple[int, NDArray[np.intp]]:
    """Join pieces of skin that share a stroke: how many patches there are, and the patch of each cell."""
    joined: dict[Any, Any] = {}

    def root(key: Any) -> Any:
        while joined.setdefault(key, key) != key:
            key = joined[key]
        return key

    n_strokes = int(strokes.max(initial=0)) + 1
    first = np.zeros(int(pieces.max(initial=0)) + 1, dtype=np.int64)
    first[pieces] = 1
    together = (np.cumsum(first) - 1)[pieces] * n_strokes + strokes
    keys = np.flatnonzero(np.bincount(together))
    for key in keys.tolist():
        joined[root(("piece", key // n_strokes))] = root(("stroke", key % n_strokes))
    roots = [root(("stroke", key % n_strokes)) for key in keys.tolist()]
    number = {key: i for i, key in enumerate(dict.fromkeys(roots))}
    patch_of_key = np.zeros(int(keys.max(initial=0)) + 1, dtype=np.intp)
    patch_of_key[keys] = [number[key] for key in roots]
    return len(number), patch_of_key[together]


def paint(drawing: Drawing) -> Painting:
    """Resolve a drawing to the cells it covers."""
    body = Body.load()
    last = np.full(len(body.topology.cells), -1, dtype=np.int32)
    for i, stroke in enumerate(drawing.strokes):
        if stroke.region:
            touched = body.place_of_cell == body.places.index((stroke.region, stroke.side))
        else:
            shown = view(stroke.view, drawing.shape)
            touched = shown.cells[_under_brush(shown, stroke)]
        last[touched] = i
    return Painting(drawing, last)


def resolve(drawing: Drawing) -> tuple[RegionShare, ...]:
    """Resolve a drawing to the regions it covers, each with its side and the covered share."""
    return paint(drawing).regions


def _under_brush(shown: View, stroke: Stroke) -> NDArray[np.intp]:
    """Which of the view's cells have their middle under the brush: within the radius of the path."""
    points = np.array(stroke.points) - [shown.width / 2, 0, 0]
    radii = points[:, 2] * stroke.radius
    starts, ends = (points[:-1], points[1:]) if len(points) > 1 else (points, points)
    r0, r1 = (radii[:-1], radii[1:]) if len(points) > 1 else (radii, radii)

    reach = radii.max()
    level = bool((radii == reach).all())
    rows = np.searchsorted(shown.y_sorted, [points[:, 1].min() - reach, points[:, 1].max() + reach])
    near = shown.by_y[rows[0] : rows[1]]
    x = shown.x_from_middle[near]
    inside = (x >= points[:, 0].min() - reach) & (x <= points[:, 0].max() + reach)
    near, x = near[inside], x[inside]
    y = shown.y[near]
    steps = ends[:, :2] - starts[:, :2]
    length2 = steps[:, 0] * steps[:, 0] + steps[:, 1] * steps[:, 1]
    per_length2 = 1 / np.where(length2 == 0, 1, length2)
    hit = np.zeros(len(near), bool)
    at_once = max(4, PAIRS_AT_ONCE // max(len(near), 1))
    for k in range(0, len(starts), at_once):
        part = slice(k, k + at_once)
        low = np.minimum(starts[part, :2].min(0), ends[part, :2].min(0)) - reach
        high = np.maximum(starts[part, :2].max(0), ends[part, :2].max(0)) + reach
        open_ = np.flatnonzero(~hit & (x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))
        if not len(open_):
            continue
        # from the start of each segment to each cell, less the way along the segment
        px, py = x[open_] - starts[part, :1], y[open_] - starts[part, 1:2]
        dx, dy = steps[part, :1], steps[part, 1:]
        t = px * dx
        t += py * dy
        t *= per_length2[part, None]
        np.maximum(t, 0, out=t)
        np.minimum(t, 1, out=t)
        px -= t * dx
        py -= t * dy
        px *= px
        py *= py
        px += py
        if level:
            hit[open_] = px.min(0) <= reach * reach
        else:
            r = r0[part, None] + t * (r1 - r0)[part, None]
            hit[open_] = (px <= r * r).any(0)
    touched: NDArray[np.intp] = near[hit]
    return touched


def read_drawing(document: Any, where: str = "drawing") -> Drawing:
    """Read a drawing as it stands in a case and check all of it.

    Parameters
    ----------
    document
        The parsed JSON: `{"body", "shape", "strokes"}`; see `docs/reference/formats.md`.
    where
        How error lines name the drawing.

    Raises
    ------
    DrawingError
        One line that names the field, the value and what would be accepted.
    """
    entry = _object(document, where, ("body", "shape", "strokes"))
    if entry.get("body") != VERSION:
        given = "missing" if entry.get("body") is None else f"{_shown(entry['body'])} is unknown"
        raise DrawingError(f"{where}.body: {given}; this tautband reads drawings on body {VERSION!r}")
    shape = _choice(entry.get("shape", "neutral"), f"{where}.shape", SHAPES)
    strokes = entry.get("strokes")
    if not isinstance(strokes, list):
        raise DrawingError(f"{where}.strokes: expected a list, got {_shown(strokes)}")
    if len(strokes) > MAX_STROKES:
        raise DrawingError(f"{where}.strokes: {len(strokes):,} strokes; a drawing may have {MAX_STROKES:,}")
    read = tuple(_read_stroke(stroke, f"{where}.strokes[{i}]", shape) for i, stroke in enumerate(strokes))
    if (n := sum(len(stroke.points) for stroke in read)) > MAX_POINTS:
        raise DrawingError(f"{where}.strokes: {n:,} points; a drawing may have {MAX_POINTS:,}")
    return Drawing(VERSION, shape, read)


def write_drawing(drawing: Drawing) -> dict[str, Any]:
    """Write a drawing as it stands in a case; reading it again gives the same drawing."""
    return {
        "body": drawing.body,
        "shape": drawing.shape,
        "strokes": [_write_stroke(stroke) for stroke in drawing.strokes],
    }


def _write_stroke(stroke: Stroke) -> dict[str, Any]:
    written: dict[str, Any] = {"mode": stroke.mode}
    if stroke.region:
        written |= {"region": stroke.region, "side": stroke.side}
    else:
        written |= {
            "view": stroke.view,
            "points": [[x, y] if pressure == 1 else [x, y, pressure] for x, y, pressure in stroke.points],
            "radius": stroke.radius,
        }
    if stroke.intensity is not None:
        written["intensity"] = stroke.intensity
    if stroke.quality:
        written["quality"] = list(stroke.quality)
    return written


def _read_stroke(document: Any, where: str, shape: str) -> Stroke:
    if isinstance(document, Mapping) and document.get("region") is not None:
        entry = _object(document, where, ("mode", "region", "side", "intensity", "quality"))
    else:
        entry = _object(document, where, ("mode", "view", "points", "radius", "intensity", "quality"))
    mode = _choice(entry.get("mode", "paint"), f"{where}.mode", MODES)
    intensity = entry.get("intensity")
    if intensity is not None:
        intensity = _number(intensity, f"{where}.intensity", 0, 10)
    quality = _words(entry.get("quality"), f"{where}.quality")
    if "region" in entry:
        region, side = _read_place(entry, where)
        return Stroke(mode, region=region, side=side, intensity=intensity, quality=quality)
    name = _choice(entry.get("view"), f"{where}.view", tuple(VIEWS))
    shown = view(name, shape)
    radius = _kept(_number(entry.get("radius"), f"{where}.radius", 0, MAX_RADIUS))
    if radius <= 0:
        raise DrawingError(f"{where}.radius: {radius} paints nothing; give units above 0, up to {MAX_RADIUS}")
    points = entry.get("points")
    if not isinstance(points, list) or not points:
        raise DrawingError(f"{where}.points: expected a list of [x, y], got {_shown(points)}")
    return Stroke(
        mode,
        name,
        tuple(_read_point(point, f"{where}.points[{i}]", shown) for i, point in enumerate(points)),
        radius,
        intensity=intensity,
        quality=quality,
    )


def _read_place(entry: Mapping[str, Any], where: str) -> tuple[str, str]:
    body = Body.load()
    region, side = entry["region"], entry.get("side")
    if region not in body.regions:
        raise DrawingError(f"{where}.region: unknown region {_shown(region)}{nearest(region, body.regions)}")
    if region in body.midline:
        if side not in (None, "midline"):
            raise DrawingError(
                f"{where}.side: {_shown(side)}, but {region} lies on the midline; write 'midline'"
            )
        return region, "midline"
    if side not in ("left", "right"):
        given = "missing" if side is None else _shown(side)
        raise DrawingError(
            f"{where}.side: {given}, but {region} exists left and right; write 'left' or 'right'"
        )
    return region, side


def _read_point(point: Any, where: str, shown: View) -> tuple[float, float, float]:
    if not isinstance(point, list) or len(point) not in (2, 3):
        raise DrawingError(f"{where}: expected [x, y] or [x, y, pressure], got {_shown(point)}")
    # a brush may leave the picture, but not go astray
    x = _number(point[0], f"{where}[0]", -shown.width, 2 * shown.width)
    y = _number(point[1], f"{where}[1]", -shown.height, 2 * shown.height)
    pressure = _number(point[2], f"{where}[2]", 0, 1) if len(point) == 3 else 1.0
    return _kept(x), _kept(y), round(pressure * 64) / 64


def _kept(value: float) -> float:
    return round(value * STEPS_PER_UNIT) / STEPS_PER_UNIT


def _object(value: Any, where: str, allowed: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DrawingError(f"{where}: expected an object, got {_shown(value)}")
    for key in value:
        if key not in allowed:
            raise DrawingError(f"{where}.{ascii(key)[1:-1][:60]}: unknown field{nearest(key, allowed)}")
    return {key: entry for key, entry in value.items() if entry is not None}


def _number(value: Any, where: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DrawingError(f"{where}: expected a number, got {_shown(value)}")
    if not low <= value <= high or not isfinite(value):
        raise DrawingError(f"{where}: {_shown(value)} is outside {low:g} to {high:g}")
    return value


def _choice(value: Any, where: str, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        close = nearest(value if isinstance(value, str) else "", choices)
        raise DrawingError(f"{where}: {'missing' if value is None else _shown(value)}{close}")
    return value


def _words(value: Any, where: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise DrawingError(f"{where}: expected a list of words, got {_shown(value)}")
    for word in value:
        if any("\ud800" <= c <= "\udfff" for c in word):
            raise DrawingError(f"{where}: a lone surrogate is no character")
    return tuple(dict.fromkeys(value))


def _shown(value: Any) -> str:
    """A value on one line of an error, never longer than that line."""
    match value:
        case None:
            return "nothing"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case int() if abs(value) >= 10**20:
            return "a number of more than 20 digits"
    return f"{value!r:.40}"
