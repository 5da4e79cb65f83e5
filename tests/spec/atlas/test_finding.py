"""Everything is found by every name it has, and a name that is not known gets the nearest ones."""

import pytest

from tautband.atlas import Atlas
from tautband.atlas.search import Hit, find, find_all, fold, search
from tautband.errors import AtlasError


@pytest.mark.parametrize(
    ("name", "kind", "identity"),
    [
        ("infraspinatus", "muscle", "infraspinatus"),
        ("Infraspinatus", "muscle", "infraspinatus"),
        ("Musculus infraspinatus", "muscle", "infraspinatus"),
        ("upper trapezius", "muscle", "upper_trapezius"),
        ("trapezius", "muscle_group", "trapezius"),
        ("Infraspinatus 1", "trigger_point", "infraspinatus_1"),
        ("frozen shoulder", "lookalike", "frozen_shoulder"),
        ("temple", "region", "temple"),
        ("Temples", "region", "temple"),
        ("pain_duration", "question", "pain_duration"),
        ("cauda_equina_bilateral", "red_flag", "cauda_equina_bilateral"),
    ],
)
def test_things_are_found_by_id_name_synonym_and_latin(
    atlas: Atlas, name: str, kind: str, identity: str
) -> None:
    hit = find(atlas, name)
    assert (hit.kind, hit.id) == (kind, identity)


@pytest.mark.parametrize(
    ("name", "identity"),
    [
        ("heart attack", "acute_coronary_syndrome"),
        ("CTS", "carpal_tunnel"),
        ("tennis elbow", "lateral_epicondylalgia"),
        ("golfer's elbow", "medial_epicondylalgia"),
        ("temporal arteritis", "giant_cell_arteritis"),
        ("PMR", "polymyalgia_rheumatica"),
        ("collapsed lung", "pneumothorax"),
        ("piriformis syndrome", "deep_gluteal_syndrome"),
        ("heel spur", "plantar_fasciitis"),
        ("shin splints", "medial_tibial_stress_syndrome"),
        ("kidney infection", "pyelonephritis"),
    ],
)
def test_a_look_alike_is_found_by_what_people_and_books_call_it(
    atlas: Atlas, name: str, identity: str
) -> None:
    first = search(atlas, name)[0]
    assert (first.kind, first.id) == ("lookalike", identity)


def test_a_lay_name_of_several_look_alikes_lists_them_all(atlas: Atlas) -> None:
    found = {hit.id for hit in find_all(atlas, "sciatica")}
    assert found == {"radiculopathy_l4", "radiculopathy_l5", "radiculopathy_s1"}


@pytest.mark.parametrize(
    "name",
    ["LI4", "li4", "LI-4", "li 4", "LI 04", "Co4", "CO 4", "Hegu", "hégǔ", "Hé Gǔ", "he-gu", "合谷"],
)
def test_an_acupoint_is_found_by_code_in_any_spelling_by_pinyin_and_by_hanzi(atlas: Atlas, name: str) -> None:
    assert find(atlas, name).id == "LI4"


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SJ5", "TE5"),
        ("TW5", "TE5"),
        ("UB40", "BL40"),
        ("LV3", "LR3"),
        ("P6", "PC6"),
        ("Du20", "GV20"),
        ("ren 12", "CV12"),
        ("外关", "TE5"),
        ("外關", "TE5"),
        ("shoulder well", "GB21"),
        ("Yìntáng", "EX-HN3"),
        ("ex hn3", "EX-HN3"),
    ],
)
def test_an_acupoint_is_found_by_other_schools_codes_both_scripts_and_meaning(
    atlas: Atlas, name: str, code: str
) -> None:
    assert find(atlas, name).id == code


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("GB", "GB"),
        ("gallbladder channel", "GB"),
        ("Gallbladder meridian", "GB"),
        ("foot shaoyang", "GB"),
        ("zu shaoyang dan jing", "GB"),
        ("足少阳胆经", "GB"),
        ("足少陽膽經", "GB"),
        ("San Jiao", "TE"),
        ("Governor Vessel", "GV"),
        ("dū mài", "GV"),
        ("Gallbladder sinew channel", "JJ-GB"),
        ("足少阳经筋", "JJ-GB"),
    ],
)
def test_a_channel_is_found_by_code_name_pinyin_and_hanzi(atlas: Atlas, name: str, channel: str) -> None:
    hit = find(atlas, name)
    assert (hit.kind, hit.id) == ("channel", channel)


