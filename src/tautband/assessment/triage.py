"""Triage: deterministic red flags over the answers and the drawing, never outvoted by a probability.

Every red flag is a row of the atlas whose `when` is an expression of `tautband.assessment.rules`. A flag
fires only when its expression is true; its urgency then stands whatever the differential says, and nothing
that is added later (an answer, a palpation finding, a painted region) can take it back: `rule_book` refuses
flags for which that would not hold. While an emergency or urgent flag is undecided it is *open*: it is
shown as open with the questions that settle it, and the case is not fully screened. A flag is cleared only
when its expression is false.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from tautband.assessment.case import Case
from tautband.assessment.rules import (
    BothSides,
    CaseView,
    Compare,
    Expression,
    InArea,
    InRegion,
    IsSex,
    RuleError,
    Ticked,
    evaluate,
    lowering_terms,
    parse,
    problems,
    settle,
    supports,
    undecided,
)
from tautband.atlas import Atlas
from tautband.atlas.tables import URGENCIES, Question, RedFlag

PRESSING = ("emergency", "urgent")
"""The urgencies whose open flags leave a case not fully screened."""


@dataclass(frozen=True, slots=True)
class Flag:
    """A red flag that fired: what fired it, what to do, and where that comes from."""

    id: str
    name: str
    urgency: str
    condition: str
    why: str
    action: str
    evidence: str
    sources: tuple[str, ...]
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenFlag:
    """A red flag that what is known neither fires nor clears.

    Attributes
    ----------
    questions
        The questions to ask next for it; a question whose own gate is undecided is replaced by the gate's.
    facts
        What else would settle it: `age`, `sex` or `intensity`.
    """

    id: str
    name: str
    urgency: str
    condition: str
    questions: tuple[str, ...]
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Triage:
    """The outcome of the red flags: the highest urgency that fired, each flag, and what is still open.

    Attributes
    ----------
    urgency
        `none`, `routine`, `urgent` or `emergency`.
    flags
        Fired flags, the most urgent first.
    open
        Undecided flags, the most urgent first.
    screened
        Whether every emergency and urgent flag is decided; show "not fully screened" when it is false.
    """

    urgency: str
    flags: tuple[Flag, ...]
    open: tuple[OpenFlag, ...]
    screened: bool


@dataclass(frozen=True)
class RuleBook:
    """The red flags and gates of an atlas, parsed and checked.

    Attributes
    ----------
    flags
        Red flags with their expressions, the most urgent first, then as listed.
    gates
        Question id to its parsed `applies_when`.
    parts_of
        Former question id to the questions it was split into.
    causes_of
        Red flag id to the look-alikes it is there to catch.
    area_of
        Region id to area.
    """

    flags: tuple[tuple[RedFlag, Expression], ...]
    gates: Mapping[str, Expression]
    parts_of: Mapping[str, tuple[str, ...]]
    causes_of: Mapping[str, tuple[str, ...]]
    area_of: Mapping[str, str]


@lru_cache(maxsize=8)
def rule_book(atlas: Atlas) -> RuleBook:
    """Parse and check the red flags and question gates of an atlas.

    Raises
    ------
    RuleError
        If an expression cannot be read, names something the atlas does not know, or could be lowered by an added
        answer or painted region.
    """
    parts: dict[str, tuple[str, ...]] = {}
    for alias in atlas.aliases:
        if alias.kind == "question_split":
            parts[alias.old_id] = (*parts.get(alias.old_id, ()), alias.new_id)
    answers = {question: tuple(a.answer for a in rows) for question, rows in atlas.answers_of.items()}
    area_of = {region.id: region.area for region in atlas.regions.values()}

    def checked(text: str, where: str) -> Expression:
        try:
            expression = parse(text)
        except RuleError as error:
            raise RuleError(f"{where}: {error}") from None
        if found := problems(expression, answers, area_of, parts):
            raise RuleError(f"{where}: {found[0]}")
        return expression

    gates = {q.id: checked(q.applies_when, f"questions.{q.id}") for q in atlas.questions.values()}
    flags = []
    for red_flag in atlas.red_flags.values():
        expression = checked(red_flag.when, f"red_flags.{red_flag.id}")
        if terms := lowering_terms(expression):
            raise RuleError(
                f"red_flags.{red_flag.id}: {terms[0]!r} would let a reassuring answer or a painted region lower an "
                "urgency; state the danger positively, such as 'movement_changes_pain in (no)'"
            )
        flags.append((red_flag, expression))
    flags.sort(key=lambda pair: -URGENCIES.index(pair[0].urgency))
    causes: dict[str, tuple[str, ...]] = {}
    for link in atlas.red_flag_causes:
        causes[link.red_flag] = (*causes.get(link.red_flag, ()), link.lookalike)
    return RuleBook(tuple(flags), gates, parts, causes, area_of)


def view_of(case: Case, atlas: Atlas) -> CaseView:
    """Reduce a case to what rules may look at, completed by what follows from the answers given."""
    book = rule_book(atlas)
    painted = tuple((p.region, p.side, p.intensity) for p in case.pain)
    return settle(
        CaseView(case.age, case.sex, painted, case.answers, book.area_of), book.gates, book.parts_of
    )


def screen(case: Case, atlas: Atlas) -> Triage:
    """Hold every red flag of the atlas against the case.

    Parameters
    ----------
    case
        The case; palpation findings play no part, so no finding can change a flag.
    atlas
        The atlas whose red flags count.
    """
    book = rule_book(atlas)
    view = view_of(case, atlas)
    fired, still_open = [], []
    for red_flag, expression in book.flags:
        value = evaluate(expression, view)
        if value is True:
            fired.append(_flag(red_flag, expression, view, case, atlas))
        elif value is None:
            still_open.append(_open_flag(red_flag, expression, view, book))
    return Triage(
        urgency=fired[0].urgency if fired else URGENCIES[0],
        flags=tuple(fired),
        open=tuple(still_open),
        screened=not any(flag.urgency in PRESSING for flag in still_open),
    )


def next_screens(triage: Triage, atlas: Atlas) -> tuple[tuple[Question, ...], ...]:
    """List the safety questions still to ask, the most dangerous first, batched into screens of one theme.

    Parameters
    ----------
    triage
        The triage so far.
    atlas
        The atlas it was made with.

    Returns
    -------
    tuple of tuple of Question
        Within a degree of danger, the screens that take the fewest seconds come first.
    """
    danger: dict[str, int] = {}
    for flag in triage.open:
        if flag.urgency in PRESSING:
            for wanted in flag.questions:
                danger.setdefault(wanted, URGENCIES.index(flag.urgency))
    screens: dict[tuple[int, str], list[Question]] = {}
    for question in atlas.questions.values():
        if question.id in danger:
            screens.setdefault((-danger[question.id], question.group), []).append(question)
    batches = [(key[0], sum(q.seconds for q in batch), batch) for key, batch in screens.items()]
    batches.sort(key=lambda entry: entry[:2])
    return tuple(tuple(sorted(batch, key=lambda q: q.seconds)) for _, _, batch in batches)


def _flag(red_flag: RedFlag, expression: Expression, view: CaseView, case: Case, atlas: Atlas) -> Flag:
    atoms = supports(expression, view)
    reasons = dict.fromkeys(reason for atom in atoms for reason in _reasons(atom, view, case, atlas))
    return Flag(
        id=red_flag.id,
        name=red_flag.name,
        urgency=red_flag.urgency,
        condition=red_flag.condition,
        why="; ".join(reasons),
        action=red_flag.action,
        evidence=red_flag.evidence,
        sources=red_flag.provenance.sources,
        causes=rule_book(atlas).causes_of.get(red_flag.id, ()),
    )


def _reasons(atom: Expression, view: CaseView, case: Case, atlas: Atlas) -> Iterator[str]:
    """Say in words what of the case makes a condition true."""
    match atom:
        case InRegion(names):
            yield from _places(view, atlas, lambda region: region in names)
        case InArea(names) | BothSides(names):
            yield from _places(view, atlas, lambda region: view.area_of.get(region) in names)
        case IsSex(_):
            yield f"sex {view.sex}"
        case Compare("age", _, _):
            yield f"age {view.age:g}"
        case Compare("intensity", _, _):
            yield f"worst pain {max(i for _, _, i in view.painted if i is not None):g} of 10"
        case Ticked(question, answers):
            yield from _answers(question, answers, view, case, atlas)


def _places(view: CaseView, atlas: Atlas, wanted: Callable[[str], bool]) -> Iterator[str]:
    for region, side, _ in view.painted:
        if wanted(region):
            label = atlas.regions[region].label
            yield f"pain at {label.lower()}" + ("" if side == "midline" else f", {side}")


def _answers(
    question: str, answers: Iterable[str], view: CaseView, case: Case, atlas: Atlas
) -> Iterator[str]:
    book = rule_book(atlas)
    parts = book.parts_of.get(question, (question,))
    said = [part for part in parts if set(case.answers.get(part, ())) & set(answers)]
    for part in said:
        labels = [
            a.label for a in atlas.answers_of[part] if a.answer in case.answers[part] and a.answer in answers
        ]
        yield f"{atlas.questions[part].ask} {', '.join(labels)}"
    if not said:
        former = [
            old
            for old, new in book.parts_of.items()
            if "yes" in case.answers.get(old, ()) and {*new} & {*parts}
        ]
        for old in former:
            yield f"yes to one of: {' '.join(atlas.questions[part].ask for part in book.parts_of[old])}"


def _open_flag(red_flag: RedFlag, expression: Expression, view: CaseView, book: RuleBook) -> OpenFlag:
    questions: dict[str, None] = {}
    facts: dict[str, None] = {}
    waiting = list(undecided(expression, view))
    seen = set(waiting)
    while waiting:
        match waiting.pop(0):
            case Ticked(question, _):
                for part in book.parts_of.get(question, (question,)):
                    if part in view.answers:
                        continue
                    gate = book.gates[part]
                    if evaluate(gate, view):
                        questions[part] = None
                    else:
                        more = [atom for atom in undecided(gate, view) if atom not in seen]
                        seen.update(more)
                        waiting += more
            case IsSex(_):
                facts["sex"] = None
            case Compare(measure, _, _):
                facts[measure] = None
    return OpenFlag(
        red_flag.id, red_flag.name, red_flag.urgency, red_flag.condition, tuple(questions), tuple(facts)
    )
