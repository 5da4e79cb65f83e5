"""The live feed from outside: its messages, who may listen, and a client that is slow."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator, MutableMapping
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tautband.cli.main import cli
from tautband.errors import TautbandError
from tautband.twitch.files import open_recording
from tautband.twitch.live import Player
from tautband.twitch.live.feed import Feed
from tautband.twitch.live.outline import KEPT_S
from tautband.twitch.live.run import Run
from tautband.twitch.live.web import MOST_CLIENTS, create_app

ROOT = Path(__file__).resolve().parents[2]
SERIES = ROOT / "examples/twitch_series.edf"
SCHEMA = json.loads((ROOT / "src/tautband/schema/twitch-feed.schema.json").read_text(encoding="utf-8"))
PATIENCE_S = 60.0


@cache
def validator() -> Draft202012Validator:
    Draft202012Validator.check_schema(SCHEMA)
    return Draft202012Validator(SCHEMA)


def running(speed: float, loop: bool = False) -> Run:
    return Run(Player(open_recording(SERIES), 0, speed=speed, loop=loop))


def finished() -> Run:
    run = running(1000.0)
    run.start()
    assert run.done.wait(PATIENCE_S)
    return run


@pytest.fixture
def served() -> Iterator[tuple[Run, int]]:
    """A recording that is played over and over, five times faster, and the port where its feed is."""
    run = running(5.0, loop=True)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        settings = uvicorn.Config(
            create_app(run), log_level="warning", ws="websockets-sansio", ws_max_size=1024, lifespan="off"
        )
        server = uvicorn.Server(settings)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        run.start()
        yield run, listener.getsockname()[1]
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=20)
        run.stop()


@asynccontextmanager
async def listening(port: int, **settings: Any) -> AsyncIterator[ClientConnection]:
    async with connect(f"ws://127.0.0.1:{port}/feed", **settings) as client:
        yield client


async def heard(client: ClientConnection, kind: str, count: int = 1) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < count:
        message = json.loads(await asyncio.wait_for(client.recv(), PATIENCE_S))
        validator().validate(message)
        if message["type"] == kind:
            found.append(message)
    return found


# the messages --------------------------------------------------------------------------------------------------------


def test_a_feed_tells_everything_once_and_then_only_what_is_new() -> None:
    run = finished()
    feed = Feed(run)
    messages = [feed.hello(), *feed.news(0.0)]
    for message in messages:
        validator().validate(message)
    kinds = [m["type"] for m in messages]
    assert kinds[0] == "hello"
    assert kinds[-1] == "state"
    (series,) = (m for m in messages if m["type"] == "series")
    assert [t["relative_to_first"] for t in series["twitches"]] == [
        pytest.approx(t.relative_to_first, abs=1e-3) for t in run.analysis.series[0].twitches
    ]
    state = messages[-1]
    assert (state["connection"], state["dose"]["state"], state["dose"]["seen"]) == ("ended", "enough", 8)
    assert feed.news(100.0) == []
    run.tap()
    tapped, state = feed.news(100.1)
    assert (tapped["type"], tapped["taps"], tapped["last_tap_s"]) == ("series", 1, 30.0)
    assert (state["type"], state["dose"]["tapped"]) == ("state", 1)


def test_a_client_that_was_away_finds_the_last_seconds_and_no_gap_filled_by_memory() -> None:
    run = running(1000.0, loop=True)
    feed = Feed(run)
    feed.news(0.0)
    run.start()
    while run.analysis.end_s < 100.0:
        time.sleep(0.02)
    run.stop()
    news = feed.news(1.0)
    (trace,) = (m for m in news if m["type"] == "trace")
    assert len(trace["low"]) == round(KEPT_S / run.analysis.outline.bin_s)
    assert trace["first"] + len(trace["low"]) == run.analysis.outline.end
    events = [m for m in news if m["type"] == "event"]
    assert events
    assert all(m["offset_s"] >= run.analysis.end_s - KEPT_S for m in events)


def test_a_series_that_is_long_names_the_last_twitches_only() -> None:
    run = finished()
    run.analysis.series[0].taps_s.extend(100.0 + 2 * i for i in range(500))
    (series,) = (m for m in Feed(run).news(0.0) if m["type"] == "series")
    validator().validate(series)
    assert (series["earlier"], len(series["twitches"])) == (308, 200)
    assert series["twitches"][-1] == {"peak_rms_uv": None, "relative_to_first": None}


def test_a_source_that_failed_says_why() -> None:
    run = finished()
    run.error = ValueError("the amplifier is on fire")
    state = Feed(run).news(0.0)[-1]
    validator().validate(state)
    assert state["error"] == "the amplifier is on fire"


# a real client -------------------------------------------------------------------------------------------------------


def test_a_client_hears_the_trace_and_taps_and_changes_the_site(served: tuple[Run, int]) -> None:
    run, port = served

    async def talk() -> None:
        async with listening(port) as client:
            (hello,) = await heard(client, "hello")
            assert (hello["channel"], hello["sampling_rate_hz"]) == ("EMG trapezius", 1000.0)
            traces = await heard(client, "trace", 30)
            ends = [t["first"] + len(t["low"]) for t in traces]
            assert [t["first"] for t in traces[1:]] == ends[:-1]  # nothing twice, nothing left out
            for _ in range(3):  # two of them at most may be twitches just seen
                await client.send(json.dumps({"type": "tap"}))
            series = await heard(client, "series")
            while not [t for t in series[-1]["twitches"] if t["peak_rms_uv"] is None]:
                series = await heard(client, "series")
            await client.send(json.dumps({"type": "new_series"}))
            while series[-1]["site"] != 2:
                series = await heard(client, "series")
            assert series[-1]["start_s"] > 0

    asyncio.run(talk())
    assert len(run.analysis.series) == 2


@pytest.mark.parametrize(
    "wish", ["", "[]", "null", "{", '{"type":"stop"}', '{"type":["tap"]}', b"tap", "[" * 500, "x" * 5000]
)
def test_a_wish_that_is_not_known_ends_that_connection_only(
    served: tuple[Run, int], wish: str | bytes
) -> None:
    run, port = served

    async def talk() -> None:
        async with listening(port) as client, listening(port) as other:
            await heard(client, "hello")
            await client.send(wish)
            with pytest.raises(ConnectionClosed):
                await heard(client, "never")
            await heard(other, "trace", 3)

    asyncio.run(talk())
    assert run.analysis.series[0].taps_s == []


@pytest.mark.parametrize(
    ("headers", "host"),
    [
        ({"Origin": "http://example.org"}, None),
        ({"Origin": "null"}, None),
        ({"Origin": "http://127.0.0.1:1"}, None),
        ({"Origin": "https://127.0.0.1"}, None),
        ({}, "example.org"),
        ({"Origin": "http://example.org"}, "example.org"),
    ],
)
def test_a_page_from_elsewhere_may_not_listen(
    served: tuple[Run, int], headers: dict[str, str], host: str | None
) -> None:
    _, port = served
    if host is not None:
        headers = headers | {"Host": host}

    async def talk() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        lines = {"Host": f"127.0.0.1:{port}", **headers}
        writer.write(
            b"GET /feed HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            + "".join(f"{k}: {v}\r\n" for k, v in lines.items()).encode()
            + b"\r\n"
        )
        answer = await asyncio.wait_for(reader.readline(), PATIENCE_S)
        assert answer.split()[1] in (b"403", b"400")
        writer.close()

    asyncio.run(talk())


def test_a_page_of_its_own_may_listen(served: tuple[Run, int]) -> None:
    _, port = served

    async def talk() -> None:
        async with listening(port, origin=f"http://127.0.0.1:{port}") as client:
            await heard(client, "hello")

    asyncio.run(talk())


def test_no_more_clients_than_it_can_serve(served: tuple[Run, int]) -> None:
    _, port = served

    async def talk() -> None:
        clients = [await connect(f"ws://127.0.0.1:{port}/feed") for _ in range(MOST_CLIENTS)]
        for client in clients:
            await heard(client, "hello")
        async with listening(port) as more:
            with pytest.raises(ConnectionClosed):
                await heard(more, "hello")
        await clients.pop().close()
        until = time.monotonic() + PATIENCE_S
        while True:  # the place is free again
            try:
                async with listening(port) as more:
                    await heard(more, "hello")
                break
            except (ConnectionClosed, InvalidStatus):
                assert time.monotonic() < until
        for client in clients:
            await client.close()

    asyncio.run(talk())


def test_nothing_is_kept_for_a_client_that_does_not_read() -> None:
    run = running(50.0, loop=True)
    sent: list[dict[str, Any]] = []

    async def talk() -> None:
        reads, asked = asyncio.Event(), False

        async def receive() -> dict[str, Any]:
            nonlocal asked
            if asked:
                await asyncio.Event().wait()
            asked = True
            return {"type": "websocket.connect"}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(json.loads(message["text"]) if "text" in message else dict(message))
            if len(sent) > 5:
                await reads.wait()

        scope = {"type": "websocket", "path": "/feed", "headers": [(b"host", b"127.0.0.1")]}
        task = asyncio.create_task(create_app(run)(scope, receive, send))
        while run.analysis.end_s < 4 * KEPT_S:
            await asyncio.sleep(0.02)
        assert len(sent) == 6  # the sixth waits, and nothing behind it
        reads.set()
        while len(sent) < 12:
            await asyncio.sleep(0.02)
        task.cancel()

    run.start()
    asyncio.run(talk())
    run.stop()
    bins = [len(m["low"]) for m in sent if m["type"] == "trace"]
    assert max(bins) <= round(KEPT_S / run.analysis.outline.bin_s)
    assert sent[6]["type"] in ("trace", "event", "series", "state")


# the page ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", ["/", "/assets/monitor.js", "/assets/monitor.css", "/nowhere"])
def test_every_answer_forbids_what_comes_from_elsewhere(address: str) -> None:
    client = TestClient(create_app(finished()), base_url="http://127.0.0.1")
    headers = client.get(address).headers
    assert headers["content-security-policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_only_names_of_this_machine_are_answered_to() -> None:
    app = create_app(finished())
    assert TestClient(app, base_url="http://127.0.0.1").get("/").status_code == 200
    assert TestClient(app, base_url="http://localhost").get("/").status_code == 200
    assert TestClient(app, base_url="http://example.org").get("/").status_code == 400


def test_it_can_be_mounted_under_another_application() -> None:
    whole = Starlette(routes=[Mount("/twitch", create_app(finished()))])
    client = TestClient(whole, base_url="http://127.0.0.1")
    page = client.get("/twitch/").text
    assert 'src="assets/monitor.js"' in page
    assert client.get("/twitch/assets/monitor.js").status_code == 200
    with client.websocket_connect("/twitch/feed", headers={"host": "127.0.0.1"}) as feed:
        assert feed.receive_json()["type"] == "hello"


# the command ---------------------------------------------------------------------------------------------------------


def test_the_command_serves_the_page_and_sums_up_when_it_is_interrupted(tmp_path: Path) -> None:
    record = tmp_path / "kept.csv"
    command = [sys.executable, "-c", "from tautband.cli.main import main; main()", "twitch", "serve"]
    with subprocess.Popen(
        [*command, str(SERIES), "--port", "0", "--speed", "5", "--record", str(record)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as serving:
        assert serving.stdout is not None
        told = re.search(r"http://127\.0\.0\.1:(\d+)/", serving.stdout.readline())
        assert told is not None

        async def talk() -> None:
            async with listening(int(told[1])) as client:
                await heard(client, "hello")
                await client.send(json.dumps({"type": "tap"}))
                while not (await heard(client, "series"))[0]["twitches"]:
                    pass
                serving.send_signal(signal.SIGINT)
                with pytest.raises(ConnectionClosed):
                    await heard(client, "never")

        try:
            asyncio.run(talk())
            said, failed = serving.communicate(timeout=PATIENCE_S)
        finally:
            serving.kill()  # where it went well, it has ended
    assert (serving.returncode, failed.strip()) == (0, "")
    assert "Dose:" in said
    assert len(record.read_text(encoding="utf-8").splitlines()) > 100


def test_a_port_that_is_taken_is_one_line_before_anything_starts() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = CliRunner().invoke(
            cli, ["twitch", "serve", str(SERIES), "--port", port], standalone_mode=False
        )
    assert isinstance(refused.exception, TautbandError)
    assert f"--port {port}: cannot be had" in str(refused.exception)
