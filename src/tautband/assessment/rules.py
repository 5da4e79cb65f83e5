"""The rule language of triage: parse an expression, evaluate it in three values, say what it still needs.

The language serves `red_flags.csv:when` and `questions.csv:applies_when`::

    expression := conjunction ("or" conjunction)*
    conjunction := negation ("and" negation)*
    negation   := "not" negation | atom
    atom       := "(" expression ")" | "always"
                | "region(" id, ... ")"           a painted region is one of these
                | "area(" id, ... ")"             a painted region lies in one of these areas
                | "bilateral(" area, ... ")"      one of these areas is painted on the left and on the right
                | "sex(" "female" | "male" ")"
                | "count(" number, expression, ... ")"   at least so many of the expressions hold
                | NAME OP number                  age | intensity (highest painted) | n_areas
                | QUESTION "in (" answer, ... ")" one of these answers was ticked
                | QUESTION                        answered yes

**Three values.** What is not known (an unanswered question, an unknown age or sex) is `None`, never false;
`and`, `or` and `count` are decided as soon as what is known decides them.

**What counts as known** (`settle`): an answer given counts, whether or not its question would have been
asked. A question without an answer whose `applies_when` is definitely false for this person counts as not
ticked, so it never leaves a rule undecided. An id that was split into parts is "one of them": a yes given
to it holds for it and for every part a rule may need (the cautious reading, which a later no to a part does
not undo); a no holds for every part not answered yes. In turn a yes to a part is a yes to the former id.

**Danger-monotone.** A rule fires only when it is true. `lowering_terms` lists what could make a true rule
untrue by adding an answer or a painted region: `not`, and upper bounds on what a drawing can raise. A rule
without such terms, once true, stays true whatever is added. The price is that no reassuring answer may gate
a rule, so nothing is silenced while a reassuring question is unanswered either: danger must be stated
positively, as in `movement_changes_pain in (no)`. `tautband.assessment.triage` refuses red flags that break
this.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType

from tautband.errors import AtlasError, nearest

OPERATORS: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        ">=": operator.ge,
        "<=": operator.le,
        ">": operator.gt,
        "<": operator.lt,
        "==": operator.eq,
        "!=": operator.ne,
    }
)
MEASURES = ("age", "intensity", "n_areas")
TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+)|(?P<operator>>=|<=|==|!=|>|<)|(?P<mark>[(),])|(?P<word>[a-z][a-z0-9_]*))"
)


class RuleError(AtlasError):
    """An expression cannot be read; the line names the place and the mend."""


@dataclass(frozen=True, slots=True)
class Always:
    """Holds for everybody."""


@dataclass(frozen=True, slots=True)
class InRegion:
    """A painted region is one of these."""

    regions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InArea:
    """A painted region lies in one of these areas."""

    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BothSides:
    """One of these areas is painted on the left and on the right."""

    areas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IsSex:
    """The person is of one of these sexes."""

    sexes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Compare:
    """A measure of the case stands in this relation to a number."""

    measure: str
    relation: str
    number: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """One of these answers to the question was ticked."""

    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold."""

    part: Expression


