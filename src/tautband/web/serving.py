"""Serve the pages on loopback."""

from __future__ import annotations

import socket

import uvicorn

from tautband.errors import TautbandError
from tautband.web.app import create_app

HOST = "127.0.0.1"


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
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            raise TautbandError(
                f"--port {port}: cannot be had: {error.strerror or error}; choose another, or 0 for a free one"
            ) from None
        settings = uvicorn.Config(create_app(), access_log=False, log_level="warning", server_header=False)
        print(f"tautband: http://{HOST}:{listener.getsockname()[1]}/  (Ctrl-C ends it)", flush=True)
        uvicorn.Server(settings).run(sockets=[listener])
