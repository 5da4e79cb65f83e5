"""The case: what a person said, drew and was found to have, checked against the atlas; and its mirror."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from tautband.atlas import Atlas
from tautband.atlas.body import Drawing, read_drawing, resolve, write_drawing
from tautband.errors import CaseError, nearest

SCHEMA = "tautband.case/1"
MAX_BYTES = 1_000_000
SIDES = ("left", "right", "midline")
SEXES = ("female", "male", "other")
OPPOSITE = MappingProxyType({"left": "right", "right": "left", "midline": "midline"})
KEYS = ("schema", "patient", "pain", "answers", "findings", "tests", "complaint", "drawing")
SIGNS = ("taut_band", "tender", "familiar_pain", "referred_pain", "twitch")


@dataclass(frozen=True, slots=True)
class PaintedRegion:
    """A region the person painted, with its side, its intensity from 0 to 10, and words for its quality.

    `share` is how much of the region a drawing covers, from 0 to 1; `None` when the region was named.
    """

    region: str
    side: str
    intensity: float | None = None
    quality: tuple[str, ...] = ()
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What palpation of one trigger point showed; `None` means that the sign was not looked for."""

    trigger_point: str
    side: str
    taut_band: bool | None = None
    tender: bool | None = None
    familiar_pain: bool | None = None
    referred_pain: bool | None = None
    twitch: bool | None = None

    def signs(self) -> dict[str, bool]:
        """The signs that were looked for, and whether each was there."""
        return {sign: value for sign in SIGNS if (value := getattr(self, sign)) is not None}


@dataclass(frozen=True)
class Case:
    """One person's complaint; immutable, and valid for the atlas it was read with.

    Attributes
    ----------
    age
        In years, if known.
    sex
        `female`, `male`, `other` or unknown.
    pain
        The painted regions in atlas order, named or drawn; empty when nothing was painted.
    answers
        Question id to the ticked answers. A former id of a split question is kept as it was given.
    findings
        Palpation, one entry per trigger point and side.
    tests
        Examination test (an id of the accuracy table) to `positive` or `negative`.
    complaint
        Free text: kept and shown, never interpreted.
    drawing
        The strokes on the body surface, if the person drew; `pain` already holds the regions they cover.
    named
        Of a case with a drawing, the regions that were named beside it.
    """

    age: float | None = None
    sex: str | None = None
    pain: tuple[PaintedRegion, ...] = ()
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    tests: Mapping[str, str] = field(default_factory=dict)
    complaint: str = ""
    drawing: Drawing | None = None
    named: tuple[PaintedRegion, ...] = ()

    def with_answer(self, question: str, *answers: str) -> Case:
        """The same case with one question answered (or answered anew)."""
        return replace(self, answers=MappingProxyType({**self.answers, question: tuple(answers)}))

    def with_finding(self, finding: Finding) -> Case:
        """The same case with one trigger point palpated (or palpated anew)."""
        others = tuple(
            f for f in self.findings if (f.trigger_point, f.side) != (finding.trigger_point, finding.side)
        )
        return replace(self, findings=(*others, finding))

    def mirrored(self) -> Case:
        """The same case with left and right exchanged."""
        return replace(
            self,
            pain=tuple(replace(p, side=OPPOSITE[p.side]) for p in self.pain),
            findings=tuple(replace(f, side=OPPOSITE[f.side]) for f in self.findings),
            drawing=self.drawing.mirrored() if self.drawing else None,
            named=tuple(replace(p, side=OPPOSITE[p.side]) for p in self.named),
        )


