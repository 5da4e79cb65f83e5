"""A plan as a careful colleague would hand it over, in the terminal."""

from __future__ import annotations

from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from tautband.assessment import wording
from tautband.assessment.case import Case
from tautband.atlas import Atlas
from tautband.cli.page import DIM, NARROW, Page
from tautband.cli.plan_wording import LIMITS, STATUS, Line, plan_lines, summary
from tautband.planning import Plan

COLOURS = {"ready": "green", "provisional": "yellow", "closed": "red", "refer": "red"}
TONES = {
    "danger": "red",
    "warn": "yellow",
    "dim": DIM,
    "strong": "bold",
    "other": "blue",
    "question": "cyan",
}
RISKS = {"low": "green", "moderate": "yellow", "high": "red"}


def print_plan(case: Case, plan: Plan, atlas: Atlas, language: str, console: Console) -> None:
    """Print a plan for a person."""
    page = Page(console)
    colour = COLOURS[plan.status]
    lines = [Text(line) for line in summary(plan)]
    if case.complaint:
        lines.append(Text(f"“{wording.plain(case.complaint)}”", style="italic"))
    console.print(
        Panel(
            Group(*lines),
            title=f"[bold {colour}]{STATUS[plan.status]}",
            title_align="left",
            border_style=colour,
            padding=(0, 1),
        )
    )
    for line in plan_lines(plan, atlas, language):
        _print(page, line)
    console.print()
    page.say(f"{LIMITS} Atlas {plan.atlas}.", DIM, indent=0)


def _print(page: Page, line: Line) -> None:
    style = TONES.get(line.tone, "")
    match line.kind:
        case "heading":
            page.heading(line.text)
        case "title":
            risk = line.tone if line.tone in RISKS else ""
            title = Text(line.text, f"bold {style}".strip())
            if risk:
                title.append(f"  {risk} risk", RISKS[risk])
                page.console.print()
            page.item(Text(f"  {line.label} " if line.label else "  ", "bold"), title)
        case "field":
            width = 6 if page.console.width < NARROW else 11
            label = f"    {line.label:<{width}}" if len(line.label) < width else f"    {line.label} "
            page.item(Text(label, DIM), Text(line.text, style))
        case "item":
            page.item(Text("  ? " if line.tone == "question" else "  • ", style), Text(line.text, style))
        case _:
            page.say(line.text, style, indent=2)
