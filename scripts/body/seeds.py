"""Turn the rows of seeds.csv, written in frames a person can think in, into lines on the neutral body's skin."""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from body.makehuman import Points
from body.pose import Skeleton

SEEDS = Path(__file__).with_name("seeds.csv")
DETAILS = Path(__file__).with_name("details.csv")

LIMBS = {
    "upper_arm": ("upperarm01.L", "lowerarm01.L"),
    "forearm": ("lowerarm01.L", "wrist.L"),
    "thigh": ("upperleg01.L", "lowerleg01.L"),
    "shin": ("lowerleg01.L", "foot.L"),
}


@dataclass(frozen=True)
class SeedLine:
    """A line that belongs to a region: points on the skin in order, and how far ahead of others it starts, in cm."""

    region: str
    points: NDArray[np.float64]
    reach_cm: float


class Frames:
    """The frames of seeds.csv on the neutral body in anatomical position; `mesh` is level 1, `whole` the base mesh."""

    def __init__(self, mesh: Points, cells: NDArray[np.int64], whole: Points, skeleton: Skeleton) -> None:
        self.mesh, self.whole, self.skeleton = mesh, whole, skeleton
        self.a = mesh[cells[:, 0]]
        self.ab = mesh[cells[:, 1]] - self.a
        self.ac = mesh[cells[:, 2]] - self.a
        self.normals = np.zeros_like(mesh)
        for corner in cells.T:
            np.add.at(self.normals, corner, np.cross(self.ab, self.ac))
        self.normals /= np.maximum(np.linalg.norm(self.normals, axis=1, keepdims=True), 1e-12)

    def ray(self, start: Points, direction: Points) -> Points:
        """First hit of a ray with the skin (Möller and Trumbore 1997)."""
        p = np.cross(direction, self.ac)
        det = np.einsum("ij,ij->i", self.ab, p)
        with np.errstate(divide="ignore", invalid="ignore"):
            t = start - self.a
            u = np.einsum("ij,ij->i", t, p) / det
            q = np.cross(t, self.ab)
            v = q @ direction / det
            far = np.einsum("ij,ij->i", self.ac, q) / det
            hit = (np.abs(det) > 1e-12) & (u >= 0) & (v >= 0) & (u + v <= 1) & (far > 1e-6)
        if not hit.any():
            raise SystemExit(
                f"seeds.csv: the ray from {start.round(2)} along {direction.round(2)} misses the skin"
            )
        found: Points = start + far[hit].min() * direction
        return found

    def onto_skin(self, points: Points) -> Points:
        """The nearest places on the skin of points close to it: dropped onto the plane of the nearest vertex."""
        nearest = [int(np.argmin(((self.mesh - point) ** 2).sum(1))) for point in points]
        normals = self.normals[nearest]
        height = np.einsum("ij,ij->i", points - self.mesh[nearest], normals)
        dropped: Points = points - height[:, None] * normals
        return dropped

    def joint(self, bone: str) -> Points:
        """Where a bone of the left side starts."""
        return self.skeleton.head(self.whole, bone)

    def point(self, frame: str, a: float, b: float, c: float) -> Points:
        """One point on the skin; docs/explanation/body.md says what each frame's numbers mean."""
        match frame:
            case "front":
                return self.ray(np.array([a, b, 100.0]), np.array([0.0, 0, -1]))
            case "back":
                return self.ray(np.array([a, b, -100.0]), np.array([0.0, 0, 1]))
            case "left":
                return self.ray(np.array([100.0, b, a]), np.array([-1.0, 0, 0]))
            case "top":
                return self.ray(np.array([a, 300.0, b]), np.array([0.0, -1, 0]))
            case "top_of_shoulder":
                return self.ray(np.array([a, 146.0, b]), np.array([0.0, -1, 0]))
            case "top_of_foot":
                return self.ray(np.array([a, 11.0, b]), np.array([0.0, -1, 0]))
            case "under":
                return self.ray(np.array([a, -50.0, b]), np.array([0.0, 1, 0]))
            case "trunk":
                return self._trunk(a, b)
            case "near":
                closest: Points = self.mesh[np.argmin(((self.mesh - [a, b, c]) ** 2).sum(1))]
                return closest
            case "palm" | "back_of_hand":
                return self._hand(a, b, 1 if frame == "palm" else -1)
            case "upper_arm" | "forearm" | "thigh" | "shin":
                return self._limb(frame, a, b)
        if frame.startswith("finger_"):
            return self._finger(int(frame.removeprefix("finger_")), a, b)
        raise SystemExit(f"seeds.csv: frame {frame!r} is unknown")

    def _trunk(self, height: float, angle: float) -> Points:
        front = self.point("front", 0, height, 0)[2]
        back = self.point("back", 0, height, 0)[2]
        turn = np.radians(angle)
        return self.ray(
            np.array([0.01, height, (front + back) / 2]), np.array([np.sin(turn), 0, np.cos(turn)])
        )

    def _along(self, limb: str) -> tuple[Points, Points, Points, Points]:
        start, end = (self.joint(bone) for bone in LIMBS[limb])
        axis = (end - start) / np.linalg.norm(end - start)
        forward = np.array([0, 0, 1.0]) - axis * axis[2]
        forward /= np.linalg.norm(forward)
        outward = np.cross(forward, axis)
        return start, end, forward, outward * np.sign(outward[0])

    def _limb(self, limb: str, along: float, angle: float) -> Points:
        start, end, forward, outward = self._along(limb)
        turn = np.radians(angle)
        return self.ray(start + along * (end - start), np.cos(turn) * forward + np.sin(turn) * outward)

    def _hand(self, along: float, across: float, facing: int) -> Points:
        wrist = self.joint("wrist.L")
        knuckles = [self.joint(f"finger{i}-1.L") for i in (5, 4, 3, 2)]
        outward = self._along("forearm")[3]
        i = min(int(across * 3), 2)
        knuckle = knuckles[i] + (across * 3 - i) * (knuckles[i + 1] - knuckles[i])
        start = wrist + (across - 0.5) * 4.2 * outward
        normal = np.cross(knuckles[3] - wrist, knuckles[0] - wrist)
        normal *= np.sign(normal[2]) / np.linalg.norm(normal)
        return self.ray(start + along * (knuckle - start), normal * facing)

    def _finger(self, finger: int, along: float, angle: float) -> Points:
        bone = f"finger{finger}-{min(int(along), 2) + 1}.L"
        start, end = self.joint(bone), self.skeleton.tail(self.whole, bone)
        axis = (end - start) / np.linalg.norm(end - start)
        palmar = np.array([0, 0, 1.0]) if finger > 1 else np.array([-0.3, -0.6, 0.75])
        palmar = palmar - axis * (palmar @ axis)
        palmar /= np.linalg.norm(palmar)
        turn = np.radians(angle)
        return self.ray(
            start + (along - min(int(along), 2)) * (end - start),
            np.cos(turn) * palmar + np.sin(turn) * np.cross(palmar, axis),
        )


