"""Assess a case: triage, differential, verdict, reasons, the next step, and the reading in the other vocabulary."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tautband.assessment.case import OPPOSITE, Case
from tautband.assessment.channels import ChannelShare, RelatedPoint, channel_shares, related_points
from tautband.assessment.explain import CauseKey, Explanation, Reason, explain
from tautband.assessment.inference import Posterior
from tautband.assessment.judgement import Judgement, judge
from tautband.assessment.model import Place, place_of
from tautband.assessment.network import Network
from tautband.assessment.next_step import NextStep, next_steps
from tautband.assessment.triage import Triage, screen
from tautband.assessment.verdict import Needling
from tautband.atlas import Atlas

EXPLAINED = 5
"""How many of the likeliest causes get their reasons, and of the likeliest muscles their likeliest trigger point."""

LISTED_FROM = 0.001
"""Causes and muscles below this probability are not listed."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A painted place and the chance that a cause produced the pain painted there."""

    region: str
    side: str
    share: float


@dataclass(frozen=True, slots=True)
class CauseEstimate:
    """A cause in the differential.

    Attributes
    ----------
    id, kind, side, layer, urgency, name
        What it is.
    probability
        Chance that it is active.
    shown
        The part of it that this person shows, by the drawing, the answers or palpation; the rest is what studies found
        in people with such a complaint.
    main_source
        Chance that it is the main source of the complaint.
    explains
        What it explains of the drawing; empty beyond the first few causes.
    why
        What speaks for and against it; empty beyond the first few causes.
    acupoints
        Related acupoints of a trigger point.
    sources
        Where its pattern comes from.
    """

    id: str
    kind: str
    side: str
    layer: str
    urgency: str
    name: str
    probability: float
    shown: float
    main_source: float
    explains: tuple[Explained, ...]
    why: tuple[Reason, ...]
    acupoints: tuple[RelatedPoint, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MuscleEstimate:
    """Chance that a muscle holds at least one active trigger point, and the part of it that this person shows."""

    muscle: str
    side: str
    probability: float
    shown: float


@dataclass(frozen=True)
class Assessment:
    """Everything tautband says about a case, for one atlas version.

    Attributes
    ----------
    atlas
        Version of the atlas.
    method
        `exact`, or the sampling method with its error.
    triage
        Red flags that fired and those still open.
    needling
        The verdict with its reason.
    layers
        Chance that the main source lies in each layer; what is left to 1 is unknown.
    causes, muscles
        Most probable first.
    unexplained
        Chance that no cause of the atlas explains a painted place; only where it exceeds one half.
    channels
        The drawing as meridians and sinew channels.
    next
        What to ask or press next; empty when nothing more can matter.
    """

    atlas: str
    method: str
    triage: Triage
    needling: Needling
    layers: Mapping[str, float]
    causes: tuple[CauseEstimate, ...]
    muscles: tuple[MuscleEstimate, ...]
    unexplained: tuple[Explained, ...]
    channels: tuple[ChannelShare, ...]
    next: tuple[NextStep, ...]


def assess(case: Case, atlas: Atlas, *, reasons: bool = True) -> Assessment:
    """Assess a case.

    Parameters
    ----------
    case
        A case read with the same atlas.
    atlas
        The atlas to judge it by.
    reasons
        Whether to work out `explains`, `why` and `unexplained`, which takes most of the time; the rest is the same.

    Returns
    -------
    Assessment
        The same case and atlas give the same assessment, and the mirrored case its mirror image.
    """
    # left and right are solved in one canonical orientation, so that mirroring is exact to the last bit
    if _orientation(case.mirrored()) < _orientation(case):
        return replace(mirror(_assess(case.mirrored(), atlas, reasons)), triage=screen(case, atlas))
    return _assess(case, atlas, reasons)


def _orientation(case: Case) -> tuple[object, ...]:
    return (
        tuple(sorted((p.region, p.side, p.intensity or 0.0) for p in case.pain)),
        tuple(sorted((f.trigger_point, f.side, tuple(sorted(f.signs().items()))) for f in case.findings)),
    )


def _assess(case: Case, atlas: Atlas, reasons: bool) -> Assessment:
    judgement = judge(case, atlas)
    network, shares = judgement.network, judgement.shares
    order = sorted(
        (i for i, cause in enumerate(network.causes) if cause.kind != "unknown"),
        key=lambda i: (-round(float(shares.active[i]), 9), network.causes[i].id, network.causes[i].side),
    )
    unpressed, studies = _unpressed(judgement), _studies(judgement)
    muscles = _muscles(network, judgement.posterior, unpressed)
    explanation = Explanation({}, {}, {})
    if reasons:
        explanation = explain(judgement, _worth_explaining(network, order, muscles))
    return Assessment(
        atlas=atlas.version,
        method=judgement.posterior.method,
        triage=judgement.triage,
        needling=judgement.needling,
        layers=judgement.layers,
        causes=tuple(
            _estimate(i, judgement, unpressed[i], explanation, studies)
            for i in order
            if shares.active[i] >= LISTED_FROM
        ),
        muscles=muscles,
        unexplained=_listed(
            {place: share for place, share in explanation.unexplained.items() if share > 0.5}
        ),
        channels=channel_shares([place_of(atlas, p.region, p.side) for p in case.pain], atlas),
        next=next_steps(judgement, limit=5),
    )


def _worth_explaining(
    network: Network, order: Sequence[int], muscles: Sequence[MuscleEstimate]
) -> Sequence[int]:
    sites: dict[tuple[str, str], int] = {}
    for i in order:
        sites.setdefault((network.causes[i].muscle, network.causes[i].side), i)
    likeliest = [sites[m.muscle, m.side] for m in muscles[:EXPLAINED]]
    return list(dict.fromkeys([*order[:EXPLAINED], *likeliest]))


def _estimate(
    i: int,
    judgement: Judgement,
    unpressed: float,
    explanation: Explanation,
    studies: Mapping[str, tuple[str, ...]],
) -> CauseEstimate:
    atlas, shares, cause = judgement.atlas, judgement.shares, judgement.network.causes[i]
    key: CauseKey = (cause.id, cause.side)
    if cause.kind == "trigger_point":
        point = atlas.trigger_points[cause.id]
        name = f"{atlas.muscles[point.muscle].name}, {point.label.lower()}"
        # what brings in a point that the drawing does not show is named first
        sources = tuple(dict.fromkeys((*studies.get(point.muscle, ()), *point.provenance.sources)))
    else:
        name = atlas.lookalikes[cause.id].name
        sources = atlas.lookalikes[cause.id].provenance.sources
    return CauseEstimate(
        id=cause.id,
        kind=cause.kind,
        side=cause.side,
        layer=cause.layer,
        urgency=cause.urgency,
        name=name,
        probability=float(shares.active[i]),
        shown=_shown(float(shares.active[i]), unpressed),
        main_source=float(shares.main[i]),
        explains=_listed(explanation.explains.get(key, {})),
        why=explanation.reasons.get(key, ()),
        acupoints=related_points(cause.id, atlas) if cause.kind == "trigger_point" else (),
        sources=sources,
    )


def _studies(judgement: Judgement) -> Mapping[str, tuple[str, ...]]:
    """Per muscle, where it was published how often it is active in the complaints that are painted."""
    drawn = {p.region for p in judgement.case.pain}
    complaints = {c.id for c in judgement.model.complaints if c.regions & drawn}
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for row in judgement.atlas.prevalence:
        if row.complaint_key in complaints and row.active_pct is not None:
            for muscle in judgement.atlas.muscles_named(row.muscle):
                found[muscle].update(dict.fromkeys(row.provenance.sources))
    return {muscle: tuple(sources) for muscle, sources in found.items()}


def _listed(shares: Mapping[Place, float]) -> tuple[Explained, ...]:
    """The places with the largest share first, whatever the order in which they were painted."""
    order = sorted(shares, key=lambda place: (-round(shares[place], 9), place))
    return tuple(Explained(*place, shares[place]) for place in order)


def _muscles(
    network: Network, posterior: Posterior, unpressed: Sequence[float]
) -> tuple[MuscleEstimate, ...]:
    found = []
    for b, block in enumerate(network.problem.blocks):
        cause, active = network.causes[block[0]], float(posterior.block_active[b])
        if cause.muscle and active >= LISTED_FROM:
            quiet = 1.0 - math.prod(1.0 - unpressed[i] for i in block)
            found.append(MuscleEstimate(cause.muscle, cause.side, active, _shown(active, quiet)))
    return tuple(sorted(found, key=lambda m: (-round(m.probability, 9), m.muscle, m.side)))


def _unpressed(judgement: Judgement) -> Sequence[float]:
    """Per cause, the chance that it is active without showing itself, as long as nobody has pressed there."""
    pressed = {(f.trigger_point, f.side) for f in judgement.case.findings}
    network = judgement.network
    return [
        0.0 if (cause.id, cause.side) in pressed else quiet
        for cause, quiet in zip(network.causes, network.quiet, strict=True)
    ]


def _shown(active: float, quiet: float) -> float:
    return max(0.0, 1.0 - (1.0 - active) / (1.0 - quiet))


def mirror(assessment: Assessment) -> Assessment:
    """The assessment of the mirrored case: left and right exchanged, nothing else."""

    def swap(row: Explained) -> Explained:
        return replace(row, side=OPPOSITE[row.side])

    def swap_step(step: NextStep) -> NextStep:
        text = step.text
        if step.side in ("left", "right"):
            text = text.replace(f"({step.side})", f"({OPPOSITE[step.side]})")
        return replace(step, side=OPPOSITE.get(step.side, ""), text=text)

    return replace(
        assessment,
        causes=tuple(
            replace(
                c,
                side=OPPOSITE[c.side],
                explains=tuple(swap(e) for e in c.explains),
                why=tuple(replace(r, side=OPPOSITE.get(r.side, "")) for r in c.why),
            )
            for c in assessment.causes
        ),
        muscles=tuple(replace(m, side=OPPOSITE[m.side]) for m in assessment.muscles),
        unexplained=tuple(swap(e) for e in assessment.unexplained),
        channels=tuple(replace(c, side=OPPOSITE[c.side]) for c in assessment.channels),
        next=tuple(swap_step(s) for s in assessment.next),
    )
