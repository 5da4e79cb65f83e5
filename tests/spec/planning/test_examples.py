"""Every example gives a plan that keeps to the published schema, and to what a colleague would expect of it."""

import json
from importlib.resources import files
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.spec.planning.clinic import ATLAS

from tautband.assessment import assess, read_case
from tautband.planning import plan, read_setting, write_plan

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
CASES = sorted(p for p in EXAMPLES.glob("*.json") if not p.stem.startswith("setting"))
SCHEMA = Draft202012Validator(
    json.loads(files("tautband").joinpath("schema", "plan.schema.json").read_text(encoding="utf-8"))
)
SETTING = read_setting((EXAMPLES / "setting_second_session.json").read_bytes(), ATLAS)


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_an_example_gives_a_plan_that_keeps_to_the_published_schema(path: Path) -> None:
    case = read_case(path.read_bytes(), ATLAS)
    assessment = assess(case, ATLAS)
    made = plan(case, assessment, ATLAS, *SETTING)
    document = json.loads(json.dumps(write_plan(made)))
    SCHEMA.validate(document)
    assert document["schema"] == "tautband.plan/1"
    assert (made.status == "refer") == (assessment.needling.verdict == "refer_first")
    if made.status == "refer":
        assert made.passes == ()


def test_the_screened_back_gets_passes_and_current() -> None:
    case = read_case((EXAMPLES / "low_back_leg_screened.json").read_bytes(), ATLAS)
    made = plan(case, assess(case, ATLAS), ATLAS, *SETTING)
    assert made.status == "ready"
    assert len(made.passes) >= 3
    assert made.passes[0].muscle == "gluteus_minimus"
    assert made.stimulation is not None
    assert made.session.turns == 1
    assert made.session.insertions <= made.session.insertions_high
