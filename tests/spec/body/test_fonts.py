"""PNG and PDF charts are set in a font that comes with tautband, hanzi included, whatever fonts a machine has."""

import hashlib
import json
import re
from pathlib import Path

from tautband.atlas import Atlas
from tautband.atlas.body import render
from tautband.atlas.body.illustrate import of_channel

FONTS = Path(render.__file__).with_name("fonts")
NOTE = json.loads((FONTS / "provenance.json").read_text(encoding="utf-8"))


def test_the_fonts_and_their_licence_are_those_that_the_note_names() -> None:
    found = {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in FONTS.iterdir() if p.suffix != ".json"
    }
    assert found == NOTE["sha256"], "run: scripts/fonts"
    assert "OFL.txt" in found
    assert sum(p.stat().st_size for p in FONTS.iterdir()) < 400_000


def test_the_fonts_have_every_hanzi_of_a_chart() -> None:
    atlas = Atlas.load()
    names = [*(p.hanzi for p in atlas.acupoints.values()), *(c.hanzi for c in atlas.channels.values())]
    assert set("".join(names)) - set(NOTE["hanzi"]) == set(), "run: scripts/fonts"


def test_a_pdf_with_hanzi_takes_no_other_font() -> None:
    chart = of_channel("BL", Atlas.load())
    assert "足太阳膀胱经" in chart.title
    document = render.render(chart.svg(), "pdf")
    used = set(re.findall(rb"/FontName/[A-Z]+\+([\w-]+)", document))
    assert used == {b"TautbandSans-Regular", b"TautbandSans-SemiBold"}
