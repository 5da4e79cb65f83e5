"""Serving pages to this machine only: where to listen, which names to answer to, and what every answer forbids.

For the rooms that have pages; needs their extras.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tautband.errors import TautbandError

HOST: Final = "127.0.0.1"
NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
"""The only names the pages answer to, so that no page from elsewhere can have its own name point here."""

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class SecurityHeaders:
    """Adds the headers to every answer; what sets no caching of its own is not kept anywhere."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and its answer back with the headers."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                if "etag" not in headers:
                    headers["Cache-Control"] = "no-store"
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


@contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """Take a port of this machine.

    Parameters
    ----------
    port
        Which; 0 takes a free one.

    Raises
    ------
    TautbandError
        If the port cannot be had.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen()  # so that nobody is refused who reads the address before the server has started
        except OSError as error:
            raise TautbandError(
                f"--port {port}: cannot be had: {error.strerror or error}; choose another, or 0 for a free one"
            ) from None
        yield listener


def serve(
    app: ASGIApp, listener: socket.socket, websockets: Literal["none", "websockets-sansio"] = "none"
) -> None:
    """Serve until interrupted; nothing that was asked or sent is logged.

    Parameters
    ----------
    app
        What answers.
    listener
        Where.
    websockets
        Who speaks the protocol, where the application has a WebSocket.
    """
    settings = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        server_header=False,
        ws=websockets,
        ws_max_size=1024,
        timeout_graceful_shutdown=2,
    )
    print(f"tautband: http://{HOST}:{listener.getsockname()[1]}/  (Ctrl-C ends it)", flush=True)
    uvicorn.Server(settings).run(sockets=[listener])
