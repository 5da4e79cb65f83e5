"""Charts: views of the body with fields, regions and points drawn on them, as SVG.

Colours keep apart for every kind of colour vision and in print: one dark red for pain, teal for points and channels,
and never colour alone (essential zones have a solid outline, spill-over zones a broken one).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from tautband.atlas.body.body import Body
from tautband.atlas.body.raster import field_image
from tautband.atlas.body.surface import Floats
from tautband.atlas.body.views import Place, View, view

PAIN = (176, 32, 46)
POINT = "#0f5f6b"
TEXT, QUIET, PAPER = "#1f2933", "#5b6673", "#ffffff"
FONTS = "Inter, 'Helvetica Neue', Arial, 'Noto Sans', 'Noto Sans CJK SC', 'DejaVu Sans', sans-serif"
FIELD_PIXEL_CM = 0.4

BODY_HEIGHT = 760
"""Height of a whole-body view in a chart; close-ups are drawn half as high, two above each other."""

GAP = 28
CAPTION = 28
MARGIN = 32


@dataclass(frozen=True, slots=True)
class Zone:
    """A region outlined in a chart: `essential` with a solid line, `spillover` with a broken one."""

    region: str
    side: str
    kind: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point in a chart: `trigger_point` as a cross, `acupoint` as a ring; the label stands beside it."""

    place: Place
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the legend: the kind of thing and what it means here."""

    kind: str
    text: str


@dataclass(frozen=True, eq=False)
class Chart:
    """A picture of the body with something shown on it; displays itself in notebooks.

    Attributes
    ----------
    title, subtitle
        What it shows, in both vocabularies where there are two.
    views
        Names of the views, left to right.
    shape
        Which shape of the body.
    field
        (107024,) values from 0 to 1, shown as a wash of colour; none if `None`.
    zones
        Outlined regions.
    marks
        Points.
    courses
        Lines through points, such as a meridian; each in order.
    legend
        What the signs mean.
    note
        A line at the foot: limits, sources.
    """

    title: str
    views: tuple[str, ...]
    subtitle: str = ""
    shape: str = "neutral"
    field: Floats | None = None
    zones: tuple[Zone, ...] = ()
    marks: tuple[Mark, ...] = ()
    courses: tuple[tuple[Place, ...], ...] = ()
    legend: tuple[Key, ...] = ()
    note: str = ""

    def svg(self) -> str:
        """The chart as a complete SVG document."""
        columns = [[view(name, self.shape) for name in column] for column in _columns(self.views)]
        scales = [
            [BODY_HEIGHT / (1 if is_whole(v.id) else 2) / v.height for v in column] for column in columns
        ]
        widths = [
            max(v.width * k for v, k in zip(*both, strict=True)) for both in zip(columns, scales, strict=True)
        ]
        content = sum(widths) + GAP * (len(columns) - 1)
        # letters are about so wide on average; nothing may run out of the picture
        words = max(11.6 * len(self.title), 7.6 * len(self.subtitle), 6.2 * len(self.note))
        words = max([words, *(7 * len(key.text) + 38 for key in self.legend)])
        width = max(content, words) + 2 * MARGIN
        top = MARGIN + (58 if self.subtitle else 36)
        rows = max(len(column) for column in columns)
        tallest = BODY_HEIGHT if any(map(is_whole, self.views)) else BODY_HEIGHT / 2 * rows
        foot = top + tallest + CAPTION * rows + 16
        height = foot + 22 * len(self.legend) + (20 if self.note else 0) + MARGIN / 2
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" font-family="{FONTS}">',
            f"<title>{escape(self.title)}</title>",
            f'<rect width="100%" height="100%" fill="{PAPER}"/>',
            _text(MARGIN, MARGIN + 14, self.title, 20, TEXT, weight=600),
            _text(MARGIN, MARGIN + 38, self.subtitle, 14, QUIET) if self.subtitle else "",
        ]
        left = (width - content) / 2
        for column, column_scales, w in zip(columns, scales, widths, strict=True):
            y = float(top)
            for v, k in zip(column, column_scales, strict=True):
                x = left + (w - v.width * k) / 2
                parts.append(
                    f'<g transform="translate({x:.1f} {y:.1f}) scale({k:.5f})">{self._view(v, 1 / k)}</g>'
                )
                y += v.height * k + CAPTION
                parts.append(_text(left + w / 2, y - 10, v.label, 12, QUIET, anchor="middle"))
            left += w + GAP
        for i, key in enumerate(self.legend):
            parts.append(_sign(key.kind, MARGIN + 14, foot + 12 + 22 * i))
            parts.append(_text(MARGIN + 38, foot + 16 + 22 * i, key.text, 13, TEXT))
        if self.note:
            parts.append(_text(MARGIN, foot + 14 + 22 * len(self.legend), self.note, 11, QUIET))
        return "".join(parts) + "</svg>"

    def _repr_svg_(self) -> str:
        return self.svg()

    def _view(self, shown: View, unit: float) -> str:
        """One view with everything on it; `unit` is how many units of the view one unit of the chart is."""
        parts = [shown.art]
        if self.field is not None:
            wash = field_image(self.field, shown, WASH, FIELD_PIXEL_CM * shown.units_per_cm)
            parts.append(shown.clip(wash))
        paths = {
            kind: "".join(
                outline.path
                for outline in shown.outlines
                if Zone(outline.region, outline.side, kind) in self.zones
            )
            for kind in ("spillover", "essential")
        }
        for kind, path in paths.items():
            if path:
                name = f"{shown.shape}-{shown.id}-{kind}"
                parts.append(_border(path, paths["essential"], kind == "essential", name, unit))
        parts += [_course(shown, course, unit) for course in self.courses]
        parts += [_mark(shown, mark, unit) for mark in self.marks]
        return "".join(parts)


def is_whole(name: str) -> bool:
    """Whether a view shows a whole body or a whole leg."""
    return name in ("front", "back", "left", "right") or "leg" in name


def _columns(names: Sequence[str]) -> list[list[str]]:
    """Whole bodies stand alone; close-ups two above each other."""
    whole = [[name] for name in names if is_whole(name)]
    near = [name for name in names if not is_whole(name)]
    return whole + [near[i : i + 2] for i in range(0, len(near), 2)]


def _wash() -> NDArray[np.uint8]:
    """Colours of a field from nothing to full: one hue, growing darker and denser."""
    value = np.linspace(0, 1, 256)
    light = np.array([236, 120, 96])
    colours = np.empty((256, 4))
    colours[:, :3] = light + (np.array(PAIN) - light) * value[:, None] ** 0.8
    colours[:, 3] = 215 * np.clip((value - 0.04) / 0.96, 0, 1) ** 0.8
    return np.rint(colours).astype(np.uint8)


WASH = _wash()


def mirrored_place(place: Place) -> Place:
    """The same place on the other side of the body."""
    return Place(int(Body.load().topology.mirrored_cell[place.cell]), place.v, place.u)


def best_views(
    field: Floats | None = None, places: Sequence[Place] = (), shape: str = "neutral"
) -> tuple[str, ...]:
    """The one to three whole-body views that show the most of a field, and of some places as far as they face there."""
    body = Body.load()
    left = np.zeros(len(body.topology.cells))
    if field is not None:
        left += np.where(field > 0.25, field, 0) * body.shape().areas_cm2
    # all places together weigh as much as a third of the field
    each = max(left.sum(), 1.0) / 3 / max(len(places), 1)
    open_ = list(places)
    total = left.sum() + each * len(open_)
    chosen: list[str] = []
    for _ in range(3):
        shown = [view(name, shape) for name in ("front", "back", "left", "right")]
        gains = {v.id: float(left[v.cells].sum()) + each * sum(_faces(v, p) for p in open_) for v in shown}
        best = max(gains, key=lambda name: gains[name])
        if chosen and gains[best] < 0.12 * total:
            break
        chosen.append(best)
        left[view(best, shape).cells] = 0
        open_ = [place for place in open_ if not _faces(view(best, shape), place)]
    order = ("right", "front", "left", "back")
    return tuple(sorted(chosen, key=order.index))


def _faces(shown: View, place: Place) -> bool:
    """Whether a place shows in a view, and not on the slant."""
    if not np.isin(place.cell, shown.cells):
        return False
    corners = Body.load().shape(shown.shape, shown.geometry["pose"])
    a, b, c = shown.project(corners.vertices_cm[corners.cells[place.cell]])
    seen = abs((b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])) / 2 / shown.units_per_cm**2
    return bool(seen > 0.5 * corners.areas_cm2[place.cell])


def _text(
    x: float, y: float, text: str, size: int, colour: str, *, anchor: str = "start", weight: int = 400
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" font-weight="{weight}" fill="{colour}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )


def _border(path: str, essential: str, solid: bool, name: str, unit: float) -> str:
    """A line around regions together: what lies between two of them, or in the essential zone, is masked out."""
    dots = "" if solid else f' stroke-dasharray="{2.2 * unit:.2f} {3 * unit:.2f}"'
    red = f"rgb{PAIN}".replace(" ", "")
    return (
        f'<mask id="{name}" maskUnits="userSpaceOnUse" x="-100" y="-100" width="4000" height="4000">'
        f'<path d="M-100-100h4000v4000h-4000z" fill="#fff"/><path d="{path}{essential}" fill="#000" stroke="#000" '
        f'stroke-width="{0.8 * unit:.2f}"/></mask><path d="{path}" fill="none" stroke="{red}" '
        f'stroke-width="{3.2 * unit:.2f}" stroke-linejoin="round"{dots} mask="url(#{name})"/>'
    )


def _where(shown: View, place: Place) -> tuple[float, float] | None:
    """Where a place shows in a view; nothing when it is hidden there."""
    if not np.isin(place.cell, shown.cells):
        return None
    shape = Body.load().shape(shown.shape, shown.geometry["pose"])
    x, y, _ = shown.project(shape.place_cm(place.cell, place.u, place.v)[None])[0]
    return float(x), float(y)


def _mark(shown: View, mark: Mark, unit: float) -> str:
    at = _where(shown, mark.place)
    if at is None:
        return ""
    label = ""
    if mark.label:
        away = 1 if at[0] >= shown.width / 2 else -1
        label = (
            f'<text x="{at[0] + away * 9 * unit:.1f}" y="{at[1] + 4 * unit:.1f}" font-size="{11 * unit:.1f}" '
            f'text-anchor="{"start" if away > 0 else "end"}" fill="{TEXT}" stroke="{PAPER}" '
            f'stroke-width="{2.5 * unit:.1f}" paint-order="stroke">{escape(mark.label)}</text>'
        )
    return f'<g transform="translate({at[0]:.1f} {at[1]:.1f}) scale({unit:.4f})">{_sign(mark.kind, 0, 0)}</g>{label}'


def _course(shown: View, places: Sequence[Place], unit: float) -> str:
    """A line through the places that show, broken where one is hidden."""
    path, pen = [], "M"
    for place in places:
        at = _where(shown, place)
        if at is None:
            pen = "M"
            continue
        path.append(f"{pen}{at[0]:.1f} {at[1]:.1f}")
        pen = "L"
    if not path:
        return ""
    return (
        f'<path d="{"".join(path)}" fill="none" stroke="{POINT}" stroke-opacity=".55" '
        f'stroke-width="{1.6 * unit:.2f}" stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _sign(kind: str, x: float, y: float) -> str:
    """The sign of a kind of thing, about 12 wide, as it stands in the picture and in the legend."""
    red = f"rgb{PAIN}".replace(" ", "")
    at = f'transform="translate({x:.1f} {y:.1f})"'
    match kind:
        case "trigger_point":
            cross = "M-5-5L5 5M-5 5L5-5"
            return (
                f'<g {at} fill="none" stroke-linecap="round"><path d="{cross}" stroke="{PAPER}" stroke-width="5"/>'
                f'<path d="{cross}" stroke="{TEXT}" stroke-width="2.4"/></g>'
            )
        case "acupoint" | "landmark":
            return f'<circle {at} r="4.2" fill="{PAPER}" stroke="{POINT}" stroke-width="2"/>'
        case "course":
            return f'<path {at} d="M-12 0H12" stroke="{POINT}" stroke-opacity=".55" stroke-width="1.6"/>'
        case "essential" | "spillover":
            opacity, dots = (".72", "") if kind == "essential" else (".2", ' stroke-dasharray="2.2 3"')
            return (
                f'<rect {at} x="-12" y="-7" width="24" height="14" rx="3" fill="{red}" fill-opacity="{opacity}" '
                f'stroke="{red}" stroke-width="1.2"{dots}/>'
            )
        case "wash":
            steps = "".join(
                f'<rect x="{4 * i - 12}" y="-7" width="4" height="14" fill-opacity="{0.12 + 0.14 * i:.2f}"/>'
                for i in range(6)
            )
            return f'<g {at} fill="{red}">{steps}</g>'
    raise ValueError(f"sign {kind!r} is unknown")