def read_case(content: bytes | str | Mapping[str, Any], atlas: Atlas) -> Case:
    """Read a `tautband.case/1` document and check every field against the atlas.

    Parameters
    ----------
    content
        The JSON document as bytes or text, or already parsed.
    atlas
        The atlas whose regions, questions and trigger points the case speaks of.

    Raises
    ------
    CaseError
        One line that names the field, the value and the nearest valid choice.
    """
    document = _parse_json(content) if isinstance(content, bytes | str) else content
    if not isinstance(document, Mapping):
        raise CaseError(f"case: expected a JSON object, got {_kind(document)}")
    for key in document:
        if key not in KEYS:
            raise CaseError(f"{_name(key)}: unknown field{nearest(key, KEYS)}")
    if document.get("schema") is None:
        raise CaseError(f"schema: missing; write {SCHEMA!r}")
    if document["schema"] != SCHEMA:
        raise CaseError(f"schema: expected {SCHEMA!r}, got {_shown(document['schema'])}")
    if document.get("pain") is None and document.get("drawing") is None:
        raise CaseError("pain: missing; give a list of painted regions, which may be empty, or a drawing")
    drawing = None if document.get("drawing") is None else read_drawing(document["drawing"])
    named = _read_pain(document.get("pain"), atlas)
    patient = _mapping(document.get("patient"), "patient", ("age", "sex"))
    return Case(
        age=_number(patient.get("age"), "patient.age", 0, 120),
        sex=_choice(patient.get("sex"), "patient.sex", SEXES),
        pain=_in_order((*named, *_drawn(drawing, atlas)), atlas) if drawing else named,
        answers=_read_answers(document.get("answers"), atlas),
        findings=_read_findings(document.get("findings"), atlas),
        tests=_read_tests(document.get("tests"), atlas),
        complaint=_text(_given(document.get("complaint"), ""), "complaint"),
        drawing=drawing,
        named=named if drawing else (),
    )


def write_case(case: Case) -> dict[str, Any]:
    """Write a case as a `tautband.case/1` document; reading it again gives the same case."""
    document: dict[str, Any] = {"schema": SCHEMA}
    if patient := {k: v for k, v in (("age", case.age), ("sex", case.sex)) if v is not None}:
        document["patient"] = patient
    if case.drawing is None or case.named:
        document["pain"] = [_without_nothing(p) for p in (case.named or case.pain)]
    if case.drawing is not None:
        document["drawing"] = write_drawing(case.drawing)
    if case.answers:
        document["answers"] = {question: ";".join(given) for question, given in case.answers.items()}
    if case.findings:
        document["findings"] = [_without_nothing(f) for f in case.findings]
    if case.tests:
        document["tests"] = dict(case.tests)
    if case.complaint:
        document["complaint"] = case.complaint
    return document


def _without_nothing(row: PaintedRegion | Finding) -> dict[str, Any]:
    pairs = ((f.name, getattr(row, f.name)) for f in fields(row))
    return {k: list(v) if isinstance(v, tuple) else v for k, v in pairs if v is not None and v != ()}


