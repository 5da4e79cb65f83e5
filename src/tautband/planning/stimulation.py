"""Segmental stimulation: the paraspinal levels that cover the target muscles' roots with the fewest needles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from tautband.atlas import Atlas
from tautband.atlas.tables import Segment
from tautband.planning.corridor import Depth, Needle
from tautband.planning.technique import TechniqueUse


@dataclass(frozen=True, slots=True)
class Electrode:
    """A needle that carries current: beside the spine at a level, or one of the passes."""

    level: str
    muscle: str
    side: str
    where: str
    roots: tuple[str, ...]
    pass_key: str
    needle: Needle | None
    depth: Depth | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two needles on one channel of the stimulator, on the same side of the midline."""

    first: Electrode
    second: Electrode
    roots: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stimulation:
    """Segmental electrical stimulation as proposed.

    Attributes
    ----------
    pairs
        Channel by channel.
    extra_needles
        Needles beyond those of the passes.
    covered, uncovered
        Roots of the target muscles that the levels reach, and that they do not.
    technique
        Frequency and the other settings, with what is known and contested.
    why
        Why these levels.
    """

    pairs: tuple[Pair, ...]
    extra_needles: int
    covered: tuple[str, ...]
    uncovered: tuple[str, ...]
    technique: TechniqueUse
    why: str


def cover(roots: Sequence[str], segments: Mapping[str, Segment]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fewest levels that reach every root that can be reached, and the roots that cannot.

    Parameters
    ----------
    roots
        The roots to reach, such as `C5` and `C6`.
    segments
        The levels; only those where current is allowed are used.

    Returns
    -------
    levels, unreached
        In spinal order. Of equally few, the levels whose own root is wanted, then the higher ones. Every set of
        levels is weighed, from small to large, so the answer is exact.
    """
    order = list(segments)
    reach = {name: set(row.roots) & set(roots) for name, row in segments.items() if row.current}
    reachable = set().union(*reach.values()) if reach else set()
    wanted = set(roots) & reachable
    unreached = tuple(r for r in dict.fromkeys(roots) if r not in reachable)
    useful = [name for name in order if reach.get(name)]
    for size in range(len(useful) + 1):
        complete = [
            levels
            for levels in combinations(useful, size)
            if wanted <= set().union(*(reach[name] for name in levels), set())
        ]
        if complete:
            return min(
                complete, key=lambda ls: (-len(set(ls) & wanted), [order.index(n) for n in ls])
            ), unreached
    return (), unreached


def paired(
    levels: Sequence[Electrode], limbs: Sequence[Electrode], spare: Electrode | None
) -> tuple[Pair, ...]:
    """Join needles into channels: neighbours along the spine, and an odd one with a needle of its segment.

    Parameters
    ----------
    levels
        Paraspinal needles of one side, in spinal order.
    limbs
        Passes of the same side that may carry current, the likeliest first.
    spare
        A further paraspinal needle, used only when an odd one has no partner.
    """
    pairs = [Pair(a, b, _union(a, b)) for a, b in zip(levels[::2], levels[1::2], strict=False)]
    if len(levels) % 2:
        last = levels[-1]
        partner = next((e for e in limbs if set(e.roots) & set(last.roots)), None) or spare
        if partner is not None:
            pairs.append(Pair(last, partner, _union(last, partner)))
    return tuple(pairs)


def _union(one: Electrode, two: Electrode) -> tuple[str, ...]:
    paraspinal = [e for e in (one, two) if e.level]
    return tuple(dict.fromkeys(r for e in paraspinal for r in e.roots))


def neighbour(level: str, atlas: Atlas) -> str | None:
    """The next level below, or above where there is none, that allows current.

    Parameters
    ----------
    level
        A spinal level.
    atlas
        Its segments.
    """
    order = list(atlas.segments)
    at = order.index(level)
    for i in (at + 1, at - 1):
        if 0 <= i < len(order) and atlas.segments[order[i]].current:
            return order[i]
    return None
