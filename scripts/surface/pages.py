"""The page of distances between trigger points and the acupoints that somebody relates to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from surface.skin import OffTheSkin, Place, Skin, length

HEAD = """# Distances of published pairs

*Written by `scripts/surface/build.py`; do not edit.*

How far the place of a trigger point lies, on the neutral shape, from the acupoint that somebody relates to it. The
distance runs along the skin in the plane of both ends and the mean of their normals, so it is an upper bound of the
shortest way; for places less than 10 cm apart the two differ by little.

**What it does not show.** We placed both points, by our own reading of both texts, some of them from one another's
words; each may be off by the error that [the places of points](../explanation/points.md) states, often 1 to 2 cm. A small
distance here is no evidence that the two are the same thing, and a large one none that they differ.

| trigger point | acupoint | relation | evidence | apart, cm |
| --- | --- | --- | --- | --- |
"""


def apart_cm(skin: Skin, a: Place, b: Place) -> float | None:
    """Length of the way along the skin, or none where no plane joins the two."""
    try:
        return length(skin.path(a, b))
    except OffTheSkin:
        return None


def distances_page(skin: Skin, places: Mapping[str, Place], pairs: Iterable[Mapping[str, str]]) -> str:
    """Write the page."""
    lines = []
    for pair in pairs:
        if not pair["trigger_point"]:
            continue
        for name, place in places.items():
            code = pair["acupoint"].replace("-", "_")
            if name == code or name.startswith(f"{code}__"):
                cm = apart_cm(skin, places[pair["trigger_point"]], place)
                part = name.removeprefix(code).replace("__", " ")
                far = "not joined by one plane" if cm is None else f"{cm:.1f}"
                lines.append(
                    f"| `{pair['trigger_point']}` | {pair['acupoint']}{part} | {pair['relation'].replace('_', ' ')}"
                    f" | {pair['evidence'].replace('_', ' ')} | {far} |\n"
                )
    return HEAD + "".join(lines)
