"""The same person, two readings: trigger points and muscles beside acupoints and channels."""

from tests.spec.assessment.clinic import ATLAS, assessed, drawn

from tautband.assessment import assess


def test_a_drawing_along_the_gallbladder_channel_is_read_as_it() -> None:
    course = (
        "hip_lateral",
        "thigh_lateral_upper",
        "thigh_lateral_lower",
        "knee_lateral",
        "leg_lateral_upper",
    )
    found = assess(drawn(*(f"left:{region}" for region in course)), ATLAS)
    first = found.channels[0]
    assert (first.channel, first.side, first.share) == ("GB", "left", 1.0)
    sinew = next(c for c in found.channels if c.kind == "sinew")
    assert (sinew.channel, sinew.side) == ("JJ-GB", "left")
    assert found.muscles[0].muscle in ("gluteus_minimus", "tensor_fasciae_latae", "vastus_lateralis")


def test_both_kinds_of_channel_stand_with_their_evidence() -> None:
    found = assessed("neck_and_headache").channels
    assert {c.kind for c in found} >= {"regular", "sinew"}
    assert {c.evidence for c in found} == {"traditional"}
    assert [c.share for c in found] == sorted((c.share for c in found), reverse=True)
    assert all(0.0 < c.share <= 1.0 for c in found)


def test_only_the_painted_side_has_its_channels() -> None:
    assert {c.side for c in assessed("shoulder").channels} <= {"right", "midline"}


def test_a_trigger_point_names_its_acupoints_with_how_far_they_are_agreed() -> None:
    trapezius = next(c for c in assessed("neck_and_headache").causes if c.id == "upper_trapezius_1")
    assert "GB21" in {p.code for p in trapezius.acupoints}
    allowed = {"reported", "contested", "compiled", "anatomy_only", "anatomy"}
    assert {p.evidence for c in assessed("neck_and_headache").causes for p in c.acupoints} <= allowed


def test_a_lookalike_has_no_acupoint() -> None:
    assert all(c.acupoints == () for c in assessed("neck_root_arm").causes if c.kind == "lookalike")
