"""How soon a live view shows what happens, how many frames it makes, and what a client that does not read costs.

    python benchmarks/twitch_live.py

The shipped recording is played in blocks of 20 ms at the speed it was recorded with: as an LSL stream from another
process, in a terminal of 100 by 30 cells, and to a WebSocket client on this machine; for the client that does not read
it is played 100 times faster, so that there is much to send. Needs tautband[live].
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pylsl
import uvicorn
from report import machine, write_results
from rich.console import Console
from websockets.asyncio.client import connect

from tautband.atlas import Atlas
from tautband.twitch import Candidate, Twitch
from tautband.twitch.events import Event
from tautband.twitch.files import open_recording
from tautband.twitch.live import Player, watch
from tautband.twitch.live.keys import Keys
from tautband.twitch.live.lsl import LslSource
from tautband.twitch.live.run import Run
from tautband.twitch.live.source import Floats
from tautband.twitch.live.terminal import frame
from tautband.twitch.live.web import create_app

SERIES = Path(__file__).parents[1] / "examples/twitch_series.edf"
SECONDS = 20.0


def player(speed: float = 1.0) -> Player:
    return Player(open_recording(SERIES), 0, speed=speed, loop=True)


def spread(values: list[float], unit: str = "ms") -> str:
    """Median and 95th percentile."""
    return f"{np.median(values):.1f} {unit} | {np.quantile(values, 0.95):.1f} {unit}"


class Timed(LslSource):
    """Notes how old the last sample of each block is when it is here."""

    def _read(self) -> tuple[Floats, Floats]:
        samples, stamps = super()._read()
        if len(stamps):
            self.ages.append(1000 * (pylsl.local_clock() - stamps[-1]))
        return samples, stamps

    ages: list[float]


def stream() -> list[str]:
    """Ages of samples and of decisions over LSL, the sender in a process of its own."""
    name = f"benchmark {os.getpid()}"
    command = "from tautband.cli.main import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", command, "twitch", "play", str(SERIES), "--lsl", name, "--loop"],
        stdout=subprocess.DEVNULL,
    ) as sender:
        source = Timed(name)
        source.ages = []
        begun: list[float] = []
        decided: list[float] = []
        run = Run(source)

        def told(events: list[Event]) -> None:
            now = run.analysis.end_s
            begun.extend(1000 * (now - e.onset_s) for e in events if isinstance(e, Candidate))
            decided.extend(1000 * (now - e.offset_s) for e in events if isinstance(e, Twitch))

        run.told = told
        run.start()
        time.sleep(2 * SECONDS)
        run.stop()
        sender.kill()
    begun = [b for b in begun if b < 1000.0]  # those held back while the noise was learnt are of the start
    decided = [d for d in decided if d < 2000.0]
    return [
        f"| age of the newest sample over LSL | {spread(source.ages)} |",
        f"| candidate behind the onset, of the samples that are here | {spread(begun)} |",
        f"| twitch behind its offset, of the samples that are here | {spread(decided)} |",
    ]


def _drain(outside: int) -> None:
    while True:
        try:
            os.read(outside, 1 << 16)
        except OSError:  # the terminal is closed
            return


def terminal() -> list[str]:
    """Frames a second in a terminal, and what one costs."""
    outside, inside = pty.openpty()
    threading.Thread(target=_drain, args=(outside,), daemon=True).start()
    console = Console(
        file=os.fdopen(inside, "w", encoding="utf-8"), force_terminal=True, width=100, height=30
    )
    run, frames = Run(player()), 0
    begun, used = time.monotonic(), time.process_time()

    class Counted(Keys):
        def wait(self, seconds: float) -> str:
            nonlocal frames
            frames += 1
            time.sleep(seconds)
            return "q" if time.monotonic() - begun > SECONDS else ""

    watch.Keys = Counted  # type: ignore[misc]
    watch.watch(run, console)
    took, used = time.monotonic() - begun, time.process_time() - used
    run.stop()
    lines = [
        f"| frames a second in a terminal of 100 × 30 | {frames / took:.1f} | |",
        f"| processor time of one core meanwhile | {used / took:.0%} | |",
    ]
    for width, height in ((80, 24), (100, 30), (200, 50)):
        costs = []
        for _ in range(100):
            start = time.perf_counter()
            frame(run.analysis, "amplifier", "up", width, height)
            costs.append(1000 * (time.perf_counter() - start))
        lines.append(f"| to draw one frame of {width} × {height} | {spread(costs)} |")
    return lines


def feed() -> list[str]:
    """Frames a second at a WebSocket client, ages of samples there, and a client that does not read."""
    with serving(1.0) as (port, began):
        lines = asyncio.run(_client(port, began))
    with serving(100.0) as (port, _):
        return lines + _stalled(port)


@contextmanager
def serving(speed: float) -> Iterator[tuple[int, float]]:
    """Serve the feed of a recording; gives the port and when it began to be played."""
    run = Run(player(speed))
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        settings = uvicorn.Config(create_app(run), log_level="error", ws="websockets-sansio", lifespan="off")
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        began = time.monotonic()
        run.start()
        yield listener.getsockname()[1], began
        server.should_exit = server.force_exit = True
        thread.join(20)
        run.stop()


async def _client(port: int, began: float) -> list[str]:
    ages: list[float] = []
    sizes = 0
    async with connect(f"ws://127.0.0.1:{port}/feed") as client:
        hello = json.loads(await client.recv())
        start = time.monotonic()
        while time.monotonic() - start < SECONDS:
            text = await client.recv()
            sizes += len(text)
            message = json.loads(text)
            if message["type"] == "trace":
                newest = (message["first"] + len(message["low"])) * hello["bin_s"]
                ages.append(1000 * (time.monotonic() - began - newest))
    return [
        f"| frames a second at a WebSocket client | {len(ages) / SECONDS:.1f} | |",
        f"| age of the newest sample there | {spread(ages)} |",
        f"| sent to one client | {sizes / SECONDS / 1000:.0f} kB/s | |",
    ]


def _stalled(port: int) -> list[str]:
    """Memory of this process, which serves, while one client reads and one with a small buffer does not."""
    request = (
        f"GET /feed HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()
    with socket.socket() as client, socket.socket() as other:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for one in (client, other):
            one.connect(("127.0.0.1", port))
            one.sendall(request)
            one.settimeout(SECONDS)
        time.sleep(1)
        before, until, got = _resident_mb(), time.monotonic() + SECONDS, 0
        while time.monotonic() < until:
            got += len(other.recv(1 << 20))
        after = _resident_mb()
    return [
        f"| sent to a client that reads in {SECONDS:.0f} s of the fast recording | {got / 1e6:.1f} MB | |",
        f"| memory more meanwhile, another one not reading | {after - before:.1f} MB | |",
    ]


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6


def main() -> None:
    lines = ["# Twitches live", machine(Atlas.load().version), "| what | median | 95 % |", "|---|---:|---:|"]
    lines += [*stream(), *terminal(), *feed()]
    write_results("twitch_live", lines)


if __name__ == "__main__":
    main()
