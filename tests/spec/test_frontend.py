"""The checked-in scripts of the pages are those that the checked-in sources build, and small enough for a phone."""

import gzip
import json
import re
from pathlib import Path

import pytest

import frontend_provenance
from tautband.atlas import Atlas
from tautband.web.views import view_document

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src/tautband/web"
ASSETS = WEB / "assets"


@pytest.mark.parametrize("built", frontend_provenance.ALL, ids=lambda built: built.folder.name)
def test_the_built_scripts_and_their_sources_are_those_that_the_note_names(
    built: frontend_provenance.Built,
) -> None:
    noted = json.loads(built.note.read_text(encoding="utf-8"))
    assert noted == frontend_provenance.provenance(built), "run: scripts/frontend"


def test_every_tool_of_the_front_end_is_locked_to_one_version_and_its_digest() -> None:
    lock = json.loads((WEB / "frontend/package-lock.json").read_text(encoding="utf-8"))
    packages = {name: p for name, p in lock["packages"].items() if name}
    assert packages
    assert [name for name, p in packages.items() if not p.get("integrity")] == []
    assert [name for name, p in packages.items() if "resolved" in p] == []
    wanted = json.loads((WEB / "frontend/package.json").read_text(encoding="utf-8"))
    assert "dependencies" not in wanted
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted["devDependencies"].values())


def test_the_painter_with_the_front_view_stays_under_60_kb_compressed() -> None:
    front = view_document("neutral", "front")
    assert front is not None
    sizes = [len(gzip.compress(part)) for part in ((ASSETS / "painter.js").read_bytes(), front.encode())]
    assert sum(sizes) < 60_000, sizes


def test_nothing_of_the_pages_names_another_site() -> None:
    monitor = ROOT / "src/tautband/twitch/live/assets"
    texts = [*ASSETS.glob("*.js"), *ASSETS.glob("*.css"), *(WEB / "templates").glob("*.html")]
    texts += [p for p in monitor.iterdir() if p.suffix in (".js", ".css", ".html")]
    assert len(texts) >= 8
    for path in texts:
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?:|//[a-z]+\.[a-z]", text), path.name


def test_the_worked_example_of_the_page_is_the_one_of_the_examples() -> None:
    assert (WEB / "example.json").read_bytes() == (ROOT / "examples/neck_and_headache.json").read_bytes()


def test_every_word_of_the_pages_is_used() -> None:
    words = json.loads((WEB / "words.json").read_text(encoding="utf-8"))
    painter = [p for p in (WEB / "frontend/src").glob("*.ts") if p.name != "page.ts"]
    sources = {
        "painter": [p.read_text(encoding="utf-8") for p in painter],
        "page": [
            (WEB / "frontend/src/page.ts").read_text(encoding="utf-8"),
            *(p.read_text(encoding="utf-8") for p in (WEB / "templates").glob("*.html")),
        ],
    }
    unused = [
        f"{part}.{name}"
        for part, texts in sources.items()
        for name in words[part]
        if not any(re.search(rf"words(\.{name}\b|\[\"{name}\"\])", text) for text in texts)
        and f"words[{name}]" not in "".join(texts)
        and name not in ("paint", "erase", "select", "small", "medium", "large")
    ]
    assert unused == []


def test_every_region_can_be_found_by_a_name_that_the_atlas_gives_it() -> None:
    from tautband.web.views import index

    shown = index("neutral", Atlas.load())
    assert shown is not None
    listed = {place["region"] for place in json.loads(shown)["places"]}
    assert listed == set(Atlas.load().regions)
