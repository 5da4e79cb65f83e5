"""`tautband serve`: the pages in a browser, on this machine only."""

from __future__ import annotations

from importlib import import_module

import click


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8765,
    show_default=True,
    help="Where to listen on 127.0.0.1; 0 takes a free port.",
)
def serve(port: int) -> None:
    """Start the page to paint on, and the HTTP API, for this machine only.

    Nothing is kept and nothing leaves the machine: a case lives in the browser window until it is saved as a file.
    Needs the extra tautband[web].
    """
    try:
        # by name, as the command line and the web are peers and neither depends on the other
        serving = import_module("tautband.web.serving")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("tautband"):
            raise
        raise click.ClickException(
            f"serve: {error.name} is missing; install the optional extra with: pip install 'tautband[web]'"
        ) from None
    serving.serve(port)
