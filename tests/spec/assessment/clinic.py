"""What the specifications of the assessment share: the examples, and small changes to a case."""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tautband.assessment import Assessment, Case, Finding, assess, read_case
from tautband.assessment.judgement import judge
from tautband.atlas import Atlas

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
ATLAS = Atlas.load()


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return found


@lru_cache
def example(name: str) -> Case:
    return read_case(document(name), ATLAS)


@lru_cache
def assessed(name: str) -> Assessment:
    return assess(example(name), ATLAS)


def drawn(*places: str, **more: Any) -> Case:
    """A case with a drawing such as `left:temple` and nothing else, unless more is given."""
    pain = []
    for place in places:
        side, region = place.split(":")
        pain.append({"region": region, "side": side})
    return read_case({"schema": "tautband.case/1", "pain": pain, **more}, ATLAS)


def without_answer(case: Case, question: str) -> Case:
    return replace(case, answers={q: a for q, a in case.answers.items() if q != question})


def without_findings(case: Case) -> Case:
    return replace(case, findings=())


def pressed(case: Case, trigger_point: str, side: str, **signs: bool) -> Case:
    return case.with_finding(Finding(trigger_point, side, **signs))


def log_odds(p: float) -> float:
    p = min(max(p, 1e-12), 1.0 - 1e-12)
    return math.log(p) - math.log1p(-p)


def shares(case: Case) -> tuple[Mapping[tuple[str, str], float], Mapping[tuple[str, str], float]]:
    """Chance of every cause to be active, and to be the main source."""
    judgement = judge(case, ATLAS)
    keys = [(c.id, c.side) for c in judgement.network.causes]
    active = dict(zip(keys, map(float, judgement.shares.active), strict=True))
    return active, dict(zip(keys, map(float, judgement.shares.main), strict=True))


def activity(case: Case, cause: str, side: str) -> float:
    """Log-odds that a cause is active."""
    return log_odds(shares(case)[0][cause, side])
