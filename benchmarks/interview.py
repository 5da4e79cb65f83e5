# ruff: noqa: E501 (rows of Markdown tables read best in one piece)
"""How many questions, turns and seconds until the verdict stands, against a questionnaire in fixed order.

The interview asks what tells most per second and stops when no remaining question can change the verdict or the first
three muscles. The questionnaire asks every question that applies, given the answers so far, in the order of the
question table; it cannot know when it may stop, so all of it counts. When its verdict, and its first three muscles,
changed for the last time is reported beside it: that is known only afterwards. Both are also timed with the yes-or-no
safety questions of one theme shown as lists to tick.

Patients are drawn from the model, with drawings like the published ones; published patients answer as their report
says, and as the model expects of their known source where it says nothing.

Run: python benchmarks/interview.py [--patients 300] [--seed 2]
Writes benchmarks/results/interview.md.
"""

from __future__ import annotations

import argparse
import csv
import os
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial

import numpy as np
from calibration import one_complaint, shipped_atlas
from published import DATA, read_cases
from report import machine, write_results

from tautband.assessment.case import Case
from tautband.assessment.interview import LONGEST_SCREEN, Interview, hold_interview
from tautband.assessment.judgement import Judgement, judge
from tautband.assessment.model import ModelCause
from tautband.assessment.next_step import NextStep
from tautband.assessment.rules import CaseView, Ticked, atoms, evaluate
from tautband.assessment.simulate import Patient, World, draw_patient
from tautband.assessment.triage import PRESSING, OpenFlag, next_screens, rule_book, screen, view_of
from tautband.atlas import Atlas
from tautband.atlas.tables import URGENCIES

FOUR_MINUTES, TEN_MINUTES = 240.0, 600.0
FOLLOWED = 100
"""Patients of whom every stage of the questionnaire is judged, to see when it stops changing."""


@dataclass(frozen=True)
class Effort:
    """What one way of asking costs one person."""

    questions: int
    turns: int
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """One patient: each way of asking, and where it ended."""

    plain: Effort
    listed: Effort
    adaptive: Effort
    single: Effort
    pressing: Effort
    presses: int
    settled: tuple[int, float] | None
    settled_verdict: tuple[int, float] | None
    same_verdict: bool
    same_muscles: bool
    shared_muscles: int
    pressed_verdict: bool
    pressed_muscles: bool
    verdicts: tuple[str, str]
    urgency: tuple[str, str]
    safety_seconds: float
    safety_questions: int
    foreseen: int
    milliseconds: float


def first_three(judgement: Judgement) -> tuple[tuple[str, str], ...]:
    """The three likeliest muscles."""
    found = []
    for block, active in zip(judgement.network.problem.blocks, judgement.posterior.block_active, strict=True):
        cause = judgement.network.causes[block[0]]
        if cause.muscle:
            found.append((-round(float(active), 9), cause.muscle, cause.side))
    return tuple((muscle, side) for _, muscle, side in sorted(found)[:3])


def questionnaire(patient: Patient, atlas: Atlas) -> list[tuple[str, Case]]:
    """Every question that applies, in the order of the table, with the case after it."""
    case, gates, asked = patient.case, rule_book(atlas).gates, []
    while True:
        view = view_of(case, atlas)
        question = next((q for q in gates if q not in case.answers and evaluate(gates[q], view)), None)
        if question is None:
            return asked
        case = case.with_answer(question, *patient.answer(question))
        asked.append((question, case))


