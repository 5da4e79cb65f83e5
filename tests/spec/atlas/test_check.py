"""Checking proves that the tables fit together, and counts what rests on memory."""

from collections.abc import Mapping

import pytest

from tautband.atlas import Atlas
from tautband.atlas.check import Problem, check_atlas
from tautband.atlas.load import TABLES

from .conftest import Write


@pytest.fixture(scope="module")
def shipped(atlas: Atlas) -> set[Problem]:
    return set(check_atlas(atlas).problems)


def test_the_shipped_atlas_is_sound(atlas: Atlas) -> None:
    assert [str(p) for p in check_atlas(atlas).problems] == []


def test_every_row_is_counted_once_by_confidence(atlas: Atlas) -> None:
    counts = {c.table: c for c in check_atlas(atlas).tables}
    assert set(counts) == set(TABLES)
    for table, count in counts.items():
        if table not in ("sources", "aliases"):
            assert count.high + count.medium + count.low == count.rows, table
            assert count.from_memory <= count.rows


def test_rows_that_rest_on_memory_are_counted(atlas: Atlas) -> None:
    count = next(c for c in check_atlas(atlas).tables if c.table == "referrals")
    assert count.from_memory == sum(not r.provenance.source_read for r in atlas.referrals)


def test_shares_are_of_all(atlas: Atlas) -> None:
    for share in check_atlas(atlas).shares:
        assert 0 <= share.have <= share.of, share.what


def test_every_trigger_point_is_common_middling_or_rare(atlas: Atlas) -> None:
    words = ("that are common", "seen now and then", "that are rare")
    levels = {s.what: s.have for s in check_atlas(atlas).shares}
    for level, word in zip((3, 2, 1), words, strict=True):
        points = [p for p in atlas.trigger_points.values() if p.commonness == level]
        assert levels[f"trigger points {word}"] == len(points)


LOOKALIKE = {
    "id": "new_danger",
    "name": "New danger",
    "layer": "vascular",
    "urgency": "emergency",
    "laterality": "either",
    "sex": "any",
    "prior": "0.01",
    "prior_low": "0",
    "prior_high": "1",
}
POINT = {
    "code": "GB99",
    "meridian": "GB",
    "pinyin": "Xin",
    "hanzi": "新",
    "region": "shin",
    "midline": "no",
    "text_depth_cun": "0.3-0.5",
}
PLACE = {
    "kind": "acupoint",
    "point": "GB20",
    "part": "mine",
    "midline": "no",
    "rule": "mid(GV16, mastoid_process)",
    "error_mm": "10",
    "cell": "1",
    "u": "0.2",
    "v": "0.2",
}
STRENGTH = {"scope": "cause", "about": "migraine", "question": "knot_press", "basis": "x"}

NEEDLING = {
    "muscle": "soleus",
    "positions": "prone",
    "side_up": "sore",
    "palpation": "flat",
    "stop": "bone",
    "risk": "low",
    "access": "open",
}
LIMIT = {
    "id": "new_limit",
    "area": "leg",
    "muscles": "soleus",
    "limits": "nerve",
    "quantity": "depth",
    "value_mm": "20",
    "use_as_limit": "yes",
    "limit_kind": "ceiling",
}
BAR = {"id": "new_bar", "scope": "relative", "sex": "any"}

