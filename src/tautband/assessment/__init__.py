"""The assessment: from a case to a triage, a differential over all layers, a verdict and the next step."""

from tautband.assessment.assess import Assessment, assess
from tautband.assessment.case import Case, Finding, PaintedRegion, Screened, read_case, write_case
from tautband.assessment.report import write_assessment

__all__ = [
    "Assessment",
    "Case",
    "Finding",
    "PaintedRegion",
    "Screened",
    "assess",
    "read_case",
    "write_assessment",
    "write_case",
]
