"""The interview: ask the best next thing until nothing that remains can matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tautband.assessment.case import Case, Finding
from tautband.assessment.judgement import Judgement, judge
from tautband.assessment.next_step import NextStep, next_steps
from tautband.assessment.rules import Ticked, atoms
from tautband.assessment.triage import rule_book
from tautband.atlas import Atlas
from tautband.atlas.tables import Answer

Response = tuple[str, ...] | Finding | None
"""Ticked answers to a question, a finding for a palpation, or nothing when the person declines."""


LONGEST_SCREEN = 8
"""Safety questions that one list holds at the most; more would not be read."""


@dataclass(frozen=True)
class Interview:
    """How an interview went.

    Attributes
    ----------
    case, judgement
        The case as it became, and the last judgement of it.
    turns
        What was asked or pressed together, each step with its response: one step, or a list of safety questions to
        tick.
    """

    case: Case
    judgement: Judgement
    turns: tuple[tuple[tuple[NextStep, Response], ...], ...]

    @property
    def steps(self) -> tuple[tuple[NextStep, Response], ...]:
        """Every step with its response, in order."""
        return tuple(step for turn in self.turns for step in turn)

    @property
    def seconds(self) -> float:
        """What the steps cost the person, by the questions' own estimates; a tick in a list costs less."""
        return sum(step.seconds for step, _ in self.steps)


def hold_interview(
    case: Case,
    atlas: Atlas,
    respond: Callable[[NextStep], Response],
    tick: Callable[[tuple[NextStep, ...]], tuple[str, ...] | None] | None = None,
    watch: Callable[[Case], None] = lambda case: None,
    palpate: bool = True,
) -> Interview:
    """Ask and press until nothing that remains can change the verdict or the first three muscles.

    Parameters
    ----------
    case, atlas
        The case to start from, with its drawing.
    respond
        Gives the person's response to a step.
    tick
        Shown several yes-or-no safety questions of one theme, gives the ids of those that fit, the others being no;
        `None` when the person declines the list. Without it every question is asked alone.
    watch
        Is shown the case after every turn, so that nothing is lost if the interview breaks off.
    palpate
        Whether somebody is there to press; questions only otherwise.
    """
    alone = _alarming_when_denied(atlas)
    declined: set[tuple[str, str]] = set()
    turns: list[tuple[tuple[NextStep, Response], ...]] = []
    while True:
        judgement = judge(case, atlas)
        open_steps = next_steps(judgement, limit=100, skip=frozenset(declined))
        usable = [s for s in open_steps if palpate or s.kind == "question"]
        if not usable:
            return Interview(case, judgement, tuple(turns))
        turn: list[tuple[NextStep, Response]] = []
        screen = _screen(usable, atlas, alone)
        if tick is not None and len(screen) > 1:
            ticked = tick(screen)
            for step in screen:
                turn.append((step, None if ticked is None else ("yes" if step.id in ticked else "no",)))
        else:
            turn.append((usable[0], respond(usable[0])))
        turns.append(tuple(turn))
        for step, response in turn:
            if isinstance(response, Finding):
                case = case.with_finding(response)
            elif response:
                case = case.with_answer(step.id, *response)
            else:
                declined.add((step.id, step.side))
        watch(case)


def offered(question: str, case: Case, atlas: Atlas) -> tuple[Answer, ...]:
    """The answers to offer for a question: those for everybody, and those for the painted areas."""
    areas = {atlas.regions[p.region].area for p in case.pain}
    return tuple(
        answer
        for answer in atlas.answers_of[question]
        if not answer.offered_for_areas or areas.intersection(answer.offered_for_areas)
    )


def ticked_together(steps: Sequence[NextStep], atlas: Atlas) -> tuple[NextStep, ...]:
    """The safety questions that can be ticked in one list with the first step; empty when it is to be asked alone."""
    screen = _screen(steps, atlas, _alarming_when_denied(atlas))
    return screen if len(screen) > 1 else ()


def _alarming_when_denied(atlas: Atlas) -> frozenset[str]:
    """The questions whose no is the alarm: in a list, an unticked line must be the reassuring one."""
    return frozenset(
        atom.question
        for _, expression in rule_book(atlas).flags
        for atom in atoms(expression)
        if isinstance(atom, Ticked) and "no" in atom.answers
    )


def _screen(steps: Sequence[NextStep], atlas: Atlas, alone: frozenset[str]) -> tuple[NextStep, ...]:
    """The safety questions that can be ticked in one list with the first step, each at the price of a tick."""
    first = atlas.questions.get(steps[0].id)
    if first is None or first.type != "yes_no" or not steps[0].safety or first.id in alone:
        return ()
    share = atlas.model["tick_share"].value
    return tuple(
        replace(step, seconds=share * step.seconds)
        for step in steps
        if step.safety
        and step.id not in alone
        and atlas.questions[step.id].type == "yes_no"
        and atlas.questions[step.id].group == first.group
    )[:LONGEST_SCREEN]
