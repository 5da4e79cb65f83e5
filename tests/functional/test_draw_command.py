"""`tautband draw` from outside: what it draws, in which formats, and what it says when it cannot."""

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, given: str = "") -> subprocess.CompletedProcess[bytes]:
    command = [str(Path(sys.executable).with_name("tautband")), "draw", *arguments]
    return subprocess.run(command, input=given.encode(), capture_output=True, cwd=ROOT, check=False)


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (("infraspinatus", "--side", "right"), "Infraspinatus, right"),
        (("upper_trapezius_1",), "Trapezius, upper fibres: Free front edge"),
        (("GB21",), "GB21 Jiānjǐng 肩井"),
        (("--meridian", "BL"), "Bladder (leg greater yang) 足太阳膀胱经"),
        (("region:temple",), "Temple"),
        (("lookalike:fibromyalgia", "--shape", "female"), "Fibromyalgia"),
    ],
)
def test_anything_of_the_atlas_is_drawn_as_svg(arguments: tuple[str, ...], title: str) -> None:
    done = run(*arguments)
    assert done.returncode == 0, done.stderr.decode()
    picture = ET.fromstring(done.stdout)
    assert picture.findtext("{http://www.w3.org/2000/svg}title") == title


def test_a_case_is_drawn(tmp_path: Path) -> None:
    drawing = {
        "body": "1",
        "strokes": [{"view": "back", "points": [[400, 500]], "radius": 40, "intensity": 9}],
    }
    case = json.dumps({"schema": "tautband.case/1", "drawing": drawing, "complaint": "a sore shoulder blade"})
    done = run("-", "-o", str(tmp_path / "pain.svg"), given=case)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    text = (tmp_path / "pain.svg").read_text(encoding="utf-8")
    assert "a sore shoulder blade" in text
    assert "data:image/png;base64," in text


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_png_and_pdf_are_written(tmp_path: Path, ending: str, magic: bytes) -> None:
    done = run("examples/shoulder.json", "-o", str(tmp_path / f"pain.{ending}"))
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / f"pain.{ending}").read_bytes().startswith(magic)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ((), "name what to draw, or give --meridian"),
        (("GB21", "--meridian", "GB"), "name what to draw, or give --meridian"),
        (("GB21", "-o", "gb21.gif"), "--output gb21.gif: the ending must be .svg, .png or .pdf"),
        (("GB21", "-o", "no/such/folder/gb21.svg"), "cannot be written"),
        (("infraspinatos",), "infraspinatus"),
        (("missing.json",), "cannot be read"),
        (("--meridian", "XX"), "XX"),
    ],
)
def test_what_cannot_be_drawn_gets_one_clear_line(arguments: tuple[str, ...], line: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == b""
    said = done.stderr.decode()
    assert line in said
    assert len(said.strip().splitlines()) == 1