@dataclass(frozen=True, slots=True)
class And:
    """Every part holds."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One of the parts holds."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """So many of the parts hold."""

    number: int
    parts: tuple[Expression, ...]


Expression = Always | InRegion | InArea | BothSides | IsSex | Compare | Ticked | Not | And | Or | AtLeast


@lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """Read an expression of the rule language.

    Raises
    ------
    RuleError
        One line that names the place in the text, what stands there and what should.
    """
    return _Parser(text).read()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens: list[tuple[str, str, int]] = []
        position = 0
        while text[position:].strip():
            match = TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                place = len(text) - len(text[position:].lstrip())
                raise RuleError(
                    f"rule at {place}: {text[place]!r} is not part of the language; in {text!r:.120}"
                )
            self.tokens.append((match.lastgroup, match.group(match.lastgroup), match.start(match.lastgroup)))
            position = match.end()
        self.next = 0

    def read(self) -> Expression:
        expression = self.disjunction()
        if self.next < len(self.tokens):
            raise self.error("'and', 'or' or the end")
        return expression

    def peek(self, ahead: int = 0) -> tuple[str, str]:
        place = self.next + ahead
        return self.tokens[place][:2] if place < len(self.tokens) else ("end", "")

    def take(self, kind: str, value: str | None = None) -> str:
        found_kind, found = self.peek()
        if found_kind != kind or (value is not None and found != value):
            raise self.error(repr(value) if value is not None else f"a {kind}")
        self.next += 1
        return found

    def error(self, wanted: str) -> RuleError:
        if self.next < len(self.tokens):
            _, found, place = self.tokens[self.next]
            return RuleError(f"rule at {place}: {found!r} where {wanted} should stand; in {self.text!r:.120}")
        return RuleError(
            f"rule at {len(self.text)}: it ends where {wanted} should stand; in {self.text!r:.120}"
        )

    def disjunction(self) -> Expression:
        parts = [self.conjunction()]
        while self.peek() == ("word", "or"):
            self.next += 1
            parts.append(self.conjunction())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self) -> Expression:
        parts = [self.negation()]
        while self.peek() == ("word", "and"):
            self.next += 1
            parts.append(self.negation())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def negation(self) -> Expression:
        if self.peek() == ("word", "not"):
            self.next += 1
            return Not(self.negation())
        return self.atom()

    def atom(self) -> Expression:
        if self.peek() == ("mark", "("):
            self.next += 1
            inner = self.disjunction()
            self.take("mark", ")")
            return inner
        kind, word = self.peek()
        if kind != "word" or word in ("and", "or", "in"):
            raise self.error("a condition")
        self.next += 1
        match word:
            case "always":
                return Always()
            case "region":
                return InRegion(self.names())
            case "area":
                return InArea(self.names())
            case "bilateral":
                return BothSides(self.names())
            case "sex":
                return IsSex(self.names())
            case "count":
                return self.at_least()
        if self.peek()[0] == "operator":
            if word not in MEASURES:
                self.next -= 1
                raise self.error(f"one of {', '.join(MEASURES)} before a comparison")
            return Compare(word, self.take("operator"), int(self.take("number")))
        if self.peek() == ("word", "in"):
            self.next += 1
            return Ticked(word, self.names())
        if word in MEASURES:
            raise self.error(f"a comparison after {word!r}")
        return Ticked(word, ("yes",))

    def names(self) -> tuple[str, ...]:
        self.take("mark", "(")
        found = [self.take("word")]
        while self.peek() == ("mark", ","):
            self.next += 1
            found.append(self.take("word"))
        self.take("mark", ")")
        return tuple(found)

    def at_least(self) -> AtLeast:
        self.take("mark", "(")
        number = int(self.take("number"))
        parts = []
        while self.peek() == ("mark", ","):
            self.next += 1
            parts.append(self.disjunction())
        self.take("mark", ")")
        if not 1 <= number <= len(parts):
            raise RuleError(
                f"rule: count({number}, ...) of {len(parts)} can never be undecided; in {self.text!r:.120}"
            )
        return AtLeast(number, tuple(parts))


@dataclass(frozen=True)
class CaseView:
    """The part of a case that rules may look at.

    Attributes
    ----------
    age, sex
        `None` where unknown; a sex that is neither `female` nor `male` leaves questions about organs open.
    painted
        Region, side and intensity of each painted place.
    answers
        Question id, or the former id of a split question, to the ticked answers. An empty tuple is "asked of
        nobody like this person": nothing is ticked and nothing is open.
    area_of
        Region id to area.
    """

    age: float | None = None
    sex: str | None = None
    painted: tuple[tuple[str, str, float | None], ...] = ()
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    area_of: Mapping[str, str] = field(default_factory=dict)


def settle(
    view: CaseView, gates: Mapping[str, Expression], parts_of: Mapping[str, tuple[str, ...]]
) -> CaseView:
    """Complete the answers by what follows from them: split questions, and questions that cannot apply.

    Parameters
    ----------
    view
        The case as it was given.
    gates
        Question id to its parsed `applies_when`.
    parts_of
        Former question id to the questions it was split into.
    """
    known = dict(view.answers)
    for former, parts in parts_of.items():
        given = view.answers.get(former)
        if given is None:
            continue
        for part in parts:
            if "yes" in given or "yes" in known.get(part, ()):
                known[part] = ("yes",)
            elif part not in known:
                known[part] = ("no",)
    while True:
        settled = replace(view, answers=known)
        closed = [q for q, gate in gates.items() if q not in known and evaluate(gate, settled) is False]
        unions = {}
        for former, parts in parts_of.items():
            if any("yes" in known.get(part, ()) for part in parts):
                unions[former] = ("yes",)
            elif all(part in known for part in parts):
                unions[former] = ("no",)
        if not closed and all(known.get(former) == answer for former, answer in unions.items()):
            return settled
        known = {**known, **unions, **dict.fromkeys(closed, ())}


def evaluate(expression: Expression, view: CaseView) -> bool | None:
    """Tell whether the expression holds for the case; `None` when what is known does not decide it."""
    match expression:
        case Always():
            return True
        case InRegion(regions):
            return any(region in regions for region, _, _ in view.painted)
        case InArea(areas):
            return any(view.area_of.get(region) in areas for region, _, _ in view.painted)
        case BothSides(areas):
            painted = {(view.area_of.get(region), side) for region, side, _ in view.painted}
            return any((area, "left") in painted and (area, "right") in painted for area in areas)
        case IsSex(sexes):
            return view.sex in sexes if view.sex in ("female", "male") else None
        case Compare(measure, relation, number):
            value = _measure(measure, view)
            return None if value is None else OPERATORS[relation](value, number)
        case Ticked(question, answers):
            given = view.answers.get(question)
            return None if given is None else any(answer in answers for answer in given)
        case Not(part):
            value = evaluate(part, view)
            return None if value is None else not value
        case And(parts):
            return _enough(parts, len(parts), view)
        case Or(parts):
            return _enough(parts, 1, view)
        case AtLeast(number, parts):
            return _enough(parts, number, view)


def _enough(parts: tuple[Expression, ...], number: int, view: CaseView) -> bool | None:
    true = unknown = 0
    for i, part in enumerate(parts):
        value = evaluate(part, view)
        true += value is True
        unknown += value is None
        if true >= number:
            return True
        if true + unknown + len(parts) - i - 1 < number:
            return False
    return None


def _measure(measure: str, view: CaseView) -> float | None:
    if measure == "age":
        return view.age
    if measure == "n_areas":
        return len({view.area_of.get(region) for region, _, _ in view.painted})
    return max((i for _, _, i in view.painted if i is not None), default=None)


def atoms(expression: Expression) -> Iterator[Expression]:
    """Walk the conditions an expression is made of, left to right."""
    match expression:
        case And(parts) | Or(parts) | AtLeast(_, parts):
            for part in parts:
                yield from atoms(part)
        case Not(part):
            yield from atoms(part)
        case _:
            yield expression


def supports(expression: Expression, view: CaseView) -> tuple[Expression, ...]:
    """List the conditions that make a true expression true, in the order they are written."""
    match expression:
        case And(parts) | Or(parts) | AtLeast(_, parts):
            true = [part for part in parts if evaluate(part, view)]
            return tuple(dict.fromkeys(atom for part in true for atom in supports(part, view)))
        case _:
            return (expression,)


def undecided(expression: Expression, view: CaseView) -> tuple[Expression, ...]:
    """List the conditions whose answer could still decide an expression that is neither true nor false."""
    match expression:
        case And(parts) | Or(parts) | AtLeast(_, parts):
            open_parts = [part for part in parts if evaluate(part, view) is None]
            return tuple(dict.fromkeys(atom for part in open_parts for atom in undecided(part, view)))
        case Not(part):
            return undecided(part, view)
        case _:
            return (expression,)


def lowering_terms(expression: Expression) -> tuple[str, ...]:
    """List what could make the expression untrue when an answer or a painted region is added."""
    match expression:
        case Not():
            return ("not",)
        case Compare(measure, relation, number) if measure != "age" and relation not in (">=", ">"):
            return (f"{measure} {relation} {number}",)
        case And(parts) | Or(parts) | AtLeast(_, parts):
            return tuple(term for part in parts for term in lowering_terms(part))
        case _:
            return ()


def problems(
    expression: Expression,
    answers_of: Mapping[str, Iterable[str]],
    area_of: Mapping[str, str],
    former: Iterable[str] = (),
) -> tuple[str, ...]:
    """Name every id in an expression that the atlas does not know, with the nearest one it does.

    Parameters
    ----------
    expression
        A parsed rule or gate.
    answers_of
        Question id to its answers.
    area_of
        Region id to area.
    former
        Ids of questions that were split; a rule may use them, meaning "one of them".
    """
    known_answers = {**dict.fromkeys(former, ("yes", "no")), **{q: tuple(a) for q, a in answers_of.items()}}
    areas = set(area_of.values())
    found = []
    for atom in atoms(expression):
        match atom:
            case InRegion(names):
                wrong = [(f"region {n!r}", nearest(n, area_of)) for n in names if n not in area_of]
            case InArea(names) | BothSides(names):
                wrong = [(f"area {n!r}", nearest(n, areas)) for n in names if n not in areas]
            case IsSex(names):
                wrong = [
                    (f"sex {n!r}", "; write female or male") for n in names if n not in ("female", "male")
                ]
            case Ticked(question, _) if question not in known_answers:
                wrong = [(f"question {question!r}", nearest(question, known_answers))]
            case Ticked(question, names):
                choices = known_answers[question]
                wrong = [(f"answer {question}={n!r}", nearest(n, choices)) for n in names if n not in choices]
            case _:
                wrong = []
        found += [f"unknown {what}{mend}" for what, mend in wrong]
    return tuple(found)
