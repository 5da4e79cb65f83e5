"""One body: its shapes, which region each cell of the skin belongs to, and the views people look at it from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tautband.atlas.body.load import VERSION, read_arrays, whole_cage
from tautband.atlas.body.surface import Floats, Ints, Shape, Topology

SHAPES = ("neutral", "female", "male", "heavier", "older")
"""The shapes of the body; a place means the same on all of them."""

POSES = ("chart", "reach")
"""`chart`: the anatomical position, arms a little away from the trunk. `reach`: arms forward, so the flank shows."""


@dataclass(frozen=True, eq=False)
class Body:
    """The surface that drawings, points and pictures share.

    Attributes
    ----------
    version
        Names surface, regions and views together; drawings carry it.
    topology
        How the cells hang together.
    regions
        Region ids in the order of their numbers.
    midline
        The regions that lie across the midline.
    region_of_cell
        (107024,) number of the region a cell belongs to; -1 for cells inside the lids, the mouth and the nostrils.
    cages
        Stored vertices by `(shape, pose)`, in tenths of a millimetre.
    """

    version: str
    topology: Topology
    regions: tuple[str, ...]
    midline: frozenset[str]
    region_of_cell: NDArray[np.int16]
    cages: Mapping[tuple[str, str], Ints]

    @classmethod
    def load(cls) -> Body:
        """Load the body that comes with tautband; the same object every time, as it never changes."""
        return _load()

    def shape(self, name: str = "neutral", pose: str = "chart") -> Shape:
        """The level-1 mesh of a shape in a pose."""
        known: dict[tuple[str, str], Shape] = self.__dict__.setdefault("_shapes", {})
        if (name, pose) not in known:
            vertices = self.topology.subdivide(self.cages[name, pose])
            known[name, pose] = Shape(name, vertices, self.topology.cells)
        return known[name, pose]

    @cached_property
    def side_of_cell(self) -> NDArray[np.int8]:
        """(107024,) 1 for cells on the person's left, -1 for those on the right; no cell crosses the midline."""
        return np.sign(self.shape().centroids_cm[:, 0]).astype(np.int8)

    @cached_property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Every region with a side, left before right, in the order of the regions."""
        return tuple(
            (region, side)
            for region in self.regions
            for side in (("midline",) if region in self.midline else ("left", "right"))
        )

    @cached_property
    def place_of_cell(self) -> NDArray[np.int16]:
        """(107024,) index into `places`; -1 where a cell belongs to no region."""
        first = {region: i for i, (region, side) in reversed(list(enumerate(self.places)))}
        left = np.array([*(first[r] for r in self.regions), -1])
        right = np.array([*(first[r] + (r not in self.midline) for r in self.regions), -1])
        return np.where(self.side_of_cell > 0, left[self.region_of_cell], right[self.region_of_cell]).astype(
            np.int16
        )

    def place_areas_cm2(self, shape: str = "neutral") -> Floats:
        """Area of each of `places` on a shape."""
        known: dict[str, Floats] = self.__dict__.setdefault("_place_areas", {})
        if shape not in known:
            on_skin = self.place_of_cell >= 0
            # whole millionths add up to the same in any order, so left and right agree to the bit
            areas = np.rint(self.shape(shape).areas_cm2[on_skin] * 1e6)
            millionths = np.bincount(self.place_of_cell[on_skin], areas, minlength=len(self.places))
            known[shape] = millionths / 1e6
        return known[shape]

    def skin_area_cm2(self, shape: str = "neutral") -> float:
        """Area of the whole skin of a shape."""
        return float(self.place_areas_cm2(shape).sum())


@cache
def _load() -> Body:
    stored = read_arrays("surface.npz")
    topology = Topology(stored["quads"].astype(np.int64), stored["partner"].astype(np.int64))
    regions = tuple(str(region) for region in stored["regions"])
    numbers: NDArray[Any] = stored["region_of_cell"].astype(np.int16)
    return Body(
        version=VERSION,
        topology=topology,
        regions=regions,
        midline=frozenset(r for r, across in zip(regions, stored["midline"], strict=True) if across),
        region_of_cell=np.where(numbers == 255, -1, numbers).astype(np.int16),
        cages=MappingProxyType(
            {
                (shape, pose): whole_cage(stored[f"{shape}_{pose}"], topology.partner)
                for shape in SHAPES
                for pose in POSES
            }
        ),
    )
