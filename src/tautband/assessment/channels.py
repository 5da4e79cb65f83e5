"""The same drawing in the other vocabulary: the meridians and sinew channels it lies on, and related acupoints."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tautband.assessment.model import Place, place_of
from tautband.atlas import Atlas

KINDS = ("regular", "extraordinary", "sinew")


@dataclass(frozen=True, slots=True)
class ChannelShare:
    """The share of the painted regions of one side that lie on a channel's course.

    `evidence` is `traditional`: courses are carried over from the classical texts, not tested.
    """

    channel: str
    kind: str
    side: str
    share: float
    evidence: str


@dataclass(frozen=True, slots=True)
class RelatedPoint:
    """An acupoint related to a trigger point, how, and how far that is disputed."""

    code: str
    relation: str
    evidence: str


def channel_shares(painted: Sequence[Place], atlas: Atlas) -> tuple[ChannelShare, ...]:
    """Read a drawing as channels.

    Parameters
    ----------
    painted
        The painted places.
    atlas
        The atlas with the channels' courses.

    Returns
    -------
    tuple of ChannelShare
        Largest share first; a midline region counts for the channels of both sides, and for those of the midline.
    """
    courses: dict[str, set[str]] = defaultdict(set)
    for row in atlas.channel_regions:
        courses[row.channel].add(row.region)
    shares = []
    for channel in atlas.channels.values():
        if channel.kind not in KINDS:
            continue
        midline = channel.limb_pair == "midline"
        for side in ("midline",) if midline else ("left", "right"):
            own = [p for p in painted if midline or p[1] in (side, "midline")]
            on = [p for p in own if p[0] in courses[channel.id]]
            if midline:
                # a vessel on the midline is painted where the midline is, or where a region touches it
                on = [p for p in on if p[1] == "midline" or _touches_midline(p, atlas)]
            if on:
                shares.append(
                    ChannelShare(channel.id, channel.kind, side, len(on) / len(painted), "traditional")
                )
    return tuple(sorted(shares, key=lambda s: (-round(s.share, 9), KINDS.index(s.kind), s.channel, s.side)))


def _touches_midline(place: Place, atlas: Atlas) -> bool:
    return any(
        n.side == "opposite" or place_of(atlas, n.neighbour, "left")[1] == "midline"
        for n in atlas.neighbours_of.get(place[0], ())
    )


def related_points(trigger_point: str, atlas: Atlas) -> tuple[RelatedPoint, ...]:
    """List the acupoints related to a trigger point: pairs for this site first, then for its muscle.

    Where nobody has published a pair, acupoints whose texts name the muscle beneath and that lie in the same region
    are listed with the relation `needle_enters` and the evidence `anatomy`.
    """
    point = atlas.trigger_points[trigger_point]
    paired = [
        row
        for row in atlas.correspondence
        if row.trigger_point == trigger_point
        or (not row.trigger_point and point.muscle in atlas.muscles_named(row.muscle))
    ]
    paired.sort(key=lambda row: (row.trigger_point != trigger_point, row.acupoint))
    found = {row.acupoint: RelatedPoint(row.acupoint, row.relation, row.evidence) for row in reversed(paired)}
    if not found:
        found = {
            a.code: RelatedPoint(a.code, "needle_enters", "anatomy")
            for a in atlas.acupoints.values()
            if a.region == point.region
            and any(point.muscle in atlas.muscles_named(m) for m in a.muscles_under)
        }
        return tuple(found.values())
    return tuple(reversed(found.values()))
