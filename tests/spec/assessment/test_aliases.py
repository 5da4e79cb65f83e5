"""Former ids stay known: a case written for an older atlas is still read."""

from pathlib import Path

import pytest

from tautband.assessment import read_case
from tautband.atlas import Atlas
from tautband.errors import CaseError


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    folder: Path = tmp_path_factory.mktemp("atlas")
    (folder / "aliases.csv").write_text(
        "kind,old_id,new_id,why\n"
        "question,has_fever,fever,renamed\n"
        "trigger_point,trapezius_upper_1,upper_trapezius_1,renamed\n"
        "region,temporal,temple,renamed\n",
        "utf-8",
    )
    return Atlas.load(folder)


def document(**more: object) -> dict[str, object]:
    return {"schema": "tautband.case/1", "pain": [], **more}


def test_a_renamed_question_trigger_point_and_region_are_read_under_their_present_ids(renamed: Atlas) -> None:
    case = read_case(
        document(
            pain=[{"region": "temporal", "side": "left"}],
            answers={"has_fever": "yes"},
            findings=[{"trigger_point": "trapezius_upper_1", "side": "left", "tender": True}],
        ),
        renamed,
    )
    assert case.pain[0].region == "temple"
    assert case.answers == {"fever": ("yes",)}
    assert case.findings[0].trigger_point == "upper_trapezius_1"


def test_former_and_present_id_may_stand_together_only_when_they_agree(renamed: Atlas) -> None:
    assert read_case(document(answers={"has_fever": "yes", "fever": "yes"}), renamed).answers == {
        "fever": ("yes",)
    }
    with pytest.raises(CaseError, match="has_fever: a former id of fever"):
        read_case(document(answers={"fever": "no", "has_fever": "yes"}), renamed)


def test_the_same_trigger_point_under_two_ids_is_refused(renamed: Atlas) -> None:
    points = ("trapezius_upper_1", "upper_trapezius_1")
    rows = [{"trigger_point": p, "side": "left", "tender": True} for p in points]
    with pytest.raises(CaseError, match="stands twice"):
        read_case(document(findings=rows), renamed)
