"""A plan as Markdown, for a record or a letter."""

from __future__ import annotations

from collections.abc import Iterator

from tautband.assessment import wording
from tautband.assessment.case import Case
from tautband.assessment.markdown import literal
from tautband.atlas import Atlas
from tautband.cli.plan_wording import LIMITS, STATUS, plan_lines, summary
from tautband.planning import Plan


def plan_markdown(case: Case, plan: Plan, atlas: Atlas, language: str) -> str:
    """Tell a plan in Markdown, in the same order and words as the terminal."""
    return "\n".join(_lines(case, plan, atlas, language)) + "\n"


def _lines(case: Case, plan: Plan, atlas: Atlas, language: str) -> Iterator[str]:
    yield f"# {STATUS[plan.status]}"
    yield ""
    for said in summary(plan):
        yield f"- {said}"
    if case.complaint:
        yield from ("", f"> {literal(wording.plain(case.complaint))}")
    for line in plan_lines(plan, atlas, language):
        match line.kind:
            case "heading":
                yield from ("", f"## {line.text}", "")
            case "title":
                number = f"{line.label}. " if line.label else ""
                risk = f" ({line.tone} risk)" if line.tone in ("low", "moderate", "high") else ""
                yield from ("", f"### {number}{line.text}{risk}", "")
            case "field":
                yield (
                    f"    - {line.label + ': ' if line.label else ''}{line.text}"
                    if _nested(line.label)
                    else f"- {line.label}: {line.text}"
                )
            case "item":
                yield f"- {line.text}"
            case _:
                yield from ("", line.text)
    yield from ("", f"_{LIMITS} Atlas {plan.atlas}._")


def _nested(label: str) -> bool:
    return label in ("", "changes", "why")
