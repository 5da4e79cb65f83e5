"""`tautband schema`: the published formats as JSON Schema."""

from __future__ import annotations

from importlib.resources import files

import click


@click.command()
@click.argument(
    "name",
    metavar="NAME",
    type=click.Choice(
        [
            "case",
            "assessment",
            "plan",
            "setting",
            "twitches",
            "channels",
            "mechanical",
            "twitch-feed",
            "cohort",
        ]
    ),
)
def schema(name: str) -> None:
    """Print the JSON Schema (2020-12) of a format.

    NAME is case (tautband.case/1, what goes in), assessment (tautband.assessment/1, what comes out), plan
    (tautband.plan/1), setting (tautband.setting/1, the patient and the practice a plan is made for), twitches
    (tautband.twitches/1, what a recording of twitches gives), channels (tautband.channels/1, the same for several
    channels), mechanical (tautband.mechanical/1, what an accelerometer felt of them), twitch-feed
    (tautband.twitch-feed/1, the messages of twitches that are shown live) or cohort (tautband.cohort/1, what many
    recordings give).
    """
    document = files("tautband").joinpath("schema", f"{name}.schema.json")
    click.echo(document.read_text(encoding="utf-8"), nl=False)
