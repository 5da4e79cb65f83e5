"""The live commands: `tautband twitch live`, `serve` and `play`."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import click

from tautband.twitch.errors import TwitchError
from tautband.twitch.files.write import check_target
from tautband.twitch.live.record import Recorder
from tautband.twitch.live.run import Run
from tautband.twitch.live.source import LiveSource

Command = Callable[..., Any]


def source_options(command: Command) -> Command:
    """Add what says where samples come from."""
    for option in reversed(
        (
            click.argument(
                "recording", metavar="[RECORDING]", required=False, type=click.Path(dir_okay=False)
            ),
            click.option("--lsl", metavar="NAME", help="Read the Lab Streaming Layer stream of this name."),
            click.option("--brainflow", metavar="BOARD", help="Read this board through BrainFlow."),
            click.option(
                "--board-setting",
                "settings",
                metavar="KEY=VALUE",
                multiple=True,
                help="What BrainFlow needs to reach the board, such as serial_port=PORT.",
            ),
            click.option("--network", is_flag=True, help="Look for LSL streams beyond this machine, too."),
            click.option(
                "--channel", help="Name or number of the channel; by default the first EMG channel."
            ),
            click.option(
                "--unit",
                type=click.Choice(["uV", "mV", "V", "nV"]),
                help="Unit of the samples, where the source does not say it.",
            ),
            click.option("--rate", type=float, help="Samples per second, where the file does not say them."),
            click.option(
                "--speed",
                type=click.FloatRange(min=0, min_open=True),
                default=1.0,
                show_default=True,
                help="How many times faster a recording is played.",
            ),
        )
    ):
        command = option(command)
    return command


def keep_options(command: Command) -> Command:
    """Add what says where to keep the result."""
    for option in (
        click.option("--annotations", metavar="FILE", help="At the end write annotations: .edf or .tsv."),
        click.option("--record", metavar="FILE", help="Keep the samples: a new .csv or .edf file."),
    ):
        command = option(command)
    return command


def open_source(
    recording: str | None,
    lsl: str | None,
    brainflow: str | None,
    settings: tuple[str, ...],
    network: bool,
    channel: str | None,
    unit: str | None,
    rate: float | None,
    speed: float,
) -> LiveSource:
    """Open the one source that the options name."""
    if sum(given is not None for given in (recording, lsl, brainflow)) != 1:
        raise TwitchError("source: name one of RECORDING, --lsl NAME or --brainflow BOARD")
    if recording is None and (rate is not None or speed != 1.0):
        raise TwitchError("--rate and --speed: only a recording takes them; a device says its rate")
    if brainflow is None and settings:
        raise TwitchError("--board-setting: only --brainflow takes it")
    if lsl is None and network:
        raise TwitchError("--network: only --lsl takes it")
    if recording is not None:
        from tautband.twitch.files import open_recording
        from tautband.twitch.live.player import Player

        file = open_recording(recording, rate)
        for note in file.notes:
            click.echo(f"tautband: {file.name}: {note}", err=True)
        return Player(file, file.pick(channel), unit, speed=speed)
    if lsl is not None:
        source: LiveSource = optional("lsl").LslSource(lsl, channel, unit, network=network)
        return source
    pairs = dict(_pair(s) for s in settings)
    board: LiveSource = optional("brainflow").BrainFlowSource(brainflow, pairs, channel, unit)
    return board


def optional(module: str) -> ModuleType:
    """Load a part that needs the extra `live`, or say how to get it."""
    try:
        return import_module(f"tautband.twitch.live.{module}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tautband"):
            raise
        raise click.ClickException(
            f"{module}: {error.name} is missing; install the optional extra with: pip install 'tautband[live]'"
        ) from None
    except RuntimeError as error:  # pylsl without liblsl on this system
        line = str(error).strip().partition("\n")[0]
        raise click.ClickException(f"{module}: its library cannot be loaded: {line}") from None


def _pair(setting: str) -> tuple[str, str]:
    key, sign, value = setting.partition("=")
    if not sign:
        raise TwitchError(f"board-setting: {setting!r}; KEY=VALUE is needed, such as serial_port=PORT")
    return key, value


@contextmanager
def ended_politely() -> Iterator[None]:
    """End what runs inside on Ctrl-C, on SIGTERM and when the terminal is closed, and go on behind it."""

    def interrupt(number: int, stack: FrameType | None) -> None:
        raise KeyboardInterrupt

    numbers = [signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else [])]
    before = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        click.echo("", err=True)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@click.command()
@source_options
@keep_options
def live(record: str | None, annotations: str | None, **where: Any) -> None:
    """Show twitches as they happen, from a device or from a recording that is played.

    In a terminal: space counts a twitch by hand, n begins a new site, q quits. Otherwise a line for each event.
    """
    from rich.console import Console

    from tautband.twitch.live.watch import PlainLines, watch

    run = _prepare(record, annotations, where)
    console, plain = Console(), PlainLines(run)
    try:
        with ended_politely():
            if console.is_terminal and sys.stdin.isatty():
                watch(run, console)
            else:
                plain.follow()
    finally:
        _sum_up(run, annotations)


@click.command()
@source_options
@keep_options
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8766,
    show_default=True,
    help="Where to listen on 127.0.0.1; 0 takes a free port.",
)
def serve(port: int, record: str | None, annotations: str | None, **where: Any) -> None:
    """Show twitches as they happen on a page in a browser, on this machine only.

    The page counts twitches by hand and changes the site. Ctrl-C ends it and prints the summary.
    """
    web = optional("web")
    from tautband import loopback

    with loopback.listening(port) as listener:
        run = _prepare(record, annotations, where)
        try:
            with ended_politely():
                run.start()
                loopback.serve(web.create_app(run), listener, "websockets-sansio")
        finally:
            _sum_up(run, annotations)


def _prepare(record: str | None, annotations: str | None, where: dict[str, Any]) -> Run:
    """Open everything that can be refused before anything starts."""
    if annotations is not None:
        check_target(annotations)
        if record is not None and Path(record).resolve() == Path(annotations).resolve():
            raise TwitchError(f"annotations: {Path(record).name} is the recording; choose another name")
    source = open_source(**where)
    run = Run(source, known_unit=where["unit"] is not None)
    if record is not None:
        run.recorder = Recorder(record, source.channel, source.sampling_rate)
    return run


def _sum_up(run: Run, annotations: str | None) -> None:
    """End a run, print what it gave, and keep what was asked for."""
    from tautband.twitch.cli import print_analysis

    run.stop()
    try:
        sites = run.analysis.analyses() if run.analysis.samples else []
        for site, found in enumerate(sites, 1):
            if len(sites) > 1:
                click.echo(f"\nSite {site}")
            print_analysis(found, run.source.name)
    finally:  # a terminal that is gone cannot be printed to
        run.keep(annotations)
    if run.error is not None:
        raise run.error


@click.command()
@click.argument("recording", metavar="RECORDING", type=click.Path(dir_okay=False))
@click.option("--lsl", "name", metavar="NAME", required=True, help="Name of the stream.")
@click.option("--network", is_flag=True, help="Let other machines find the stream, too.")
@click.option("--channel", help="Name or number of the channel; by default the first EMG channel.")
@click.option(
    "--unit",
    type=click.Choice(["uV", "mV", "V", "nV"]),
    help="Unit of the samples, where the file does not say it.",
)
@click.option("--rate", type=float, help="Samples per second, where the file does not say them.")
@click.option("--loop", is_flag=True, help="Begin again at the end, until Ctrl-C.")
def play(
    recording: str,
    name: str,
    network: bool,
    channel: str | None,
    unit: str | None,
    rate: float | None,
    loop: bool,
) -> None:
    """Play a recording as a Lab Streaming Layer stream, as if it came from an amplifier now.

    RECORDING is an EDF, BDF, WFDB, XDF, OTB+, CSV, TSV or Parquet file.
    """
    from tautband.twitch.files import open_recording
    from tautband.twitch.live.player import Player

    play_as_stream = optional("lsl").play_as_stream
    file = open_recording(recording, rate)
    player = Player(file, file.pick(channel), unit, loop=loop)
    click.echo(
        f"tautband: playing {file.name}, channel {player.channel}, as LSL stream {name!r}; Ctrl-C ends it"
    )
    failed: list[Exception] = []

    def told(heard: bool) -> None:
        click.echo("tautband: somebody listens" if heard else "tautband: nobody listens any more")

    def run() -> None:
        try:
            play_as_stream(player, name, network=network, told=told)
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    with ended_politely():
        thread.start()
        while thread.is_alive():
            thread.join(0.2)
    player.close()
    thread.join()
    if failed:
        raise failed[0]
