"""The page of distances between trigger points and the acupoints that somebody relates to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from surface.skin import Place, Skin, apart_cm

HEAD = """# Distances of published pairs

*Written by `scripts/surface/build.py`; do not edit.*

How far the place of a trigger point lies, on the neutral shape, from the acupoint that somebody relates to it. The
distance is the shortest way along the skin in any of nine planes through both places, an upper bound of the geodesic
distance. Against geodesics found by flipping edges (potpourri3d 1.4) between the nearest vertices of 89 of these pairs,
the plane of the normals alone is 0.0 % longer in the median and 0.1 % at the 95th percentile; for one pair on opposite
sides of the first web it takes the long way round, which is why more planes are tried.

**What it does not show.** We placed both points, by our own reading of both texts, some of them from one another's
words; each may be off by the error that [the page on points](../explanation/points.md) states, often 1 to 2 cm. A
small distance here is no evidence that the two are the same thing, and a large one none that they differ.

| trigger point | acupoint | relation | evidence | apart, cm |
| --- | --- | --- | --- | --- |
"""


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
                lines.append(
                    f"| `{pair['trigger_point']}` | {pair['acupoint']}{part} | {pair['relation'].replace('_', ' ')}"
                    f" | {pair['evidence'].replace('_', ' ')} | {cm:.1f} |\n"
                )
    return HEAD + "".join(lines)
