"""Which sites fit into a session, and in what order: exact, by weighing every choice.

Two questions, one after the other. Which sites: the most probability that fits the session's load, never both sides of
the chest wall. In what order: as few changes of position as possible, then the likeliest early.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

EXACT_UP_TO = 12
"""Sites up to which every choice is weighed."""

SCALE = 1_000_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A site to choose from.

    Attributes
    ----------
    key
        Names it.
    muscle
        Muscle and side, counted together.
    worth
        Probability that it is at work.
    insertions
        Needles through the skin.
    chest
        Side of the chest wall it lies on, or nothing.
    positions
        The positions it can be needled in.
    """

    key: str
    muscle: str
    worth: float
    insertions: int
    chest: str | None
    positions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """How much one session may hold."""

    muscles: int
    insertions: int


def select(candidates: Sequence[Candidate], load: Load) -> tuple[Candidate, ...]:
    """Choose the sites of a session.

    Parameters
    ----------
    candidates
        At most `EXACT_UP_TO`, the likeliest first; ties stand in the order given.
    load
        What the session may hold.

    Returns
    -------
    tuple of Candidate
        The choice with the largest total worth that fits: no more muscles and insertions than the load, and one side
        of the chest wall only. Of equal choices the one that comes first in the order given.
    """
    if len(candidates) > EXACT_UP_TO:
        raise ValueError(f"{len(candidates)} candidates; give at most {EXACT_UP_TO}")
    weighed = [(round(c.worth * SCALE), c) for c in candidates]
    best: tuple[Candidate, ...] = ()
    best_worth = 0
    for size in range(1, min(len(candidates), load.insertions) + 1):
        for choice in combinations(weighed, size):
            worth = sum([w for w, _ in choice])
            if worth > best_worth:
                sites = tuple(c for _, c in choice)
                if fits(sites, load):
                    best, best_worth = sites, worth
    return best


def fits(choice: Sequence[Candidate], load: Load) -> bool:
    """Whether a choice keeps within the load and to one side of the chest wall.

    Parameters
    ----------
    choice
        The sites chosen.
    load
        What the session may hold.
    """
    return (
        len({c.muscle for c in choice}) <= load.muscles
        and sum(c.insertions for c in choice) <= load.insertions
        and len({c.chest for c in choice if c.chest}) <= 1
    )


def arrange(sites: Sequence[Candidate]) -> tuple[tuple[int, str], ...]:
    """Order sites so that the person turns over as few times as possible, the likeliest first.

    Parameters
    ----------
    sites
        Each with one position at least; at most `EXACT_UP_TO`.

    Returns
    -------
    tuple of (index, position)
        The best order: fewest changes of position, then the smallest sum of place times worth (so that the likeliest
        come early), then the order given. Dynamic programming over the sets of sites already done and the position
        they end in, which is exact (Held and Karp 1962).
    """
    if len(sites) > EXACT_UP_TO:
        raise ValueError(f"{len(sites)} sites; give at most {EXACT_UP_TO}")
    if not sites:
        return ()
    Cost = tuple[int, int, tuple[tuple[int, int], ...]]
    states: dict[tuple[int, str], Cost] = {(0, ""): (0, 0, ())}
    for place in range(len(sites)):
        following: dict[tuple[int, str], Cost] = {}
        for (done, lying), (turns, late, path) in states.items():
            for i, site in enumerate(sites):
                if done >> i & 1:
                    continue
                for choice, position in enumerate(site.positions):
                    cost = (
                        turns + (place > 0 and position != lying),
                        late + place * round(site.worth * SCALE),
                        (*path, (i, choice)),
                    )
                    key = (done | 1 << i, position)
                    if key not in following or cost < following[key]:
                        following[key] = cost
        states = following
    path = min(states.values())[2]
    return tuple((i, sites[i].positions[choice]) for i, choice in path)


def turns_of(positions: Sequence[str]) -> int:
    """How often the person changes position.

    Parameters
    ----------
    positions
        In the order of the passes.
    """
    return sum(a != b for a, b in pairwise(positions))
