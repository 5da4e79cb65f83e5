"""`tautband plan`: from a case to a needling plan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tautband.cli.assess import read_bytes
from tautband.errors import CaseError
from tautband.languages import LANGUAGES

if TYPE_CHECKING:
    from tautband.atlas import Atlas
    from tautband.planning import Patient, Plan, Setting


@click.command()
@click.argument("case", metavar="CASE")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="text and markdown for a person, json for a program.",
)
@click.option(
    "--setting", "setting_file", metavar="FILE", help="A tautband.setting/1 file: patient and setting in one."
)
@click.option("--build", type=click.Choice(["thin", "average", "heavy"]), help="Unknown counts as thin.")
@click.option("--height", type=float, metavar="CM", help="Height, to work the build out.")
@click.option("--weight", type=float, metavar="KG", help="Weight, to work the build out.")
@click.option(
    "--irritability",
    type=click.Choice(["low", "moderate", "high"]),
    help="How easily the pain flares; otherwise taken from the strongest pain painted.",
)
@click.option(
    "--screening",
    multiple=True,
    metavar="ID=REPLY",
    help="A screening reply such as pacemaker=no; may be given again.",
)
@click.option(
    "--training",
    type=click.Choice(["foundation", "advanced", "pelvic"]),
    help="Declared training; without advanced, high-risk sites stay closed.",
)
@click.option("--session", type=click.IntRange(1, 1000), help="Session number; 1, the first, is light.")
@click.option(
    "--modality",
    "modalities",
    multiple=True,
    type=click.Choice(["manual", "electrical", "periosteal", "scar", "tendon"]),
    help="What is at hand and learnt; may be given again.",
)
@click.option("--jurisdiction", metavar="NAME", help="Whose law; unset, the strictest, otherwise.")
@click.option("--vocabulary", metavar="NAME", help="Terms of the note: trigger_point, ashi or ims.")
@click.option("--ultrasound", is_flag=True, help="The needle is guided on a screen.")
@click.option(
    "--chest-side", type=click.Choice(["left", "right"]), help="The side of the chest wall to treat."
)
@click.option(
    "--language",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="Language of the aftercare for the patient.",
)
@click.option(
    "--atlas", "overlay", metavar="DIR", help="Lay an atlas directory of your own over the shipped one."
)
def plan(
    case: str, form: str, setting_file: str | None, language: str, overlay: str | None, **said: Any
) -> None:
    """Plan a needling session: screening, passes with depth limits, order, technique, dose, aftercare, consent.

    CASE is a tautband.case/1 file; - reads standard input. What is not known is taken at its worst: build as thin,
    training as none, law as the strictest. An option goes before the same thing in the setting file.
    """
    from tautband.assessment import assess, read_case
    from tautband.atlas import Atlas
    from tautband.planning import plan as plan_case
    from tautband.planning import write_plan

    atlas = Atlas.load(overlay)
    read = read_case(read_bytes(case), atlas)
    patient, setting = _declared(setting_file, said, atlas)
    assessment = assess(read, atlas)
    made = _in_language(plan_case(read, assessment, atlas, patient, setting), language)
    if form == "json":
        click.echo(json.dumps(write_plan(made), indent=2, ensure_ascii=False))
    elif form == "markdown":
        from tautband.cli.plan_markdown import plan_markdown

        click.echo(plan_markdown(read, made, atlas, language))
    else:
        from rich.console import Console

        from tautband.cli.plan_print import print_plan

        print_plan(read, made, atlas, language, Console(highlight=False))


def _declared(setting_file: str | None, said: dict[str, Any], atlas: Atlas) -> tuple[Patient, Setting]:
    """The setting file with the options laid over it, read by the same rules."""
    from tautband.document import parse_json
    from tautband.planning import read_setting
    from tautband.planning.setting import SCHEMA

    document: Any = {"schema": SCHEMA}
    if setting_file is not None:
        document = parse_json(_read(setting_file), "setting")
        if not isinstance(document, dict):
            raise CaseError("setting: expected a JSON object")
        read_setting(document, atlas)
    about = {"build": "build", "height": "height_cm", "weight": "weight_kg", "irritability": "irritability"}
    patient = {name: said[option] for option, name in about.items() if said[option] is not None}
    replies = dict(_reply(text) for text in said["screening"])
    document = {
        **document,
        "patient": {**(document.get("patient") or {}), **patient},
        "screening": {**(document.get("screening") or {}), **replies},
    }
    for name in ("training", "session", "jurisdiction", "vocabulary", "chest_side"):
        if said[name] is not None:
            document[name] = said[name]
    if said["modalities"]:
        document["modalities"] = list(said["modalities"])
    if said["ultrasound"]:
        document["ultrasound"] = True
    return read_setting(document, atlas)


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CaseError(f"setting {name!r}: cannot be read: {error.strerror or error}") from None


def _reply(text: str) -> tuple[str, str]:
    about, sign, reply = text.partition("=")
    if not sign:
        raise CaseError(f"--screening {text!r}: write ID=REPLY, such as pacemaker=no")
    return about.strip(), reply.strip()


def _in_language(made: Plan, language: str) -> Plan:
    from dataclasses import replace

    from tautband.languages import translate

    spoken = tuple(replace(a, text=translate(a.text, language)) for a in made.aftercare)
    return replace(made, aftercare=spoken)