DEFECTS: list[tuple[str, list[Mapping[str, str]], str, str]] = [
    ("surface_points", [{**PLACE, "point": "GB02"}], "acupoint, GB02, mine", "no acupoint 'GB02'"),
    (
        "surface_points",
        [{**PLACE, "u": "0.7", "v": "0.7"}],
        "acupoint, GB20, mine",
        "u 0.7 and v 0.7 add up to more than 1",
    ),
    ("course_branches", [{"acupoint": "ST9", "follows": "BL1"}], "ST9, BL1", "ST does not follow BL"),
    (
        "limb_segments",
        [{"id": "thigh", "begin": "hip_front", "end": "lateral_malleolus;medial_malleolus"}],
        "thigh",
        "an end is not the middle of two",
    ),
    ("lookalikes", [LOOKALIKE], "new_danger", "emergency, yet no red flag watches for it"),
    ("lookalikes", [LOOKALIKE], "new_danger", "no region"),
    (
        "lookalikes",
        [{**LOOKALIKE, "age_min": "40", "age_max": "20"}],
        "new_danger",
        "age_min 40 is above age_max 20",
    ),
    (
        "lookalikes",
        [{**LOOKALIKE, "prior_high": "0.001"}],
        "new_danger",
        "prior 0.01 is outside 0.0 to 0.001",
    ),
    ("muscles", [{"id": "lone", "depth": "deep"}], "lone", "no trigger point"),
    ("muscles", [{"id": "left_lone", "depth": "deep"}], "left_lone", "the id names a side"),
    (
        "referrals",
        [{"trigger_point": "gluteus_medius_1", "region": "sacrum", "side": "opposite", "zone": "local"}],
        "gluteus_medius_1, sacrum, opposite",
        "a midline region has no opposite side",
    ),
    (
        "region_neighbours",
        [{"region": "temple", "neighbour": "shin", "side": "same", "border_share": "0"}],
        "temple, shin, same",
        "no row the other way round",
    ),
    (
        "region_neighbours",
        [{"region": "temple", "neighbour": "ear", "side": "same", "border_share": "0.9"}],
        "temple",
        "its border shares add up to",
    ),
    ("acupoints", [{**POINT, "midline": "yes"}], "GB99", "midline yes on GB"),
    ("acupoints", [{**POINT, "text_depth_cun": "5 mm"}], "GB99", "depth '5 mm' is no range in cun"),
    ("acupoints", [{**POINT, "text_depth_cun": "0.5-0.3"}], "GB99", "depth '0.5-0.3' is no range in cun"),
    ("acupoints", [{**POINT, "pinyin_tones": "Jiù"}], "GB99", "differ by more than tones"),
    ("acupoints", [{**POINT, "meridian": "BL"}], "GB99", "the code does not begin with the meridian 'BL'"),
    ("acupoints", [{**POINT, "muscles_under": "tibialis_anterio"}], "GB99", "no muscle or group is called"),
    (
        "channels",
        [{"id": "NEW", "kind": "sinew", "n_points": "3"}],
        "NEW",
        "n_points is 3, acupoints.csv has 0",
    ),
    (
        "answer_strengths",
        [{**STRENGTH, "answer": "no_spott", "p_answer": "0.1"}],
        "cause, migraine, knot_press, no_spott",
        "the question has no answer 'no_spott'",
    ),
    (
        "answer_strengths",
        [
            {**STRENGTH, "about": "migrain", "answer": "my_pain", "p_answer": "0.1"},
        ],
        "cause, migrain, knot_press, my_pain",
        "no cause 'migrain'",
    ),
    (
        "answer_strengths",
        [
            {**STRENGTH, "answer": "my_pain", "p_answer": "0.9"},
            {**STRENGTH, "answer": "no_spot", "p_answer": "0.9"},
        ],
        "cause, migraine, knot_press",
        "the chances of its answers add up to",
    ),
    (
        "questions",
        [{"id": "why", "type": "yes_no", "seconds": "5", "tier": "core", "max_answers": "1"}],
        "why",
        "fewer than two answers",
    ),
    (
        "muscles",
        [{"id": "lone", "depth": "deep"}],
        "lone",
        "nothing says how it is needled",
    ),
    (
        "needling",
        [{**NEEDLING, "positions": "upside_down"}],
        "soleus",
        "no position 'upside_down'",
    ),
    ("needling", [{**NEEDLING, "positions": ""}], "soleus", "no position"),
    (
        "needling",
        [{**NEEDLING, "length_low_mm": "60", "length_high_mm": "40"}],
        "soleus",
        "60 is above 40",
    ),
    (
        "depth_limits",
        [{**LIMIT, "limit_kind": "context"}],
        "new_limit",
        "context never caps",
    ),
    (
        "depth_limits",
        [{**LIMIT, "trigger_points": "gluteus_medius_1"}],
        "new_limit",
        "gluteus_medius_1 lies in none of its muscles",
    ),
    (
        "technique_parameters",
        [{"technique": "winding", "parameter": "x", "low": "3", "high": "2"}],
        "winding, x",
        "3.0 is above 2.0",
    ),
    (
        "planning_rules",
        [{"name": "x", "value": "5", "low": "1", "high": "2"}],
        "x",
        "value 5.0 is outside 1.0 to 2.0",
    ),
    ("contraindications", [{**BAR, "effects": "no_needlin"}], "new_bar", "no effect 'no_needlin'"),
    ("contraindications", [BAR], "new_bar", "it changes nothing"),
    ("contraindications", [{**BAR, "effects": "close", "places": "elbows"}], "new_bar", "no place 'elbows'"),
    (
        "screening_answers",
        [{"contraindication": "diabetes", "question": "diabetes", "answer": "maybe", "means": "yes"}],
        "diabetes, diabetes",
        "no answer 'maybe'",
    ),
    (
        "vocabularies",
        [
            {"vocabulary": "new", "term": t, "words": "x"}
            for t in ("name", "act", "point", "needle", "piston", "twitch")
        ],
        "new",
        "no term 'pattern'",
    ),
    ("sources", [{"id": "bad", "url": "example.org/a"}], "bad", "'example.org/a' is no web address"),
    ("sources", [{"id": "bad"}], "bad", "neither title nor url"),
    (
        "aliases",
        [{"kind": "muscle", "old_id": "infraspinatus", "new_id": "supraspinatus"}],
        "muscle, infraspinatus, supraspinatus",
        "'infraspinatus' is still in use",
    ),
    (
        "aliases",
        [{"kind": "muscle", "old_id": "old_name", "new_id": "supraspinatis"}],
        "muscle, old_name, supraspinatis",
        "'supraspinatis' does not exist",
    ),
]


