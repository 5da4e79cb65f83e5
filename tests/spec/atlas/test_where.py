"""What refers to a place; the two sides mirror exactly."""

import pytest

from tautband.atlas import Atlas
from tautband.atlas.search import OPPOSITE, PlaceReport, Referrer, read_place, refers_to
from tautband.atlas.tables import URGENCIES
from tautband.errors import AtlasError


def mirrored(referrers: tuple[Referrer, ...]) -> list[tuple[str, str, str]]:
    return sorted((r.id, OPPOSITE[r.side], r.zone) for r in referrers)


def plain(referrers: tuple[Referrer, ...]) -> list[tuple[str, str, str]]:
    return sorted((r.id, r.side, r.zone) for r in referrers)


def test_the_upper_trapezius_of_the_same_side_refers_to_the_temple(atlas: Atlas) -> None:
    report = refers_to(atlas, "temple", "left")
    assert ("upper_trapezius_1", "left", "essential") in plain(report.trigger_points)
    assert ("upper_trapezius_1", "right", "essential") not in plain(report.trigger_points)


def test_arteritis_is_among_the_look_alikes_of_the_temple(atlas: Atlas) -> None:
    assert "giant_cell_arteritis" in {r.id for r in refers_to(atlas, "temple", "left").lookalikes}


def test_the_other_vocabulary_is_beside_it(atlas: Atlas) -> None:
    report = refers_to(atlas, "temple", "left")
    assert "EX-HN5" in report.acupoints
    assert "GB" in report.channels
    assert "temporalis_1" in report.sites


def test_every_place_mirrors_exactly(atlas: Atlas) -> None:
    for region in atlas.regions.values():
        if region.midline:
            report = refers_to(atlas, region.id, "midline")
            assert plain(report.trigger_points) == mirrored(report.trigger_points), region.id
            assert plain(report.lookalikes) == mirrored(report.lookalikes), region.id
        else:
            left, right = refers_to(atlas, region.id, "left"), refers_to(atlas, region.id, "right")
            assert plain(left.trigger_points) == mirrored(right.trigger_points), region.id
            assert plain(left.lookalikes) == mirrored(right.lookalikes), region.id
            assert (left.acupoints, left.channels) == (right.acupoints, right.channels), region.id


def test_a_referral_to_the_other_side_comes_from_the_other_side(atlas: Atlas) -> None:
    crossing = [r for r in atlas.referrals if r.side == "opposite"]
    assert crossing
    for row in crossing:
        report = refers_to(atlas, row.region, "left")
        assert (row.trigger_point, "right", row.zone) in plain(report.trigger_points)


def test_every_referral_is_found_at_its_place(atlas: Atlas) -> None:
    reports: dict[str, PlaceReport] = {}
    for row in atlas.referrals:
        side = "midline" if atlas.regions[row.region].midline else "left"
        report = reports.setdefault(row.region, refers_to(atlas, row.region, side))
        assert row.trigger_point in {r.id for r in report.trigger_points}


def test_essential_comes_first_then_the_common_points(atlas: Atlas) -> None:
    order = [
        (("essential", "spillover", "local").index(r.zone), -atlas.trigger_points[r.id].commonness)
        for r in refers_to(atlas, "temple", "left").trigger_points
    ]
    assert order == sorted(order)


def test_of_equally_regular_look_alikes_the_dangerous_come_first(atlas: Atlas) -> None:
    order = [
        (("core", "often", "sometimes").index(r.zone), -URGENCIES.index(atlas.lookalikes[r.id].urgency))
        for r in refers_to(atlas, "temple", "left").lookalikes
    ]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("left:temple", [("temple", "left")]),
        ("Right: Temple", [("temple", "right")]),
        ("right temples", [("temple", "right")]),
        ("temple", [("temple", "left"), ("temple", "right")]),
        ("midline:sacrum", [("sacrum", "midline")]),
        ("sacrum", [("sacrum", "midline")]),
    ],
)
def test_a_place_is_read_as_people_write_it(atlas: Atlas, text: str, places: list[tuple[str, str]]) -> None:
    assert list(read_place(atlas, text)) == places


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("left:sacrum", "place 'left:sacrum': sacrum is not on side 'left'; write midline:sacrum"),
        (
            "midline:temple",
            "place 'midline:temple': temple is not on side 'midline'; write left:temple or right:temple",
        ),
        ("lft:temple", "place 'lft:temple': side 'lft' does not exist; did you mean 'left'?"),
        ("left:tempel", "nothing in the atlas is called 'tempel'; did you mean 'temple'?"),
    ],
)
def test_a_place_that_does_not_exist_gets_one_line_with_the_nearest(
    atlas: Atlas, text: str, line: str
) -> None:
    with pytest.raises(AtlasError) as error:
        read_place(atlas, text)
    assert str(error.value) == line
