"""The page and the feed of a run: an application to serve by itself or to mount under another, on this machine only."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from tautband.loopback import NAMES, SecurityHeaders
from tautband.twitch.live.feed import Feed
from tautband.twitch.live.run import Run

FRAME_S: Final = 1 / 30
MOST_CLIENTS: Final = 16
REFUSED, TOO_MANY, UNKNOWN = 1008, 1013, 1003
"""Codes with which the WebSocket protocol closes."""


def create_app(run: Run) -> Starlette:
    """Make the application.

    Parameters
    ----------
    run
        What to show; started by the caller.
    """
    assets = StaticFiles(packages=[("tautband.twitch.live", "assets")])
    clients: set[WebSocket] = set()

    async def page(request: Request) -> Response:
        return await assets.get_response("monitor.html", request.scope)

    async def feed(socket: WebSocket) -> None:
        if not _from_here(socket):
            await socket.close(REFUSED)
            return
        await socket.accept()
        if len(clients) >= MOST_CLIENTS:
            await socket.close(TOO_MANY)
            return
        clients.add(socket)
        listening = asyncio.create_task(_listen(socket, run))
        try:
            await _tell(socket, run, listening)
        except WebSocketDisconnect:
            pass
        finally:
            clients.discard(socket)
            listening.cancel()

    return Starlette(
        routes=[Route("/", page), WebSocketRoute("/feed", feed), Mount("/assets", assets)],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=list(NAMES)),
        ],
    )


def _from_here(socket: WebSocket) -> bool:
    """Whether no browser asks on behalf of a page from elsewhere; what is no browser names no origin."""
    origin = socket.headers.get("origin")
    if origin is None:
        return True
    named = urlsplit(origin)
    return named.scheme == "http" and named.netloc == socket.headers.get("host")


async def _tell(socket: WebSocket, run: Run, listening: asyncio.Task[int]) -> None:
    feed = Feed(run)
    with run.lock:
        hello = feed.hello()
    await socket.send_text(_text(hello))
    due = time.monotonic()
    while not listening.done():
        with run.lock:
            news = feed.news(time.monotonic())
        for message in news:
            # waits while the client does not read; what happens meanwhile is looked up afterwards
            await socket.send_text(_text(message))
        due = max(due + FRAME_S, time.monotonic())
        await asyncio.sleep(due - time.monotonic())
    await socket.close(listening.result())


async def _listen(socket: WebSocket, run: Run) -> int:
    """Do what the client asks for; gives the code to close with when it asks for what is not known."""
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        match _wish(message.get("text") or ""):
            case "tap":
                run.tap()
            case "new_series":
                run.new_series()
            case _:
                return UNKNOWN


def _wish(text: str) -> Any:
    try:
        wish = json.loads(text)
    except ValueError:
        return None
    return wish.get("type") if isinstance(wish, dict) else None


def _text(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
