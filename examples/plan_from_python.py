"""Plan a session from Python: assess a case, then plan for a patient and a practice."""

from pathlib import Path

from tautband.assessment import assess, read_case
from tautband.atlas import Atlas
from tautband.planning import Patient, Setting, plan

atlas = Atlas.load()
case = read_case(Path("examples/thin_with_copd.json").read_bytes(), atlas)
assessment = assess(case, atlas)
for setting in (Setting(), Setting(training="advanced", jurisdiction="ontario")):
    made = plan(case, assessment, atlas, Patient(build="thin"), setting)
    print(made.status, "-", "; ".join(made.why))
    for needle in made.passes:
        print(f"  {needle.name}, {needle.side}: {needle.depth.statement}")
    for site in made.refused:
        print(f"  not {site.name}: {site.reasons[0]}")
