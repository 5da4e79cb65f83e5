"""`tautband draw`: pictures of a case, a muscle, a trigger point, an acupoint, a channel, a region."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tautband.cli.assess import read_bytes
from tautband.cli.atlas import atlas_option
from tautband.errors import TautbandError

if TYPE_CHECKING:
    from tautband.atlas import Atlas
    from tautband.atlas.body.chart import Chart

DRAWN = ("muscle", "trigger_point", "acupoint", "channel", "region", "lookalike")


@click.command()
@click.argument("what", required=False)
@click.option("--meridian", metavar="CODE", help="Draw a channel by its code, such as BL.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    default="-",
    show_default=True,
    help="Where to write: .svg, .png or .pdf by its ending; - prints SVG.",
)
@click.option(
    "--side",
    type=click.Choice(["left", "right", "both"]),
    default="both",
    show_default=True,
    help="Which side's points to draw.",
)
@click.option(
    "--shape",
    type=click.Choice(["neutral", "female", "male", "heavier", "older"]),
    help="Which shape of the body to draw on; a drawing keeps its own unless told.",
)
@atlas_option
def draw(
    what: str | None, meridian: str | None, output: str, side: str, shape: str | None, overlay: Path | None
) -> None:
    """Draw WHAT on the body: a case file, or anything of the atlas by any of its names.

    WHAT is a tautband.case/1 file (ending in .json, or - for standard input), or a muscle, trigger point, acupoint,
    channel, region or look-alike as `tautband atlas show` takes it. PNG and PDF need the extra tautband[pictures].
    """
    from dataclasses import replace

    from tautband.atlas import Atlas
    from tautband.atlas.body.render import FORMATS, render

    if (what is None) == (meridian is None):
        raise click.UsageError("name what to draw, or give --meridian; see tautband draw --help")
    form = "svg" if output == "-" else Path(output).suffix.lower().removeprefix(".")
    if form not in FORMATS:
        raise click.UsageError(f"--output {output}: the ending must be .svg, .png or .pdf")
    atlas = Atlas.load(overlay)
    chart = _channel(meridian, atlas, side) if meridian is not None else _chart(what or "", atlas, side)
    if shape is not None:
        chart = replace(chart, shape=shape)
    content = render(chart.svg(), form)
    if output == "-":
        sys.stdout.buffer.write(content)
        return
    try:
        Path(output).write_bytes(content)
    except OSError as error:
        raise TautbandError(f"--output {output}: cannot be written: {error.strerror or error}") from None


def _channel(name: str, atlas: Atlas, side: str) -> Chart:
    from tautband.atlas.body import illustrate
    from tautband.atlas.search import find

    return illustrate.of_channel(find(atlas, name, ("channel",)).id, atlas, side)


def _chart(what: str, atlas: Atlas, side: str) -> Chart:
    from tautband.atlas.body import illustrate
    from tautband.atlas.search import find

    if what == "-" or what.endswith(".json"):
        return _case(what, atlas)
    hit = find(atlas, what, DRAWN)
    match hit.kind:
        case "muscle":
            return illustrate.of_muscle(hit.id, atlas, side)
        case "trigger_point":
            return illustrate.of_trigger_point(hit.id, atlas, side)
        case "acupoint":
            return illustrate.of_acupoint(hit.id, atlas, side)
        case "channel":
            return illustrate.of_channel(hit.id, atlas, side)
        case "region":
            return illustrate.of_region(hit.id, atlas, side)
    return illustrate.of_lookalike(hit.id, atlas)


def _case(name: str, atlas: Atlas) -> Chart:
    """What a case painted: the drawing as it was drawn, named regions as a whole."""
    import numpy as np

    from tautband.assessment import read_case
    from tautband.atlas.body import fields, illustrate, paint

    case = read_case(read_bytes(name), atlas)
    named = case.named if case.drawing else case.pain
    field = fields.of_places(
        (p.region, p.side, 0.6 if p.intensity is None else p.intensity / 10) for p in named
    )
    if case.drawing:
        field = np.maximum(field, fields.smooth(fields.drawn(paint(case.drawing)), 4))
    places = ", ".join(f"{atlas.regions[p.region].label.lower()} ({p.side})" for p in case.pain[:4])
    more = f" and {len(case.pain) - 4} more" if len(case.pain) > 4 else ""
    title = case.complaint if 0 < len(case.complaint) <= 70 else "Pain drawing"
    shape = case.drawing.shape if case.drawing else "neutral"
    return illustrate.of_pain(field, title, f"{places}{more}", shape)
