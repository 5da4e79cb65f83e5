"""The views that the painter paints on, as JSON."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from tautband.assessment import Case
from tautband.atlas import Atlas
from tautband.atlas.body import SHAPES, VIEWS, Body, Drawing, View, paint, view
from tautband.atlas.body.load import VERSION
from tautband.atlas.body.outline import seen_from_elsewhere

WHOLE = ("front", "back", "left", "right")


def find_view(shape: str, name: str) -> View | None:
    """A view of a shape, if there is one that has been drawn."""
    try:
        return view(name, shape)
    except KeyError:
        return None


def index(shape: str, atlas: Atlas) -> str | None:
    """The views of a shape and every place with its names; nothing for a shape that has not been drawn."""
    if shape not in SHAPES or find_view(shape, "front") is None:
        return None
    places = []
    for region, side in Body.load().places:
        row = atlas.regions[region]
        places.append({"region": region, "side": side, "label": row.label, "names": list(row.names)})
    return _compact(
        {
            "body": VERSION,
            "shape": shape,
            "views": [{"id": name, "label": label, "whole": name in WHOLE} for name, label in VIEWS.items()],
            "places": places,
        }
    )


@lru_cache(maxsize=64)
def view_document(shape: str, name: str) -> str | None:
    """One view with its picture and the outlines of its regions."""
    shown = find_view(shape, name)
    return None if shown is None else _compact(shown.to_dict())


def seen(case: Case, name: str) -> list[dict[str, Any]] | None:
    """What shows in a view of the strokes painted in others; nothing for a view that there is not."""
    drawing = case.drawing or Drawing()
    shown = find_view(drawing.shape, name)
    if shown is None:
        return None
    return [{"stroke": s.stroke, "path": s.path} for s in seen_from_elsewhere(paint(drawing), shown)]


def _compact(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
