"""The views people look at the body from: pictures to paint on, with an exact way back to the surface.

A view shows one shape of the body from one direction, at a fixed number of units per centimetre. Its coordinates are
those of its picture: x to the right from 0 to `width`, y down from 0 to `height`. Left and right in its name are the
person's own. Views of the right side are the mirror images of those of the left.

What is stored
--------------
`assets/views.json`
    Per shape and view: `width`, `height` (units), `units_per_cm`, `axes` (unit vectors to the right, up and towards the
    viewer), `centre` (cm along the first axis in the middle of the picture), `top` (cm along the second axis at y = 0),
    `pose`. Only views from the front, the back and of the left side: the others are mirrored.
`assets/views.npz`
    Per shape and view one bit for each cell: can a person point at it in this picture?
`assets/pictures/SHAPE_VIEW.svg`
    The line drawing as SVG markup without its outer element. Colours are attributes, so that it shows without a style
    sheet; a page restyles it by its classes: `body-skin` (fill), `body-shade` (fill and fill-opacity of each of a few
    steps that lie over each other), `body-ink` (stroke) and within it `body-detail` (stroke-opacity).
`assets/pictures/SHAPE_VIEW.json`
    The outlines of the regions: a list of `{"region", "side", "path"}`, each path made of absolute `M`, relative `c`
    and `z` only, to be filled by the even-odd rule.

A cell is painted where its middle is; `View.cells`, `View.x_from_middle` and `View.y` say where in the picture that is.
All of it is elementwise arithmetic on stored numbers, so a drawing resolves to the same cells on every machine, and its
mirror image to the mirrored cells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tautband.atlas.body.body import Body
from tautband.atlas.body.load import read_arrays, read_bytes
from tautband.atlas.body.surface import Floats, Ints

VIEWS: Mapping[str, str] = MappingProxyType(
    {
        "front": "Front",
        "back": "Back",
        "left": "Left side",
        "right": "Right side",
        "head_front": "Head, front",
        "head_back": "Head, back",
        "head_left": "Head, left side",
        "head_right": "Head, right side",
        "left_hand_palm": "Left hand, palm",
        "left_hand_back": "Left hand, back",
        "right_hand_palm": "Right hand, palm",
        "right_hand_back": "Right hand, back",
        "left_foot_top": "Left foot, top",
        "left_foot_sole": "Left foot, sole",
        "left_foot_outer": "Left foot, outer side",
        "left_foot_inner": "Left foot, inner side",
        "right_foot_top": "Right foot, top",
        "right_foot_sole": "Right foot, sole",
        "right_foot_outer": "Right foot, outer side",
        "right_foot_inner": "Right foot, inner side",
        "left_leg_inner": "Left leg, inner side",
        "right_leg_inner": "Right leg, inner side",
    }
)
"""Every view with its label, in the order to offer them."""

OTHER_SIDE = {"left": "right", "right": "left", "midline": "midline"}


def stored_view(view: str) -> str:
    """The view whose mirror image a view of the right side is; any other view itself."""
    return re.sub(r"(^|_)right(_|$)", r"\1left\2", view)


def other_view(view: str) -> str:
    """The mirror image of a view; views from the front and the back are their own."""
    swap = {"left": "right", "right": "left"}
    return re.sub(r"(?<![a-z])(left|right)(?![a-z])", lambda m: swap[m[1]], view)


@dataclass(frozen=True, slots=True)
class Outline:
    """A region as it shows in a view: an SVG path in the view's coordinates."""

    region: str
    side: str
    path: str


@dataclass(frozen=True, slots=True)
class Place:
    """An address on the surface: a cell, and the weights of its second and third corner."""

    cell: int
    u: float
    v: float


