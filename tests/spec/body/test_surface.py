"""The body surface: one symmetric mesh, the same places on every shape."""

import numpy as np
import pytest

from tautband.atlas import Atlas
from tautband.atlas.body import POSES, SHAPES, Body
from tautband.atlas.body.load import changed_assets, read_provenance

BODY = Body.load()


def test_the_assets_are_those_the_provenance_file_states() -> None:
    assert changed_assets() == ()
    assert "CC0 1.0" in read_provenance()["licence"]


def test_the_mesh_is_closed_and_of_the_stated_size() -> None:
    cells = BODY.topology.cells
    assert (BODY.topology.n_cage, len(BODY.shape().vertices_cm), cells.shape) == (13380, 53514, (107024, 3))
    edges = np.concatenate([cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]])
    forward = edges[:, 0] * 100000 + edges[:, 1]
    backward = edges[:, 1] * 100000 + edges[:, 0]
    assert len(np.unique(forward)) == len(forward), "no edge is used twice in one direction"
    assert np.array_equal(np.sort(forward), np.sort(backward)), "every edge is used once in each direction"


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_its_own_mirror_image_to_the_last_bit(shape: str, pose: str) -> None:
    body = BODY.shape(shape, pose)
    other = BODY.topology.mirrored_cell
    assert np.array_equal(other[other], np.arange(len(other)))
    assert np.array_equal(body.centroids_cm[other], body.centroids_cm * [-1, 1, 1])
    assert np.array_equal(body.areas_cm2[other], body.areas_cm2)


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_is_an_adult_standing_on_the_ground(shape: str) -> None:
    body = BODY.shape(shape)
    assert 0 <= body.vertices_cm[:, 1].min() < 0.2
    assert 150 < body.height_cm < 190
    assert 13_000 < BODY.skin_area_cm2(shape) < 22_000
    normals, centroids = body.normals_cm2, body.centroids_cm
    assert 40_000 < float((normals * centroids).sum() / 3) < 120_000, (
        "cubic centimetres: normals point outwards"
    )


def test_palms_face_forward_in_the_chart_pose() -> None:
    body = BODY.shape()
    palm = BODY.place_of_cell == BODY.places.index(("palm_center", "left"))
    assert body.normals_cm2[palm].sum(0)[2] > 0.8 * np.linalg.norm(body.normals_cm2[palm].sum(0))


def test_regions_are_those_of_the_atlas_and_all_are_there() -> None:
    atlas = Atlas.load()
    assert BODY.regions == tuple(atlas.regions)
    assert BODY.midline == {r.id for r in atlas.regions.values() if r.midline}
    assert len(BODY.places) == 2 * 121 - len(BODY.midline)
    assert (np.bincount(BODY.place_of_cell[BODY.place_of_cell >= 0], minlength=len(BODY.places)) > 0).all()


def test_regions_mirror_exactly() -> None:
    other = BODY.topology.mirrored_cell
    assert np.array_equal(BODY.region_of_cell[other], BODY.region_of_cell)
    assert np.array_equal(BODY.side_of_cell[other], -BODY.side_of_cell)


def test_no_region_has_an_island_and_the_skin_has_no_gap() -> None:
    cells = BODY.topology.cells
    edges = np.sort(np.concatenate([cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]]), axis=1)
    owner = np.tile(np.arange(len(cells)), 3)[np.lexsort(edges.T)].reshape(-1, 2)

    def pieces(label: np.ndarray) -> np.ndarray:
        joined = owner[label[owner[:, 0]] == label[owner[:, 1]]]
        root = np.arange(len(label))
        while True:  # the smallest number spreads along edges within one label
            before = root.copy()
            low = np.minimum(root[joined[:, 0]], root[joined[:, 1]])
            np.minimum.at(root, joined[:, 0], low)
            np.minimum.at(root, joined[:, 1], low)
            root = root[root]
            if np.array_equal(root, before):
                return root

    on_skin = BODY.place_of_cell >= 0
    assert len(np.unique(pieces(BODY.place_of_cell)[on_skin])) == len(BODY.places), "one piece per place"
    assert len(np.unique(pieces(on_skin.astype(int))[on_skin])) == 1, "the skin hangs together"


@pytest.mark.parametrize("shape", SHAPES)
def test_every_region_has_a_plausible_area(shape: str) -> None:
    areas = dict(zip(BODY.places, BODY.place_areas_cm2(shape), strict=True))
    for (region, side), area in areas.items():
        assert 4 < area < 420, f"{region} {side}: {area:.1f} cm²"
        if side == "left":
            assert area == pytest.approx(areas[region, "right"], rel=1e-12)


def test_male_female_and_neutral_number_the_same_places_the_same_way() -> None:
    """An arm is an arm on each: a place keeps its neighbours, its side, and its height within the body."""
    neutral = BODY.shape().centroids_cm / BODY.shape().height_cm
    for name in SHAPES[1:]:
        shape = BODY.shape(name)
        other = shape.centroids_cm / shape.height_cm
        for number, place in enumerate(BODY.places):
            cells = BODY.place_of_cell == number
            away = np.linalg.norm(neutral[cells].mean(0) - other[cells].mean(0))
            assert away < 0.035, (
                f"{name}: {place} lies {away:.3f} statures from where the neutral body has it"
            )
        assert np.array_equal(np.sign(other[:, 0]), BODY.side_of_cell)
