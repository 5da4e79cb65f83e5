"""`tautband twitch cohort`: many recordings, one analysis."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tautband.twitch.errors import TwitchError

if TYPE_CHECKING:
    import pandas as pd

    from tautband.twitch.bulk import Entry, Outcome
    from tautband.twitch.cohort import Cohort, Pair, Scale


@click.command()
@click.argument("sources", metavar="SOURCES", type=click.Path(path_type=Path), nargs=-1, required=True)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("cohort"),
    show_default=True,
    help="Folder for the tables, the figure and what is finished; a run that was ended goes on from there.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="For whom.",
)
@click.option(
    "--orders",
    type=click.IntRange(2),
    help="Twitches of each series in the analysis of variance; by default what tells most.",
)
@click.option(
    "--measure",
    type=click.Choice(["window", "peak"]),
    default="window",
    show_default=True,
    help="RMS over the 0.5 s that hold a twitch, as published, or its largest over 50 ms.",
)
@click.option("--scheduler", metavar="ADDRESS", help="Dask scheduler of a cluster, such as tcp://host:8786.")
@click.option("--workers", type=click.IntRange(1), help="Processes on this machine; by default one per core.")
@click.pass_context
def cohort(
    context: click.Context,
    sources: tuple[Path, ...],
    output: Path,
    form: str,
    orders: int | None,
    measure: str,
    scheduler: str | None,
    workers: int | None,
) -> None:
    """Analyse many recordings together: whether twitches fall, where they level off, and rest before and after.

    SOURCES are recordings, folders of them, and manifests: CSV files with the columns subject and file, and site,
    channel, unit and rate where wanted.
    """
    try:
        import distributed  # noqa: F401
        import statsmodels  # noqa: F401
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"twitch cohort: {error.name} is missing; get it with: pip install 'tautband[twitch,cohort]'"
        ) from None
    from tautband.twitch.bulk import read_entries, tables
    from tautband.twitch.cohort import cohort as analyse_cohort
    from tautband.twitch.cohort import write_cohort
    from tautband.twitch.cohort_plot import cohort_plot

    entries = read_entries(sources)
    outcomes = _run(entries, output, scheduler, workers)
    for outcome in outcomes:
        for note in (*outcome.notes, *([outcome.error] if outcome.error else [])):
            click.echo(f"tautband: {'skipped: ' if note is outcome.error else ''}{note}", err=True)
    failed = [o for o in outcomes if o.error]
    if len(failed) == len(outcomes):
        raise TwitchError(f"cohort: none of the {len(outcomes)} recordings could be used")
    twitches, series = tables(outcomes)
    found = analyse_cohort(twitches, series, orders=orders, measure=f"{measure}_rms_uv")
    twin = {
        "schema": "tautband.cohort/1",
        "analysis": write_cohort(found),
        "series": [_series(o) for o in outcomes if o.analysis is not None],
        "skipped": [{"subject": o.entry.subject, "file": str(o.entry.path), "why": o.error} for o in failed],
    }
    text = json.dumps(twin, indent=2, ensure_ascii=False, allow_nan=False)
    try:
        twitches.to_csv(output / "twitches.csv", index=False)
        twitches.to_parquet(output / "twitches.parquet", index=False)
        series.to_csv(output / "series.csv", index=False)
        (output / "cohort.json").write_text(text + "\n", encoding="utf-8")
        for suffix in (".svg", ".png"):
            cohort_plot(found, twitches, series).savefig(output / f"cohort{suffix}", dpi=200)
    except OSError as error:
        raise TwitchError(f"output: {output} cannot be written: {error.strerror or error}") from None
    if form == "json":
        click.echo(text)
    else:
        _print(found, twitches, outcomes, output)
    if failed:
        context.exit(2)


def _run(entries: Sequence[Entry], output: Path, scheduler: str | None, workers: int | None) -> list[Outcome]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from tautband.twitch.bulk import run

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("recordings", total=len(entries))
        try:
            return run(
                entries,
                output / "finished",
                scheduler=scheduler,
                workers=workers,
                done=lambda _: progress.advance(task),
            )
        except OSError as error:
            raise TwitchError(f"output: {output} cannot be written: {error.strerror or error}") from None


def _series(outcome: Outcome) -> dict[str, Any]:
    entry = outcome.entry
    return {
        "subject": entry.subject,
        "site": entry.site,
        "series": entry.series,
        "digest": outcome.digest,
        "notes": list(outcome.notes),
        "recording": outcome.analysis,
    }


def _print(found: Cohort, twitches: pd.DataFrame, outcomes: Sequence[Outcome], output: Path) -> None:
    from rich.console import Console

    console = Console(highlight=False)
    kept, failed = sum(o.kept for o in outcomes), sum(bool(o.error) for o in outcomes)
    console.print(
        f"[bold]{found.twitches} twitches[/] in {found.series} series of {found.subjects} subjects "
        f"({len(outcomes) - kept - failed} recordings analysed, {kept} from an earlier run, {failed} skipped)"
    )
    for scale in found.scales:
        _print_scale(console, found, scale)
    if found.left_out:
        said = ", ".join(f"{subject} ({why})" for subject, why in found.left_out)
        console.print(f"Left out of the analysis of variance: {said}")
    if found.mixed is not None:
        mixed = found.mixed
        ratios = ", ".join(
            f"{k}: {r:.2f} ({low:.2f} to {high:.2f})"
            for k, (r, (low, high)) in enumerate(zip(mixed.ratios, mixed.intervals, strict=True), 1)
            if k > 1
        )
        console.print(
            f"[bold]Mixed model[/] of all {mixed.series} series, incomplete ones too: chi²({mixed.df}) = "
            f"{mixed.likelihood_ratio:.1f}, {_p(mixed.p)}; of the first, with 95 %: {ratios}"
        )
    if found.rest is not None:
        rest = found.rest
        console.print(
            f"[bold]At rest[/] ({rest.subjects} subjects) before {rest.before_uv:.1f} µV "
            f"({rest.before_interval[0]:.1f} to {rest.before_interval[1]:.1f}), after {rest.after_uv:.1f} "
            f"({rest.after_interval[0]:.1f} to {rest.after_interval[1]:.1f}); difference {rest.difference_uv:+.2f} "
            f"({rest.interval[0]:+.2f} to {rest.interval[1]:+.2f}), {_p(rest.p)}"
        )
    for line in found.not_done:
        console.print(f"Not done: {line}")
    console.print(
        f"Written to {output}: twitches.csv, twitches.parquet, series.csv, cohort.json, cohort.svg, cohort.png"
    )
    console.print("[dim]For research and education; no medical device.[/]")


def _print_scale(console: Any, found: Cohort, scale: Scale) -> None:
    anova = scale.anova
    what = (
        "as published, in µV" if scale.name == "microvolts" else "on logarithms, where differences are ratios"
    )
    console.print(
        f"[bold]Analysis of variance[/] {what}: {len(found.included)} subjects, {found.orders} twitches: "
        f"F({anova.df_order}, {anova.df_error}) = {anova.f:.2f}, {_p(anova.p_corrected)} "
        f"(Greenhouse-Geisser epsilon {anova.epsilon:.2f}), partial eta² {anova.partial_eta_squared:.2f}"
    )
    if scale.name == "microvolts":
        means = ", ".join(
            f"{k}: {mean:.1f} ({low:.1f} to {high:.1f})"
            for k, (mean, (low, high)) in enumerate(zip(scale.means, scale.intervals, strict=True), 1)
        )
        console.print(f"  means with 95 %: {means}")
    following = [pair for pair in scale.pairs if pair.second == pair.first + 1]
    console.print(f"  one after the other (Holm): {', '.join(_pair(pair) for pair in following)}")
    if scale.level_from == 1:
        console.print("  no two twitches are shown to differ")
    elif scale.level_from == found.orders:
        console.print("  sizes differ up to the last twitch")
    else:
        console.print(f"  from twitch {scale.level_from} on no two are shown to differ")


def _pair(pair: Pair) -> str:
    return f"{pair.first} and {pair.second} {_p(pair.p_holm)}"


def _p(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
