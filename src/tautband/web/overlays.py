"""What lies over a view of the body: where a cause is felt, its trigger point and the related acupoints.

The person's own drawing is red; what the atlas says is blue-green, so that the two are never taken for each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tautband.assessment.channels import related_points
from tautband.atlas import Atlas
from tautband.atlas.body import Body, View, fields
from tautband.atlas.body.illustrate import places_of
from tautband.atlas.body.raster import field_image
from tautband.atlas.body.surface import Floats
from tautband.atlas.body.views import Place
from tautband.web.views import WHOLE, find_view

SIDES = ("left", "right", "midline")
COLOUR = (24, 138, 155)
PIXEL_CM = 0.4
CORE = {"core": 1.0, "often": 0.6, "sometimes": 0.3}
WASH = np.array([[*COLOUR, round(120 * max(0.0, i / 255 - 0.05))] for i in range(256)], dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class Mark:
    """A point as it shows in a view."""

    kind: str
    id: str
    x: float
    y: float


Zones = dict[tuple[str, str], tuple[str, float]]
"""Region and side to the kind of zone and how strongly it shows."""


def zones_of(kind: str, name: str, side: str, atlas: Atlas) -> Zones | None:
    """Where a cause is felt; nothing for a cause that the atlas does not have."""
    if side not in SIDES:
        return None
    if kind == "trigger_point" and name in atlas.trigger_points and side != "midline":
        found: Zones = {}
        for region, at, zone in fields.referral_zones(name, side, atlas):
            if found.get((region, at), ("", 0.0))[1] < fields.ZONE_LEVEL[zone]:
                drawn = "essential" if zone == "essential" else "spillover"
                found[region, at] = (drawn, fields.ZONE_LEVEL[zone])
        return found
    if kind == "lookalike" and name in atlas.lookalikes:
        return {
            (row.region, at): ("essential" if row.zone == "core" else "spillover", CORE[row.zone])
            for row in atlas.regions_of_lookalike.get(name, ())
            for at in _sides(row.region, side, atlas)
        }
    return None


def _sides(region: str, side: str, atlas: Atlas) -> tuple[str, ...]:
    if atlas.regions[region].midline:
        return ("midline",)
    return ("left", "right") if side == "midline" else (side,)


def picture(kind: str, name: str, side: str, view: str, shape: str, atlas: Atlas) -> str | None:
    """An SVG that lies over a view of the body; nothing if there is no such cause or view."""
    shown, zones = find_view(shape, view), zones_of(kind, name, side, atlas)
    if shown is None or zones is None:
        return None
    red, green, blue = COLOUR
    unit = shown.height / (1700 if shown.id in WHOLE else 1200)  # so that lines are as thick in every picture
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {shown.width} {shown.height}">',
        "<clipPath id='body'><path d='" + "".join(o.path for o in shown.outlines) + "'/></clipPath>",
        f'<g clip-path="url(#body)">{field_image(_field(zones), shown, WASH, PIXEL_CM * shown.units_per_cm)}</g>',
        f'<g fill="none" stroke="rgb({red},{green},{blue})" stroke-width="{2.2 * unit:.1f}" stroke-linejoin="round">',
    ]
    for outline in shown.outlines:
        if (outline.region, outline.side) in zones:
            essential = zones[outline.region, outline.side][0] == "essential"
            dots = "" if essential else f' stroke-dasharray="{5 * unit:.1f} {6 * unit:.1f}"'
            parts.append(f'<path d="{outline.path}"{dots}/>')
    parts.append("</g>")
    parts += [_sign(mark, unit) for mark in marks(kind, name, side, shown, atlas)]
    return "".join(parts) + "</svg>"


def _field(zones: Zones) -> Floats:
    return fields.of_places((region, side, level) for (region, side), (_, level) in zones.items())


def _sign(mark: Mark, unit: float) -> str:
    at = f'transform="translate({mark.x:.1f} {mark.y:.1f}) scale({1.8 * unit:.2f})"'
    if mark.kind == "trigger_point":
        cross = "M-5-5L5 5M-5 5L5-5"
        return (
            f'<g {at} fill="none" stroke-linecap="round"><path d="{cross}" stroke="#fff" stroke-width="5"/>'
            f'<path d="{cross}" stroke="#1f2933" stroke-width="2.4"/></g>'
        )
    return f'<circle {at} r="4.2" fill="#fff" stroke="rgb{COLOUR}" stroke-width="2"/>'.replace(", ", ",")


def marks(kind: str, name: str, side: str, shown: View, atlas: Atlas) -> Iterator[Mark]:
    """The trigger point and its related acupoints, as far as they have a place on the surface and show here."""
    if kind != "trigger_point":
        return
    wanted = [("trigger_point", name), *(("acupoint", p.code) for p in related_points(name, atlas)[:3])]
    for what, point in wanted:
        for place in places_of(atlas, what, point, side):
            if (at := where_shown(shown, place)) is not None:
                yield Mark(what, point, *at)


def where_shown(shown: View, place: Place) -> tuple[float, float] | None:
    """Where a place shows in a view; nothing when it is hidden there."""
    if not np.isin(place.cell, shown.cells):
        return None
    shape = Body.load().shape(shown.shape, shown.geometry["pose"])
    x, y, _ = shown.project(shape.place_cm(place.cell, place.u, place.v)[None])[0]
    return float(x), float(y)


def document(kind: str, name: str, side: str, view: str, shape: str, atlas: Atlas) -> dict[str, Any]:
    """The zones of a cause, and its points as far as they show in a view; all empty if there are none."""
    shown, zones = find_view(shape, view), zones_of(kind, name, side, atlas) or {}
    return {
        "zones": [{"region": r, "side": s, "zone": kind_of} for (r, s), (kind_of, _) in zones.items()],
        "points": []
        if shown is None
        else [
            {"kind": m.kind, "id": m.id, "x": round(m.x, 1), "y": round(m.y, 1)}
            for m in marks(kind, name, side, shown, atlas)
        ],
    }
