"""Looking ahead to the end of an interview: the imagined people against every combination of answers."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tautband.assessment.outlook import IMAGINED, Belief, Outlook

THRESHOLDS = {"suits_at": 0.5, "refer_at": 0.7, "danger_at": 0.25}


def outlook(weights):
    """Five possible sources: two muscles, another layer, a dangerous look-alike, the unknown."""
    kinds = np.array([0, 0, 1, 2, 3])
    weights = np.array(weights) / np.sum(weights)
    return Outlook(Belief(weights, kinds, np.array([4, 5, 1, 2, 3]), np.zeros(5)), THRESHOLDS, (10.0, 0.1))


def verdict(weights):
    share = np.bincount([0, 0, 1, 2, 3], weights=weights, minlength=4) / np.sum(weights)
    if share[2] >= 0.25 or share[1] + share[2] >= 0.7:
        return "refer_first"
    return "suits" if share[0] >= 0.5 else "unclear"


def by_every_combination(weights, tables):
    """Exact chance that the verdict changes, over all answers of questions that take one answer."""
    turning = 0.0
    weights = np.array(weights) / np.sum(weights)
    for answers in itertools.product(*(range(len(table)) for table in tables)):
        told = weights * np.prod([table[a] for table, a in zip(tables, answers, strict=True)], axis=0)
        turning += told.sum() * (verdict(told) != verdict(weights))
    return turning


@st.composite
def questions(draw):
    columns = [draw(st.lists(st.floats(0.05, 1.0), min_size=3, max_size=3)) for _ in range(5)]
    table = np.array(columns).T
    return table / table.sum(axis=0)


SOURCES = st.lists(st.floats(0.01, 1.0), min_size=5, max_size=5)


@given(SOURCES, st.lists(questions(), min_size=1, max_size=3))
def test_the_imagined_people_turn_about_as_often_as_all_combinations_say(weights, tables):
    found = outlook(weights).chance_of_turning([(table, True) for table in tables])
    exact = by_every_combination(weights, tables)
    # five standard errors of a share among the imagined, and the step between the evenly spread sources
    assert abs(found - exact) <= 5.0 * np.sqrt(0.25 / IMAGINED) + 5.0 / IMAGINED


@given(SOURCES, questions())
def test_ticks_of_a_list_are_answers_of_their_own(weights, table):
    """A line that is ticked or not tells as much as a question with these two answers."""
    line = np.stack((table[0], 1.0 - table[0]))
    ticked = outlook(weights).chance_of_turning([(table[:1], False)])
    assert ticked == pytest.approx(by_every_combination(weights, [line]), abs=0.2)


@given(SOURCES)
def test_with_nothing_left_to_ask_nothing_turns(weights):
    assert outlook(weights).chance_of_turning([]) == 0.0


@given(SOURCES, st.floats(0.1, 0.9))
def test_an_answer_that_all_sources_give_alike_turns_nothing(weights, share):
    table = np.array([[share] * 5, [1.0 - share] * 5])
    assert outlook(weights).chance_of_turning([(table, True)]) == 0.0
