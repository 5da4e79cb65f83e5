"""Vignettes: one row per imagined patient, with the urgency that guidelines ask for.

Columns of `vignettes/*.csv`: `pain` is `side:region@intensity`, `answers` is `question=answer` (`+` between several
ticks), `expected` is `exactly`, `at least` or `at most` an urgency, `flag` the red flag that must be among those
fired, `source` an id of the atlas's sources.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from tautband.assessment.case import Case, read_case
from tautband.atlas import Atlas

FOLDER = Path(__file__).parent / "vignettes"


@dataclass(frozen=True)
class Vignette:
    id: str
    area: str
    story: str
    age: str
    sex: str
    pain: str
    answers: str
    expected: str
    flag: str
    source: str

    @property
    def benign(self) -> bool:
        return self.expected == "at most routine"

    def given(self) -> dict[str, str]:
        pairs = (pair.split("=") for pair in self.answers.split())
        return {question: answer.replace("+", ";") for question, answer in pairs}

    def case(self, atlas: Atlas) -> Case:
        places = []
        for place in self.pain.split():
            where, intensity = place.split("@")
            side, region = where.split(":")
            places.append({"region": region, "side": side, "intensity": float(intensity)})
        patient: dict[str, object] = {}
        if self.age:
            patient["age"] = float(self.age)
        if self.sex:
            patient["sex"] = self.sex
        document = {"schema": "tautband.case/1", "patient": patient, "pain": places, "answers": self.given()}
        return read_case(document, atlas)


def load_vignettes() -> list[Vignette]:
    found = []
    for path in sorted(FOLDER.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            found += [Vignette(area=path.stem, **row) for row in csv.DictReader(file)]
    return found
