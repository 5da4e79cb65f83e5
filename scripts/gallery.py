"""The gallery of the documentation: a few charts, drawn anew for every build."""

from __future__ import annotations

from collections.abc import Callable

from tautband.atlas import Atlas
from tautband.atlas.body import read_drawing
from tautband.atlas.body.body import Body
from tautband.atlas.body.chart import Chart
from tautband.atlas.body.drawing import paint
from tautband.atlas.body.fields import drawn, posterior, smooth
from tautband.atlas.body.illustrate import (
    of_acupoint,
    of_channel,
    of_muscle,
    of_pain,
    of_region,
    of_trigger_point,
)
from tautband.atlas.body.views import VIEWS


def _drawing(atlas: Atlas) -> Chart:
    strokes = [
        {"view": "back", "points": [[400, 560], [380, 640], [395, 720]], "radius": 26, "intensity": 7},
        {"view": "left", "points": [[330, 770], [350, 1000]], "radius": 22, "intensity": 4},
    ]
    painting = paint(read_drawing({"body": Body.load().version, "strokes": strokes}))
    return of_pain(smooth(drawn(painting), 4), "A pain drawing", "from weak to strong, as it was painted")


def _posterior(atlas: Atlas) -> Chart:
    causes = [("upper_trapezius_1", "left", 0.7), ("levator_scapulae_1", "left", 0.3)]
    field = posterior([c for c in causes if c[0] in atlas.trigger_points], atlas)
    return of_pain(
        field, "Where two likely trigger points send pain", "each as probable as it is judged to be"
    )


def _views(atlas: Atlas) -> Chart:
    names = tuple(name for name in VIEWS if "right" not in name and not name.startswith("left_leg"))
    return Chart("The views", names, "those of the right side are the mirror images")


def _shape(shape: str) -> Callable[[Atlas], Chart]:
    return lambda atlas: Chart(shape.capitalize(), ("front", "back", "left"), shape=shape)


GALLERY: dict[str, tuple[str, Callable[[Atlas], Chart]]] = {
    "muscle": (
        "`tautband draw infraspinatus --side right`",
        lambda a: of_muscle("infraspinatus", a, "right"),
    ),
    "trigger-point": (
        "`tautband draw upper_trapezius_1 --side left`",
        lambda a: of_trigger_point("upper_trapezius_1", a, "left"),
    ),
    "acupoint": ("`tautband draw GB21`", lambda a: of_acupoint("GB21", a)),
    "channel": ("`tautband draw --meridian BL`", lambda a: of_channel("BL", a)),
    "region": ("`tautband draw region:temple`", lambda a: of_region("temple", a)),
    "drawing": ("A drawing of two strokes", _drawing),
    "posterior": ("A posterior", _posterior),
    "views": ("Every view of the neutral body", _views),
    **{shape: (f"The {shape} shape", _shape(shape)) for shape in ("female", "male", "heavier", "older")},
}
"""Name of each picture, its caption, and how to draw it."""


def gallery_page() -> str:
    """The page that shows them all."""
    parts = [
        "# Gallery\n",
        "Drawn from the atlas when this page was built. See [Draw on the body](../how-to/draw.md).\n",
    ]
    for name, (caption, _) in GALLERY.items():
        parts.append(f"{caption}\n\n![{caption.replace('`', '')}](gallery/{name}.svg)\n")
    return "\n".join(parts)
