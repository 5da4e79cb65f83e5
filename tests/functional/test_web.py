"""The pages and the HTTP API from outside: answers, JSON twins, headers, errors, sizes."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from tautband.atlas import Atlas
from tautband.atlas.body import Place, view
from tautband.web import overlays
from tautband.web.app import create_app

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
COMMAND = [sys.executable, "-c", "from tautband.cli.main import main; main()"]
EMPTY: dict[str, Any] = {"schema": "tautband.case/1", "pain": []}


@pytest.fixture(scope="module")
def client() -> TestClient:
    return TestClient(create_app(Atlas.load()), base_url="http://127.0.0.1", raise_server_exceptions=False)


def printed(*words: str | Path) -> bytes:
    return subprocess.run([*COMMAND, *map(str, words)], capture_output=True, check=True).stdout


@pytest.mark.parametrize("name", ["neck_and_headache", "red_flag", "drawing_only"])
def test_the_json_twin_gives_to_the_byte_what_the_command_prints(client: TestClient, name: str) -> None:
    case = EXAMPLES / f"{name}.json"
    answer = client.post("/api/assess", content=case.read_bytes())
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.content == printed("assess", case, "--format", "json")


def test_the_markdown_to_copy_is_what_the_command_prints(client: TestClient) -> None:
    case = EXAMPLES / "shoulder.json"
    answer = client.post("/assess.md", content=case.read_bytes())
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.text.strip() == printed("assess", case, "--format", "markdown").decode().strip()


def test_the_page_says_where_its_json_twin_is_and_the_twin_leads_on(client: TestClient) -> None:
    assert client.get("/").headers["content-type"].startswith("text/html")
    twin = client.get("/api").json()
    assert twin["name"] == "tautband"
    assert twin["atlas"] == Atlas.load().version
    for address in (twin["example"], twin["views"], twin["openapi"]):
        assert client.get(address).status_code == 200, address
    assert client.post(twin["assess"], json=client.get(twin["example"]).json()).status_code == 200
    paths = client.get("/openapi.json").json()["paths"]
    assert "/api" in paths["/"]["get"]["summary"]
    assert "/api/assess" in paths["/assess"]["post"]["summary"]


def test_a_case_comes_back_as_it_was_read(client: TestClient) -> None:
    twice = [
        {"region": "temple", "side": "left", "intensity": i, "quality": [q]} for i, q in ((3, "a"), (6, "b"))
    ]
    read = client.post(
        "/api/case", json={**EMPTY, "pain": twice, "answers": {"fever": "no", "course_trend": ""}}
    ).json()
    assert read["pain"] == [{"region": "temple", "side": "left", "intensity": 6, "quality": ["a", "b"]}]
    assert read["answers"] == {"fever": "no"}
    assert client.post("/api/case", json=read).json() == read


def test_openapi_publishes_the_schemas_of_case_and_assessment(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/api/assess"]["post"]
    case = operation["requestBody"]["content"]["application/json"]["schema"]
    found = operation["responses"]["200"]["content"]["application/json"]["schema"]
    example = json.loads((EXAMPLES / "shoulder.json").read_text(encoding="utf-8"))
    Draft202012Validator(case).validate(example)
    Draft202012Validator(found).validate(client.post("/api/assess", json=example).json())
    assert set(operation["responses"]) >= {"200", "400", "413", "422"}


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("GET", "/"),
        ("GET", "/api"),
        ("GET", "/assets/painter.js"),
        ("GET", "/body/neutral/front.json"),
        ("GET", "/nowhere"),
        ("POST", "/api/assess"),
        ("DELETE", "/"),
    ],
)
def test_every_answer_forbids_what_comes_from_elsewhere(
    client: TestClient, method: str, address: str
) -> None:
    headers = client.request(method, address).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


def test_the_pages_hold_no_inline_script_or_style(client: TestClient) -> None:
    page = client.get("/").text
    panel = client.post("/assess", content=(EXAMPLES / "shoulder.json").read_bytes()).text
    for text in (page, panel):
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", page))


def test_what_a_case_says_is_kept_nowhere(client: TestClient) -> None:
    answer = client.post("/assess", content=(EXAMPLES / "shoulder.json").read_bytes())
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers


def test_only_this_machine_is_answered(client: TestClient) -> None:
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/", headers={"host": "localhost:8765"}).status_code == 200


@pytest.mark.parametrize(
    ("content", "status", "field"),
    [
        (b"", 400, "case"),
        (b"\xff\xfe{\x00", 400, "case"),
        (b"{", 400, "case"),
        (b"[" * 500_000, 400, "case"),
        (b"{}", 422, "schema"),
        (
            json.dumps({**EMPTY, "pain": [{"region": "tempel", "side": "left"}]}).encode(),
            422,
            "pain[0].region",
        ),
        (json.dumps({**EMPTY, "patient": {"age": 400}}).encode(), 422, "patient.age"),
        (json.dumps({**EMPTY, "drawing": {"body": "0", "strokes": []}}).encode(), 422, "drawing.body"),
        (json.dumps({**EMPTY, "answers": {"fever": "perhaps"}}).encode(), 422, "answers.fever"),
    ],
    ids=lambda value: repr(value)[:24],
)
@pytest.mark.parametrize("address", ["/api/assess", "/assess", "/assess.md", "/api/case"])
def test_unusable_input_gets_one_line_that_names_the_field(
    client: TestClient, address: str, content: bytes, status: int, field: str
) -> None:
    answer = client.post(address, content=content)
    assert answer.status_code == status, answer.text
    assert answer.json()["field"] == field
    assert answer.json()["error"].startswith(f"{field}: ")
    assert "\n" not in answer.json()["error"]


@pytest.mark.parametrize("address", ["/api/assess", "/assess", "/assess.md"])
def test_a_body_that_is_no_case_any_more_is_not_read_to_its_end(client: TestClient, address: str) -> None:
    answer = client.post(address, content=b" " * 1_000_001)
    assert answer.status_code == 413
    assert "1,000,000" in answer.json()["error"]


def test_a_query_that_makes_no_sense_gets_one_line_too(client: TestClient) -> None:
    answer = client.post("/assess?reasons=perhaps", json=EMPTY)
    assert answer.status_code == 422
    assert answer.json()["field"] == "reasons"


@pytest.mark.parametrize(
    "address",
    [
        "/nowhere",
        "/assets/nowhere.js",
        "/assets/../app.py",
        "/body/giant.json",
        "/body/neutral/inside.json",
        "/overlay/trigger_point/nowhere/left/front.svg",
        "/overlay/muscle/infraspinatus/left/front.svg",
        "/overlay/trigger_point/infraspinatus_1/up/front.svg",
        "/overlay/trigger_point/infraspinatus_1/left/front.svg?shape=giant",
    ],
)
def test_what_does_not_exist_is_said_in_one_line(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert set(answer.json()) == {"error"}


def test_what_was_painted_in_one_view_is_told_for_the_others(client: TestClient) -> None:
    front = view("front")
    painted = {"view": "front", "points": [[0.64 * front.width, 0.57 * front.height]], "radius": 40}
    case = {**EMPTY, "drawing": {"body": "1", "strokes": [painted]}}
    (seen,) = client.post("/api/seen/left", json=case).json()
    assert seen["stroke"] == 0
    assert re.fullmatch(r"(M[-\d ]+(Q[-\d ]+)+Z)+", seen["path"])
    assert client.post("/api/seen/front", json=case).json() == []
    assert client.post("/api/seen/left", json=EMPTY).json() == []
    answer = client.post("/api/seen/inside", json=case)
    assert (answer.status_code, set(answer.json())) == (404, {"error"})


def test_a_picture_that_has_not_changed_is_not_sent_twice(client: TestClient) -> None:
    first = client.get("/body/neutral/front.json")
    again = client.get("/body/neutral/front.json", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_panel_shows_inputs_reasons_sources_and_limits_together(client: TestClient) -> None:
    case = json.loads((EXAMPLES / "neck_and_headache.json").read_text(encoding="utf-8"))
    panel = client.post("/assess", json=case).text
    page = client.get("/").text
    assert "Suits needling" in panel
    assert "left: temple" in panel
    assert "pressing Trapezius, upper fibres" in panel
    assert "check.myofascialtherapy.org" in panel
    assert "GB21" in panel
    assert f"Answers ({len(case['answers'])})" in panel
    assert "No clinician has reviewed the data yet" in page
    assert f"Atlas {Atlas.load().version}" in panel


def test_in_an_emergency_the_panel_asks_nothing_and_ranks_no_muscle(client: TestClient) -> None:
    panel = client.post("/assess", content=(EXAMPLES / "red_flag.json").read_bytes()).text
    assert "call an ambulance" in panel
    assert "Likeliest muscles" not in panel
    assert "<form" not in panel


def test_without_reasons_the_answer_is_the_same_but_for_the_why(client: TestClient) -> None:
    content = (EXAMPLES / "shoulder.json").read_bytes()
    quick = client.post("/assess?reasons=false", content=content).text
    whole = client.post("/assess", content=content).text
    assert "painted: shoulder blade" not in quick
    assert "painted: shoulder blade" in whole

    def without_reasons(panel: str) -> str:
        return " ".join(re.sub(r"<div data-reasons.*?</div>", "", panel, flags=re.DOTALL).split())

    assert without_reasons(quick) == without_reasons(whole)


def test_free_text_never_becomes_markup(client: TestClient) -> None:
    case = {
        **EMPTY,
        "pain": [{"region": "temple", "side": "left", "quality": ["<img src=x onerror=alert(1)>"]}],
    }
    panel = client.post("/assess", json={**case, "complaint": "<script>alert(1)</script>"}).text
    assert "<img" not in panel
    assert "<script" not in panel


def step_of(panel: str) -> tuple[str, str]:
    kind, what = re.search(r'data-turn="(\w+)" data-ids?="([\w,]+)"', panel).groups()  # type: ignore[union-attr]
    return kind, what


def test_a_step_that_was_skipped_gives_way_to_the_next_one(client: TestClient) -> None:
    content = (EXAMPLES / "shoulder.json").read_bytes()
    _, first = step_of(client.post("/assess", content=content).text)
    side = re.search(r'data-skip="[^":]*:(\w*)"', client.post("/assess", content=content).text)
    assert side is not None
    skipped = client.post(f"/assess?skipped={first}:{side[1]}", content=content).text
    assert f'data-id="{first}"' not in skipped


def test_the_chosen_cause_is_the_one_to_show_on_the_body(client: TestClient) -> None:
    content = (EXAMPLES / "shoulder.json").read_bytes()
    plain = client.post("/assess", content=content).text
    assert 'data-shown="trigger_point:infraspinatus_1:right"' in plain
    other = re.search(r'data-choose="([^"]+)"', plain)
    assert other is not None
    chosen = client.post("/assess", params={"chosen": other[1]}, content=content).text
    assert f'data-shown="{other[1]}"' in chosen


def test_the_overlay_shows_the_referral_pattern_of_its_side(client: TestClient) -> None:
    twin = client.get("/api/overlay/trigger_point/infraspinatus_1/right/front").json()
    zones = {(z["region"], z["side"]): z["zone"] for z in twin["zones"]}
    assert zones["shoulder_anterior", "right"] == "essential"
    assert not [side for _, side in zones if side == "left"]
    picture = client.get("/overlay/trigger_point/infraspinatus_1/right/front.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert "<path" in picture.text
    other_shape = client.get("/overlay/trigger_point/infraspinatus_1/right/front.svg?shape=older")
    assert other_shape.status_code == 200
    assert other_shape.text != picture.text


@pytest.mark.parametrize("words", [["--port", "99999"], ["--port", "x"]])
def test_a_port_that_cannot_be_is_refused(words: list[str]) -> None:
    done = subprocess.run([*COMMAND, "serve", *words], capture_output=True, check=False)
    assert done.returncode == 2
    assert b"--port" in done.stderr


def test_a_port_that_is_taken_is_named_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = subprocess.run([*COMMAND, "serve", "--port", port], capture_output=True, check=False)
    assert done.returncode == 2
    said = done.stderr.decode()
    assert len(said.splitlines()) == 1
    assert f"--port {port}" in said
    assert "choose another" in said


def test_without_the_extra_the_command_says_how_to_get_it() -> None:
    code = (
        "import sys; sys.modules['fastapi'] = None; sys.argv[1:] = ['serve']\n"
        "from tautband.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 2
    assert "tautband[web]" in done.stderr.decode()


def test_no_other_command_loads_the_web() -> None:
    code = (
        "import sys; from tautband.cli.main import cli\n"
        f"cli.main(['assess', {str(EXAMPLES / 'shoulder.json')!r}, '--format', 'json'], standalone_mode=False)\n"
        "print([m for m in sys.modules if m.split('.')[0] in ('fastapi', 'starlette', 'uvicorn', 'jinja2')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_points_that_have_a_place_on_the_surface_are_drawn_where_they_show(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = view("back")
    place = Place(int(shown.cells[1000]), 0.3, 0.3)
    monkeypatch.setattr(overlays, "places_of", lambda *_: (place,))
    address = "/overlay/trigger_point/infraspinatus_1/left/{}"
    twin = client.get("/api" + address.format("back")).json()
    assert [p["kind"] for p in twin["points"]][:2] == ["trigger_point", "acupoint"]
    x, y = twin["points"][0]["x"], twin["points"][0]["y"]
    found = shown.place_at(x, y)
    assert found is not None
    assert found.cell == place.cell
    assert "<circle" in client.get(address.format("back.svg") + "?shape=neutral").text
    assert client.get("/api" + address.format("front")).json()["points"] == []