def _parse_json(content: bytes | str) -> Any:
    if len(content) > MAX_BYTES:
        raise CaseError(f"case: {len(content):,} bytes is more than the {MAX_BYTES:,} a case may have")
    if isinstance(content, bytes):
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CaseError(f"case: not UTF-8 at byte {error.start}; save it as UTF-8") from None

    def refuse(constant: str) -> None:
        raise CaseError(f"case: {constant} is not a number JSON allows")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise CaseError(f"{_name(key)}: stands twice in one object; keep one")
            found[key] = value
        return found

    try:
        return json.loads(content, parse_constant=refuse, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise CaseError(f"case: not JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise CaseError("case: nested too deeply to be a case") from None
    except ValueError:
        # a number with more digits than Python converts
        raise CaseError("case: holds a number that is too long to be one") from None


def _read_pain(value: Any, atlas: Atlas) -> tuple[PaintedRegion, ...]:
    painted = []
    for i, item in enumerate(_sequence(value, "pain")):
        where = f"pain[{i}]"
        entry = _mapping(item, where, ("region", "side", "intensity", "quality"))
        region = _known_id(entry.get("region"), f"{where}.region", atlas.regions, atlas, "region")
        side = _side_of(entry.get("side"), f"{where}.side", region, atlas)
        intensity = _number(entry.get("intensity"), f"{where}.intensity", 0, 10)
        quality = _sequence(entry.get("quality"), f"{where}.quality")
        words = tuple(_text(word, f"{where}.quality[{k}]") for k, word in enumerate(quality))
        painted.append(PaintedRegion(region, side, intensity, words))
    return _in_order(painted, atlas)


def _in_order(painted: Iterable[PaintedRegion], atlas: Atlas) -> tuple[PaintedRegion, ...]:
    """Each place once, with the stronger intensity and all words, in atlas order."""
    places: dict[tuple[str, str], PaintedRegion] = {}
    for one in painted:
        before = places.get((one.region, one.side))
        if before is not None:
            stronger = [x for x in (before.intensity, one.intensity) if x is not None]
            words = tuple(dict.fromkeys((*before.quality, *one.quality)))
            one = replace(one, intensity=max(stronger, default=None), quality=words)
        places[one.region, one.side] = one
    order = {region: i for i, region in enumerate(atlas.regions)}
    return tuple(sorted(places.values(), key=lambda p: (order[p.region], SIDES.index(p.side))))


def _drawn(drawing: Drawing, atlas: Atlas) -> Iterator[PaintedRegion]:
    """The regions that a drawing paints: covered enough, or enough of a patch, not merely grazed by one beside them."""
    covered = atlas.model["drawn_from_share"].value
    of_patch = atlas.model["drawn_from_share_of_patch"].value
    for place in resolve(drawing):
        if place.share >= covered or place.share_of_patch >= of_patch:
            yield PaintedRegion(place.region, place.side, place.peak_intensity, place.quality, place.share)


def _side_of(value: Any, where: str, region: str, atlas: Atlas) -> str:
    side = _choice(value, where, SIDES)
    if atlas.regions[region].midline:
        if side not in (None, "midline"):
            raise CaseError(f"{where}: {side!r}, but {region} lies on the midline; write 'midline'")
        return "midline"
    if side is None or side == "midline":
        given = "missing" if side is None else repr(side)
        raise CaseError(f"{where}: {given}, but {region} exists left and right; write 'left' or 'right'")
    return side


def _read_answers(value: Any, atlas: Atlas) -> Mapping[str, tuple[str, ...]]:
    given: dict[str, tuple[str, ...]] = {}
    for question, answer in _mapping(value, "answers", None).items():
        where = f"answers.{_name(question)}"
        current = question
        split = atlas.renamed("question_split", question)
        if question not in atlas.questions and not split:
            renamed = atlas.renamed("question", question)
            if not renamed:
                raise CaseError(f"{where}: unknown question{nearest(question, atlas.questions)}")
            current = renamed[0]
        ticked = _ticked(answer, where)
        if not ticked:
            continue
        choices: tuple[str, ...]
        if split and question not in atlas.questions:
            choices, at_most = ("yes", "no"), 1
        else:
            choices = tuple(a.answer for a in atlas.answers_of[current])
            at_most = atlas.questions[current].max_answers
        for one in ticked:
            if one not in choices:
                raise CaseError(f"{where}: {_shown(one)} is not an answer{nearest(one, choices)}")
        if len(ticked) > at_most:
            raise CaseError(f"{where}: {len(ticked)} answers where at most {at_most} may be given")
        if given.setdefault(current, ticked) != ticked:
            raise CaseError(f"{where}: a former id of {current}, which is answered otherwise; keep one")
    return MappingProxyType(given)


def _ticked(answer: Any, where: str) -> tuple[str, ...]:
    """The answers given; null and an empty string are no answer at all."""
    if answer is None or answer == "":
        return ()
    parts = answer.split(";") if isinstance(answer, str) else answer
    if isinstance(parts, bool) or not isinstance(parts, list):
        raise CaseError(f"{where}: expected an answer as text such as 'yes', got {_kind(answer)}")
    return tuple(dict.fromkeys(_text(p, where).strip() for p in parts))


def _read_findings(value: Any, atlas: Atlas) -> tuple[Finding, ...]:
    found: dict[tuple[str, str], Finding] = {}
    for i, item in enumerate(_sequence(value, "findings")):
        where = f"findings[{i}]"
        entry = _mapping(item, where, ("trigger_point", "side", *SIGNS))
        point = _known_id(
            entry.get("trigger_point"), f"{where}.trigger_point", atlas.trigger_points, atlas, "trigger_point"
        )
        side = _choice(entry.get("side"), f"{where}.side", ("left", "right"))
        if side is None:
            raise CaseError(f"{where}.side: missing; write 'left' or 'right'")
        if (point, side) in found:
            raise CaseError(f"{where}: {point} {side} stands twice; put its signs into one entry")
        signs = {}
        for sign in SIGNS:
            signs[sign] = entry.get(sign)
            if signs[sign] is not None and not isinstance(signs[sign], bool):
                raise CaseError(f"{where}.{sign}: expected true or false, got {_shown(signs[sign])}")
        found[point, side] = Finding(point, side, **signs)
    return tuple(found.values())


def _read_tests(value: Any, atlas: Atlas) -> Mapping[str, str]:
    results = {}
    for test, result in _mapping(value, "tests", None).items():
        if test not in atlas.accuracy:
            raise CaseError(f"tests.{_name(test)}: unknown test{nearest(test, atlas.accuracy)}")
        results[test] = _choice(result, f"tests.{test}", ("positive", "negative"))
    return MappingProxyType({test: result for test, result in results.items() if result is not None})


def _known_id(value: Any, where: str, known: Iterable[str], atlas: Atlas, kind: str) -> str:
    if not isinstance(value, str):
        raise CaseError(f"{where}: expected an id, got {_kind(value)}")
    if value in known:
        return value
    if renamed := atlas.renamed(kind, value):
        return renamed[0]
    raise CaseError(f"{where}: unknown {kind.replace('_', ' ')} {_shown(value)}{nearest(value, known)}")


def _mapping(value: Any, where: str, allowed: tuple[str, ...] | None) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise CaseError(f"{where}: expected an object, got {_kind(value)}")
    if allowed is not None:
        for key in value:
            if key not in allowed:
                raise CaseError(f"{where}.{_name(key)}: unknown field{nearest(key, allowed)}")
    return value


def _sequence(value: Any, where: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise CaseError(f"{where}: expected a list, got {_kind(value)}")
    return value


def _number(value: Any, where: str, low: float, high: float) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CaseError(f"{where}: expected a number, got {_kind(value)}")
    # infinities and NaN fail this too, and an int of any length can be compared
    if not low <= value <= high:
        raise CaseError(f"{where}: {_shown(value)} is outside {low} to {high}")
    return value


def _choice(value: Any, where: str, choices: tuple[str, ...]) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or value not in choices:
        close = nearest(value if isinstance(value, str) else "", choices)
        raise CaseError(f"{where}: {_shown(value)} is not valid{close}")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise CaseError(f"{where}: expected text, got {_kind(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise CaseError(f"{where}: a lone surrogate at position {error.start} is no character") from None
    return value


def _given(value: Any, otherwise: Any) -> Any:
    return otherwise if value is None else value


def _name(key: Any) -> str:
    """A key of the document on one line of an error, however it looks."""
    text = str(key)
    return text if text.isprintable() and len(text) <= 60 else ascii(text[:60])


def _shown(value: Any) -> str:
    """A value on one line of an error, never longer than that line."""
    match value:
        case None:
            return "nothing"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
        case str():
            return repr(value[:40])
        case int() if abs(value) >= 10**20:
            return "a number of more than 20 digits"
    return f"{value!r:.40}"


def _kind(value: Any) -> str:
    return f"text {_shown(value)}" if isinstance(value, str) else _shown(value)