def in_lists(asked: Sequence[str], atlas: Atlas) -> Effort:
    """The same questions, the safety questions of one theme that may be ticked together in lists."""
    alone = {
        atom.question
        for _, expression in rule_book(atlas).flags
        for atom in atoms(expression)
        if isinstance(atom, Ticked) and "no" in atom.answers
    }
    groups: Counter[str] = Counter()
    turns, seconds = 0, 0.0
    for question in asked:
        row = atlas.questions[question]
        if row.tier == "safety" and row.type == "yes_no" and question not in alone:
            groups[row.group] += 1
            seconds += row.seconds * atlas.model["tick_share"].value
        else:
            turns += 1
            seconds += row.seconds
    return Effort(len(asked), turns + sum(-(-n // LONGEST_SCREEN) for n in groups.values()), seconds)


def settled(asked: Sequence[tuple[str, Case]], atlas: Atlas, muscles: bool) -> tuple[int, float]:
    """After how many questions and seconds the verdict (and the first three muscles) changed for the last time."""
    before, last, spent, seconds = None, (0, 0.0), 0.0, 0.0
    triage, judgement = None, None
    for number, (question, case) in enumerate(asked, 1):
        spent += atlas.questions[question].seconds
        screened = screen(case, atlas)
        state = (screened.urgency, screened.screened)
        if judgement is None or state != triage or question in judgement.model.answers.moved_by:
            judgement = judge(case, atlas)
        triage = state
        now = (judgement.needling.verdict, first_three(judgement) if muscles else ())
        if now != before:
            last, seconds = (number, spent), spent
        before = now
    return last[0], seconds


def foreseen(patient: Patient, atlas: Atlas) -> int:
    """How many questions settle triage when each is chosen knowing its answer: about the fewest that can."""
    case, asked = patient.case, 0
    when = {flag.id: expression for flag, expression in rule_book(atlas).flags}
    while True:
        triage = screen(case, atlas)
        found = URGENCIES.index(triage.urgency)
        flags = [f for f in triage.open if f.urgency in PRESSING and URGENCIES.index(f.urgency) > found]
        askable = {q.id for batch in next_screens(triage, atlas) for q in batch}
        waiting = sorted({q for f in flags for q in f.questions if q in askable})
        if not waiting:
            return asked
        view = view_of(case, atlas)

        def settles(question: str, view: CaseView = view, flags: Sequence[OpenFlag] = flags) -> int:
            told = replace(view, answers={**view.answers, question: patient.answer(question)})
            return sum(question in f.questions and evaluate(when[f.id], told) is not None for f in flags)

        best = max(waiting, key=settles)
        case, asked = case.with_answer(best, *patient.answer(best)), asked + 1


def effort(held: Interview) -> Effort:
    """Questions and presses, turns and seconds of an interview."""
    return Effort(len(held.steps), len(held.turns), held.seconds)


def compare(patient: Patient, atlas: Atlas, follow: bool) -> Comparison:
    """Hold the questionnaire and the interviews with one patient."""

    def tick(steps: tuple[NextStep, ...]) -> tuple[str, ...]:
        return tuple(s.id for s in steps if patient.answer(s.id) == ("yes",))

    asked = questionnaire(patient, atlas)
    full = asked[-1][1] if asked else patient.case
    everything = judge(full, atlas)
    started = time.perf_counter()
    adaptive = hold_interview(patient.case, atlas, patient.respond, tick, palpate=False)
    spent = time.perf_counter() - started
    single = hold_interview(patient.case, atlas, patient.respond, palpate=False)
    pressing = hold_interview(patient.case, atlas, patient.respond, tick)
    # the same points pressed, everything asked
    with_presses = judge(replace(full, findings=pressing.case.findings), atlas)
    questions = [q for q, _ in asked]
    ended, known = first_three(adaptive.judgement), first_three(everything)
    return Comparison(
        plain=Effort(len(asked), len(asked), sum(atlas.questions[q].seconds for q in questions)),
        listed=in_lists(questions, atlas),
        adaptive=effort(adaptive),
        single=effort(single),
        pressing=effort(pressing),
        presses=sum(s.kind == "palpation" for s, _ in pressing.steps),
        settled=settled(asked, atlas, True) if follow else None,
        settled_verdict=settled(asked, atlas, False) if follow else None,
        same_verdict=adaptive.judgement.needling.verdict == everything.needling.verdict,
        same_muscles=set(ended) == set(known),
        shared_muscles=len(set(ended) & set(known)),
        pressed_verdict=pressing.judgement.needling.verdict == with_presses.needling.verdict,
        pressed_muscles=set(first_three(pressing.judgement)) == set(first_three(with_presses)),
        verdicts=(adaptive.judgement.needling.verdict, everything.needling.verdict),
        urgency=(adaptive.judgement.triage.urgency, everything.triage.urgency),
        safety_seconds=sum(s.seconds for s, _ in adaptive.steps if s.safety),
        safety_questions=sum(s.safety for s, _ in single.steps),
        foreseen=foreseen(patient, atlas),
        milliseconds=1000 * spent / (len(adaptive.turns) + 1),
    )


def simulated(number: int, seed: int, followed: int) -> Comparison:
    """One simulated patient."""
    atlas = shipped_atlas()
    patient = draw_patient(
        World(atlas), np.random.default_rng([seed, number]), partial(one_complaint, atlas=atlas)
    )
    return compare(patient, atlas, number < followed)


@dataclass(frozen=True)
class ReportedPatient(Patient):
    """A published patient: answers as reported, else as the model expects of the known source."""

    def answer(self, question: str) -> tuple[str, ...]:
        return self.reported.get(question) or super().answer(question)

    @property
    def reported(self) -> dict[str, tuple[str, ...]]:
        return dict(self.told)

    told: tuple[tuple[str, tuple[str, ...]], ...] = ()


@lru_cache(maxsize=1)
def published_patients(atlas: Atlas) -> list[Patient]:
    """The published cases with their known source: the likeliest, by the drawing, that fits the report."""
    with (DATA / "case_lookalikes.csv").open(encoding="utf-8") as file:
        diagnosis = {row["case_id"]: row["lookalike"] for row in csv.DictReader(file)}
    world, patients = World(atlas), []
    for number, known in enumerate(read_cases(atlas)):
        drawing = replace(known.case, answers={})
        judgement = judge(drawing, atlas)
        muscles = {
            m
            for name in known.row["muscles_with_active_trps"]
            for m in atlas.muscles_named(name.split(":")[1])
        }

        def fits(
            cause: ModelCause,
            lookalike: str = diagnosis.get(known.row["case_id"], ""),
            muscles: set[str] = muscles,
        ) -> bool:
            return cause.id == lookalike if lookalike else cause.muscle in muscles

        ranked = sorted(
            zip(-judgement.shares.main, judgement.network.causes, strict=True), key=lambda pair: pair[0]
        )
        main = next((c for _, c in ranked if fits(c)), None) or next(
            (c for c in world.model.causes if fits(c)), None
        )
        # a source that the atlas does not know answers by base rate
        main = main or next(c for _, c in ranked if c.kind == "unknown")
        patients.append(
            ReportedPatient(
                drawing,
                main,
                active=frozenset({(main.id, main.side)}),
                shown=frozenset({(main.id, main.side)}),
                world=world,
                seed=number,
                told=tuple(known.case.answers.items()),
            )
        )
    return patients


def reported(number: int, followed: int) -> Comparison:
    """One published patient."""
    atlas = shipped_atlas()
    return compare(published_patients(atlas)[number], atlas, number < followed)


def table(rows: Sequence[Comparison]) -> list[str]:
    """Effort of each way of asking."""
    lines = [
        "| way of asking | questions: median, mean, most | turns: median | seconds: median, mean, most | over 4 min | over 10 min |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    ways = {
        "questionnaire, one by one": [r.plain for r in rows],
        "questionnaire, safety in lists": [r.listed for r in rows],
        "interview, one by one": [r.single for r in rows],
        "interview, safety in lists": [r.adaptive for r in rows],
        "the same with palpation": [r.pressing for r in rows],
    }
    for name, efforts in ways.items():
        questions = [e.questions for e in efforts]
        seconds = [e.seconds for e in efforts]
        lines.append(
            f"| {name} | {statistics.median(questions):.0f}, {statistics.mean(questions):.1f}, {max(questions)} "
            f"| {statistics.median(e.turns for e in efforts):.0f} "
            f"| {statistics.median(seconds):.0f}, {statistics.mean(seconds):.0f}, {max(seconds):.0f} "
            f"| {np.mean([s > FOUR_MINUTES for s in seconds]):.1%} | {np.mean([s > TEN_MINUTES for s in seconds]):.1%} |"
        )
    return lines


def agreement(rows: Sequence[Comparison]) -> list[str]:
    """Where the interview ended against everything asked, and when the questionnaire stopped changing."""
    followed = [r for r in rows if r.settled is not None and r.settled_verdict is not None]
    numbers = [r.settled[0] for r in followed if r.settled]
    verdict_numbers = [r.settled_verdict[0] for r in followed if r.settled_verdict]
    ratio = statistics.median(r.adaptive.questions / r.plain.questions for r in rows)
    turns = statistics.median(r.adaptive.turns / r.plain.turns for r in rows)
    differs = Counter(r.verdicts for r in rows if not r.same_verdict)
    alarms = Counter(r.urgency for r in rows if r.urgency[0] != r.urgency[1])
    return [
        f"- Questions asked, as a share of the questionnaire's: median {ratio:.2f}; turns {turns:.2f}; seconds "
        f"{statistics.median(r.adaptive.seconds / r.plain.seconds for r in rows):.2f} "
        f"(against the questionnaire in lists: turns {statistics.median(r.adaptive.turns / r.listed.turns for r in rows):.2f}, "
        f"seconds {statistics.median(r.adaptive.seconds / r.listed.seconds for r in rows):.2f}).",
        f"- One by one, {statistics.mean(r.safety_questions for r in rows):.1f} of {statistics.mean(r.single.questions for r in rows):.1f} "
        f"questions are about red flags (mean); chosen with foresight of every answer they would be "
        f"{statistics.mean(r.foreseen for r in rows):.1f}, {statistics.mean(r.foreseen / r.plain.questions for r in rows):.2f} of the questionnaire.",
        f"- Of the interview's seconds, red-flag questions take {sum(r.safety_seconds for r in rows) / sum(r.adaptive.seconds for r in rows):.0%}.",
        f"- The verdict is that of everything asked in {np.mean([r.same_verdict for r in rows]):.1%}; the first three muscles "
        f"in {np.mean([r.same_muscles for r in rows]):.1%} (mean shared {np.mean([r.shared_muscles for r in rows]):.2f} of 3).",
        f"- With palpation (mean {np.mean([r.presses for r in rows]):.1f} presses), against everything asked and the same presses: "
        f"verdict {np.mean([r.pressed_verdict for r in rows]):.1%}, muscles {np.mean([r.pressed_muscles for r in rows]):.1%}.",
        "- Verdicts that differ (interview, everything asked): "
        + ("; ".join(f"{a}, {b}: {n}" for (a, b), n in differs.most_common()) or "none")
        + ". Urgencies that differ: "
        + ("; ".join(f"{a}, {b}: {n}" for (a, b), n in alarms.most_common()) or "none")
        + ".",
        f"- The questionnaire's verdict changed for the last time at question {statistics.median(verdict_numbers):.0f} (median), verdict or "
        f"first three muscles at question {statistics.median(numbers):.0f}, of {statistics.median(r.plain.questions for r in followed):.0f} "
        f"({len(followed)} patients followed).",
        f"- Time of the machine per turn: median {statistics.median(r.milliseconds for r in rows):.0f} ms, longest mean of an interview "
        f"{max(r.milliseconds for r in rows):.0f} ms.",
    ]


def main() -> None:
    """Run both sets of patients and write the results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--patients", type=int, default=300)
    parser.add_argument("--followed", type=int, default=FOLLOWED)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    given = parser.parse_args()
    atlas = shipped_atlas()
    with ProcessPoolExecutor(given.workers) as pool:
        drawn = list(
            pool.map(
                partial(simulated, seed=given.seed, followed=given.followed),
                range(given.patients),
                chunksize=5,
            )
        )
        cases = list(
            pool.map(
                partial(reported, followed=given.followed), range(len(published_patients(atlas))), chunksize=5
            )
        )
    write_results(
        "interview",
        [
            "# The interview against a questionnaire in fixed order",
            machine(atlas.version),
            f"Seconds are the questions' own estimates; a line in a list to tick counts {atlas.model['tick_share'].value:g} of its question. "
            "A turn is one question, one press, or one list.",
            f"## {given.patients} simulated patients (seed {given.seed})",
            *table(drawn),
            "",
            *agreement(drawn),
            f"## {len(cases)} published patients",
            *table(cases),
            "",
            *agreement(cases),
        ],
    )


if __name__ == "__main__":
    main()
