"""Pose a MakeHuman body: the anatomical position for the chart, and arms forward so that the flank can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from body.makehuman import SKIN_VERTICES, MakeHuman, Points
from body.settle import settled

FORWARD = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True)
class Pose:
    """Angles of a standing pose, in degrees; `stance_cm` is the distance of an ankle from below its hip, outwards."""

    abduction: float
    carrying: float
    arm_flexion: float
    palms_forward: bool
    toe_out: float = 8.0
    stance_cm: float = 1.6


ANATOMICAL = Pose(abduction=22, carrying=8, arm_flexion=0, palms_forward=True)
ARMS_FORWARD = Pose(abduction=7, carrying=4, arm_flexion=40, palms_forward=False)


class Skeleton:
    """MakeHuman's default rig: which bone moves which vertex, and where its joints are on a given body."""

    def __init__(self, source: MakeHuman) -> None:
        self.rig, self.groups = source.rig, source.groups
        self.bones = list(self.rig)
        self.index = {bone: i for i, bone in enumerate(self.bones)}
        self.weights = self._weights(source)

    def _weights(self, source: MakeHuman) -> Points:
        weights = np.zeros((len(source.vertices), len(self.bones)))
        for i, bone in enumerate(self.bones):
            for vertex, weight in source.weights.get(bone, []):
                weights[vertex, i] = weight
        total = weights.sum(1, keepdims=True)
        weights = np.where(total > 0, weights / np.maximum(total, 1e-9), 0)
        # joint cubes follow the bone that starts there, or at a leaf the bone that ends there
        heads = {s["head"].get("cube_name") for s in self.rig.values()}
        for end in ("head", "tail"):
            for bone, joint in self.rig.items():
                cube = joint[end].get("cube_name")
                if joint[end]["strategy"] == "CUBE" and (end == "head" or cube not in heads):
                    first, last = self.groups[cube][0]
                    weights[first : last + 1] = 0
                    weights[first : last + 1, self.index[bone]] = 1
        return weights

    def _place(self, body: Points, joint: dict[str, Any]) -> Points:
        match joint["strategy"]:
            case "CUBE":
                first, last = self.groups[joint["cube_name"]][0]
                vertices = list(range(first, last + 1))
            case "VERTEX":
                vertices = [joint["vertex_index"]]
            case "MEAN":
                vertices = joint["vertex_indices"]
            case other:
                raise ValueError(f"joint strategy {other!r} is unknown")
        place: Points = body[vertices].mean(0)
        return place

    def head(self, body: Points, bone: str) -> Points:
        """Where a bone starts on this body."""
        return self._place(body, self.rig[bone]["head"])

    def tail(self, body: Points, bone: str) -> Points:
        """Where a bone ends on this body."""
        return self._place(body, self.rig[bone]["tail"])

    def moved_with(self, bone: str) -> Points:
        """For each vertex, how much of it moves with a bone or one that hangs on it."""
        below = {bone}
        for _ in self.bones:
            below |= {b for b, s in self.rig.items() if s["parent"] in below}
        moved: Points = self.weights[:, [self.index[b] for b in self.bones if b in below]].sum(1)
        return moved

    def turn(self, body: Points, rotations: dict[str, Points]) -> Points:
        """Linear blend skinning: turn bones about their heads, each by a 3 by 3 rotation in rest axes."""
        transforms: dict[str, Points] = {}

        def transform(bone: str) -> Points:
            if bone not in transforms:
                parent = self.rig[bone]["parent"]
                own = np.eye(4)
                if bone in rotations:
                    head = self.head(body, bone)
                    own[:3, :3] = rotations[bone]
                    own[:3, 3] = head - rotations[bone] @ head
                transforms[bone] = (transform(parent) if parent else np.eye(4)) @ own
            return transforms[bone]

        blended = np.einsum("vb,bij->vij", self.weights, np.stack([transform(b) for b in self.bones]))
        turned: Points = np.einsum("vij,vj->vi", blended[:, :3, :3], body) + blended[:, :3, 3]
        free = self.weights.sum(1) == 0
        turned[free] = body[free]
        return turned


def about(axis: Points | list[float], angle: float) -> Points:
    """Rotation about an axis through the origin by an angle in radians."""
    x, y, z = np.asarray(axis, float) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    turn: Points = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turn


def between(one: Points, other: Points) -> Points:
    """The shortest rotation that turns one direction into another."""
    one, other = one / np.linalg.norm(one), other / np.linalg.norm(other)
    axis = np.cross(one, other)
    sine = float(np.linalg.norm(axis))
    return np.eye(3) if sine < 1e-9 else about(axis, float(np.arctan2(sine, one @ other)))


