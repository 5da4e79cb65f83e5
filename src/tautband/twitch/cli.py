"""The commands of the twitch room: `tautband twitch ...`; the command line loads them by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tautband.twitch.cohort_cli import cohort
from tautband.twitch.errors import TwitchError

if TYPE_CHECKING:
    from tautband.twitch.analysis import Analysis
    from tautband.twitch.endplate import EndPlate
    from tautband.twitch.files import RecordingFile


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
    unit: str | None,
    rate: float | None,
    taps: tuple[float, ...],
    intramuscular: bool,
    before: tuple[float, float] | None,
    after: tuple[float, float] | None,
    plot: str | None,
    annotations: str | None,
) -> None:
    """Find the twitches of a recording, measure them and say whether they level off.

    RECORDING is an EDF, BDF, WFDB, XDF, OTB+, CSV, TSV or Parquet file.
    """
    from tautband.twitch.analysis import analyse as analyse_blocks
    from tautband.twitch.analysis import write_analysis
    from tautband.twitch.endplate import write_end_plate
    from tautband.twitch.files import open_recording, write_annotations

    file = open_recording(recording, rate)
    index = file.pick(channel)
    found = analyse_blocks(
        file.microvolts(index, unit),
        file.rate(index),
        channel=file.channels[index],
        taps_s=taps,
        known_unit=unit is not None,
    )
    written = write_analysis(found)
    end_plates = None
    if intramuscular or before or after:
        end_plates = _end_plates(file, index, unit, found, before, after)
        written["end_plate"] = write_end_plate(*end_plates)
    if annotations is not None:
        write_annotations(annotations, [*found.twitches, *found.rejected])
    if plot is not None:
        _draw(file, index, unit, plot or f"{Path(recording).stem}_twitches.png")
    for note in file.notes:
        click.echo(f"tautband: {file.name}: {note}", err=True)
    if form == "json":
        click.echo(json.dumps(written, indent=2, ensure_ascii=False))
    else:
        _print(found, file.name, end_plates)


def _end_plates(
    file: RecordingFile,
    index: int,
    unit: str | None,
    found: Analysis,
    before: tuple[float, float] | None,
    after: tuple[float, float] | None,
) -> tuple[EndPlate | None, EndPlate | None]:
    from tautband.twitch.endplate import end_plate, spans_of_rest

    if before is None or after is None:
        rest = spans_of_rest(found.twitches, found.duration_s)
        before, after = before or rest[0], after or rest[1]
    one, other = end_plate(
        file.microvolts(index, unit),
        file.rate(index),
        [before, after],
        rejected=found.rejected,
        hum_hz=found.hum_hz,
    )
    return one, other


def _draw(file: RecordingFile, index: int, unit: str | None, target: str) -> None:
    from tautband.twitch.analysis import as_array, detect
    from tautband.twitch.plot import twitch_plot

    signal = as_array(file.microvolts(index, unit))
    table, info = detect(signal, file.rate(index))
    try:
        twitch_plot(table, info, signal).savefig(target, dpi=200)
    except (OSError, ValueError) as error:
        raise TwitchError(f"plot: {target} cannot be written: {error}") from None
    click.echo(f"tautband: figure written to {target}", err=True)


def _print(found: Analysis, name: str, end_plates: tuple[EndPlate | None, EndPlate | None] | None) -> None:
    from collections import Counter

    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    minutes, seconds = divmod(round(found.duration_s), 60)
    console.print(
        f"[bold]{len(found.twitches)} twitches[/] in {name}, channel {found.channel}, {minutes} min {seconds} s"
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
                f"{t.confidence:.0%}",
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
    for when, activity in zip(("before", "after"), end_plates or (), strict=False):
        console.print(f"End plate {when}: {_activity(activity)}")
    console.print(f"[bold]Dose: {found.dose.state}.[/] {found.dose.why}")
    console.print(
        "[dim]For research and education; no medical device. Electrodes off the taut band miss twitches: "
        "count by hand, too.[/]"
    )


def _activity(activity: EndPlate | None) -> str:
    if activity is None:
        return "less than a second could be measured"
    spikes = (
        "none"
        if activity.spike_uv is None
        else f"{activity.spikes_per_s:.1f}/s of {activity.spike_uv:.0f} µV"
    )
    noise = f"{activity.noise_rms_uv:.1f} µV RMS, {activity.noise_potentials_per_s:.0f} potentials/s"
    return f"noise {noise}; spikes {spikes} (above {activity.least_spike_uv:.0f} µV), in {activity.seconds:.1f} s"


def _uv(value: float) -> str:
    return f"{value:.1f} µV" if value == value else "unknown"


COMMANDS = (analyse, cohort)
