"""The body surface: one symmetric mesh that drawings, points and pictures share."""

from tautband.atlas.body.body import POSES, SHAPES, Body
from tautband.atlas.body.drawing import (
    Drawing,
    Painting,
    RegionShare,
    Stroke,
    paint,
    read_drawing,
    resolve,
    write_drawing,
)
from tautband.atlas.body.views import VIEWS, Outline, Place, View, view

__all__ = [
    "POSES",
    "SHAPES",
    "VIEWS",
    "Body",
    "Drawing",
    "Outline",
    "Painting",
    "Place",
    "RegionShare",
    "Stroke",
    "View",
    "paint",
    "read_drawing",
    "resolve",
    "view",
    "write_drawing",
]
