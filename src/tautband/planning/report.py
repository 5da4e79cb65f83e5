"""The plan as a `tautband.plan/1` document: plain values, the same bytes on every machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from tautband.planning.plan import Plan

SCHEMA = "tautband.plan/1"
DECIMALS = 4


def write_plan(plan: Plan) -> dict[str, Any]:
    """Write a plan as a JSON-ready document.

    Parameters
    ----------
    plan
        As returned by `tautband.planning.plan`.

    Returns
    -------
    dict
        The fields of the plan under their own names, with `schema` in front; numbers to four decimals.
    """
    return {"schema": SCHEMA, **_plain(plan)}


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in sorted(value.items())}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return round(value, DECIMALS) if isinstance(value, float) else value