@dataclass(frozen=True, eq=False)
class View:
    """One shape of the body seen from one direction.

    Attributes
    ----------
    id, label
        `left_hand_palm`, "Left hand, palm".
    shape
        Which shape it shows.
    width, height
        Size of the picture in units.
    units_per_cm
        Scale.
    cells
        The cells a person can point at, ascending.
    x_from_middle, y
        Where the middle of each of `cells` is, in units; x counts from the middle of the picture.
    """

    id: str
    label: str
    shape: str
    width: int
    height: int
    units_per_cm: int
    cells: Ints
    x_from_middle: Floats
    y: Floats
    geometry: Mapping[str, Any]
    mirrored: bool

    @cached_property
    def by_y(self) -> Ints:
        """Positions in `cells`, sorted from the top of the picture to its bottom."""
        return np.argsort(self.y, kind="stable")

    @cached_property
    def y_sorted(self) -> Floats:
        """`y` in that order."""
        return self.y[self.by_y]

    @property
    def art(self) -> str:
        """The line drawing as SVG markup, without the outer `svg` element."""
        drawn = read_bytes(f"pictures/{self.shape}_{stored_view(self.id)}.svg").decode()
        return f'<g transform="matrix(-1 0 0 1 {self.width} 0)">{drawn}</g>' if self.mirrored else drawn

    def clip(self, markup: str) -> str:
        """SVG markup cut off at the body's outline; `art` must stand before it."""
        name = f"body-{self.shape}-{stored_view(self.id)}-clip".replace("_", "-")
        flip = f' transform="matrix(-1 0 0 1 {self.width} 0)"' if self.mirrored else ""
        return f'<g clip-path="url(#{name})"{flip}><g{flip}>{markup}</g></g>'

    @property
    def outlines(self) -> tuple[Outline, ...]:
        """The regions that show in this view."""
        stored = json.loads(read_bytes(f"pictures/{self.shape}_{stored_view(self.id)}.json"))
        if not self.mirrored:
            return tuple(Outline(**row) for row in stored)
        return tuple(
            Outline(row["region"], OTHER_SIDE[row["side"]], flip_path(row["path"], self.width))
            for row in stored
        )

    def project(self, points_cm: Floats) -> Floats:
        """Where points of the shape, in this view's pose, are in the picture.

        Parameters
        ----------
        points_cm
            (n, 3) positions.

        Returns
        -------
        (n, 3) x and y in units, and the distance towards the viewer in cm.
        """
        x, y, z = (points_cm * [-1, 1, 1] if self.mirrored else points_cm).T
        right, up, out = (a * x + b * y + c * z for a, b, c in self.geometry["axes"])
        across = (right - self.geometry["centre"]) * self.units_per_cm
        return np.stack(
            [
                self.width / 2 + (-across if self.mirrored else across),
                (self.geometry["top"] - up) * self.units_per_cm,
                out,
            ],
            axis=1,
        )

    def place_at(self, x: float, y: float) -> Place | None:
        """The place of the surface that shows at a point of the picture; nothing beside the body."""
        body = Body.load()
        cells = body.topology.cells
        shown = self.cells
        near = np.flatnonzero(
            np.maximum(np.abs(self.x_from_middle + self.width / 2 - x), np.abs(self.y - y))
            < 1.5 * self.units_per_cm
        )
        if not len(near):
            return None
        corners = cells[shown[near]]
        vertices = body.shape(self.shape, self.geometry["pose"]).vertices_cm
        a, b, c = (self.project(vertices[corners[:, i]]) for i in range(3))
        twice = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (b[:, 1] - a[:, 1])
        twice = np.where(twice == 0, np.inf, twice)
        u = ((x - a[:, 0]) * (c[:, 1] - a[:, 1]) - (c[:, 0] - a[:, 0]) * (y - a[:, 1])) / twice
        v = ((b[:, 0] - a[:, 0]) * (y - a[:, 1]) - (x - a[:, 0]) * (b[:, 1] - a[:, 1])) / twice
        inside = np.flatnonzero((u >= 0) & (v >= 0) & (u + v <= 1))
        if not len(inside):
            return None
        best = inside[np.argmax(((a + b + c)[:, 2])[inside])]
        return Place(int(shown[near[best]]), float(u[best]), float(v[best]))

    def to_dict(self) -> dict[str, Any]:
        """Everything a page needs to show the view and paint on it."""
        return {
            "id": self.id,
            "label": self.label,
            "shape": self.shape,
            "width": self.width,
            "height": self.height,
            "units_per_cm": self.units_per_cm,
            "art": self.art,
            "regions": [{"region": o.region, "side": o.side, "path": o.path} for o in self.outlines],
        }


def flip_path(path: str, width: int) -> str:
    """Mirror an SVG path of `M`, `c` and `z` about the middle of a picture."""

    def segment(match: re.Match[str]) -> str:
        command = match[1]
        numbers = [float(n) for n in re.findall(r"-?[\d.]+", match[2])]
        for i in range(0, len(numbers), 2):
            numbers[i] = width - numbers[i] if command == "M" else -numbers[i]
        return command + " ".join(
            f"{n:.1f}".rstrip("0").rstrip(".").replace("-0", "0", n == 0) for n in numbers
        )

    return re.sub(r"([Mcz])([^Mcz]*)", segment, path)


def view(name: str, shape: str = "neutral") -> View:
    """One view of a shape.

    Parameters
    ----------
    name
        A key of `VIEWS`.
    shape
        One of `SHAPES`.

    Raises
    ------
    KeyError
        If there is no such view or shape.
    """
    return _view(name, shape)


@cache
def _view(name: str, shape: str) -> View:
    body = Body.load()
    label = VIEWS[name]
    stored = stored_view(name)
    geometry = _geometry()[shape][stored]
    mirrored = stored != name
    cells = np.flatnonzero(_bits(shape, stored))
    middle = body.shape(shape, geometry["pose"]).centroids_cm[cells]
    x, y, z = middle.T
    right, up, _ = (a * x + b * y + c * z for a, b, c in geometry["axes"])
    across = (right - geometry["centre"]) * geometry["units_per_cm"]
    down = (geometry["top"] - up) * geometry["units_per_cm"]
    if mirrored:
        cells = body.topology.mirrored_cell[cells]
        order = np.argsort(cells)
        cells, across, down = cells[order], -across[order], down[order]
    return View(
        name,
        label,
        shape,
        geometry["width"],
        geometry["height"],
        geometry["units_per_cm"],
        cells,
        across,
        down,
        geometry,
        mirrored,
    )


@cache
def _geometry() -> Mapping[str, Any]:
    geometry: Mapping[str, Any] = json.loads(read_bytes("views.json"))
    return geometry


@cache
def _visible() -> Mapping[str, NDArray[np.uint8]]:
    return read_arrays("views.npz")


def _bits(shape: str, stored: str) -> NDArray[np.bool_]:
    bits = np.unpackbits(_visible()[f"{shape}_{stored}"])
    return bits[: len(Body.load().topology.cells)].astype(bool)
