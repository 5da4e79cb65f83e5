"""The page and the panel beside the drawing, as HTML; every word of theirs stands in words.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from tautband import __version__
from tautband.assessment import Assessment, Case, wording
from tautband.assessment.assess import CauseEstimate
from tautband.assessment.interview import offered, ticked_together
from tautband.assessment.judgement import judge
from tautband.assessment.next_step import NextStep, next_steps
from tautband.atlas import Atlas
from tautband.atlas.body.drawing import paint
from tautband.web.views import WHOLE, find_view

HEAD_SHARE = 0.8
"""A drawing that lies so far on the head is best seen in a close-up of it."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What the page asks for beside the case.

    Attributes
    ----------
    chosen
        The cause to show on the body, as `kind:id:side`; the likeliest if it is not in the differential.
    skipped
        Steps somebody declined, as `id:side`.
    reasons
        Whether to say why.
    """

    chosen: str = ""
    skipped: frozenset[str] = frozenset()
    reasons: bool = True


@dataclass(frozen=True, slots=True)
class Turn:
    """What to ask or press now: a list of safety questions to tick, or one step with its answers."""

    ticked: tuple[NextStep, ...] = ()
    step: NextStep | None = None
    answers: tuple[tuple[str, str], ...] = ()
    several: bool = False


def example() -> str:
    """The worked example as a `tautband.case/1` document."""
    return (files("tautband.web") / "example.json").read_text(encoding="utf-8")


def page(atlas: Atlas) -> str:
    """The whole page, with nothing painted yet."""
    return (
        _templates()
        .get_template("page.html")
        .render(
            words=words()["page"],
            limits=wording.LIMITS,
            version=__version__,
            atlas=atlas.version,
        )
    )


def panel(case: Case, assessment: Assessment, atlas: Atlas, wish: Wish) -> str:
    """What stands beside the drawing: verdict, flags, next step, muscles, layers, channels and what it rests on."""
    shown = chosen_cause(assessment, atlas, wish.chosen)
    return (
        _templates()
        .get_template("panel.html")
        .render(
            words=words()["page"],
            wording=wording,
            case=case,
            assessment=assessment,
            atlas=atlas,
            emergency=assessment.triage.urgency == "emergency",
            with_reasons=wish.reasons,
            shown=shown,
            key=key_of,
            turn=turn(case, assessment, atlas, wish.skipped),
            skipped=wish.skipped,
            coverage=json.dumps(coverage(case), separators=(",", ":")),
            best_view=best_view(case),
            answered=answered(case, atlas),
        )
    )


def key_of(cause: CauseEstimate) -> str:
    """A cause in one word: `trigger_point:upper_trapezius_1:left`."""
    return f"{cause.kind}:{cause.id}:{cause.side}"


def chosen_cause(assessment: Assessment, atlas: Atlas, chosen: str) -> CauseEstimate | None:
    """The cause to show on the body: the chosen one, else the one behind what decided the verdict."""
    for cause in assessment.causes:
        if key_of(cause) == chosen:
            return cause
    muscles = [cause for _, cause in wording.worth_explaining(assessment, atlas) if cause is not None]
    others = list(wording.other_layers(assessment))
    refer = assessment.needling.verdict == "refer_first"
    return next(iter([*others, *muscles] if refer else [*muscles, *others]), None)


def turn(case: Case, assessment: Assessment, atlas: Atlas, skipped: frozenset[str]) -> Turn:
    """The next thing to ask or press that nobody has declined."""
    steps = assessment.next
    if any(f"{s.id}:{s.side}" in skipped for s in steps):
        declined = frozenset((i, side) for i, _, side in (s.partition(":") for s in skipped))
        steps = next_steps(judge(case, atlas), limit=5, skip=declined)
    if not steps:
        return Turn()
    if ticked := ticked_together(steps, atlas):
        return Turn(ticked=ticked)
    step = steps[0]
    if step.kind == "palpation":
        return Turn(step=step)
    choices = tuple((a.answer, a.label) for a in offered(step.id, case, atlas))
    return Turn(step=step, answers=choices, several=atlas.questions[step.id].max_answers > 1)


def answered(case: Case, atlas: Atlas) -> tuple[tuple[str, str, str], ...]:
    """Every answered question: its id, its words and the words of the answer."""
    rows = []
    for question, answers in case.answers.items():
        if question in atlas.questions:
            labels = {a.answer: a.label for a in atlas.answers_of[question]}
            said = ", ".join(labels[a].lower() for a in answers)
            rows.append((question, atlas.questions[question].ask, said))
        else:
            rows.append((question, question.replace("_", " "), ", ".join(answers)))
    return tuple(rows)


def coverage(case: Case) -> list[dict[str, Any]]:
    """What is painted, region by region, for the painter to show."""
    return [
        {
            "region": p.region,
            "side": p.side,
            "share": 1.0 if p.share is None else round(p.share, 3),
            "intensity": p.intensity,
            "quality": list(p.quality),
        }
        for p in case.pain
    ]


def best_view(case: Case) -> str:
    """The view that shows most of a drawing; empty when nothing is drawn."""
    drawing = case.drawing
    if drawing is None or not drawing.strokes:
        return ""
    covered = paint(drawing).covered
    total = int(covered.sum())

    def share(name: str) -> float:
        shown = find_view(drawing.shape, name)
        return 0.0 if shown is None or not total else float(covered[shown.cells].sum()) / total

    close_ups = ("head_front", "head_left", "head_right", "head_back")
    whole = max(WHOLE, key=share)
    near = max(close_ups, key=share)
    return near if share(near) >= max(HEAD_SHARE, share(whole)) else whole


@cache
def words() -> Mapping[str, Any]:
    """The words of the pages and of the painter."""
    found: Mapping[str, Any] = json.loads((files("tautband.web") / "words.json").read_text(encoding="utf-8"))
    return found


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("tautband.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
