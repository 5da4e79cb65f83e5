"""The page in a real browser: painting with mouse, finger and keyboard, answering, saving; at phone and desk width."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from tautband.assessment import read_case
from tautband.atlas import Atlas
from tautband.atlas.body import read_drawing, resolve

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_MS = 60_000
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1360, "height": 900}}

Open = Callable[..., Page]


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Open]:
    """Opens the page in a window of its own; nothing may fail, be blocked or come from elsewhere."""
    contexts = []
    complaints: list[str] = []

    def opened(empty: bool = True, **settings: Any) -> Page:
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda r: complaints.append(r.url) if not r.url.startswith((address, "data:", "blob:")) else None,
        )
        page.goto(address)
        expect(page.locator("#verdict")).to_have_text("Suits needling", timeout=PATIENCE_MS)
        expect(page.locator(".art .overlay")).to_be_attached(timeout=PATIENCE_MS)
        if empty:
            page.click("#new")
            expect(page.locator("#panel")).to_contain_text("Paint where it hurts", timeout=PATIENCE_MS)
            show(page, "front")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [
        c for c in complaints if "422" not in c and "400" not in c
    ] == []  # a refused case is told on the page


def show(page: Page, view: str) -> None:
    page.evaluate("view => { document.querySelector('tautband-painter').view = view }", view)
    page.wait_for_function(
        "view => document.querySelector('tautband-painter').data?.id === view",
        arg=view,
    )


def strokes(page: Page) -> list[dict[str, Any]]:
    found: dict[str, Any] = page.evaluate("document.querySelector('tautband-painter').value")
    read_drawing(found)  # whatever was painted is a drawing that tautband reads
    strokes: list[dict[str, Any]] = found["strokes"]
    return strokes


def painted(page: Page) -> set[tuple[str, str]]:
    return {
        (r.region, r.side)
        for r in resolve(read_drawing(page.evaluate("document.querySelector('tautband-painter').value")))
    }


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("checkbox", name=name)


def middle(locator: Locator) -> tuple[float, float]:
    box = locator.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_mouse_stroke_is_the_region_it_went_over_and_the_answer_follows(open_page: Open) -> None:
    page = open_page(**DESK)
    x, y = middle(region(page, "Breast, left"))
    page.mouse.move(x - 8, y)
    page.mouse.down()
    page.mouse.move(x + 8, y, steps=6)
    page.mouse.up()
    (stroke,) = strokes(page)
    assert (stroke["mode"], stroke["view"]) == ("paint", "front")
    assert ("breast", "left") in painted(page)
    assert not [side for _, side in painted(page) if side == "right"]
    expect(page.locator("#panel .inputs")).to_contain_text("left: ", timeout=PATIENCE_MS)
    expect(page.locator("#panel .reasons").first).to_be_visible(timeout=PATIENCE_MS)


def test_a_finger_paints_and_two_fingers_move_the_picture_instead(open_page: Open) -> None:
    page = open_page(**PHONE)
    stage = page.locator(".stage")
    stage.scroll_into_view_if_needed()
    x, y = middle(region(page, "Front of thigh (upper), left"))
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *points: tuple[float, float]) -> None:
        touch.send(
            "Input.dispatchTouchEvent",
            {"type": kind, "touchPoints": [{"x": a, "y": b, "id": i} for i, (a, b) in enumerate(points)]},
        )

    send("touchStart", (x, y))
    for step in range(1, 6):
        send("touchMove", (x, y + 4 * step))
    send("touchEnd")
    assert len(strokes(page)) == 1
    assert ("thigh_anterior_upper", "left") in painted(page)

    before = page.locator(".hits").get_attribute("viewBox")
    send("touchStart", (x, y))
    send("touchStart", (x, y), (x + 30, y))
    for step in range(1, 6):
        send("touchMove", (x - 10 * step, y), (x + 30 + 10 * step, y))
    send("touchEnd")
    expect(page.locator(".hits")).not_to_have_attribute("viewBox", before or "", timeout=PATIENCE_MS)
    width = float((page.locator(".hits").get_attribute("viewBox") or "").split()[2])
    assert width < 600  # zoomed in from the 1052 of the whole picture
    assert len(strokes(page)) == 1


def test_keys_move_over_the_body_paint_regions_and_rate_them_aloud(open_page: Open) -> None:
    page = open_page(**DESK)
    start = region(page, "Breast, left")
    start.focus()
    page.keyboard.press("Space")
    expect(start).to_have_attribute("aria-checked", "true")
    expect(page.locator("tautband-painter [role=status]").first).to_have_text("Breast, left painted")
    page.keyboard.press("ArrowDown")
    below = page.evaluate("document.querySelector('tautband-painter').shadowRoot.activeElement.dataset.key")
    assert below != "breast/left"
    page.keyboard.press("8")
    assert [(f"{s['region']}/{s['side']}", s["intensity"]) for s in strokes(page)] == [
        ("breast/left", 5),
        (below, 8),
    ]
    start.focus()
    page.keyboard.press("Space")
    expect(start).to_have_attribute("aria-checked", "false")
    assert [f"{s['region']}/{s['side']}" for s in strokes(page)] == [below]
    page.keyboard.press("Control+z")
    expect(start).to_have_attribute("aria-checked", "true")


def test_every_region_of_a_view_can_be_reached_by_arrow_keys(open_page: Open) -> None:
    page = open_page(**DESK)
    reached = page.evaluate(
        """() => {
            const painter = document.querySelector('tautband-painter');
            const all = [...painter.shadowRoot.querySelectorAll('.hits [data-key]')];
            const seen = new Set([all[0]]);
            const open = [all[0]];
            while (open.length) {
                const one = open.pop();
                for (const key of ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown']) {
                    one.focus();
                    one.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
                    const next = painter.shadowRoot.activeElement;
                    if (!seen.has(next)) { seen.add(next); open.push(next); }
                }
            }
            return all.filter(path => !seen.has(path)).map(path => path.dataset.key);
        }"""
    )
    assert reached == []


def test_undo_redo_erase_and_clear(open_page: Open) -> None:
    page = open_page(**DESK)
    x, y = middle(region(page, "Breast, right"))
    page.mouse.click(x, y)
    page.mouse.click(x, y + 30)
    assert len(strokes(page)) == 2
    page.get_by_role("button", name="Undo", exact=True).click()
    assert len(strokes(page)) == 1
    page.get_by_role("button", name="Redo", exact=True).click()
    assert len(strokes(page)) == 2
    page.get_by_role("button", name="Erase", exact=True).click()
    page.get_by_role("button", name="Broad", exact=True).click()
    page.mouse.click(x, y)
    assert strokes(page)[-1]["mode"] == "erase"
    page.get_by_role("button", name="Clear", exact=True).click()
    assert strokes(page) == []


def test_an_area_is_selected_and_rated_by_itself(open_page: Open) -> None:
    page = open_page(**DESK)
    breast, thigh = (middle(region(page, f"{name}, left")) for name in ("Breast", "Front of thigh (upper)"))
    page.mouse.click(*breast)
    page.mouse.click(*thigh)
    page.get_by_role("button", name="Select", exact=True).click()
    page.mouse.click(*thigh)
    slider = page.get_by_role("slider", name="Intensity")
    slider.focus()
    page.keyboard.press("End")
    page.get_by_role("button", name="burning", exact=True).click()
    first, second = strokes(page)
    assert (first["intensity"], first.get("quality")) == (5, None)
    assert (second["intensity"], second["quality"]) == (10, ["burning"])


def test_what_was_painted_from_the_front_shows_from_the_side_and_can_be_rated_there(open_page: Open) -> None:
    page = open_page(**DESK)
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + 0.645 * box["width"], box["y"] + 0.57 * box["height"])
    show(page, "left")
    find = """() => {
        const stage = document.querySelector('tautband-painter').shadowRoot.querySelector('.stage');
        const canvas = stage.querySelector('canvas');
        const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true });
        copy.drawImage(canvas, 0, 0);
        const { data, width } = copy.getImageData(0, 0, canvas.width, canvas.height);
        const box = stage.getBoundingClientRect();
        const at = [];
        for (let i = 3; i < data.length; i += 4) if (data[i] > 200) at.push((i - 3) / 4);
        const middle = at[Math.floor(at.length / 2)];
        const scale = box.width / canvas.width;
        return at.length > 20
            ? [box.left + (middle % width) * scale, box.top + Math.floor(middle / width) * scale] : null;
    }"""
    page.wait_for_function(find)
    x, y = page.evaluate(find)
    page.get_by_role("button", name="Select", exact=True).click()
    page.mouse.click(x, y)
    page.get_by_role("button", name="burning", exact=True).click()
    (stroke,) = strokes(page)
    assert (stroke["view"], stroke["quality"]) == ("front", ["burning"])
    page.get_by_role("button", name="Undo", exact=True).click()
    page.get_by_role("button", name="Undo", exact=True).click()
    page.wait_for_function(f"() => !({find})()")


def test_a_region_is_found_by_another_name_and_painted_from_the_list(open_page: Open) -> None:
    page = open_page(**DESK)
    page.get_by_role("searchbox", name="Find a region").fill("brow left")
    page.locator(".find-list").get_by_role("button", name="Forehead (inner half), left").click()
    assert [(s["region"], s["side"]) for s in strokes(page)] == [("forehead_medial", "left")]
    page.get_by_role("searchbox", name="Find a region").fill("nowhere at all")
    expect(page.locator(".find-list")).to_have_text("No region is called that.")


def test_a_pen_paints_as_broad_as_it_is_pressed(open_page: Open) -> None:
    page = open_page(**DESK)
    x, y = middle(region(page, "Breast, left"))
    page.evaluate(
        """([x, y]) => {
            const stage = document.querySelector('tautband-painter').shadowRoot.querySelector('.stage');
            stage.setPointerCapture = () => {};
            const send = (type, dx, pressure) => stage.dispatchEvent(new PointerEvent(type, {
                pointerId: 7, pointerType: 'pen', clientX: x + dx, clientY: y, pressure, bubbles: true, button: 0 }));
            send('pointerdown', 0, 0.2); send('pointermove', 12, 0.9); send('pointerup', 12, 0);
        }""",
        [x, y],
    )
    (stroke,) = strokes(page)
    light, firm = (point[2] for point in stroke["points"])
    assert 0 < light < firm < 1


def test_changes_are_saved_through_the_callback_soon_and_together(open_page: Open) -> None:
    page = open_page(**DESK)
    page.evaluate(
        "() => { window.saves = []; "
        "document.querySelector('tautband-painter').autosave = d => { window.saves.push(d); } }"
    )
    x, y = middle(region(page, "Breast, left"))
    page.mouse.click(x, y)
    page.mouse.click(x, y + 25)
    page.wait_for_function("() => window.saves.length > 0")
    page.wait_for_timeout(600)
    saves = page.evaluate("window.saves")
    assert saves[-1] == page.evaluate("document.querySelector('tautband-painter').value")
    expect(page.locator("tautband-painter")).to_contain_text("Saved")
    page.evaluate(
        "() => { document.querySelector('tautband-painter').autosave = () => Promise.reject(new Error('full')) }"
    )
    page.mouse.click(x, y + 50)
    expect(page.locator("tautband-painter")).to_contain_text("Not saved yet")


def test_the_next_question_is_answered_in_place_and_can_be_taken_back(open_page: Open) -> None:
    page = open_page(**DESK)
    region(page, "Breast, left").focus()
    page.keyboard.press("Space")
    asked = page.locator("#next form").first
    expect(asked).to_be_visible(timeout=PATIENCE_MS)
    before = asked.get_attribute("data-id") or asked.get_attribute("data-ids")
    page.locator("#next .row button:not(.plain)").last.click()
    expect(page.locator("#panel details summary")).to_contain_text("Answers", timeout=PATIENCE_MS)
    after = page.locator("#next form").first
    assert (after.get_attribute("data-id") or after.get_attribute("data-ids")) != before
    page.locator("#panel details summary").click()
    given = page.locator("[data-unanswer]")
    count = given.count()
    assert count
    given.first.click()
    expect(given).to_have_count(count - 1, timeout=PATIENCE_MS)


def test_a_case_is_saved_and_opened_again(open_page: Open, tmp_path: Path) -> None:
    page = open_page(empty=False, **DESK)
    with page.expect_download() as download:
        page.click("#save")
    path = tmp_path / "case.json"
    download.value.save_as(path)
    atlas = Atlas.load()
    saved = read_case(path.read_bytes(), atlas)
    shipped = read_case((ROOT / "examples/neck_and_headache.json").read_bytes(), atlas)
    assert {(p.region, p.side, p.intensity) for p in saved.pain} == {
        (p.region, p.side, p.intensity) for p in shipped.pain
    }
    assert (saved.answers, saved.findings, saved.complaint) == (
        shipped.answers,
        shipped.findings,
        shipped.complaint,
    )
    page.click("#new")
    expect(page.locator("#panel")).to_contain_text("Paint where it hurts", timeout=PATIENCE_MS)
    page.set_input_files("#file", path)
    expect(page.locator("#verdict")).to_have_text("Suits needling", timeout=PATIENCE_MS)
    assert page.input_value("#age") == "43"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not json", "holds no JSON"),
        (
            b'{"schema": "tautband.case/1", "pain": [{"region": "tempel", "side": "left"}]}',
            "did you mean 'temple'",
        ),
        (b" " * 1_000_001, "too large"),
    ],
    ids=["no JSON", "fault", "huge"],
)
def test_a_file_that_is_no_case_changes_nothing(open_page: Open, content: bytes, said: str) -> None:
    page = open_page(empty=False, **DESK)
    page.set_input_files("#file", {"name": "case.json", "mimeType": "application/json", "buffer": content})
    expect(page.locator("#notice")).to_contain_text(said, timeout=PATIENCE_MS)
    assert page.input_value("#age") == "43"
    expect(page.locator("#verdict")).to_have_text("Suits needling")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("settings", [PHONE, DESK], ids=["phone", "desk"])
def test_axe_finds_nothing_serious(open_page: Open, settings: dict[str, Any], scheme: str) -> None:
    # only the inspector needs to be let past the policy
    page = open_page(empty=False, color_scheme=scheme, bypass_csp=True, **settings)
    expect(page.locator("#panel .reasons").first).to_be_visible(timeout=PATIENCE_MS)
    for state in ("example", "painted"):
        if state == "painted":
            page.click("#new")
            show(page, "front")
            region(page, "Breast, left").focus()
            page.keyboard.press("Space")
            expect(page.locator("#next form").first).to_be_visible(timeout=PATIENCE_MS)
        found = Axe().run(page).response["violations"]
        serious = [
            f"{v['id']}: {node['target']} {node['failureSummary']}"
            for v in found
            if v["impact"] in ("serious", "critical")
            for node in v["nodes"]
        ]
        assert serious == [], "\n".join(serious)


@pytest.mark.parametrize("width", [360, 768, 1360])
def test_nothing_is_wider_than_the_screen(open_page: Open, width: int) -> None:
    page = open_page(empty=False, viewport={"width": width, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator(".stage").bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width


def test_what_a_finger_must_hit_is_large_enough(open_page: Open) -> None:
    page = open_page(empty=False, **PHONE)
    small = page.evaluate(
        """() => [document, document.querySelector('tautband-painter').shadowRoot].flatMap(root =>
            [...root.querySelectorAll('button, select, summary, input:not([hidden])')]
                .filter(e => e.offsetParent !== null)
                .map(e => [e.textContent.trim() || e.id, e.getBoundingClientRect().height])
                .filter(([, height]) => height < 24))"""
    )
    assert small == []


def test_print_keeps_the_picture_and_the_reasons_and_drops_the_controls(open_page: Open) -> None:
    page = open_page(empty=False, **DESK)
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    expect(page.locator("tautband-painter .tools")).to_be_hidden()
    expect(page.locator("tautband-painter .stage")).to_be_visible()
    expect(page.locator("#panel .reasons").first).to_be_visible()


def test_the_case_example_of_the_page_is_assessed_as_the_named_regions_are(open_page: Open) -> None:
    """Opening turns named regions into filled ones; the first muscle stays the same."""
    page = open_page(empty=False, **DESK)
    drawing = page.evaluate("document.querySelector('tautband-painter').value")
    assert {(s["region"], s["side"]) for s in drawing["strokes"]} == {
        (p["region"], p["side"])
        for p in json.loads((ROOT / "examples/neck_and_headache.json").read_text(encoding="utf-8"))["pain"]
    }
    expect(page.locator("#panel .ranked b").first).to_have_text("Trapezius, upper fibres, left")


def test_a_drawing_stays_on_the_shape_it_was_painted_on(open_page: Open) -> None:
    page = open_page(empty=False, **DESK)
    stroke = {"mode": "paint", "view": "back", "points": [[500, 300], [520, 320]], "radius": 20}
    drawing = {"body": "1", "shape": "older", "strokes": [stroke]}
    case = json.dumps({"schema": "tautband.case/1", "pain": [], "drawing": drawing}).encode()
    page.set_input_files("#file", {"name": "case.json", "mimeType": "application/json", "buffer": case})
    expect(page.locator("#shape")).to_be_disabled(timeout=PATIENCE_MS)
    page.wait_for_function("() => document.querySelector('tautband-painter').data?.shape === 'older'")
    assert page.evaluate("document.querySelector('tautband-painter').value") == drawing
    page.click("#new")
    expect(page.locator("#shape")).to_be_enabled(timeout=PATIENCE_MS)
    page.select_option("#shape", "female")
    page.wait_for_function("() => document.querySelector('tautband-painter').data?.shape === 'female'")
    assert page.evaluate("document.querySelector('tautband-painter').value.shape") == "female"
