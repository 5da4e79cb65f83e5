"""The `tautband` command: its groups, and how failures end."""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import Final

import click

from tautband import __version__
from tautband.cli.assess import assess
from tautband.cli.atlas import atlas
from tautband.cli.draw import draw
from tautband.cli.interview import interview
from tautband.cli.optional import OptionalRoom
from tautband.cli.plan import plan
from tautband.cli.schema import schema
from tautband.cli.serve import serve
from tautband.errors import TautbandError

OUTPUT_FAILS: Final = (errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EFBIG)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="tautband")
def cli() -> None:
    """From "where does it hurt?" to a ranked, explained differential, what to ask or press next, and a safe plan."""


twitch = OptionalRoom(
    "twitch",
    module="tautband.twitch.cli",
    extra="twitch",
    help="Local twitch responses in EMG: find, measure and dose them. For research and education.",
)

for command in (assess, interview, plan, draw, serve, atlas, schema, twitch):
    cli.add_command(command)


def main() -> None:
    """Run the command line; what is the input's fault ends in one line and exit code 2."""
    if hasattr(signal, "SIGPIPE"):
        # a reader that has had enough ends us quietly, as it ends every other command
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # a terminal that cannot show hanzi shows question marks, not a traceback
            stream.reconfigure(errors="replace")
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        _end(error.format_message())
    except TautbandError as error:
        _end(str(error))
    except OSError as error:
        if error.errno not in OUTPUT_FAILS:
            raise
        click.echo(f"tautband: the output cannot be written: {error.strerror}", err=True)
        os._exit(1)  # an orderly end would try to write what is left once more
    sys.exit(code if isinstance(code, int) else 0)


def _end(line: str) -> None:
    click.echo(f"tautband: {line}", err=True)
    sys.exit(2)
