"""Assess a drawing from Python, and again with one more answer."""

from tautband.assessment import assess, read_case
from tautband.atlas import Atlas

atlas = Atlas.load()
painted = ("temple", "mastoid", "neck_lateral", "neck_posterior_upper", "jaw_angle")
case = read_case(
    {
        "schema": "tautband.case/1",
        "patient": {"age": 43, "sex": "female"},
        "pain": [{"region": region, "side": "left"} for region in painted],
    },
    atlas,
)
for known in (case, case.with_answer("knot_press", "my_pain_spreads")):
    assessment = assess(known, atlas)
    print(assessment.needling.verdict, "-", assessment.needling.why)
    for muscle in assessment.muscles[:3]:
        print(f"  {muscle.probability:.2f} {muscle.side} {muscle.muscle}")
    print("  next:", assessment.next[0].text)