def twist(
    body: Points, amount: Points, start: Points, end: Points, angle: float, ramp: tuple[float, float]
) -> Points:
    """Turn each vertex about the line from start to end by a share of the angle that grows along the ramp."""
    axis = end - start
    length = float(np.linalg.norm(axis))
    axis = axis / length
    offset = body - start
    along = np.clip((offset @ axis / length - ramp[0]) / (ramp[1] - ramp[0]), 0, 1)
    angles = angle * along * along * (3 - 2 * along) * amount
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    turned: Points = (
        start + offset * cos + np.cross(axis, offset) * sin + axis * (offset @ axis)[:, None] * (1 - cos)
    )
    return turned


def _angle(one: Points, other: Points, axis: Points) -> float:
    return float(np.arctan2(np.cross(one, other) @ axis, one @ other))


def _across(vector: Points, axis: Points) -> Points:
    across: Points = vector - axis * (vector @ axis)
    return across


def stand(body: Points, skeleton: Skeleton, pose: Pose) -> Points:
    """Put a body in rest pose into a standing pose."""
    for side, outward in (("L", 1), ("R", -1)):
        body = _pose_arm(body, skeleton, pose, side, outward)
        body = _pose_leg(body, skeleton, pose, side, outward)
    return body


def _pose_arm(body: Points, skeleton: Skeleton, pose: Pose, side: str, outward: int) -> Points:
    upper, lower, wrist = f"upperarm01.{side}", f"lowerarm01.{side}", f"wrist.{side}"
    abduction, carried = np.radians(pose.abduction), np.radians(pose.abduction + pose.carrying)
    hanging = np.array([outward * np.sin(abduction), -np.cos(abduction), 0.0])
    forearm = np.array([outward * np.sin(carried), -np.cos(carried), 0.06])
    forearm /= np.linalg.norm(forearm)

    # turn the humerus so that the elbow bends forward once the arm hangs
    shoulder, elbow, hand = (skeleton.head(body, b) for b in (upper, lower, wrist))
    bends = _across(between(elbow - shoulder, hanging) @ (hand - elbow), hanging)
    angle = _angle(bends, _across(FORWARD, hanging), hanging)
    body = twist(body, skeleton.moved_with(upper), shoulder, elbow, angle * 0.8, (0.0, 1.0))

    elbow, hand = skeleton.head(body, lower), skeleton.head(body, wrist)
    swing = between(elbow - shoulder, hanging)
    straighten = between(swing @ (hand - elbow), forearm)
    body = skeleton.turn(body, {upper: swing, lower: swing.T @ straighten @ swing})

    elbow, hand = skeleton.head(body, lower), skeleton.head(body, wrist)
    finger = skeleton.tail(body, f"finger3-3.{side}") - hand
    body = skeleton.turn(
        body, {wrist: between(finger, forearm * 0.85 + 0.15 * finger / np.linalg.norm(finger))}
    )

    elbow, hand = skeleton.head(body, lower), skeleton.head(body, wrist)
    axis = (hand - elbow) / np.linalg.norm(hand - elbow)
    second, fifth = (skeleton.head(body, f"finger{i}-1.{side}") - hand for i in (2, 5))
    palm = _across(np.cross(second, fifth) * -outward, axis)
    wanted = FORWARD if pose.palms_forward else np.array([-outward * 0.96, 0, 0.28])
    angle = _angle(palm, _across(wanted, axis), axis)
    body = twist(body, skeleton.moved_with(lower), elbow, hand, angle, (0.05, 1.0))
    if pose.arm_flexion:
        flexion = np.radians(pose.arm_flexion)
        body = skeleton.turn(
            body,
            {
                upper: about([1, 0, 0], -flexion),
                f"clavicle.{side}": about([0, 1, 0], -outward * flexion * 0.12),
            },
        )
    return body


def _pose_leg(body: Points, skeleton: Skeleton, pose: Pose, side: str, outward: int) -> Points:
    hip, ankle = (skeleton.head(body, f"{b}.{side}") for b in ("upperleg01", "foot"))
    leg = ankle - hip
    swing = between(leg, np.array([outward * pose.stance_cm, leg[1], leg[2]]))
    toes = skeleton.head(body, f"toe1-1.{side}") * 0.5 + skeleton.head(body, f"toe4-1.{side}") * 0.5 - ankle
    now = np.arctan2(outward * toes[0], toes[2])
    turned_out = about([0, 1, 0], outward * (np.radians(pose.toe_out) - now))
    return skeleton.turn(body, {f"upperleg01.{side}": swing, f"foot.{side}": swing.T @ turned_out})


def cage(source: MakeHuman, skeleton: Skeleton, shape: Points, pose: Pose) -> NDArray[np.int16]:
    """The skin's vertices in the pose, standing on the ground, exactly symmetric, in tenths of a millimetre."""
    posed = stand(shape, skeleton, pose)[:SKIN_VERTICES]
    posed[:, 1] -= posed[:, 1].min()
    # left is posed before right, which leaves some micrometres of asymmetry where both move the same vertex
    posed = 0.5 * (posed + posed[source.mirror()[:SKIN_VERTICES]] * [-1, 1, 1])
    return np.round(settled(posed * 100)).astype(np.int16)
