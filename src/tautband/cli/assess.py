"""`tautband assess`: read cases, print assessments."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tautband.errors import CaseError, TautbandError

if TYPE_CHECKING:
    from tautband.assessment import Assessment, Case
    from tautband.atlas import Atlas


@click.command()
@click.argument("cases", nargs=-1, required=True, metavar="CASE...")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "jsonl", "markdown"]),
    default="text",
    show_default=True,
    help="text and markdown for a person; json for one case; jsonl for several, one line each.",
)
@click.option(
    "--atlas", "overlay", metavar="DIR", help="Lay an atlas directory of your own over the shipped one."
)
def assess(cases: tuple[str, ...], form: str, overlay: str | None) -> None:
    """Assess cases: triage, differential, verdict, reasons, and what to ask or press next.

    CASE is a tautband.case/1 file; - reads standard input. A file that cannot be used gets one line on standard
    error and the others are still assessed; the exit code is then 2.
    """
    from tautband.assessment import assess as assess_case
    from tautband.assessment import read_case
    from tautband.atlas import Atlas

    if form == "json" and len(cases) > 1:
        raise click.UsageError("--format json takes one case; use --format jsonl for several")
    atlas = Atlas.load(overlay)
    failed = False
    for name in cases:
        try:
            case = read_case(read_bytes(name), atlas)
        except TautbandError as error:
            failed = True
            click.echo(f"tautband: {name}: {error}", err=True)
            continue
        _print(case, assess_case(case, atlas), atlas, form)
    if failed:
        sys.exit(2)


def read_bytes(name: str) -> bytes:
    """Read a case file, or standard input for `-`, no further than a case may reach."""
    from tautband.document import MAX_BYTES

    if name == "-":
        if sys.stdin is None:
            raise CaseError("standard input is closed; give a file")
        return sys.stdin.buffer.read(MAX_BYTES + 1)
    try:
        with Path(name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CaseError(f"cannot be read: {error.strerror or error}") from None


def _print(case: Case, assessment: Assessment, atlas: Atlas, form: str) -> None:
    from tautband.assessment import write_assessment

    if form == "json":
        click.echo(json.dumps(write_assessment(assessment), indent=2, ensure_ascii=False))
    elif form == "jsonl":
        click.echo(json.dumps(write_assessment(assessment), ensure_ascii=False))
    elif form == "markdown":
        from tautband.assessment.markdown import assessment_markdown

        click.echo(assessment_markdown(case, assessment, atlas))
    else:
        from rich.console import Console

        from tautband.cli.render import print_assessment

        print_assessment(case, assessment, atlas, Console(highlight=False))
