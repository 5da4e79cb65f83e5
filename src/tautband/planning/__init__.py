"""Planning: from a case and its assessment to a screened, safe, ordered and dosed needling session."""

from tautband.planning.plan import Plan, plan
from tautband.planning.report import write_plan
from tautband.planning.setting import Patient, Setting, read_setting

__all__ = ["Patient", "Plan", "Setting", "plan", "read_setting", "write_plan"]
