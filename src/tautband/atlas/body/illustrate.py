"""Charts of what the atlas knows: trigger points and muscles with their referral, acupoints, channels, regions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tautband.atlas import tables as t
from tautband.atlas.atlas import Atlas
from tautband.atlas.body import fields
from tautband.atlas.body.body import Body
from tautband.atlas.body.chart import Chart, Key, Mark, Zone, best_views, mirrored_place
from tautband.atlas.body.surface import Floats
from tautband.atlas.body.views import VIEWS, Place, view

SIDES = ("left", "right")
REFERRAL_NOTE = (
    "Reported patterns are evidence, not a definition: pain outside them does not rule a point out."
)
COURSE_NOTE = "Courses are traditional; that they match trigger points is contested."

CLOSE_UPS = (
    *(name for name in VIEWS if name.startswith("head")),
    *(name for name in VIEWS if "hand" in name or "foot" in name),
)


def places_of(atlas: Atlas, kind: str, name: str, side: str) -> tuple[Place, ...]:
    """Where a landmark, acupoint or trigger point lies on one side; empty while it has no place on the surface."""
    rows: Iterable[Any] = getattr(atlas, "surface_points", ())
    found = []
    for row in rows:
        if row.kind == kind and row.point == name:
            place = Place(row.cell, row.u, row.v)
            found.append(mirrored_place(place) if side == "right" and not row.midline else place)
    return tuple(found)


def of_trigger_points(
    points: Iterable[t.TriggerPoint], atlas: Atlas, side: str, title: str, subtitle: str
) -> Chart:
    """The referral of trigger points together, with the points themselves.

    Parameters
    ----------
    side
        `left`, `right` or `both`.
    """
    points = tuple(points)
    sides = SIDES if side == "both" else (side,)
    levels: dict[tuple[str, str], float] = {}
    zones: dict[tuple[str, str], str] = {}
    for point in points:
        for one in sides:
            for region, at, zone in fields.referral_zones(point.id, one, atlas):
                levels[region, at] = max(levels.get((region, at), 0.0), fields.ZONE_LEVEL[zone])
                if zones.get((region, at)) != "essential":
                    zones[region, at] = "essential" if zone == "essential" else "spillover"
    field = fields.of_places((*place, level) for place, level in levels.items())
    marks = tuple(
        Mark(place, "trigger_point", str(i) if len(points) > 1 else "")
        for i, point in enumerate(points, 1)
        for one in sides
        for place in places_of(atlas, "trigger_point", point.id, one)
    )
    legend = [
        Key("essential", "essential zone: in most reports"),
        Key("spillover", "spill-over or local: in some"),
    ]
    if marks:
        legend.insert(0, Key("trigger_point", "; ".join(_numbered(points))))
    return Chart(
        title if side == "both" else f"{title}, {side}",
        views_for(field, [mark.place for mark in marks]),
        subtitle,
        field=field,
        zones=tuple(Zone(*place, kind) for place, kind in zones.items()),
        marks=marks,
        legend=tuple(legend),
        note=REFERRAL_NOTE,
    )


def _numbered(points: tuple[t.TriggerPoint, ...]) -> list[str]:
    if len(points) == 1:
        return [points[0].label]
    return [f"{i} {point.label}" for i, point in enumerate(points, 1)]


def of_trigger_point(name: str, atlas: Atlas, side: str = "both") -> Chart:
    """One trigger point with its referral and the acupoints somebody pairs with it."""
    point = atlas.trigger_points[name]
    muscle = atlas.muscles[point.muscle]
    return of_trigger_points(
        (point,), atlas, side, f"{muscle.name}: {point.label}", _pairs(point.muscle, atlas)
    )


def of_muscle(name: str, atlas: Atlas, side: str = "both") -> Chart:
    """All trigger points of a muscle with their referral."""
    muscle = atlas.muscles[name]
    subtitle = " · ".join(filter(None, (muscle.latin, _pairs(name, atlas))))
    return of_trigger_points(atlas.trigger_points_of.get(name, ()), atlas, side, muscle.name, subtitle)


def _pairs(muscle: str, atlas: Atlas) -> str:
    """The acupoints paired with a muscle, in their own vocabulary."""
    codes = list(dict.fromkeys(row.acupoint for row in atlas.correspondence if row.muscle == muscle))[:3]
    named = (atlas.acupoints[code] for code in codes)
    return "near " + ", ".join(f"{p.code} {p.pinyin_tones} {p.hanzi}" for p in named) if codes else ""


def of_acupoint(code: str, atlas: Atlas, side: str = "both") -> Chart:
    """One acupoint on the body, with the region it lies in."""
    point = atlas.acupoints[code]
    sides = ("left",) if point.midline else SIDES if side == "both" else (side,)
    marks = tuple(
        Mark(place, "acupoint", code) for one in sides for place in places_of(atlas, "acupoint", code, one)
    )
    regions = _sided(point.region, sides, atlas)
    field = fields.of_places((*place, 0.25) for place in regions)
    under = ", ".join(atlas.muscles[m].name if m in atlas.muscles else m for m in point.muscles_under)
    legend = [Key("spillover", f"region: {atlas.regions[point.region].label}")]
    if marks:
        legend.insert(0, Key("acupoint", f"{code}: {point.location}"))
    channel = atlas.channels.get(point.meridian)
    return Chart(
        f"{code} {point.pinyin_tones} {point.hanzi}",
        views_for(field * 4, [mark.place for mark in marks]),
        " · ".join(
            filter(None, (f"{channel.name} {channel.hanzi}" if channel else "", under and f"over {under}"))
        ),
        zones=tuple(Zone(*place, "spillover") for place in regions),
        marks=marks,
        legend=tuple(legend),
        note="A point's place on a chart is a guide to palpation; it does not say how deep a needle may go.",
    )


def of_channel(name: str, atlas: Atlas, side: str = "both") -> Chart:
    """A meridian or sinew channel: the regions of its course, and its points joined in order where they are placed."""
    channel = atlas.channels[name]
    sides = SIDES if side == "both" else (side,)
    regions = tuple(
        dict.fromkeys(
            place
            for row in atlas.regions_of_channel.get(name, ())
            for place in _sided(row.region, sides, atlas)
        )
    )
    own = [p for p in atlas.acupoints.values() if p.meridian == name]
    courses = tuple(
        tuple(place for code in line for place in places_of(atlas, "acupoint", code, one))
        for line in atlas.courses_of(name)
        for one in sides
    )
    marks = tuple(
        Mark(place, "acupoint", point.code if i in (0, len(own) - 1) else "")
        for one in sides
        for i, point in enumerate(own)
        for place in places_of(atlas, "acupoint", point.code, one)
    )
    field = fields.of_places((*place, 0.35) for place in regions)
    legend = [Key("wash", "regions on its course")]
    if marks:
        legend.append(Key("acupoint", f"{own[0].code} to {own[-1].code}"))
    return Chart(
        f"{channel.name} {channel.hanzi}",
        views_for(np.minimum(3 * field, 1), [mark.place for mark in marks]),
        channel.pinyin,
        field=field,
        marks=marks,
        courses=tuple(course for course in courses if course),
        legend=tuple(legend),
        note=COURSE_NOTE,
    )


def of_region(name: str, atlas: Atlas, side: str = "both") -> Chart:
    """One region of the body."""
    region = atlas.regions[name]
    regions = _sided(name, SIDES if side == "both" else (side,), atlas)
    field = fields.of_places(((*place, 0.5) for place in regions), steps=4)
    return Chart(
        region.label,
        views_for(np.minimum(2 * field, 1)),
        region.where,
        field=field,
        zones=tuple(Zone(*place, "essential") for place in regions),
        legend=(Key("essential", f"{region.area_cm2:.0f} cm² on the neutral body, each side"),),
    )


def of_lookalike(name: str, atlas: Atlas) -> Chart:
    """Where a look-alike is felt: core regions outlined, the others dotted."""
    cause = atlas.lookalikes[name]
    level = {"core": 1.0, "often": 0.6, "sometimes": 0.3}
    rows = atlas.regions_of_lookalike.get(name, ())
    places = [(p, row.zone) for row in rows for p in _sided(row.region, SIDES, atlas)]
    field = fields.of_places((*place, level[zone]) for place, zone in places)
    return Chart(
        cause.name,
        views_for(field),
        f"{cause.layer} layer; "
        + ("felt on one side at a time" if cause.laterality == "sided" else "either or both sides"),
        field=field,
        zones=tuple(Zone(*p, "essential" if zone == "core" else "spillover") for p, zone in places),
        legend=(Key("essential", "felt there as a rule"), Key("spillover", "felt there often or sometimes")),
        note=REFERRAL_NOTE,
    )


def of_pain(field: Floats, title: str, subtitle: str = "", shape: str = "neutral") -> Chart:
    """A drawing, a cohort or a posterior as a wash of colour."""
    return Chart(
        title,
        views_for(field, shape=shape),
        subtitle,
        shape,
        field,
        legend=(Key("wash", "from weak to strong"),),
    )


def _sided(region: str, sides: Iterable[str], atlas: Atlas) -> tuple[tuple[str, str], ...]:
    if atlas.regions[region].midline:
        return ((region, "midline"),)
    return tuple((region, side) for side in sides)


def views_for(field: Floats, places: Iterable[Place] = (), shape: str = "neutral") -> tuple[str, ...]:
    """The views to show a field in: whole-body views, and close-ups where head, hands or feet hold most of it."""
    body = Body.load()
    whole = best_views(field, tuple(places), shape)
    weight = np.where(field > 0.25, field, 0) * body.shape().areas_cm2
    total = weight.sum()
    if not total:
        return whole or ("front", "back")
    shares = {name: float(weight[view(name, shape).cells].sum() / total) for name in CLOSE_UPS}
    near = sorted((n for n in CLOSE_UPS if shares[n] > 0.3), key=lambda n: -shares[n])[:2]
    return (*whole, *near)
