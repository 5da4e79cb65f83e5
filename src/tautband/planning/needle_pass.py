"""One pass of the needle, with everything a colleague needs to see before it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tautband.assessment.assess import Assessment
from tautband.assessment.channels import related_points
from tautband.atlas import Atlas
from tautband.atlas.tables import NeedlingSite
from tautband.planning.adjuncts import PairedTreatment
from tautband.planning.corridor import Depth, Needle, Tightness
from tautband.planning.law import Reading, readings
from tautband.planning.technique import Dose, TechniqueUse

POSITION_WORDS = {
    "prone": "prone",
    "supine": "supine",
    "sitting": "sitting",
    "lithotomy": "on the back, legs in supports",
    "side_lying_left_up": "side-lying, left side up",
    "side_lying_right_up": "side-lying, right side up",
}


@dataclass(frozen=True, slots=True)
class PassHazard:
    """A structure in the path of a pass and how it is avoided."""

    id: str
    name: str
    kind: str
    avoid: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NearPoint:
    """An acupoint near the site, how it is related and how far that is disputed."""

    code: str
    name: str
    relation: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Pass:
    """One needle: which muscle, where, how, how deep, past what, with what technique and dose.

    Attributes
    ----------
    number
        Place in the order of the session, from 1.
    key
        Trigger point and side.
    position
        One of the positions in `POSITION_WORDS`; `position_detail` says how exactly.
    palpation
        How the band is found, whatever the technique.
    approach, direction, stop, avoidance
        Of the technique where it has a path of its own, such as a needle that stays over the muscle; of the site
        otherwise.
    depth
        The ceiling with its structure and sources, or `no sourced depth`.
    working_depth_mm
        Where a superficial needle lies; `None` for the other techniques.
    adjuncts
        What goes with it, before it or instead of it, in this area.
    """

    number: int
    key: str
    muscle: str
    name: str
    side: str
    trigger_point: str
    region: str
    probability: float
    site: str
    landmarks: str
    position: str
    position_detail: str
    turn: bool
    palpation: str
    approach: str
    direction: str
    stop: str
    needle: Needle
    depth: Depth
    working_depth_mm: tuple[int, int] | None
    hazards: tuple[PassHazard, ...]
    avoidance: str
    risk: str
    lung: bool
    technique: TechniqueUse
    also: tuple[TechniqueUse, ...]
    dose: Dose
    press_seconds: int
    roots: tuple[str, ...]
    acupoints: tuple[NearPoint, ...]
    channel: str
    readings: tuple[Reading, ...]
    adjuncts: tuple[str, ...]
    sources: tuple[str, ...]
    confidence: str
    source_read: bool


@dataclass(frozen=True, slots=True)
class Site:
    """A site before it becomes a pass: what the corridor says of it in this person and setting."""

    key: str
    muscle: str
    side: str
    trigger_point: str
    region: str
    probability: float
    row: NeedlingSite
    depth: Depth
    needle: Needle
    tight: Tightness
    superficial: bool
    lung: bool
    reasons: tuple[str, ...]


def positions_of(row: NeedlingSite, side: str) -> tuple[str, ...]:
    """The positions a site can be needled in, with the side that lies up.

    Parameters
    ----------
    row
        How the muscle is needled.
    side
        The side of the site.
    """
    up = side if row.side_up == "sore" else {"left": "right", "right": "left"}[side]
    return tuple(f"side_lying_{up}_up" if p == "side_lying" else p for p in row.positions)


def landmarks_of(trigger_point: str, atlas: Atlas) -> str:
    """Where the site is, between which landmarks.

    Parameters
    ----------
    trigger_point
        The site.
    atlas
        Its description.
    """
    point = atlas.trigger_points[trigger_point]
    if point.fraction is None:
        return point.location
    start, end = (_spelt(x) for x in (point.landmark_from, point.landmark_to))
    return f"{point.location}; about {point.fraction:.0%} of the way from {start} to {end}"


def _spelt(landmark: str) -> str:
    """A landmark in words, vertebrae with a capital letter."""
    return re.sub(r"\b[ctls]\d+\b", lambda m: m[0].upper(), landmark.replace("_", " "))


def near_points(trigger_point: str, atlas: Atlas) -> tuple[NearPoint, ...]:
    """The acupoints related to a site.

    Parameters
    ----------
    trigger_point
        The site.
    atlas
        Acupoints and correspondences.
    """
    return tuple(
        NearPoint(
            p.code,
            f"{atlas.acupoints[p.code].pinyin_tones} {atlas.acupoints[p.code].hanzi}".strip(),
            p.relation,
            p.evidence,
        )
        for p in related_points(trigger_point, atlas)[:2]
    )


def sinew_channel(region: str, assessment: Assessment, atlas: Atlas) -> str:
    """The sinew channel a site lies on: of those that pass here, the one that takes most of the drawing.

    Parameters
    ----------
    region
        Where the site lies.
    assessment
        Its channels rank the drawing.
    atlas
        The courses.
    """
    here = {c.channel for c in atlas.channel_regions if c.region == region}
    ranked = [c.channel for c in assessment.channels if c.kind == "sinew" and c.channel in here]
    ranked += sorted(c for c in here if atlas.channels[c].kind == "sinew")
    return ranked[0] if ranked else ""


def build_pass(
    site: Site,
    number: int,
    position: str,
    turn: bool,
    needle: Needle,
    technique: TechniqueUse,
    also: Iterable[TechniqueUse],
    dose: Dose,
    working_mm: tuple[int, int] | None,
    press_seconds: int,
    adjuncts: Iterable[PairedTreatment],
    assessment: Assessment,
    atlas: Atlas,
) -> Pass:
    """Put a pass together from what has been decided of it.

    Parameters
    ----------
    site, number, position, turn, needle, technique, also, dose, working_mm, press_seconds, adjuncts
        What has been decided.
    assessment, atlas
        Where its description and the second reading come from.
    """
    point = atlas.trigger_points[site.trigger_point]
    muscle = atlas.muscles[site.muscle]
    points = near_points(site.trigger_point, atlas)
    channel = sinew_channel(site.region, assessment, atlas)
    on = f"{atlas.channels[channel].hanzi} {atlas.channels[channel].name.split(' (')[0]}" if channel else ""
    row = site.row
    way = atlas.techniques[technique.id]
    in_muscle = way.stop != "over_muscle"
    return Pass(
        number=number,
        key=site.key,
        muscle=site.muscle,
        name=muscle.name,
        side=site.side,
        trigger_point=site.trigger_point,
        region=site.region,
        probability=site.probability,
        site=point.location,
        landmarks=landmarks_of(site.trigger_point, atlas),
        position=position,
        position_detail=row.position,
        turn=turn,
        palpation=row.palpation,
        approach=way.approach or row.approach,
        direction=way.direction or row.direction,
        stop=way.stop or row.stop,
        needle=needle,
        depth=site.depth,
        working_depth_mm=working_mm,
        hazards=tuple(
            PassHazard(h, z.name, z.kind, z.avoid if in_muscle else z.avoid_over_muscle, z.provenance.sources)
            for h in row.hazards
            for z in (atlas.hazards[h],)
        ),
        avoidance="; ".join(filter(None, (row.avoidance, row.avoidance_in_muscle if in_muscle else ""))),
        risk=row.risk,
        lung=site.lung,
        technique=technique,
        also=tuple(also),
        dose=dose,
        press_seconds=press_seconds,
        roots=muscle.roots,
        acupoints=points,
        channel=channel,
        readings=readings(muscle.name, site.side, tuple(f"{p.code} {p.name}" for p in points), on, atlas),
        adjuncts=tuple(f"{a.when}: {' and '.join(a.kinds)}: {a.what}" for a in adjuncts),
        sources=row.provenance.sources,
        confidence=row.provenance.confidence,
        source_read=row.provenance.source_read,
    )
