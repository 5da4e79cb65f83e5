"""Reading a case: what is valid comes back whole, and what is not gets one line that names the field."""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tautband.assessment import Case, Finding, PaintedRegion, assess, read_case, write_assessment, write_case
from tautband.assessment.case import MAX_BYTES, SEXES, SIGNS
from tautband.atlas import Atlas
from tautband.errors import CaseError

ATLAS = Atlas.load()
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.json"))


def schema(name: str) -> dict[str, Any]:
    text = files("tautband").joinpath("schema", f"{name}.schema.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    return document


CASE = Draft202012Validator(schema("case"))
ASSESSMENT = Draft202012Validator(schema("assessment"))

# --- what is valid ---------------------------------------------------------------------------------------

SPLIT = sorted({a.old_id for a in ATLAS.aliases if a.kind == "question_split"})
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@st.composite
def painted(draw: st.DrawFn) -> PaintedRegion:
    region = draw(st.sampled_from(list(ATLAS.regions.values())))
    return PaintedRegion(
        region.id,
        "midline" if region.midline else draw(st.sampled_from(["left", "right"])),
        draw(st.none() | st.floats(0, 10) | st.integers(0, 10)),
        tuple(draw(st.lists(TEXT, max_size=2))),
    )


@st.composite
def answered(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    question = draw(st.sampled_from([*ATLAS.questions, *SPLIT]))
    if question in SPLIT:
        return question, (draw(st.sampled_from(["yes", "no"])),)
    choices = [a.answer for a in ATLAS.answers_of[question]]
    most = ATLAS.questions[question].max_answers
    return question, tuple(draw(st.lists(st.sampled_from(choices), min_size=1, max_size=most, unique=True)))


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    signs = {sign: draw(st.none() | st.booleans()) for sign in SIGNS}
    point = draw(st.sampled_from(list(ATLAS.trigger_points)))
    return Finding(point, draw(st.sampled_from(["left", "right"])), **signs)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    order = list(ATLAS.regions)
    places = draw(st.lists(painted(), max_size=6, unique_by=lambda p: (p.region, p.side)))
    places.sort(key=lambda p: (order.index(p.region), ("left", "right", "midline").index(p.side)))
    results = st.dictionaries(
        st.sampled_from(list(ATLAS.accuracy)), st.sampled_from(["positive", "negative"]), max_size=3
    )
    return Case(
        age=draw(st.none() | st.integers(0, 120) | st.floats(0, 120)),
        sex=draw(st.none() | st.sampled_from(SEXES)),
        pain=tuple(places),
        answers=dict(draw(st.lists(answered(), max_size=6))),
        findings=tuple(draw(st.lists(findings(), max_size=4, unique_by=lambda f: (f.trigger_point, f.side)))),
        tests=draw(results),
        complaint=draw(TEXT),
    )


@given(cases())
def test_a_case_that_is_written_and_read_is_the_same_case(case: Case) -> None:
    document = write_case(case)
    assert read_case(document, ATLAS) == case
    assert read_case(json.dumps(document).encode(), ATLAS) == case


@given(cases())
def test_a_case_that_is_written_keeps_to_the_published_schema(case: Case) -> None:
    CASE.validate(write_case(case))


@given(cases())
def test_mirroring_twice_gives_the_same_case(case: Case) -> None:
    assert case.mirrored().mirrored() == case


@given(st.permutations([("temple", "left", 3), ("temple", "left", None), ("temple", "left", 7)]))
def test_a_region_painted_more_than_once_counts_once_at_its_strongest(rows: list[tuple[Any, ...]]) -> None:
    pain = [dict(zip(("region", "side", "intensity"), row, strict=True)) for row in rows]
    read = read_case({"schema": "tautband.case/1", "pain": pain}, ATLAS)
    assert read.pain == (PaintedRegion("temple", "left", 7),)


# --- what is not valid -----------------------------------------------------------------------------------


def whole() -> dict[str, Any]:
    """A document with something in every position."""
    return {
        "schema": "tautband.case/1",
        "patient": {"age": 43, "sex": "female"},
        "pain": [{"region": "temple", "side": "left", "intensity": 6, "quality": ["aching"]}],
        "answers": {"movement_changes_pain": "yes", "hurts_when": ["grip", "walk"]},
        "findings": [{"trigger_point": "upper_trapezius_1", "side": "left", **dict.fromkeys(SIGNS, True)}],
        "tests": {"spurling_tong": "positive"},
        "complaint": "stiff",
    }


POSITIONS = [
    ("schema",),
    ("patient",),
    ("patient", "age"),
    ("patient", "sex"),
    ("pain",),
    ("pain", 0),
    ("pain", 0, "region"),
    ("pain", 0, "side"),
    ("pain", 0, "intensity"),
    ("pain", 0, "quality"),
    ("pain", 0, "quality", 0),
    ("answers",),
    ("answers", "movement_changes_pain"),
    ("answers", "hurts_when", 0),
    ("findings",),
    ("findings", 0),
    ("findings", 0, "trigger_point"),
    ("findings", 0, "side"),
    *(("findings", 0, sign) for sign in SIGNS),
    ("tests",),
    ("tests", "spurling_tong"),
    ("complaint",),
]
MAY_BE_NULL = {
    ("patient",),
    ("patient", "age"),
    ("patient", "sex"),
    ("pain", 0, "intensity"),
    ("pain", 0, "quality"),
    ("answers",),
    ("answers", "movement_changes_pain"),
    ("findings",),
    *(("findings", 0, sign) for sign in SIGNS),
    ("tests",),
    ("tests", "spurling_tong"),
    ("complaint",),
}


def put(document: Any, position: tuple[Any, ...], value: Any) -> Any:
    here = document
    for step in position[:-1]:
        here = here[step]
    here[position[-1]] = value
    return document


def named(position: tuple[Any, ...]) -> str:
    """The position as an error line names it."""
    if position[:1] == ("answers",):
        return ".".join(position[:2])
    text = ""
    for step in position:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def refusal(content: Any) -> str:
    """The one line with which a case is refused."""
    with pytest.raises(CaseError) as caught:
        read_case(content, ATLAS)
    line = str(caught.value)
    assert line.splitlines() == [line]
    assert line.isprintable()
    assert len(line) < 400, line
    return line


def fits(value: Any, position: tuple[Any, ...]) -> bool:
    return not list(CASE.iter_errors(put(whole(), position, value)))


NUMBERS = [7, -1, 11, 121, 0.5, 10**400, -(10**400), float("nan"), float("inf")]
WRONG = [True, False, *NUMBERS, "", "nonsense", [], [[]], {}, {"x": 1}]


@pytest.mark.parametrize("position", POSITIONS, ids=named)
@pytest.mark.parametrize("value", WRONG, ids=lambda v: str(v)[:12])
def test_a_wrong_value_anywhere_is_refused_by_schema_and_reader_alike(
    position: tuple[Any, ...], value: Any
) -> None:
    document = put(whole(), position, value)
    if not fits(value, position) or value != value:
        assert refusal(document).startswith(named(position)), position
        return
    # the schema knows the shape; only the atlas knows which ids and answers there are
    try:
        CASE.validate(write_case(read_case(document, ATLAS)))
    except CaseError as error:
        line = str(error)
        assert line.startswith(named(position))
        assert any(words in line for words in ("unknown", "is not an answer", "exists left and right")), line


@pytest.mark.parametrize("position", POSITIONS, ids=named)
def test_null_means_not_given_where_something_may_be_missing_and_is_refused_elsewhere(
    position: tuple[Any, ...],
) -> None:
    document = put(whole(), position, None)
    if position in MAY_BE_NULL:
        assert fits(None, position)
        read_case(document, ATLAS)
    else:
        assert refusal(document).startswith(named(position))


@pytest.mark.parametrize(
    ("position", "value", "line"),
    [
        (("pain", 0, "region"), "tempel", "pain[0].region: unknown region 'tempel'; did you mean 'temple'?"),
        (("pain", 0, "side"), "lft", "pain[0].side: 'lft' is not valid; did you mean 'left'?"),
        (
            ("pain", 0, "side"),
            "midline",
            "pain[0].side: 'midline', but temple exists left and right; write 'left' or 'right'",
        ),
        (
            ("pain", 0, "region"),
            "sternum",
            "pain[0].side: 'left', but sternum lies on the midline; write 'midline'",
        ),
        (("pain", 0, "intensity"), 11, "pain[0].intensity: 11 is outside 0 to 10"),
        (("pain", 0, "intensity"), True, "pain[0].intensity: expected a number, got True"),
        (("pain", 0, "itensity"), 1, "pain[0].itensity: unknown field; did you mean 'intensity'?"),
        (("patient", "age"), -1, "patient.age: -1 is outside 0 to 120"),
        (("patient", "age"), "43", "patient.age: expected a number, got text '43'"),
        (("patient", "age"), 10**400, "patient.age: a number of more than 20 digits is outside 0 to 120"),
        (("patient", "sex"), "femal", "patient.sex: 'femal' is not valid; did you mean 'female'?"),
        (("patient", "sex"), [], "patient.sex: a list is not valid; choose one of female, male, other"),
        (
            ("answers", "movement_change_pain"),
            "yes",
            "answers.movement_change_pain: unknown question; did you mean 'movement_changes_pain'?",
        ),
        (
            ("answers", "movement_changes_pain"),
            "ja",
            "answers.movement_changes_pain: 'ja' is not an answer; choose one of no, yes",
        ),
        (
            ("answers", "movement_changes_pain"),
            "yes;no",
            "answers.movement_changes_pain: 2 answers where at most 1 may be given",
        ),
        (
            ("findings", 0, "trigger_point"),
            "upper_trapezus_1",
            "findings[0].trigger_point: unknown trigger point 'upper_trapezus_1'; did you mean 'upper_trapezius_1'?",
        ),
        (
            ("findings", 0, "side"),
            "midline",
            "findings[0].side: 'midline' is not valid; choose one of left, right",
        ),
        (("findings", 0, "tender"), "yes", "findings[0].tender: expected true or false, got 'yes'"),
        (
            ("tests", "spurling_tongue"),
            "positive",
            "tests.spurling_tongue: unknown test; did you mean 'spurling_tong'?",
        ),
        (("schema",), "tautband.case/2", "schema: expected 'tautband.case/1', got 'tautband.case/2'"),
        (("pian",), [], "pian: unknown field; did you mean 'pain'?"),
    ],
)
def test_the_line_names_the_field_the_value_and_the_nearest_valid_choice(
    position: tuple[Any, ...], value: Any, line: str
) -> None:
    assert refusal(put(whole(), position, value)) == line


def test_a_trigger_point_that_stands_twice_is_refused() -> None:
    document = whole()
    document["findings"] *= 2
    assert (
        refusal(document) == "findings[1]: upper_trapezius_1 left stands twice; put its signs into one entry"
    )


def test_a_drawing_that_cannot_be_read_is_refused_and_not_ignored() -> None:
    assert refusal({**whole(), "drawing": [[0, 1]]}) == "drawing: expected an object, got a list"
    assert not CASE.is_valid({**whole(), "drawing": [[0, 1]]})


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "case: not JSON at line 1, column 1: Expecting value"),
        (b"   \n", "case: not JSON at line 2, column 1: Expecting value"),
        (b"null", "case: expected a JSON object, got nothing"),
        (b"[]", "case: expected a JSON object, got a list"),
        (b'"x"', "case: expected a JSON object, got text 'x'"),
        (b"\xff\xfe{\x00}\x00", "case: not UTF-8 at byte 0; save it as UTF-8"),
        (b'{"complaint": "\xe4"}', "case: not UTF-8 at byte 15; save it as UTF-8"),
        (b'{"pain": [], "pain": []}', "pain: stands twice in one object; keep one"),
        (b'{"patient": {"age": NaN}}', "case: NaN is not a number JSON allows"),
        (b'{"patient": {"age": -Infinity}}', "case: -Infinity is not a number JSON allows"),
        (b"[" * 200_000, "case: nested too deeply to be a case"),
        (b'{"age": ' + b"9" * 5000 + b"}", "case: holds a number that is too long to be one"),
        (b" " * (MAX_BYTES + 1), "case: 1,000,001 bytes is more than the 1,000,000 a case may have"),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_a_file_that_is_no_case_is_refused_in_one_line(content: bytes, line: str) -> None:
    assert refusal(content) == line


@pytest.mark.parametrize("age", ["1e400", "-1e400", "1" * 400])
def test_a_number_beyond_all_bounds_is_refused_as_such(age: str) -> None:
    content = f'{{"schema": "tautband.case/1", "pain": [], "patient": {{"age": {age}}}}}'
    assert refusal(content).startswith("patient.age: ")


def test_a_byte_order_mark_of_utf_8_does_no_harm() -> None:
    assert read_case(b"\xef\xbb\xbf" + json.dumps(whole()).encode(), ATLAS) == read_case(whole(), ATLAS)


@pytest.mark.parametrize("position", [("complaint",), ("pain", 0, "quality", 0)], ids=named)
def test_half_a_character_is_refused_because_it_could_not_be_written_again(position: tuple[Any, ...]) -> None:
    assert refusal(json.dumps(put(whole(), position, "\ud800"))).startswith(named(position))


@pytest.mark.parametrize("key", ["a\nb", "\x1b[31mred", "x" * 5000, "\ud800", "pain\u202e"])
def test_a_strange_key_cannot_break_the_line(key: str) -> None:
    for document in (
        {**whole(), key: 1},
        {**whole(), "answers": {key: "yes"}},
        {**whole(), "tests": {key: "x"}},
    ):
        refusal(json.dumps(document))


# --- anything at all -------------------------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
WORDS = st.sampled_from(
    [
        "schema",
        "pain",
        "patient",
        "answers",
        "findings",
        "tests",
        "complaint",
        "region",
        "side",
        "temple",
        "left",
    ]
)


def readable(content: Any) -> Case | None:
    try:
        return read_case(content, ATLAS)
    except CaseError as error:
        line = str(error)
        assert line.splitlines() == [line]
        return None


@given(JSON | st.dictionaries(WORDS | st.text(max_size=5), JSON, max_size=5))
@example({"schema": "tautband.case/1", "pain": []})
def test_any_document_is_read_or_refused_and_nothing_else(document: Any) -> None:
    readable(document if isinstance(document, dict) else json.dumps(document))


@given(st.sampled_from(POSITIONS), JSON | WORDS)
def test_any_value_in_any_position_is_read_or_refused_as_the_schema_says(
    position: tuple[Any, ...], value: Any
) -> None:
    document = put(whole(), position, value)
    if readable(document) is not None:
        CASE.validate(document)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    readable(content)


@given(st.data())
def test_a_file_cut_short_or_changed_in_one_byte_is_read_or_refused(data: st.DataObject) -> None:
    content = json.dumps(whole()).encode()
    at = data.draw(st.integers(0, len(content) - 1))
    readable(content[:at])
    readable(content[:at] + bytes([data.draw(st.integers(0, 255))]) + content[at + 1 :])


def any_of(part: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Documents that keep to a part of the case schema; ids come from the atlas half of the time."""
    if "$ref" in part:
        return any_of(schema("case")["$defs"][part["$ref"].removeprefix("#/$defs/")])
    if "oneOf" in part:
        return st.one_of(*map(any_of, part["oneOf"]))
    if "const" in part:
        return st.just(part["const"])
    if "enum" in part:
        return st.sampled_from(part["enum"])
    kinds = part["type"] if isinstance(part["type"], list) else [part["type"]]
    return st.one_of(*(_of_kind(kind, part) for kind in kinds))


def _of_kind(kind: str, part: dict[str, Any]) -> st.SearchStrategy[Any]:
    known = (ATLAS.regions, ATLAS.trigger_points, ATLAS.questions)
    ids = [i for table in known for i in list(table)[:6]]
    text = st.sampled_from([*ids, "yes", "no", "sternum"]) | TEXT
    match kind:
        case "null":
            return st.none()
        case "boolean":
            return st.booleans()
        case "string":
            return text
        case "number":
            low, high = part.get("minimum", part.get("exclusiveMinimum")), part["maximum"]
            return st.floats(low, high) | st.integers(low, high)
        case "array":
            return st.lists(any_of(part["items"]), min_size=part.get("minItems", 0), max_size=3)
        case "object" if "properties" in part:
            fields = {k: any_of(v) for k, v in part["properties"].items() if "not" not in v}
            required = {k: fields.pop(k) for k in part.get("required", ())}
            return st.fixed_dictionaries(required, optional=fields)
        case _:
            return st.dictionaries(text, any_of(part["additionalProperties"]), max_size=3)


@settings(max_examples=300)
@given(any_of(schema("case")))
def test_what_the_schema_allows_is_read_or_refused_only_for_what_the_atlas_knows(
    document: dict[str, Any],
) -> None:
    assume(
        CASE.is_valid(document)
    )  # the schema asks for pain or a drawing, and for a brush that is not nothing
    try:
        case = read_case(document, ATLAS)
    except CaseError as error:
        said = str(error)
    else:
        CASE.validate(write_case(case))
        return
    known = ("unknown ", "is not an answer", "left and right", "on the midline", "stands twice", "at most")
    reasons = (*known, "is outside", "paints nothing")  # how far a brush may go is a matter of the view
    assert any(reason in said for reason in reasons)


# --- the published schemas and the examples --------------------------------------------------------------


@pytest.mark.parametrize("name", ["case", "assessment"])
def test_the_published_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))
    assert schema(name)["$id"] == f"tautband.{name}/1"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_every_example_and_its_assessment_keep_to_the_published_schemas(path: Path) -> None:
    CASE.validate(json.loads(path.read_text(encoding="utf-8")))
    document = write_assessment(assess(read_case(path.read_bytes(), ATLAS), ATLAS))
    ASSESSMENT.validate(json.loads(json.dumps(document, allow_nan=False)))
    assert undescribed(document, schema("assessment"), schema("assessment")) == set()


def undescribed(value: Any, part: dict[str, Any], whole_schema: dict[str, Any]) -> set[str]:
    """Keys of a document that its schema does not describe."""
    if "$ref" in part:
        part = whole_schema["$defs"][part["$ref"].removeprefix("#/$defs/")]
    found: set[str] = set()
    if isinstance(value, dict):
        known, other = part.get("properties", {}), part.get("additionalProperties")
        for key, inner in value.items():
            if key not in known and other is None:
                found.add(key)
            else:
                found |= undescribed(inner, known.get(key, other), whole_schema)
    if isinstance(value, list):
        for inner in value:
            found |= undescribed(inner, part["items"], whole_schema)
    return found


@settings(max_examples=15)
@given(cases())
def test_every_assessment_keeps_to_the_published_schema(case: Case) -> None:
    document = write_assessment(assess(case, ATLAS))
    ASSESSMENT.validate(json.loads(json.dumps(document, allow_nan=False)))
