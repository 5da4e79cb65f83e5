"""`tautband atlas`: check it, look things up in it, and see what tables of one's own change."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tautband.atlas import Atlas
    from tautband.atlas.check import Problem

Command = TypeVar("Command", bound=Callable[..., Any])
SHOWN = 3  # a name of more things than this asks back instead of showing them all


def atlas_option(command: Command) -> Command:
    """Give a command the option to lay a directory of tables of the user's own over the atlas."""
    return click.option(
        "--atlas",
        "overlay",
        metavar="DIRECTORY",
        type=click.Path(path_type=Path),
        help="Lay a directory of tables of your own over the atlas first.",
    )(command)


def format_option(command: Command) -> Command:
    """Give a command the choice between text for a person and JSON for a program."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="Text for a person or JSON for a program.",
    )(command)


@click.group()
def atlas() -> None:
    """What is where and what is known about it: check, show, where, search, diff."""


@atlas.command()
@atlas_option
@format_option
def check(overlay: Path | None, form: str) -> None:
    """Prove that the tables fit together; print what they cover and how much rests on memory.

    Exit code 2 when tables of your own do not fit, 1 when the shipped ones do not.
    """
    from dataclasses import replace

    from tautband.atlas import Atlas
    from tautband.atlas.check import check_atlas

    loaded = Atlas.load(overlay)
    report = replace(check_atlas(loaded), problems=_problems(loaded))
    if form == "json":
        from dataclasses import asdict

        _print_json({"sound": not report.problems, **asdict(report)})
    else:
        from tautband.cli.atlas_print import console, print_report

        print_report(console(), report)
    if report.problems:
        sys.exit(2 if overlay is not None and _added(report.problems) else 1)


@atlas.command()
@click.argument("name")
@atlas_option
@format_option
def show(name: str, overlay: Path | None, form: str) -> None:
    """Show all that is known about NAME, with its sources.

    NAME is a muscle, trigger point, look-alike, acupoint, channel, region, question or red flag, by id,
    synonym, Latin, pinyin with or without tones, hanzi or code. KIND:NAME says which kind is meant.
    """
    from tautband.atlas import Atlas
    from tautband.atlas.search import find, find_all
    from tautband.cli.atlas_entries import describe

    loaded = Atlas.load(overlay)
    found = find_all(loaded, name)
    if len(found) > SHOWN:
        find(loaded, name)  # says which they are
    entries = [describe(loaded, hit) for hit in found]
    if form == "json":
        _print_json({"atlas": loaded.version, "entries": entries})
    else:
        from tautband.cli.atlas_print import console, print_entry

        out = console()
        for entry in entries:
            print_entry(out, entry)


@atlas.command()
@click.argument("place")
@atlas_option
@format_option
def where(place: str, overlay: Path | None, form: str) -> None:
    """Show what is felt at PLACE and what lies there: left:temple, temple (both sides), midline:sacrum."""
    from tautband.atlas import Atlas
    from tautband.atlas.search import read_place, refers_to
    from tautband.cli.atlas_entries import describe_place

    loaded = Atlas.load(overlay)
    places = [
        describe_place(loaded, refers_to(loaded, region, side)) for region, side in read_place(loaded, place)
    ]
    if form == "json":
        _print_json({"atlas": loaded.version, "places": places})
    else:
        from tautband.cli.atlas_print import console, print_places

        print_places(console(), places)


@atlas.command()
@click.argument("text")
@click.option(
    "--limit", type=click.IntRange(1, 200), default=20, show_default=True, help="How many hits at most."
)
@atlas_option
@format_option
def search(text: str, limit: int, overlay: Path | None, form: str) -> None:
    """Search names, synonyms and descriptions for TEXT, best hits first."""
    from tautband.atlas import Atlas
    from tautband.atlas import search as finder

    loaded = Atlas.load(overlay)
    hits = finder.search(loaded, text, limit)
    if form == "json":
        from dataclasses import asdict

        _print_json({"atlas": loaded.version, "hits": [asdict(hit) for hit in hits]})
    else:
        from tautband.cli.atlas_print import console, print_hits

        print_hits(console(), text, hits)


@atlas.command()
@click.argument("directory", type=click.Path(path_type=Path))
@format_option
def diff(directory: Path, form: str) -> None:
    """Show what the tables in DIRECTORY add to the atlas and what they replace, after the same checks.

    Exit code 2 when they do not fit.
    """
    from tautband.atlas import Atlas

    loaded = Atlas.load(directory)
    version, added = loaded.version, _added(_problems(loaded))
    changes = Atlas.diff(directory)
    if form == "json":
        listed = [
            {
                "table": c.table,
                "key": c.key,
                "kind": c.kind,
                "columns": {name: {"was": was, "now": now} for name, (was, now) in c.columns.items()},
            }
            for c in changes
        ]
        _print_json({"shipped": Atlas.load().version, "atlas": version, "changes": listed})
    else:
        from tautband.cli.atlas_print import console, print_changes

        print_changes(console(), changes, sound=not added)
    for problem in added:
        click.echo(f"tautband: {problem}", err=True)
    if added:
        sys.exit(2)


def rule_problems(atlas: Atlas) -> Iterator[Problem]:
    """Check the expressions of red flags, questions and adjuncts; the atlas may not know the rule language itself."""
    from tautband.assessment.rules import RuleError, lowering_terms, parse, problems
    from tautband.atlas.check import Problem

    answers = {q: [a.answer for a in atlas.answers_of.get(q, ())] for q in atlas.questions}
    areas = {region.id: region.area for region in atlas.regions.values()}
    former = [alias.old_id for alias in atlas.aliases if alias.kind in ("question", "question_split")]
    rules = [("red_flags", flag.id, flag.when) for flag in atlas.red_flags.values()]
    gates = [("questions", question.id, question.applies_when) for question in atlas.questions.values()]
    gates += [("adjuncts", f"{a.area}, {a.condition}, {a.what}", a.applies_when) for a in atlas.adjuncts]
    for table, row, text in rules + gates:
        try:
            expression = parse(text)
        except RuleError as error:
            yield Problem(table, row, str(error), "correct the expression")
            continue
        for unknown in problems(expression, answers, areas, former):
            what, _, mend = unknown.partition("; ")
            yield Problem(table, row, what, mend or "name one the atlas has")
        if table == "red_flags" and (silencing := lowering_terms(expression)):
            what = f"an added answer or region could silence it ({', '.join(silencing)})"
            yield Problem(table, row, what, "state the danger positively")


def _problems(loaded: Atlas) -> tuple[Problem, ...]:
    """What does not fit, in the tables and in their expressions."""
    from tautband.atlas.check import check_atlas

    return (*check_atlas(loaded).problems, *rule_problems(loaded))


def _added(found: tuple[Problem, ...]) -> list[Problem]:
    """The problems that the shipped atlas does not have already."""
    from tautband.atlas import Atlas

    shipped = set(_problems(Atlas.load()))
    return [problem for problem in found if problem not in shipped]


def _print_json(value: object) -> None:
    import json

    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
