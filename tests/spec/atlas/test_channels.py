"""The courses of channels: points follow each other by number, except where the atlas says that a channel branches."""

from tautband.atlas import Atlas


def test_a_course_runs_through_its_points_in_order(atlas: Atlas) -> None:
    assert atlas.courses_of("LU") == (tuple(f"LU{i}" for i in range(1, 12)),)


def test_the_bladder_channel_has_two_lines_on_the_back_that_meet_behind_the_knee(atlas: Atlas) -> None:
    inner, outer, leg, meeting = atlas.courses_of("BL")
    assert inner == tuple(f"BL{i}" for i in range(1, 41))
    assert outer == ("BL10", *(f"BL{i}" for i in range(41, 55)))
    assert leg == ("BL40", *(f"BL{i}" for i in range(55, 68)))
    assert meeting == ("BL54", "BL40")


def test_every_point_of_a_channel_lies_on_a_course_and_courses_hang_together(atlas: Atlas) -> None:
    for channel in atlas.channels:
        own = [p.code for p in atlas.acupoints.values() if p.meridian == channel]
        courses = atlas.courses_of(channel)
        assert {code for line in courses for code in line} == set(own)
        assert all(
            set(line) & set(own[:1] if i == 0 else sum(courses[:i], ())) for i, line in enumerate(courses)
        )
