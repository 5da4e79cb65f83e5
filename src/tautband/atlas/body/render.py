"""Turn a chart's SVG into PNG or PDF with Typst, which comes with the optional extra `tautband[pictures]`."""

from __future__ import annotations

from importlib.resources import as_file, files

from tautband.atlas.body.chart import FONTS
from tautband.errors import TautbandError

FORMATS = ("svg", "png", "pdf")
PIXELS_PER_INCH = 192.0

FAMILY = "Tautband Sans"
"""The family in `fonts/`: Latin with the tones of pinyin, and every hanzi that a chart writes."""

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
        `svg`, `png` (two pixels per unit) or `pdf` (vectors, text as text). PNG and PDF are set in a font that comes
        with tautband; only what somebody wrote in another script takes the fonts of the machine.

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
    inputs = {"svg": svg.replace(f'font-family="{FONTS}"', f'font-family="{FAMILY}"')}
    with as_file(files("tautband.atlas.body") / "fonts") as folder:
        fonts = typst.Fonts(font_paths=[folder])
        if form == "png":
            return typst.compile(PAGE, format="png", ppi=PIXELS_PER_INCH, font_paths=fonts, sys_inputs=inputs)
        return typst.compile(PAGE, format="pdf", font_paths=fonts, sys_inputs=inputs)
