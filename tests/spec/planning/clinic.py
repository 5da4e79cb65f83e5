"""What the specifications of planning share: a person, an assessment that finds given sites, and their plan."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tautband.assessment import Assessment, Case, PaintedRegion, Screened
from tautband.assessment.assess import CauseEstimate, MuscleEstimate
from tautband.assessment.triage import Triage
from tautband.assessment.verdict import Needling
from tautband.atlas import Atlas
from tautband.planning import Patient, Plan, Setting, plan

ATLAS = Atlas.load()
CLEAR = {c: Screened("no") for c in ATLAS.contraindications}
PERSON = Case(age=40, sex="female", pain=(PaintedRegion("temple", "left", 4),), screening=CLEAR)
TRAINED = Setting(training="advanced", session=2, jurisdiction="ireland")
AVERAGE = Patient(build="average", irritability="low")


def finds(*sites: str, **more: Any) -> Assessment:
    """An assessment that finds trigger points such as `upper_trapezius_1:left`, the first the likeliest."""
    found = []
    for i, site in enumerate(sites):
        point, side = site.split(":")
        found.append((point, side, round(0.9 - 0.05 * i, 3)))
    causes = tuple(
        CauseEstimate(
            point, "trigger_point", side, "myofascial", "none", point, p, p, p, (), (), (), ("own_judgement",)
        )
        for point, side, p in found
    )
    muscles: dict[tuple[str, str], float] = {}
    for point, side, p in found:
        muscles.setdefault((ATLAS.trigger_points[point].muscle, side), p)
    made = Assessment(
        atlas=ATLAS.version,
        method="exact",
        triage=Triage(urgency="none", flags=(), open=(), screened=True),
        needling=Needling("suits", "made for a test"),
        layers={"myofascial": 1.0},
        causes=causes,
        muscles=tuple(MuscleEstimate(m, s, p, p) for (m, s), p in muscles.items()),
        unexplained=(),
        channels=(),
        next=(),
    )
    return replace(made, **more)


def screened(case: Case = PERSON, /, **replies: str | tuple[str, ...]) -> Case:
    """The person with some replies changed: `yes`, `no`, `unknown`, or places such as `left:arm`."""
    changed = dict(case.screening)
    for about, reply in replies.items():
        if reply == "unknown":
            changed.pop(about, None)
        elif isinstance(reply, str):
            changed[about] = Screened(reply)
        else:
            places = tuple((p.partition(":")[2], p.partition(":")[0]) for p in reply)
            changed[about] = Screened("yes", places)
    return replace(case, screening=changed)


def planned(*sites: str, case: Case = PERSON, patient: Patient = AVERAGE, setting: Setting = TRAINED) -> Plan:
    return plan(case, finds(*sites), ATLAS, patient, setting)


def names(sites: Iterable[Any]) -> list[str]:
    return [f"{s.muscle}:{s.side}" for s in sites]


def reasons(made: Plan, muscle: str) -> str:
    return " ".join(reason for r in made.refused if r.muscle == muscle for reason in r.reasons)