def read_seeds(frames: Frames) -> list[SeedLine]:
    """Read seeds.csv and find every point on the skin."""
    lines: dict[tuple[str, str, str], list[Points]] = defaultdict(list)
    with SEEDS.open(newline="") as file:
        for row in csv.DictReader(file):
            numbers = [float(row[k] or 0) for k in "abc"]
            lines[row["region"], row["line"], row["reach_cm"]].append(frames.point(row["frame"], *numbers))
    return [SeedLine(region, np.array(points), float(reach)) for (region, _, reach), points in lines.items()]


def read_details(frames: Frames) -> list[NDArray[np.float64]]:
    """Read details.csv: lines a draughtsman adds to the picture, as dense points on the skin of the neutral body."""
    rows: dict[str, list[tuple[str, list[float]]]] = defaultdict(list)
    with DETAILS.open(newline="") as file:
        for row in csv.DictReader(file):
            rows[row["line"]].append((row["frame"], [float(row[k] or 0) for k in "abc"]))
    lines = []
    for given in rows.values():
        corners = np.array([frames.point(frame, *numbers) for frame, numbers in given])
        along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(corners, axis=0), axis=1))])
        spline = CubicSpline(along, corners)(np.linspace(0, along[-1], max(8, int(along[-1] / 0.3))))
        lines.append(frames.onto_skin(spline))
    return lines
