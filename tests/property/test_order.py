"""Choosing and ordering sites, against trying everything."""

from itertools import combinations, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tautband.atlas import Atlas
from tautband.planning.order import SCALE, Candidate, Load, arrange, fits, select, turns_of
from tautband.planning.stimulation import cover

ATLAS = Atlas.load()
POSITIONS = ("prone", "supine", "sitting", "side_lying_left_up", "side_lying_right_up")


@st.composite
def sites(draw: st.DrawFn, most: int) -> list[Candidate]:
    found = []
    for i in range(draw(st.integers(0, most))):
        found.append(
            Candidate(
                key=f"site{i}",
                muscle=f"muscle{draw(st.integers(0, 4))}",
                worth=draw(st.integers(1, 1000)) / 1000,
                insertions=draw(st.integers(1, 2)),
                chest=draw(st.sampled_from([None, None, "left", "right"])),
                positions=tuple(
                    draw(st.lists(st.sampled_from(POSITIONS), min_size=1, max_size=3, unique=True))
                ),
            )
        )
    return found


LOADS = st.builds(Load, muscles=st.integers(1, 4), insertions=st.integers(1, 6))


@settings(max_examples=300)
@given(sites(8), LOADS)
def test_the_choice_is_worth_as_much_as_the_best_of_all_choices(
    candidates: list[Candidate], load: Load
) -> None:
    chosen = select(candidates, load)
    assert fits(chosen, load)
    every = [
        choice
        for size in range(len(candidates) + 1)
        for choice in combinations(candidates, size)
        if fits(choice, load)
    ]
    assert sum(c.worth for c in chosen) == pytest.approx(
        max(sum(c.worth for c in choice) for choice in every)
    )


@settings(max_examples=150, deadline=None)
@given(sites(5))
def test_the_order_is_the_best_of_all_orders(chosen: list[Candidate]) -> None:
    order = arrange(chosen)
    assert sorted(i for i, _ in order) == list(range(len(chosen)))
    assert all(position in chosen[i].positions for i, position in order)

    def cost(way: tuple[int, ...], positions: tuple[str, ...]) -> tuple[int, int]:
        late = sum(place * round(chosen[i].worth * SCALE) for place, i in enumerate(way))
        return turns_of(positions), late

    best = min(
        cost(way, positions)
        for way in permutations(range(len(chosen)))
        for positions in product(*(chosen[i].positions for i in way))
    )
    assert cost(tuple(i for i, _ in order), tuple(p for _, p in order)) == best


def test_more_sites_than_can_be_weighed_exactly_are_refused() -> None:
    many = [Candidate(str(i), str(i), 0.5, 1, None, ("prone",)) for i in range(13)]
    with pytest.raises(ValueError, match="13 candidates"):
        select(many, Load(3, 3))
    with pytest.raises(ValueError, match="13 sites"):
        arrange(many)


ROOTS = [f"C{k}" for k in range(3, 9)] + ["T1"] + [f"L{k}" for k in range(1, 6)] + ["S1", "S2", "S3"]


@settings(max_examples=200)
@given(st.lists(st.sampled_from(ROOTS), min_size=1, max_size=6, unique=True))
def test_the_levels_cover_every_root_that_can_be_reached_with_the_fewest_needles(roots: list[str]) -> None:
    levels, unreached = cover(roots, ATLAS.segments)
    allowed = {name: set(row.roots) for name, row in ATLAS.segments.items() if row.current}
    reached = set().union(set(), *(allowed[name] for name in levels))
    assert set(levels) <= set(allowed)
    assert set(roots) - set(unreached) <= reached
    assert not any(set(unreached) & roots_of for roots_of in allowed.values())
    wanted = set(roots) - set(unreached)
    fewer = combinations(allowed, max(0, len(levels) - 1))
    assert not levels or not any(
        wanted <= set().union(set(), *(allowed[name] for name in choice)) for choice in fewer
    )


def test_current_never_runs_beside_the_chest() -> None:
    assert all(not row.current for name, row in ATLAS.segments.items() if name.startswith("T"))
