"""The body surface: one symmetric mesh that drawings, points and pictures share."""

from tautband.atlas.body.body import POSES, SHAPES, Body

__all__ = ["POSES", "SHAPES", "Body"]
