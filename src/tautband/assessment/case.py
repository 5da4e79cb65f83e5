"""The case: what a person said, drew and was found to have, checked against the atlas; and its mirror."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Any

from tautband.atlas import Atlas
from tautband.atlas.body import Drawing, read_drawing, resolve, write_drawing
from tautband.atlas.tables import AREAS
from tautband.document import choice, key_name, kind_of, mapping, number, parse_json, sequence, shown, text
from tautband.errors import CaseError, nearest

SCHEMA = "tautband.case/1"
SIDES = ("left", "right", "midline")
SEXES = ("female", "male", "other")
OPPOSITE = MappingProxyType({"left": "right", "right": "left", "midline": "midline"})
KEYS = ("schema", "patient", "pain", "answers", "findings", "tests", "complaint", "drawing", "screening")
BUILDS = ("thin", "average", "heavy")
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


@dataclass(frozen=True, slots=True)
class Screened:
    """A reply to a screening question: `yes` when it applies, and the places it applies to, where that matters.

    A place is a region or an area with a side; an empty side means both.
    """

    answer: str
    where: tuple[tuple[str, str], ...] = ()


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
    screening
        Contraindication to the reply; for planning only, an assessment does not read it.
    build
        `thin`, `average`, `heavy` or unknown; for planning only.
    height_cm, weight_kg
        If known; for planning only.
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
    screening: Mapping[str, Screened] = field(default_factory=dict)
    build: str | None = None
    height_cm: float | None = None
    weight_kg: float | None = None
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
            screening={
                about: Screened(reply.answer, tuple((p, OPPOSITE.get(s, "")) for p, s in reply.where))
                for about, reply in self.screening.items()
            },
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
    document = parse_json(content) if isinstance(content, bytes | str) else content
    if not isinstance(document, Mapping):
        raise CaseError(f"case: expected a JSON object, got {kind_of(document)}")
    for key in document:
        if key not in KEYS:
            raise CaseError(f"{key_name(key)}: unknown field{nearest(key, KEYS)}")
    if document.get("schema") is None:
        raise CaseError(f"schema: missing; write {SCHEMA!r}")
    if document["schema"] != SCHEMA:
        raise CaseError(f"schema: expected {SCHEMA!r}, got {shown(document['schema'])}")
    if document.get("pain") is None and document.get("drawing") is None:
        raise CaseError("pain: missing; give a list of painted regions, which may be empty, or a drawing")
    drawing = None if document.get("drawing") is None else read_drawing(document["drawing"])
    named = _read_pain(document.get("pain"), atlas)
    patient = mapping(document.get("patient"), "patient", ("age", "sex", "build", "height_cm", "weight_kg"))
    return Case(
        age=number(patient.get("age"), "patient.age", 0, 120),
        sex=choice(patient.get("sex"), "patient.sex", SEXES),
        pain=_in_order((*named, *_drawn(drawing, atlas)), atlas) if drawing else named,
        answers=_read_answers(document.get("answers"), atlas),
        findings=_read_findings(document.get("findings"), atlas),
        tests=_read_tests(document.get("tests"), atlas),
        complaint=_complaint(document.get("complaint")),
        screening=read_screening(document.get("screening"), atlas),
        build=choice(patient.get("build"), "patient.build", BUILDS),
        height_cm=number(patient.get("height_cm"), "patient.height_cm", 50, 250),
        weight_kg=number(patient.get("weight_kg"), "patient.weight_kg", 10, 400),
        drawing=drawing,
        named=named if drawing else (),
    )


def read_screening(value: Any, atlas: Atlas) -> Mapping[str, Screened]:
    """Read replies to the screening questions: `yes`, `no`, or an object with the places it applies to.

    Parameters
    ----------
    value
        Contraindication id to the reply, as parsed from JSON; `unknown` and null leave it unanswered.
    atlas
        The atlas whose contraindications and regions the replies speak of.

    Raises
    ------
    CaseError
        One line that names the field, the value and the nearest valid choice.
    """
    replies: dict[str, Screened] = {}
    for about, given in mapping(value, "screening", None).items():
        where = f"screening.{key_name(about)}"
        if about not in atlas.contraindications:
            raise CaseError(f"{where}: unknown contraindication{nearest(about, atlas.contraindications)}")
        if not isinstance(given, Mapping):
            given = {"answer": given}
        entry = mapping(given, where, ("answer", "where"))
        answer = choice(entry.get("answer"), where, ("yes", "no", "unknown"))
        places = _read_places(entry.get("where"), f"{where}.where", atlas)
        if answer == "no" and places:
            raise CaseError(f"{where}.where: places stand beside a no; write yes, or leave them out")
        if answer in ("yes", "no"):
            replies[about] = Screened(answer, places)
    return MappingProxyType(replies)


def _read_places(value: Any, where: str, atlas: Atlas) -> tuple[tuple[str, str], ...]:
    places = []
    for i, item in enumerate(sequence(value, where)):
        entry = mapping(item, f"{where}[{i}]", ("region", "area", "side"))
        if (entry.get("region") is None) == (entry.get("area") is None):
            raise CaseError(f"{where}[{i}]: name a region or an area, one of them")
        if entry.get("area") is not None:
            place = choice(entry["area"], f"{where}[{i}].area", AREAS) or ""
        else:
            place = _known_id(entry["region"], f"{where}[{i}].region", atlas.regions, atlas, "region")
        side = choice(entry.get("side"), f"{where}[{i}].side", SIDES)
        places.append((place, side or ""))
    return tuple(dict.fromkeys(places))


def write_case(case: Case) -> dict[str, Any]:
    """Write a case as a `tautband.case/1` document; reading it again gives the same case."""
    document: dict[str, Any] = {"schema": SCHEMA}
    about = ("age", "sex", "build", "height_cm", "weight_kg")
    if patient := {k: v for k in about if (v := getattr(case, k)) is not None}:
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
    if case.screening:
        document["screening"] = {about: _reply(reply) for about, reply in case.screening.items()}
    return document


def _reply(reply: Screened) -> str | dict[str, Any]:
    if not reply.where:
        return reply.answer
    places = [
        {"area" if place in AREAS else "region": place, **({"side": side} if side else {})}
        for place, side in reply.where
    ]
    return {"answer": reply.answer, "where": places}


def _without_nothing(row: PaintedRegion | Finding) -> dict[str, Any]:
    pairs = ((f.name, getattr(row, f.name)) for f in fields(row))
    return {k: list(v) if isinstance(v, tuple) else v for k, v in pairs if v is not None and v != ()}


def _read_pain(value: Any, atlas: Atlas) -> tuple[PaintedRegion, ...]:
    painted = []
    for i, item in enumerate(sequence(value, "pain")):
        where = f"pain[{i}]"
        entry = mapping(item, where, ("region", "side", "intensity", "quality"))
        region = _known_id(entry.get("region"), f"{where}.region", atlas.regions, atlas, "region")
        side = _side_of(entry.get("side"), f"{where}.side", region, atlas)
        intensity = number(entry.get("intensity"), f"{where}.intensity", 0, 10)
        quality = sequence(entry.get("quality"), f"{where}.quality")
        words = tuple(text(word, f"{where}.quality[{k}]") for k, word in enumerate(quality))
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
    side = choice(value, where, SIDES)
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
    for question, answer in mapping(value, "answers", None).items():
        where = f"answers.{key_name(question)}"
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
                raise CaseError(f"{where}: {shown(one)} is not an answer{nearest(one, choices)}")
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
        raise CaseError(f"{where}: expected an answer as text such as 'yes', got {kind_of(answer)}")
    return tuple(dict.fromkeys(text(p, where).strip() for p in parts))


def _read_findings(value: Any, atlas: Atlas) -> tuple[Finding, ...]:
    found: dict[tuple[str, str], Finding] = {}
    for i, item in enumerate(sequence(value, "findings")):
        where = f"findings[{i}]"
        entry = mapping(item, where, ("trigger_point", "side", *SIGNS))
        point = _known_id(
            entry.get("trigger_point"), f"{where}.trigger_point", atlas.trigger_points, atlas, "trigger_point"
        )
        side = choice(entry.get("side"), f"{where}.side", ("left", "right"))
        if side is None:
            raise CaseError(f"{where}.side: missing; write 'left' or 'right'")
        if (point, side) in found:
            raise CaseError(f"{where}: {point} {side} stands twice; put its signs into one entry")
        signs = {}
        for sign in SIGNS:
            signs[sign] = entry.get(sign)
            if signs[sign] is not None and not isinstance(signs[sign], bool):
                raise CaseError(f"{where}.{sign}: expected true or false, got {shown(signs[sign])}")
        found[point, side] = Finding(point, side, **signs)
    return tuple(found.values())


def _read_tests(value: Any, atlas: Atlas) -> Mapping[str, str]:
    results = {}
    for test, result in mapping(value, "tests", None).items():
        if test not in atlas.accuracy:
            raise CaseError(f"tests.{key_name(test)}: unknown test{nearest(test, atlas.accuracy)}")
        results[test] = choice(result, f"tests.{test}", ("positive", "negative"))
    return MappingProxyType({test: result for test, result in results.items() if result is not None})


def _complaint(value: Any) -> str:
    return "" if value is None else text(value, "complaint")


def _known_id(value: Any, where: str, known: Iterable[str], atlas: Atlas, kind: str) -> str:
    if not isinstance(value, str):
        raise CaseError(f"{where}: expected an id, got {kind_of(value)}")
    if value in known:
        return value
    if renamed := atlas.renamed(kind, value):
        return renamed[0]
    raise CaseError(f"{where}: unknown {kind.replace('_', ' ')} {shown(value)}{nearest(value, known)}")
