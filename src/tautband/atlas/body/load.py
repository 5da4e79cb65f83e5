"""Read the stored assets of the body; the only module of this folder that touches files."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = "1"
"""Version of the body: surface, regions and views. A drawing names it, and its bytes never change once released."""


def read_bytes(name: str) -> bytes:
    """Read one asset of the body."""
    return (files("tautband.atlas.body") / "assets" / name).read_bytes()


def read_arrays(name: str) -> dict[str, NDArray[Any]]:
    """Read an asset of arrays."""
    with np.load(io.BytesIO(read_bytes(name)), allow_pickle=False) as stored:
        return {key: stored[key] for key in stored.files}


def read_provenance() -> Mapping[str, Any]:
    """Where the assets come from, under which licence, and the SHA-256 of each file."""
    provenance: Mapping[str, Any] = json.loads(read_bytes("provenance.json"))
    return provenance


def changed_assets() -> tuple[str, ...]:
    """Name the assets whose bytes are not those the provenance file states; empty when all is well."""
    return tuple(
        name
        for name, digest in read_provenance()["sha256"].items()
        if hashlib.sha256(read_bytes(name)).hexdigest() != digest
    )


def whole_cage(half: NDArray[Any], partner: NDArray[np.int64]) -> NDArray[np.int64]:
    """Complete a cage that is stored for one vertex of each mirrored pair."""
    kept = np.flatnonzero(partner >= np.arange(len(partner)))
    cage = np.empty((len(partner), 3), dtype=np.int64)
    cage[partner[kept]] = half * np.array([-1, 1, 1])
    cage[kept] = half
    return cage
