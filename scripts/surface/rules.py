"""The rule language: where a point lies, said as data and worked out on the skin of any shape.

A rule is one expression. Names are landmarks, measures or points placed before; lengths are cm; see
`docs/explanation/points.md` for the words.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from surface.skin import OffTheSkin, Place, Skin, Vector, at_length, length, unit

DIRECTIONS: Mapping[str, tuple[float, float, float]] = {
    "lateral": (1, 0, 0),
    "medial": (-1, 0, 0),
    "up": (0, 1, 0),
    "down": (0, -1, 0),
    "front": (0, 0, 1),
    "back": (0, 0, -1),
}
AXES = {"x": 0, "y": 1, "z": 2}
FAR_CM = 300.0
OPERATORS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


class RuleError(ValueError):
    """A rule that cannot be read or worked out; says which and why."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A WHO length: its ends, its number of cun, and whether it runs along the skin or along an axis."""

    begin: str
    end: str
    units: float
    along: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A limb segment: each end is the middle of two landmarks; angles count from the front to lateral."""

    begin: tuple[str, str]
    end: tuple[str, str]


class Placer:
    """Works out rules on one skin; names it has placed can be used by later rules.

    Parameters
    ----------
    skin
        The shape.
    measures, segments
        The lengths and limb segments that rules may name.
    """

    def __init__(self, skin: Skin, measures: Mapping[str, Measure], segments: Mapping[str, Segment]) -> None:
        self.skin = skin
        self.measures = measures
        self.segments = segments
        self.places: dict[str, Place] = {}
        self._cun_cm: dict[str, float] = {}
        self._words: Mapping[str, Callable[..., Place | float]] = {
            "front": lambda x, y: self._ray((x, y, FAR_CM), "back"),
            "back": lambda x, y: self._ray((x, y, -FAR_CM), "front"),
            "left": lambda z, y: self._ray((FAR_CM, y, z), "medial"),
            "inner": lambda z, y: self._ray((0.3, y, z), "lateral"),
            "top": lambda x, z, y=FAR_CM: self._ray((x, y, z), "down"),
            "below": lambda x, z: self._ray((x, -FAR_CM, z), "up"),
            "trunk": self._trunk,
            "limb": self._limb,
            "ring": lambda segment, place, degrees: self._limb(segment, self._at(segment, place), degrees),
            "rise": self._rise,
            "near": lambda x, y, z: self.skin.nearest(np.array([x, y, z], float)),
            "share": lambda a, b, share: self._along(a, b, share=share),
            "mid": lambda a, b: self._along(a, b, share=0.5),
            "towards": lambda a, b, cm: self._along(a, b, cm=cm),
            "level": self._level,
            "step": self._step,
            "beside": lambda place, cm: self.skin.step_level(place, np.array([1.0, 0.0, 0.0]), cm),
            "cun": lambda number, measure: number * self.cun_cm(measure),
            "x": lambda place: float(self.skin.position(place)[0]),
            "y": lambda place: float(self.skin.position(place)[1]),
            "z": lambda place: float(self.skin.position(place)[2]),
        }

    def place(self, name: str, rule: str, midline: bool = False) -> Place:
        """Work out a rule, remember the result under a name and return it.

        Raises
        ------
        RuleError
            If the rule cannot be read, names something unknown, or misses the skin.
        """
        try:
            result = self._value(ast.parse(rule, mode="eval").body)
        except TypeError as error:
            raise RuleError(f"{name}: {rule!r}: a word got what it cannot use ({error})") from error
        except (SyntaxError, OffTheSkin, RuleError, KeyError) as error:
            raise RuleError(f"{name}: {rule!r}: {error}") from error
        if not isinstance(result, Place):
            raise RuleError(f"{name}: {rule!r} gives a number where a place is wanted")
        if midline:
            result = self.skin.on_midline(self.skin.position(result))
        self.places[name] = result
        return result

    def cun_cm(self, measure: str) -> float:
        """Length of one cun of a measure on this shape, cm."""
        if measure not in self._cun_cm:
            self._cun_cm[measure] = self._measured_cun_cm(self.measures[measure])
        return self._cun_cm[measure]

    def _measured_cun_cm(self, m: Measure) -> float:
        a, b = self.places[m.begin], self.places[m.end]
        if m.along in ("skin", "half_skin"):
            return length(self.skin.path(a, b)) * (2 if m.along == "half_skin" else 1) / m.units
        if m.along in self.segments:
            begin, end, _, _ = self._frame(m.along)
            shares = self._at(m.along, a) - self._at(m.along, b)
            return abs(shares) * float(np.linalg.norm(end - begin)) / m.units
        apart = np.abs(self.skin.position(a) - self.skin.position(b))
        if m.along == "straight":
            return float(np.linalg.norm(apart)) / m.units
        if m.along == "width":  # from the midline to both sides
            return 2 * float(self.skin.position(a)[0]) / m.units
        return float(apart[AXES[m.along]]) / m.units

    def _value(self, node: ast.expr) -> Place | float | str:
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float | str):
            return node.value
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self._number(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return OPERATORS[type(node.op)](self._number(node.left), self._number(node.right))
        if isinstance(node, ast.Name):
            if node.id in self.places:
                return self.places[node.id]
            if node.id in self.measures or node.id in self.segments:
                return node.id
            raise RuleError(f"{node.id!r} is no landmark, measure, segment or point placed before")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            if node.func.id not in self._words:
                raise RuleError(f"{node.func.id!r} is no word of the rules")
            return self._words[node.func.id](*map(self._value, node.args))
        raise RuleError(f"{ast.unparse(node)!r} cannot stand in a rule")

    def _number(self, node: ast.expr) -> float:
        value = self._value(node)
        if not isinstance(value, int | float):
            raise RuleError(f"{ast.unparse(node)!r} is no number")
        return float(value)

    def _ray(self, origin: tuple[float, float, float], direction: str) -> Place:
        return self.skin.hit(np.array(origin, float), np.array(DIRECTIONS[direction], float))

    def _trunk(self, y: float, degrees: float) -> Place:
        """From the middle of the trunk at a height outwards; 0 is front, 90 lateral, 180 back."""
        front = self.skin.position(self._ray((0.0, y, FAR_CM), "back"))[2]
        back = self.skin.position(self._ray((0.0, y, -FAR_CM), "front"))[2]
        turn = np.radians(degrees)
        origin = np.array([0.01, y, (front + back) / 2])
        return self.skin.hit(origin, np.array([np.sin(turn), 0.0, np.cos(turn)]), outward=True)

    def _frame(self, segment: str) -> tuple[Vector, Vector, Vector, Vector]:
        """Begin and end of a segment's axis, and its front and lateral directions."""
        s = self.segments[segment]
        begin, end = (
            (self.skin.position(self.places[a]) + self.skin.position(self.places[b])) / 2
            for a, b in (s.begin, s.end)
        )
        axis = unit(end - begin)
        front = unit(np.array([0.0, 0.0, 1.0]) - axis * axis[2])
        lateral = np.cross(front, axis)
        return begin, end, front, lateral * np.sign(lateral[0])

    def _limb(self, segment: str, share: float, degrees: float) -> Place:
        """From a limb's axis outwards; share 0 is its upper end, 0 degrees its front, 90 lateral."""
        begin, end, front, lateral = self._frame(segment)
        turn = np.radians(degrees)
        direction = np.cos(turn) * front + np.sin(turn) * lateral
        return self.skin.hit(begin + share * (end - begin), direction, outward=True)

    def _at(self, segment: str, place: Place) -> float:
        begin, end, _, _ = self._frame(segment)
        axis = end - begin
        return float((self.skin.position(place) - begin) @ axis / (axis @ axis))

    def _rise(self, segment: str, a: Place, b: Place, share: float, degrees: float) -> Place:
        """On a limb, a share of the way from the level of a to the level of b."""
        low, high = self._at(segment, a), self._at(segment, b)
        return self._limb(segment, low + share * (high - low), degrees)

    def _along(self, a: Place, b: Place, share: float | None = None, cm: float | None = None) -> Place:
        path = self.skin.path(a, b)
        return self.skin.nearest(at_length(path, cm if cm is not None else (share or 0.0) * length(path)))

    def _level(self, a: Place, b: Place, y: float) -> Place:
        """Where the path from a to b passes a height."""
        path = self.skin.path(a, b)
        passed = np.flatnonzero((path[:-1, 1] - y) * (path[1:, 1] - y) <= 0)
        if not len(passed):
            raise OffTheSkin(f"the path never passes the height {y:.1f}")
        i = int(passed[0])
        share = (path[i, 1] - y) / (path[i, 1] - path[i + 1, 1] + 1e-12)
        return self.skin.nearest(path[i] + share * (path[i + 1] - path[i]))

    def _step(self, place: Place, direction: str | Place, cm: float) -> Place:
        if isinstance(direction, Place):
            heading = self.skin.position(direction) - self.skin.position(place)
        else:
            heading = np.sum([DIRECTIONS[word] for word in direction.split()], axis=0).astype(float)
        return self.skin.step(place, unit(heading), cm)
