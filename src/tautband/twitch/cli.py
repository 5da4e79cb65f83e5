"""The commands of the twitch room: `tautband twitch ...`; the command line loads them by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from tautband.twitch.cohort_cli import cohort
from tautband.twitch.errors import TwitchError
from tautband.twitch.events import sureness
from tautband.twitch.live.commands import live, play, serve

if TYPE_CHECKING:
    from tautband.twitch.analysis import Analysis
    from tautband.twitch.files import RecordingFile

CAVEAT: Final = (
    "For research and education; no medical device. Electrodes off the taut band miss twitches: "
    "count by hand, too."
)


@click.command()
@click.argument("recording", metavar="RECORDING", type=click.Path(dir_okay=False))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For whom.",
)
@click.option("--channel", help="Name or number of the channel; by default the first EMG channel.")
@click.option(
    "--all-channels",
    is_flag=True,
    help="Every EMG channel, and what they have in common: a twitch that several see is one.",
)
@click.option(
    "--unit",
    type=click.Choice(["uV", "mV", "V", "nV"]),
    help="Unit of the samples, where the file does not say it.",
)
@click.option("--rate", type=float, help="Samples per second, where the file does not say them.")
@click.option(
    "--tap", "taps", type=float, multiple=True, help="When a twitch was counted by hand, in seconds."
)
@click.option(
    "--intramuscular",
    is_flag=True,
    help="The electrode is a needle: measure end-plate noise and spikes before the first twitch and after the last.",
)
@click.option(
    "--before",
    type=(float, float),
    metavar="START END",
    help="Span in seconds for end-plate activity before needling; means --intramuscular.",
)
@click.option(
    "--after",
    type=(float, float),
    metavar="START END",
    help="Span in seconds for end-plate activity after needling; means --intramuscular.",
)
@click.option(
    "--accelerometer",
    multiple=True,
    metavar="CHANNEL",
    help="Channel of an accelerometer over the muscle; once for each axis.",
)
@click.option(
    "--accelerometer-unit",
    type=click.Choice(["g", "mg", "m/s2"]),
    help="Its unit, where the file does not say it.",
)
@click.option(
    "--plot",
    is_flag=False,
    flag_value="",
    metavar="[FIGURE]",
    help="Draw a figure: a .png, .svg or .pdf file, by default named after the recording.",
)
@click.option("--annotations", metavar="FILE", help="Write annotations: EDF+ (.edf) or BIDS events (.tsv).")
def analyse(
    recording: str,
    form: str,
    channel: str | None,
    all_channels: bool,
    unit: str | None,
    rate: float | None,
    taps: tuple[float, ...],
    intramuscular: bool,
    before: tuple[float, float] | None,
    after: tuple[float, float] | None,
    accelerometer: tuple[str, ...],
    accelerometer_unit: str | None,
    plot: str | None,
    annotations: str | None,
) -> None:
    """Find the twitches of a recording, measure them and say whether they level off.

    RECORDING is an EDF, BDF, WFDB, XDF, OTB+, CSV, TSV or Parquet file.
    """
    from tautband.twitch import beside
    from tautband.twitch.accelerometer import agreement, shifted, write_agreement, write_mechanical
    from tautband.twitch.analysis import write_analysis
    from tautband.twitch.endplate import write_end_plate
    from tautband.twitch.files import Mark, check_target, open_recording, write_annotations
    from tautband.twitch.several import write_several

    if annotations is not None:
        check_target(annotations)
    file = open_recording(recording, rate)
    axes = [file.pick(name) for name in accelerometer]
    felt = beside.feel(file, axes, accelerometer_unit) if axes else None
    if felt is not None and channel is None and not file.emg:
        _tell(file, form, write_mechanical(felt), lambda: _lines(beside.tell_felt(felt, None, ())))
        return
    if all_channels:
        given = {
            "--channel": channel,
            "--tap": taps,
            "--intramuscular": intramuscular,
            "--before": before,
            "--after": after,
            "--accelerometer": axes,
            "--plot": plot,
            "--annotations": annotations,
        }
        if alone := [name for name, value in given.items() if value]:
            raise click.UsageError(f"{alone[0]} is for one channel; leave out --all-channels")
        one_by_one, joint = beside.every_channel(file, unit)
        _tell(
            file,
            form,
            write_several(one_by_one, joint),
            lambda: _lines(beside.tell_several(one_by_one, joint)),
        )
        return
    index = file.pick(channel)
    found = beside.one_channel(file, index, unit, taps)
    written, lines = write_analysis(found), list[str]()
    if intramuscular or before or after:
        activity = beside.end_plates(file, index, unit, found, before, after)
        written["end_plate"] = write_end_plate(*activity)
        for when, one in zip(("before", "after"), activity, strict=True):
            lines.append(f"End plate {when}: {beside.tell_end_plate(one)}")
    if felt is not None:
        on_its_clock = shifted(felt, file.start(axes) - file.start([index]))
        agreed = agreement(found.twitches, on_its_clock)
        written["accelerometer"] = write_mechanical(on_its_clock)
        for twitch, one_agreed in zip(written["twitches"], agreed, strict=True):
            twitch["mechanical"] = write_agreement(one_agreed)
        lines += beside.tell_felt(on_its_clock, found, agreed)
    if annotations is not None:
        write_annotations(annotations, [*found.twitches, *found.rejected], [Mark(t, "tap") for t in taps])
    if plot is not None:
        _draw(file, index, unit, found, plot or f"{Path(recording).stem}_twitches.png")
    _tell(file, form, written, lambda: print_analysis(found, file.name, lines))


def _tell(file: RecordingFile, form: str, written: dict[str, Any], show: Callable[[], None]) -> None:
    for note in file.notes:
        click.echo(f"tautband: {file.name}: {note}", err=True)
    if form == "json":
        click.echo(json.dumps(written, indent=2, ensure_ascii=False))
    else:
        show()


def _lines(lines: Sequence[str]) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    for line in lines:
        console.print(line, markup=False)
    console.print(f"[dim]{CAVEAT}[/]")


def _draw(file: RecordingFile, index: int, unit: str | None, found: Analysis, target: str) -> None:
    from tautband.twitch.analysis import tables
    from tautband.twitch.plot import Outline, outline_plot

    outline = Outline()
    for block in file.microvolts(index, unit):
        outline.push(block)
    try:
        outline_plot(*tables(found), outline).savefig(target, dpi=200)
    except (OSError, ValueError) as error:
        raise TwitchError(f"plot: {target} cannot be written: {error}") from None
    click.echo(f"tautband: figure written to {target}", err=True)


def print_analysis(found: Analysis, name: str, lines: Sequence[str] = ()) -> None:
    """Print an analysis for a person.

    Parameters
    ----------
    found
        The analysis.
    name
        Of the recording or the source.
    lines
        What else was measured, a line each.
    """
    from collections import Counter

    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console(highlight=False)
    minutes, seconds = divmod(round(found.duration_s), 60)
    console.print(
        f"[bold]{len(found.twitches)} twitches[/] in {escape(name)}, channel {escape(found.channel)}, "
        f"{minutes} min {seconds} s"
    )
    if found.twitches:
        table = Table(box=None, pad_edge=False)
        for heading in ("", "onset s", "length ms", "peak RMS µV", "of first", "phases", "sure"):
            table.add_column(heading, justify="right")
        table.add_column("")
        for number, t in enumerate(found.twitches, 1):
            bar = "█" * min(round(20 * t.relative_to_first), 40)
            table.add_row(
                str(number),
                f"{t.onset_s:.3f}",
                f"{1000 * (t.offset_s - t.onset_s):.0f}",
                f"{t.peak_rms_uv:.1f}",
                f"{t.relative_to_first:.2f}",
                str(t.phases),
                sureness(t.confidence),
                bar,
            )
        console.print(table)
    counts = Counter(r.why for r in found.rejected)
    if counts:
        console.print("Rejected: " + ", ".join(f"{n} × {why}" for why, n in counts.most_common()))
    console.print(
        f"Noise {found.noise_rms_uv:.1f} µV RMS, {found.electrode}; at rest before {_uv(found.rest_before_uv)}, "
        f"after {_uv(found.rest_after_uv)}"
    )
    for line in lines:
        console.print(line, markup=False)
    console.print(f"[bold]Dose: {found.dose.state}.[/] {found.dose.why}")
    console.print(f"[dim]{CAVEAT}[/]")


def _uv(value: float) -> str:
    return f"{value:.1f} µV" if value == value else "unknown"


COMMANDS = (analyse, live, serve, play, cohort)
