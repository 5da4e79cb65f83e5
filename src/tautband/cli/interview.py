"""`tautband interview`: the interview in the terminal."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tautband.cli.assess import read_bytes
from tautband.errors import CaseError

if TYPE_CHECKING:
    from tautband.assessment import Case, Finding
    from tautband.assessment.interview import Response
    from tautband.assessment.next_step import NextStep
    from tautband.atlas import Atlas


@click.command()
@click.argument("case", metavar="CASE")
@click.option("-o", "--output", metavar="FILE", help="Save the case here after every answer.")
@click.option("--no-palpation", is_flag=True, help="Ask questions only; nobody is there to press.")
@click.option(
    "--atlas", "overlay", metavar="DIR", help="Lay an atlas directory of your own over the shipped one."
)
def interview(case: str, output: str | None, no_palpation: bool, overlay: str | None) -> None:
    """Ask, one by one, what is expected to tell most per second, safety first, and then assess.

    CASE is a tautband.case/1 file with the drawing. Answer with the number of a choice, several separated by commas
    where several may be ticked, 0 for none of a list, or nothing to skip. Ctrl-D ends early with what is known.
    """
    from rich.console import Console

    from tautband.assessment import assess, read_case
    from tautband.assessment.interview import hold_interview
    from tautband.assessment.triage import screen
    from tautband.atlas import Atlas
    from tautband.cli.render import print_assessment

    atlas = Atlas.load(overlay)
    started = read_case(read_bytes(case), atlas)
    latest = [started]

    def watch(case_now: Case) -> None:
        latest[0] = case_now
        if output is not None:
            save_case(case_now, Path(output))

    watch(started)
    try:
        if screen(started, atlas).urgency != "emergency":
            watch(_complete(started))
        hold_interview(latest[0], atlas, _asker(started, atlas), _tick, watch, palpate=not no_palpation)
    except (EOFError, click.Abort):
        click.echo("\nEnded early.", err=True)
    print_assessment(latest[0], assess(latest[0], atlas), atlas, Console(highlight=False))


def save_case(case: Case, path: Path) -> None:
    """Write a case so that a crash leaves either the old file or the new one, never half of it."""
    from tautband.assessment import write_case

    part = path.with_name(path.name + ".part")
    text = json.dumps(write_case(case), indent=2, ensure_ascii=False) + "\n"
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise CaseError(f"{path}: cannot be written: {error.strerror or error}") from None


def _complete(case: Case) -> Case:
    """Ask what no question of the atlas asks and red flags need: age, sex, and how strong the pain is."""
    if case.age is None:
        case = replace(case, age=_number("Age in years?", 120))
    if case.sex is None:
        click.secho("\nSex?", bold=True)
        click.echo("  1  female\n  2  male\n  3  other")
        number = _number("", 3)
        case = replace(case, sex=None if not number else ("female", "male", "other")[int(number) - 1])
    if case.pain and all(p.intensity is None for p in case.pain):
        worst = _number("How strong is the pain at its worst, from 0 to 10?", 10)
        case = replace(case, pain=tuple(replace(p, intensity=worst or None) for p in case.pain))
    return case


def _number(text: str, highest: int) -> float | None:
    """A number up to the highest, or nothing when it is skipped."""
    if text:
        click.echo("")
        click.secho(text, bold=True)
    while True:
        typed = _typed()
        if not typed:
            return None
        if len(typed) == 1 and typed[0].isdecimal() and int(typed[0]) <= highest:
            return int(typed[0])
        click.echo(f"Give a number up to {highest}, or nothing to skip.")


def _asker(case: Case, atlas: Atlas) -> Callable[[NextStep], Response]:
    def ask(step: NextStep) -> Response:
        click.echo("")
        click.secho(step.text, bold=True)
        return _press(step) if step.kind == "palpation" else _question(step, case, atlas)

    return ask


def _question(step: NextStep, case: Case, atlas: Atlas) -> tuple[str, ...] | None:
    from tautband.assessment.interview import offered

    choices = offered(step.id, case, atlas)
    for number, choice in enumerate(choices, start=1):
        click.echo(f"  {number}  {choice.label}")
    most = atlas.questions[step.id].max_answers
    while True:
        typed = _typed()
        if not typed:
            return None
        if all(t.isdecimal() and 1 <= int(t) <= len(choices) for t in typed) and len(set(typed)) <= most:
            return tuple(dict.fromkeys(choices[int(t) - 1].answer for t in typed))
        click.echo(
            f"Give {'a number' if most == 1 else f'up to {most} numbers'} from 1 to {len(choices)}, or nothing."
        )


def _tick(steps: tuple[NextStep, ...]) -> tuple[str, ...] | None:
    click.echo("")
    click.secho("Tick any that fit.", bold=True)
    click.echo("  0  none of these")
    for number, step in enumerate(steps, start=1):
        click.echo(f"  {number}  {step.text}")
    while True:
        typed = _typed()
        if not typed:
            return None
        if typed == ["0"]:
            return ()
        if all(t.isdecimal() and 1 <= int(t) <= len(steps) for t in typed):
            return tuple(steps[int(t) - 1].id for t in typed)
        click.echo(f"Give numbers from 1 to {len(steps)}, 0 for none of these, or nothing to skip.")


def _typed() -> list[str]:
    """What was typed, as separate words."""
    line: str = click.prompt("", prompt_suffix="> ", default="", show_default=False)
    return line.replace(",", " ").split()


def _press(step: NextStep) -> Finding | None:
    from tautband.assessment import Finding

    click.echo("  1  tender, and it is my pain\n  2  tender, but not my pain\n  3  neither")
    while True:
        typed = _typed()
        if not typed:
            return None
        if typed in (["1"], ["2"], ["3"]):
            return Finding(step.id, step.side, tender=typed != ["3"], familiar_pain=typed == ["1"])
        click.echo("Give a number from 1 to 3, or nothing.")
