"""Serve the pages on loopback."""

from __future__ import annotations

from tautband import loopback
from tautband.web.app import create_app


def serve(port: int) -> None:
    """Serve until interrupted, to this machine only; what a case holds is logged nowhere.

    Parameters
    ----------
    port
        Where to listen; 0 takes a free one.

    Raises
    ------
    TautbandError
        If the port cannot be had.
    """
    with loopback.listening(port) as listener:
        loopback.serve(create_app(), listener)