def test_tone_marks_tell_apart_what_bare_pinyin_does_not(atlas: Atlas) -> None:
    assert {hit.id for hit in find_all(atlas, "zhongzhu")} == {"KI15", "TE3"}
    assert find(atlas, "Zhōngzhǔ").id == "TE3"
    assert find(atlas, "Zhōngzhù").id == "KI15"


def test_an_id_goes_before_the_same_word_as_a_name(atlas: Atlas) -> None:
    assert find(atlas, "gallbladder").kind == "lookalike"
    assert find(atlas, "channel:gallbladder").id == "GB"


def test_the_kind_may_be_said(atlas: Atlas) -> None:
    assert find(atlas, "red_flag:cauda_equina").kind == "red_flag"
    assert find(atlas, "lookalike:cauda_equina").kind == "lookalike"


def test_a_former_id_is_still_known(atlas: Atlas) -> None:
    assert find(atlas, "gallbladder_disease").id == "gallbladder"


def test_a_misspelt_name_gets_the_nearest_one(atlas: Atlas) -> None:
    with pytest.raises(AtlasError, match=r"called 'infraspinatis'; did you mean 'infraspinatus'"):
        find(atlas, "infraspinatis")


def test_a_name_of_several_things_lists_them(atlas: Atlas) -> None:
    with pytest.raises(
        AtlasError, match=r"'wrist' names several: wrist_dorsal_radial, .*; write one of these"
    ):
        find(atlas, "wrist", ("region",))


def test_what_is_nothing_like_a_name_is_called_nothing(atlas: Atlas) -> None:
    for text in ("", "   ", "!!!", "qqqqqq"):
        with pytest.raises(AtlasError, match="nothing in the atlas is called"):
            find(atlas, text)


def test_every_id_finds_its_own_row(atlas: Atlas) -> None:
    tables = {
        "muscle": atlas.muscles,
        "trigger_point": atlas.trigger_points,
        "lookalike": atlas.lookalikes,
        "acupoint": atlas.acupoints,
        "channel": atlas.channels,
        "region": atlas.regions,
        "question": atlas.questions,
        "red_flag": atlas.red_flags,
    }
    lost = [(k, i) for k, table in tables.items() for i in table if find(atlas, f"{k}:{i}").id != i]
    assert not lost


def test_every_acupoint_is_found_by_its_hanzi_and_its_toned_pinyin(atlas: Atlas) -> None:
    lost = [
        (point.code, name)
        for point in atlas.acupoints.values()
        for name in (point.hanzi, point.hanzi_traditional, point.pinyin_tones)
        if point.code not in {hit.id for hit in find_all(atlas, name)}
    ]
    assert not lost


def test_folding_ignores_case_tones_and_punctuation() -> None:
    assert fold("Jiān-jǐng") == fold("JIAN JING") == "jianjing"
    assert fold("LI 04") == fold("li-4") == "li4"


def found(atlas: Atlas, text: str) -> list[tuple[str, str]]:
    return [(hit.kind, hit.id) for hit in search(atlas, text)]


def test_searching_calf_finds_muscles_regions_and_dangers(atlas: Atlas) -> None:
    hits = found(atlas, "calf")
    assert {("muscle", "gastrocnemius"), ("region", "calf_upper"), ("region", "calf_lower")} <= set(hits[:6])
    assert ("muscle", "soleus") in hits
    assert ("lookalike", "dvt") in hits


def test_searching_one_hanzi_finds_the_points_that_have_it(atlas: Atlas) -> None:
    assert {("acupoint", "GB21"), ("acupoint", "LI15"), ("acupoint", "TE14")} <= set(found(atlas, "肩"))


def test_whole_names_come_before_beginnings_before_words_before_running_text(atlas: Atlas) -> None:
    hits = search(atlas, "temporalis")
    assert (hits[0].id, hits[0].score) == ("temporalis", 100.0)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert hits[1].id.startswith("temporalis_")


def test_close_spellings_are_offered_only_when_nothing_fits(atlas: Atlas) -> None:
    assert search(atlas, "sternocleidomastiod")[0].id == "sternocleidomastoid"
    assert all(hit.score > 20 for hit in search(atlas, "calf"))


def test_a_search_gives_no_more_than_asked_for(atlas: Atlas) -> None:
    assert len(search(atlas, "pain", 3)) == 3
    assert search(atlas, "") == ()


def test_a_search_is_repeatable(atlas: Atlas) -> None:
    hits: tuple[Hit, ...] = search(atlas, "back")
    assert hits == search(Atlas.load(), "back")
