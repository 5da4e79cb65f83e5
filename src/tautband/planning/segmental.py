"""Propose segmental electrical stimulation for the passes of a session, or say what closes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from tautband.atlas import Atlas
from tautband.planning.needle_pass import Pass, Site
from tautband.planning.order import Load
from tautband.planning.screening import Screening
from tautband.planning.setting import Patient, Setting
from tautband.planning.stimulation import Electrode, Pair, Stimulation, cover, neighbour, paired
from tautband.planning.technique import technique_use


class SiteMaker(Protocol):
    """Gives a site in the corridor, before screening or with it."""

    def __call__(
        self, muscle: str, side: str, trigger_point: str, probability: float, *, screened: bool
    ) -> Site:
        """Make the site."""
        ...


def propose(
    chosen: Sequence[Site],
    passes: Sequence[Pass],
    load: Load,
    site: SiteMaker,
    screening: Screening,
    setting: Setting,
    patient: Patient,
    atlas: Atlas,
) -> tuple[Stimulation | None, tuple[str, ...]]:
    """Cover the roots of the chosen muscles from the spine with the fewest needles.

    Parameters
    ----------
    chosen
        The sites chosen before screening: levels are laid out for them, so that screening can only take away.
    passes
        What screening left of them.
    load
        Insertions left beside the passes are there for the spine.
    site
        Makes the paraspinal sites pass through the same corridor.
    screening
        Everything that forbids current must have been answered with no.
    setting
        Whether a stimulator is at hand.
    patient
        Irritable pain gets the high frequency, which makes no twitch.
    atlas
        Segments, muscles and techniques.

    Returns
    -------
    stimulation, closed
        A proposal, or nothing and every reason why.
    """
    closed = _closed(screening, setting, atlas)
    if not passes:
        closed.append("no pass to go with")
    if closed:
        return None, tuple(closed)
    laid_out, reasons = _lay_out(chosen, load, site, atlas)
    kept = [pair for p in laid_out if (pair := _screened(p, passes, site)) is not None]
    alive = {(root, p.side) for p in passes for root in p.roots}
    kept = [p for p in kept if any((root, p.first.side) in alive for root in p.roots)]
    if not kept:
        return None, tuple(reasons or ["no pair of needles is left open"])
    wanted = tuple(dict.fromkeys(r for p in passes for r in p.roots))
    covered = tuple(r for r in wanted if any(r in pair.roots for pair in kept))
    frequency = "electrical_high_frequency" if patient.irritability == "high" else "electrical_low_frequency"
    names = ", ".join(dict.fromkeys(atlas.muscles[p.muscle].name for p in passes))
    levels = list(dict.fromkeys(e.level for pair in kept for e in (pair.first, pair.second) if e.level))
    return (
        Stimulation(
            pairs=tuple(kept),
            extra_needles=len(
                {(e.level, e.side) for pair in kept for e in (pair.first, pair.second) if e.level}
            ),
            covered=covered,
            uncovered=tuple(r for r in wanted if r not in covered),
            technique=technique_use(
                frequency,
                "irritable pain: tingling without a twitch"
                if patient.irritability == "high"
                else "a visible twitch without pain",
                atlas,
            ),
            why=(
                f"{names} are supplied from {', '.join(wanted)}; the fewest levels that reach "
                f"{', '.join(covered)} are {', '.join(levels)}. That needling a segment adds to needling its muscle is "
                f"contested."
            ),
        ),
        (),
    )


def _closed(screening: Screening, setting: Setting, atlas: Atlas) -> list[str]:
    closed = [f"{a.condition}: {a.modifies}" for a in screening.having("no_electrical")]
    if "electrical" not in setting.modalities:
        closed.append("no electrical stimulation at hand (modalities)")
    if screening.having("light"):
        closed.append("a lighter dose is called for")
    unanswered = screening.unanswered_electrical(atlas)
    if unanswered:
        closed.append(f"not before these are answered: {', '.join(o.condition for o in unanswered)}")
    return closed


def _lay_out(
    chosen: Sequence[Site], load: Load, site: SiteMaker, atlas: Atlas
) -> tuple[list[Pair], list[str]]:
    """Pairs for as many of the chosen sites as the insertions allow, the likeliest first."""
    spare = load.insertions - len(chosen)
    ranked = sorted(chosen, key=lambda s: -round(s.probability, 9))
    reasons: list[str] = []
    for count in range(len(ranked), 0, -1):
        pairs: list[Pair] = []
        for side in dict.fromkeys(s.side for s in ranked[:count]):
            own = [s for s in ranked[:count] if s.side == side]
            made, why = _one_side(own, side, site, atlas)
            pairs += made
            reasons += why
        needles = {(e.level, e.side) for p in pairs for e in (p.first, p.second) if e.level}
        if pairs and len(needles) <= spare:
            return pairs, []
        if pairs:
            reasons.append(
                f"{len(needles)} needles beside the spine, and {max(0, spare)} fit into this session"
            )
    return [], list(dict.fromkeys(reasons))


def _one_side(own: Sequence[Site], side: str, site: SiteMaker, atlas: Atlas) -> tuple[list[Pair], list[str]]:
    roots = list(dict.fromkeys(r for s in own for r in atlas.muscles[s.muscle].roots))
    levels, unreached = cover(roots, atlas.segments)
    reasons = [f"no level with current reaches {', '.join(unreached)}"] if unreached else []
    needles = []
    for level in levels:
        electrode, why = _electrode(level, side, site, atlas)
        if electrode is None:
            reasons += why
        else:
            needles.append(electrode)
    limbs = [
        Electrode(
            level="",
            muscle=s.muscle,
            side=side,
            where=atlas.trigger_points[s.trigger_point].location,
            roots=atlas.muscles[s.muscle].roots,
            pass_key=s.key,
            needle=s.needle,
            depth=s.depth,
            sources=s.row.provenance.sources,
        )
        for s in own
        if not s.lung
    ]
    beside = neighbour(needles[-1].level, atlas) if len(needles) % 2 else None
    extra = _electrode(beside, side, site, atlas)[0] if beside is not None else None
    pairs = paired(needles, limbs, extra)
    return list(pairs), reasons


def _electrode(level: str, side: str, site: SiteMaker, atlas: Atlas) -> tuple[Electrode | None, list[str]]:
    segment = atlas.segments[level]
    point = _trigger_point_at(level, segment.muscle, atlas)
    place = site(segment.muscle, side, point, 0.0, screened=False)
    if place.reasons:
        return None, [f"{level}: {reason}" for reason in place.reasons]
    if place.superficial:
        return None, [f"{level}: only superficial needling is open there, which does not reach the segment"]
    return (
        Electrode(
            level=level,
            muscle=segment.muscle,
            side=side,
            where=segment.where,
            roots=segment.roots,
            pass_key=point,
            needle=place.needle,
            depth=place.depth,
            sources=tuple(dict.fromkeys((*segment.provenance.sources, *place.row.provenance.sources))),
        ),
        [],
    )


def _trigger_point_at(level: str, muscle: str, atlas: Atlas) -> str:
    """The site of the paraspinal muscle nearest to a level, which decides whose limits hold there."""
    points = [p.id for p in atlas.trigger_points_of[muscle]]
    if muscle != "multifidus_lumbar":
        return points[0]
    upper, lower, sacral = points[0], points[1], points[2]
    return upper if level in ("L1", "L2") else lower if level.startswith("L") else sacral


def _screened(pair: Pair, passes: Sequence[Pass], site: SiteMaker) -> Pair | None:
    """A pair with screening applied to both needles, or nothing when one of them is closed."""
    of_passes = {p.key: p for p in passes}
    ends = []
    for end in (pair.first, pair.second):
        if not end.level:
            done = of_passes.get(end.pass_key)
            if done is None:
                return None
            ends.append(replace(end, needle=done.needle, depth=done.depth))
            continue
        place = site(end.muscle, end.side, end.pass_key, 0.0, screened=True)
        if place.reasons or place.superficial:
            return None
        ends.append(replace(end, needle=place.needle, depth=place.depth))
    return replace(pair, first=ends[0], second=ends[1])
