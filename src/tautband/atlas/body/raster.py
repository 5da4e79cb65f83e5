"""A field as a small picture: what each cell holds, spread over the pixels of a view, as a PNG with transparency."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
from numpy.typing import NDArray

from tautband.atlas.body.surface import Floats
from tautband.atlas.body.views import View


def field_image(field: Floats, view: View, colours: NDArray[np.uint8], pixel: float) -> str:
    """An SVG `image` element of a field as it shows in a view; empty where the field shows nowhere.

    Parameters
    ----------
    field
        (107024,) values from 0 to 1.
    colours
        (256, 4) red, green, blue and opacity for the values from 0 to 1.
    pixel
        Size of a pixel in units of the view.
    """
    values = field[view.cells]
    if not (colours[np.rint(values * 255).astype(int), 3] > 0).any():
        return ""
    width, height = int(np.ceil(view.width / pixel)), int(np.ceil(view.height / pixel))
    column = np.clip(((view.x_from_middle + view.width / 2) / pixel).astype(int), 0, width - 1)
    row = np.clip((view.y / pixel).astype(int), 0, height - 1)
    at = row * width + column
    count = np.bincount(at, minlength=width * height).reshape(height, width).astype(float)
    total = np.bincount(at, values, minlength=width * height).reshape(height, width).astype(float)
    # cells are about as large as pixels: a little spreading fills what lies between their middles
    weight = _spread(count)
    picture = np.where(weight > 1e-3, _spread(total) / np.maximum(weight, 1e-9), 0)
    pixels = colours[np.rint(np.clip(picture, 0, 1) * 255).astype(int)]
    encoded = base64.b64encode(_png(pixels)).decode()
    return (
        f'<image x="0" y="0" width="{width * pixel:g}" height="{height * pixel:g}" preserveAspectRatio="none" '
        f'href="data:image/png;base64,{encoded}"/>'
    )


def _spread(picture: Floats) -> Floats:
    """Convolve with a small bell, twice."""
    for _ in range(2):
        for axis in (0, 1):
            before, after = np.roll(picture, 1, axis), np.roll(picture, -1, axis)
            picture = 0.25 * before + 0.5 * picture + 0.25 * after
    return picture


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Encode (height, width, 4) pixels as PNG (ISO/IEC 15948): eight bits, true colour with alpha, no interlacing."""
    height, width, _ = pixels.shape

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    rows = np.zeros((height, 1 + 4 * width), np.uint8)
    rows[:, 1:] = pixels.reshape(height, -1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows.tobytes(), 9))
        + chunk(b"IEND", b"")
    )