@pytest.mark.parametrize(("table", "rows", "row", "what"), DEFECTS)
def test_a_defect_across_rows_is_named_with_its_table_its_row_and_a_mend(
    own_tables: Write,
    shipped: set[Problem],
    table: str,
    rows: list[Mapping[str, str]],
    row: str,
    what: str,
) -> None:
    found = set(check_atlas(Atlas.load(own_tables(table, *rows))).problems) - shipped
    told = [p for p in found if (p.table, p.row) == (table, row) and what in p.what]
    assert len(told) == 1, [str(p) for p in found]
    assert told[0].mend


def test_a_page_cited_under_two_ids_is_noticed(
    atlas: Atlas, own_tables: Write, shipped: set[Problem]
) -> None:
    known = next(s for s in atlas.sources.values() if s.url)
    folder = own_tables("sources", {"id": "again", "kind": "web", "title": "Again", "url": known.url + "/"})
    found = set(check_atlas(Atlas.load(folder)).problems) - shipped
    assert [p.what for p in found] == [f"the same page as {known.id}"]


def test_a_jump_in_a_channels_course_is_remarked_not_refused(
    own_tables: Write, shipped: set[Problem]
) -> None:
    rows = [
        {"channel": "DAI", "branch": "7", "position": "1", "region": "temple"},
        {"channel": "DAI", "branch": "7", "position": "2", "region": "shin"},
    ]
    report = check_atlas(Atlas.load(own_tables("channel_regions", *rows)))
    assert set(report.problems) == shipped
    assert "jumps from temple to shin" in {remark.what for remark in report.remarks}


def test_a_point_of_ones_own_without_a_place_on_the_body_is_remarked_not_refused(
    own_tables: Write, shipped: set[Problem]
) -> None:
    own = {**POINT, "code": "EX-MINE", "meridian": "EX"}
    report = check_atlas(Atlas.load(own_tables("acupoints", own)))
    assert set(report.problems) == shipped
    assert ("acupoint, EX-MINE", "no place on the body") in {(r.row, r.what) for r in report.remarks}


def test_a_look_alikes_own_name_is_no_other_name_of_it(own_tables: Write, shipped: set[Problem]) -> None:
    row = {"lookalike": "carpal_tunnel", "name": "carpal tunnel syndrome", "kind": "synonym"}
    report = check_atlas(Atlas.load(own_tables("lookalike_names", row)))
    assert {p.what for p in set(report.problems) - shipped} == {"the look-alike's own name"}


def test_a_judgement_that_claims_to_be_read_is_remarked(own_tables: Write) -> None:
    row = {"muscle": "infraspinatus", "name": "our name", "kind": "synonym", "source_read": "yes"}
    report = check_atlas(Atlas.load(own_tables("muscle_names", row)))
    told = {(r.row, r.what) for r in report.remarks}
    assert ("infraspinatus, our name", "own judgement marked as read") in told
