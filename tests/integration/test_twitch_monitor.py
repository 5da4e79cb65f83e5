"""The monitor in a real browser: the trace, bars, advice, tap and site, at phone and desk width, light and dark."""

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tautband.twitch.files import RecordingFile, open_recording
from tautband.twitch.live import Player
from tautband.twitch.live.run import Run
from tautband.twitch.live.web import create_app

SERIES = Path(__file__).resolve().parents[2] / "examples/twitch_series.edf"
PATIENCE_MS = 60_000
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1360, "height": 900}}

Serve = Callable[[Run], str]
Open = Callable[..., Page]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serves a run; at the end nothing is left running."""
    ending: list[Callable[[], None]] = []

    def served(run: Run, port: int = 0) -> str:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        server = uvicorn.Server(
            uvicorn.Config(create_app(run), log_level="error", ws="websockets-sansio", lifespan="off")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.02)
        if not run.done.is_set():
            run.start()

        def end() -> None:
            server.should_exit = server.force_exit = True
            thread.join(timeout=20)
            listener.close()
            run.stop()

        ending.append(end)
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield served
    for end in ending:
        end()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Open]:
    """Opens the page in a window of its own; nothing may fail, be blocked or come from elsewhere."""
    contexts = []
    complaints: list[str] = []

    def opened(address: str, script: str = "", **settings: Any) -> Page:
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: complaints.append(r.url) if not r.url.startswith(address) else None)
        page.add_init_script(script)
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def series(speed: float = 5.0) -> Run:
    return Run(Player(open_recording(SERIES), 0, speed=speed))


def quiet(seconds: float) -> Run:
    """Noise in which nothing twitches."""
    noise = np.random.default_rng(0).normal(0, 5, round(1000 * seconds))
    recording = RecordingFile(
        "quiet", (1000.0,), ("EMG",), ("uV",), lambda channel: iter(np.array_split(noise, 100))
    )
    return Run(Player(recording, 0))


def painted(page: Page) -> int:
    """How many pixels of the trace are not empty."""
    return int(
        page.evaluate(
            """() => {
              const canvas = document.querySelector('twitch-monitor').shadowRoot.querySelector('canvas');
              const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
              let count = 0;
              for (let i = 3; i < data.length; i += 4) count += data[i] > 0;
              return count;
            }"""
        )
    )


def test_the_trace_runs_and_the_bars_fall_until_it_says_enough(serve: Serve, open_page: Open) -> None:
    page = open_page(serve(series()), **DESK)
    expect(page.locator(".state")).to_have_text("Enough", timeout=PATIENCE_MS)
    expect(page.locator("li")).to_have_count(8, timeout=PATIENCE_MS)
    heights = page.locator("li .bar").evaluate_all("bars => bars.map(b => b.getBoundingClientRect().height)")
    assert heights[0] == max(heights)
    assert heights[7] < 0.7 * heights[0]
    expect(page.locator("li").nth(1)).to_contain_text("Twitch 2: 0.71 of the first")
    expect(page.locator(".why")).to_contain_text("levelled off")
    expect(page.locator(".contact")).to_contain_text("good contact")
    expect(page.locator(".limits")).to_contain_text("no medical device")
    expect(page.locator(".alert")).to_have_text("The source has ended", timeout=PATIENCE_MS)
    assert painted(page) > 1000
    value = page.evaluate("document.querySelector('twitch-monitor').value")
    assert (len(value["twitches"]), value["dose"]["seen"]) == (8, 8)


def test_none_seen_is_never_none_occurred(serve: Serve, open_page: Open) -> None:
    page = open_page(serve(quiet(60)), **PHONE)
    expect(page.locator(".state")).to_have_text("None seen", timeout=PATIENCE_MS)
    expect(page.locator(".why")).to_contain_text("none seen does not mean that none occurred")
    expect(page.locator(".contact")).to_have_text(
        re.compile(r"Noise \d\.\d µV RMS · good contact"), timeout=PATIENCE_MS
    )
    expect(page.get_by_text("No twitch seen yet")).to_be_visible()


def test_a_button_and_the_space_bar_count_and_n_begins_a_new_site(serve: Serve, open_page: Open) -> None:
    run = quiet(120)
    page = open_page(serve(run), **DESK)
    expect(page.locator("li")).to_have_count(0)
    button = page.get_by_role("button", name="Count a twitch")
    expect(button).to_be_focused(timeout=PATIENCE_MS)
    button.click()
    expect(page.locator("li")).to_have_count(1)
    page.keyboard.press("Space")  # on the button, once and not twice
    expect(page.locator("li")).to_have_count(2)
    page.locator("canvas").click()
    page.keyboard.press("Space")
    expect(page.locator("li")).to_have_count(3)
    expect(page.locator(".counts")).to_have_text("0 seen · 3 counted by hand")
    expect(page.locator("[role=status]")).to_contain_text("counted by hand")
    page.keyboard.press("n")
    expect(page.locator("h2")).to_contain_text("site 2")
    expect(page.locator("li")).to_have_count(0)
    expect(page.locator("[role=status]")).to_contain_text("New site")
    page.get_by_role("button", name="New site").click()
    expect(page.locator("h2")).to_contain_text("site 3")
    assert [len(s.taps_s) for s in run.analysis.series] == [3, 0, 0]


def test_a_finger_counts_on_a_phone_and_everything_fits(serve: Serve, open_page: Open) -> None:
    page = open_page(serve(series()), **PHONE)
    expect(page.locator(".state")).to_have_text("Enough", timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    button = page.get_by_role("button", name="Count a twitch")
    expect(button).to_be_in_viewport()
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    expect(page.locator("li")).to_have_count(6, timeout=PATIENCE_MS)  # as many bars as fit
    expect(page.get_by_text("2 earlier")).to_be_visible(timeout=PATIENCE_MS)
    button.tap()  # it is the last twitch or one of its own: shown in any case
    expect(page.locator(".legend")).to_contain_text("✓ tapped at", timeout=PATIENCE_MS)
    expect(page.locator(".counts")).to_contain_text("8 seen")


LISTEN = """
window.told = [];
for (const type of ['twitch', 'dose']) {
  document.addEventListener(type, (e) => window.told.push([type, e.detail.number ?? e.detail.state]));
}
document.addEventListener('DOMContentLoaded', () => {
  const status = document.querySelector('twitch-monitor').shadowRoot.querySelector('[role=status]');
  new MutationObserver(() => window.told.push(['said', status.textContent])).observe(status, { childList: true });
});
"""


def test_what_happens_is_told_aloud_and_as_events(serve: Serve, open_page: Open) -> None:
    page = open_page(serve(series(3.0)), script=LISTEN, **DESK)
    expect(page.locator(".alert")).to_have_text("The source has ended", timeout=PATIENCE_MS)
    told = page.evaluate("window.told")
    numbers = [
        n for kind, n in told if kind == "twitch"
    ]  # those before the page had opened are not told again
    assert numbers == list(range(numbers[0], 9))
    assert [s for kind, s in told if kind == "dose"][-1] == "enough"
    said = " ".join(text for kind, text in told if kind == "said")
    for number in numbers:
        assert f"Twitch {number}, " in said
    assert "Enough. Sizes have levelled off" in said


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(serve: Serve, open_page: Open, scheme: str, size: dict[str, Any]) -> None:
    page = open_page(serve(series(20.0)), color_scheme=scheme, **size)
    expect(page.locator(".alert")).to_have_text("The source has ended", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Count a twitch").click()
    found = Axe().run(page, options={"resultTypes": ["violations"]})
    assert [f"{v['id']}: {v['nodes'][0]['html']}" for v in found.response["violations"]] == []


def test_a_server_that_is_gone_is_said_and_found_again(serve: Serve, browser: Browser) -> None:
    run = quiet(60)
    app = create_app(run)
    page = browser.new_context(**DESK).new_page()
    page.set_default_timeout(PATIENCE_MS)
    run.start()

    def once(port: int) -> tuple[uvicorn.Server, threading.Thread, int]:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        server = uvicorn.Server(
            uvicorn.Config(app, log_level="error", ws="websockets-sansio", timeout_graceful_shutdown=1)
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        return server, thread, listener.getsockname()[1]

    server, thread, port = once(0)
    page.goto(f"http://127.0.0.1:{port}")
    page.get_by_role("button", name="Count a twitch").click()
    expect(page.locator("li")).to_have_count(1)
    server.should_exit = True
    thread.join(20)
    expect(page.locator(".alert")).to_contain_text("has lost tautband", timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Count a twitch")).to_have_attribute("aria-disabled", "true")
    server, thread, _ = once(port)
    expect(page.locator(".alert")).to_be_hidden(timeout=PATIENCE_MS)
    expect(page.locator("li")).to_have_count(1)  # what was counted is still there
    page.context.close()
    server.should_exit = True
    thread.join(20)
    run.stop()
