"""Turn a chart's SVG into PNG or PDF with Typst, which comes with the optional extra `tautband[pictures]`."""

from __future__ import annotations

import re

from tautband.errors import TautbandError

FORMATS = ("svg", "png", "pdf")
PIXELS_PER_INCH = 192.0

HANZI = re.compile(" ?[\u3400-\u9fff]+")
HANZI_FONTS = re.compile(
    "CJK|Noto S(ans|erif) [SJT]C|Source Han|WenQuanYi|PingFang|YaHei|SimSun|SimHei|Heiti|Hiragino|Song"
)

PAGE = b"""#set page(width: auto, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg")
"""


def render(svg: str, form: str) -> bytes:
    """Turn an SVG document into a file's bytes.

    Parameters
    ----------
    svg
        The document.
    form
        `svg`, `png` (two pixels per unit) or `pdf` (vectors, text as text). PNG and PDF use the fonts of the machine;
        where none of them has hanzi, those are left out and the pinyin stands alone.

    Raises
    ------
    TautbandError
        If PNG or PDF is wanted and the extra is not installed.
    """
    if form == "svg":
        return svg.encode()
    try:
        import typst
    except ImportError:
        raise TautbandError(
            f"{form}: needs the optional extra; install it with: pip install 'tautband[pictures]', or write .svg"
        ) from None
    if not any(HANZI_FONTS.search(family) for family in typst.Fonts().families()):
        # empty boxes would say less than the pinyin beside them does
        svg = HANZI.sub("", svg)
    inputs = {"svg": svg}
    if form == "png":
        return typst.compile(PAGE, format="png", ppi=PIXELS_PER_INCH, sys_inputs=inputs)
    return typst.compile(PAGE, format="pdf", sys_inputs=inputs)
