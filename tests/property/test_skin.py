"""The skin's geometry against slow and exact answers, on a sphere and on the body."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surface.skin import Place, Skin, at_length, length
from tautband.atlas.body import Body

RADIUS_CM = 10.0


def sphere() -> Skin:
    """An octahedron halved six times and blown up to a sphere."""
    vertices = [
        np.array(v, float) for v in ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
    ]
    cells = [(0, 2, 4), (2, 1, 4), (1, 3, 4), (3, 0, 4), (2, 0, 5), (1, 2, 5), (3, 1, 5), (0, 3, 5)]
    for _ in range(5):
        middle: dict[tuple[int, int], int] = {}

        def half(a: int, b: int, middle: dict[tuple[int, int], int] = middle) -> int:
            key = (min(a, b), max(a, b))
            if key not in middle:
                between = vertices[a] + vertices[b]
                vertices.append(between / np.linalg.norm(between))
                middle[key] = len(vertices) - 1
            return middle[key]

        smaller = []
        for a, b, c in cells:
            ab, bc, ca = half(a, b), half(b, c), half(c, a)
            smaller += [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
        cells = smaller
    return Skin(RADIUS_CM * np.array(vertices), np.array(cells))


SPHERE = sphere()
BODY = Skin(Body.load().shape().vertices_cm, Body.load().topology.cells)
directions = st.tuples(*(st.floats(-1, 1) for _ in range(3))).filter(lambda d: np.linalg.norm(d) > 0.2)


@given(directions)
@settings(max_examples=60, deadline=None)
def test_a_ray_from_outside_and_one_from_inside_meet_the_sphere_at_its_radius(
    direction: tuple[float, ...],
) -> None:
    d = np.array(direction) / np.linalg.norm(direction)
    outer = SPHERE.position(SPHERE.hit(30 * d, -d))
    inner = SPHERE.position(SPHERE.hit(0.01 * d, d, outward=True))
    for found in (outer, inner):
        assert np.linalg.norm(found) == pytest.approx(RADIUS_CM, rel=0.002)
        assert np.linalg.norm(np.cross(found, d)) < 1e-6


@given(directions, directions)
@settings(max_examples=60, deadline=None)
def test_a_path_on_the_sphere_is_as_long_as_the_great_circle(
    a: tuple[float, ...], b: tuple[float, ...]
) -> None:
    one, other = (np.array(d) / np.linalg.norm(d) for d in (a, b))
    angle = float(np.arccos(np.clip(one @ other, -1, 1)))
    if not 0.1 < angle < 2.5:
        return
    path = SPHERE.path(SPHERE.nearest(RADIUS_CM * one), SPHERE.nearest(RADIUS_CM * other))
    assert length(path) == pytest.approx(RADIUS_CM * angle, rel=0.01)
    half_way = at_length(path, length(path) / 2)
    # smoothed normals of this uneven mesh are a degree off the radius, which moves the middle of a long way
    assert np.linalg.norm(half_way - RADIUS_CM * (one + other) / np.linalg.norm(one + other)) < 0.4


@given(st.integers(0, 107_023), st.floats(0, 1), st.floats(0, 1), directions, st.floats(0, 2))
@settings(max_examples=40, deadline=None)
def test_the_nearest_place_is_as_near_as_a_search_of_every_cell_finds(
    cell: int, u: float, v: float, direction: tuple[float, ...], away_cm: float
) -> None:
    if u + v > 1:
        u, v = 1 - u, 1 - v
    point = BODY.position(Place(cell, u, v)) + away_cm * np.array(direction)
    found = float(np.linalg.norm(BODY.position(BODY.nearest(point)) - point))
    # every cell sampled densely at its corners, edge middles and centre: no sample may be nearer
    a, b, c = BODY.corners.transpose(1, 0, 2)
    samples = np.concatenate([a, b, c, (a + b) / 2, (b + c) / 2, (c + a) / 2, (a + b + c) / 3])
    assert found <= float(np.sqrt(((samples - point) ** 2).sum(axis=1).min())) + 1e-9


@given(
    st.integers(0, 107_023),
    st.floats(0.5, 4.0),
    st.sampled_from([(0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]),
)
@settings(max_examples=40, deadline=None)
def test_a_step_stays_on_the_skin_and_goes_no_further_than_asked(
    cell: int, distance_cm: float, direction: tuple[float, ...]
) -> None:
    start = Place(cell, 0.3, 0.3)
    if abs(BODY.normal(start) @ np.array(direction)) > 0.95:
        return  # straight out of the skin: no way to go
    end = BODY.step(start, np.array(direction, float), distance_cm)
    assert np.linalg.norm(BODY.position(end) - BODY.position(start)) <= distance_cm + 0.05
