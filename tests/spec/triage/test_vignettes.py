from __future__ import annotations

import pytest
from tests.spec.triage.vignettes import Vignette, load_vignettes

from tautband.assessment.rules import evaluate
from tautband.assessment.triage import rule_book, screen, view_of
from tautband.atlas import Atlas
from tautband.atlas.tables import URGENCIES

VIGNETTES = load_vignettes()


@pytest.fixture(scope="module")
def atlas() -> Atlas:
    return Atlas.load()


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda v: f"{v.area}-{v.id}")
def test_urgency_is_what_guidelines_ask_for(vignette: Vignette, atlas: Atlas) -> None:
    triage = screen(vignette.case(atlas), atlas)
    how, _, wanted = vignette.expected.rpartition(" ")
    got, bound = URGENCIES.index(triage.urgency), URGENCIES.index(wanted)
    fired = [f"{flag.id} ({flag.urgency}): {flag.why}" for flag in triage.flags]
    assert {"exactly": got == bound, "at least": got >= bound, "at most": got <= bound}[how], (
        f"{vignette.story}: expected {vignette.expected}, got {triage.urgency}\n" + "\n".join(fired)
    )
    if vignette.flag:
        assert vignette.flag in [flag.id for flag in triage.flags], "\n".join(fired)


@pytest.mark.parametrize("vignette", VIGNETTES, ids=lambda v: f"{v.area}-{v.id}")
def test_every_flag_says_why_what_to_do_and_where_it_comes_from(vignette: Vignette, atlas: Atlas) -> None:
    for flag in screen(vignette.case(atlas), atlas).flags:
        assert flag.why, flag.id
        assert flag.action, flag.id
        assert flag.sources, flag.id
        assert all(source in atlas.sources for source in flag.sources), flag.id


def test_there_are_enough_vignettes_and_each_has_a_known_source(atlas: Atlas) -> None:
    assert len(VIGNETTES) >= 150
    assert len({(v.area, v.id) for v in VIGNETTES}) == len(VIGNETTES)
    assert [v.id for v in VIGNETTES if v.source not in atlas.sources] == []
    assert sum(v.benign for v in VIGNETTES) >= 35


def test_reassurance_added_to_a_danger_never_lowers_it(atlas: Atlas) -> None:
    reassurance = {
        "movement_changes_pain": "yes",
        "eased_heat": "yes",
        "eased_stretch_massage": "yes",
        "knot_press": "my_pain",
        "course_trend": "better",
        "night_pain": "none",
        "pain_duration": "over_1_year",
        "onset_speed": "weeks_or_longer",
        "injury_level": "none",
        "fever": "no",
        "cancer_history": "no",
    }
    for vignette in VIGNETTES:
        before = vignette.case(atlas)
        after = before
        for question, answer in reassurance.items():
            if question not in before.answers:
                after = after.with_answer(question, answer)
        first, second = screen(before, atlas), screen(after, atlas)
        assert {f.id for f in first.flags} <= {f.id for f in second.flags}, vignette.id


def test_a_danger_is_found_by_questions_that_are_asked(atlas: Atlas) -> None:
    """The answers that a vignette turns on must be asked of that person, or nobody would ever give them."""
    book = rule_book(atlas)
    unasked = []
    for vignette in VIGNETTES:
        if vignette.benign or not vignette.pain:
            continue
        case = vignette.case(atlas)
        view = view_of(case, atlas)
        for question, ticked in case.answers.items():
            parts = book.parts_of.get(question, (question,))
            if ticked != ("no",) and all(evaluate(book.gates[part], view) is False for part in parts):
                unasked.append(f"{vignette.area}-{vignette.id}: {question}")
    assert unasked == []


def test_every_urgent_and_emergency_flag_fires_in_some_vignette(atlas: Atlas) -> None:
    fired = {flag.id for vignette in VIGNETTES for flag in screen(vignette.case(atlas), atlas).flags}
    pressing = {flag.id for flag in atlas.red_flags.values() if flag.urgency != "routine"}
    assert pressing - fired == set()


def test_every_pressing_look_alike_has_a_red_flag_of_its_urgency(atlas: Atlas) -> None:
    best: dict[str, int] = {}
    for link in atlas.red_flag_causes:
        urgency = URGENCIES.index(atlas.red_flags[link.red_flag].urgency)
        best[link.lookalike] = max(best.get(link.lookalike, 0), urgency)
    missing = [
        look.id
        for look in atlas.lookalikes.values()
        if URGENCIES.index(look.urgency) >= URGENCIES.index("urgent")
        and best.get(look.id, 0) < URGENCIES.index(look.urgency)
    ]
    assert missing == []
