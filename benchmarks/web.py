"""How fast the page answers while somebody paints; goal: a 95th percentile under 150 ms, server included.

Drawings grow stroke by stroke, and each state is sent as the page sends it. Run it: python benchmarks/web.py
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from itertools import pairwise
from statistics import median, quantiles
from typing import Any

import uvicorn
from report import machine, write_results

from tautband.atlas import Atlas
from tautband.atlas.body import view
from tautband.web.app import create_app

GOAL_MS = 150
RADIUS = 20
# paths over the body, in shares of the picture: low back and leg, shoulder and arm, neck and head, foot
PATHS = {
    "back": (
        [(0.42, 0.40), (0.52, 0.41)],
        [(0.43, 0.45), (0.41, 0.56), (0.41, 0.68)],
        [(0.41, 0.70), (0.42, 0.85)],
    ),
    "front": ([(0.62, 0.19), (0.66, 0.22)], [(0.68, 0.25), (0.74, 0.36)], [(0.75, 0.38), (0.82, 0.47)]),
    "head_left": ([(0.3, 0.25), (0.4, 0.3)], [(0.5, 0.55), (0.6, 0.6)], [(0.55, 0.7), (0.6, 0.85)]),
    "left_foot_sole": ([(0.5, 0.8), (0.5, 0.9)], [(0.4, 0.5), (0.45, 0.6)]),
}


def drawings() -> Iterator[dict[str, Any]]:
    """Every state of the drawings as their strokes grow, twelve points each."""
    for name, paths in PATHS.items():
        shown = view(name)
        strokes: list[dict[str, Any]] = []
        for path in paths:
            points = [
                [
                    (a[0] + (b[0] - a[0]) * k / 12) * shown.width,
                    (a[1] + (b[1] - a[1]) * k / 12) * shown.height,
                ]
                for a, b in pairwise(path)
                for k in range(12)
            ]
            radius = RADIUS * shown.units_per_cm / 10
            for length in range(3, len(points) + 1, 3):
                stroke = {"view": name, "points": points[:length], "radius": radius, "intensity": 6}
                yield {"body": "1", "shape": "neutral", "strokes": [*strokes, stroke]}
            strokes.append({"view": name, "points": points, "radius": radius, "intensity": 6})


def serve(listener: socket.socket) -> uvicorn.Server:
    """Start the server in a thread of its own."""
    server = uvicorn.Server(uvicorn.Config(create_app(), access_log=False, log_level="warning"))
    threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
    while not server.started:
        time.sleep(0.05)
    return server


def timed(port: int, address: str, cases: list[bytes]) -> tuple[list[float], list[float]]:
    """Send every case; give how long each answer took and the processor time of both ends, in milliseconds."""
    connection = HTTPConnection("127.0.0.1", port)
    times, used = [], []
    for case in cases:
        start, before = time.perf_counter(), time.process_time()
        connection.request("POST", address, case)
        answer = connection.getresponse()
        answer.read()
        times.append(1000 * (time.perf_counter() - start))
        used.append(1000 * (time.process_time() - before))
        assert answer.status == 200
    return times, used


def late(times: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(times, n=20)[-1]


def main() -> None:
    atlas = Atlas.load()
    cases = [json.dumps({"schema": "tautband.case/1", "drawing": d, "pain": []}).encode() for d in drawings()]
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = serve(listener)
        port = listener.getsockname()[1]
        timed(port, "/assess?reasons=false", cases[:8])
        measured = {
            "while painting: ranking, verdict, flags, next step": timed(port, "/assess?reasons=false", cases),
            "once the hand rests: the same with reasons": timed(port, "/assess", cases[::3]),
        }
        server.should_exit = True
    lines = [
        "# The page while somebody paints",
        machine(atlas.version),
        f"{len(cases)} states of {len(PATHS)} drawings that grow stroke by stroke, sent one by one on loopback.\n",
        "| what | median, ms | 95th percentile, ms | of that on the processor: median | 95th percentile |",
        "| --- | --: | --: | --: | --: |",
        *(
            f"| {what} | {median(times):.0f} | {late(times):.0f} | {median(used):.0f} | {late(used):.0f} |"
            for what, (times, used) in measured.items()
        ),
    ]
    times, used = next(iter(measured.values()))
    load = os.getloadavg()[0]
    lines += [
        "",
        f"Goal: under {GOAL_MS} ms at the 95th percentile while painting: "
        f"{'met' if late(times) < GOAL_MS else 'MISSED'} at a load of {load:.0f} on {os.cpu_count()} cores; "
        f"by processor time {'met' if late(used) < GOAL_MS else 'MISSED'}.",
    ]
    write_results("web", lines)


if __name__ == "__main__":
    main()
