"""The assessment as a `tautband.assessment/1` document: plain values, rounded so that every machine prints the same."""

from __future__ import annotations

from typing import Any

from tautband.assessment.assess import Assessment, CauseEstimate
from tautband.assessment.triage import Triage

SCHEMA = "tautband.assessment/1"


def write_assessment(assessment: Assessment) -> dict[str, Any]:
    """Write an assessment as a JSON-ready document.

    Parameters
    ----------
    assessment
        As returned by `assess`.

    Returns
    -------
    dict
        Keys in the order of the contract; probabilities to four decimals, log-odds and bits to two and three.
    """
    return {
        "schema": SCHEMA,
        "atlas": assessment.atlas,
        "method": assessment.method,
        "triage": _triage(assessment.triage),
        "needling": {
            "verdict": assessment.needling.verdict,
            "why": assessment.needling.why,
            **({"layer": assessment.needling.layer} if assessment.needling.layer else {}),
        },
        "layers": {layer: round(share, 4) for layer, share in assessment.layers.items()},
        "causes": [_cause(cause) for cause in assessment.causes],
        "muscles": [
            {
                "muscle": m.muscle,
                "side": m.side,
                "probability": round(m.probability, 4),
                "shown": round(m.shown, 4),
            }
            for m in assessment.muscles
        ],
        "unexplained": [
            {"region": e.region, "side": e.side, "share": round(e.share, 3)} for e in assessment.unexplained
        ],
        "channels": [
            {
                "meridian": c.channel,
                "kind": c.kind,
                "side": c.side,
                "share": round(c.share, 3),
                "evidence": c.evidence,
            }
            for c in assessment.channels
        ],
        "next": [
            {
                "id": s.id,
                "kind": s.kind,
                **({"side": s.side} if s.side else {}),
                "text": s.text,
                "gain_bits": round(s.gain_bits, 3),
                "seconds": s.seconds,
                "safety": s.safety,
            }
            for s in assessment.next
        ],
    }


def _triage(triage: Triage) -> dict[str, Any]:
    return {
        "urgency": triage.urgency,
        "screened": triage.screened,
        "flags": [
            {
                "id": f.id,
                "name": f.name,
                "urgency": f.urgency,
                "condition": f.condition,
                "why": f.why,
                "action": f.action,
                "causes": list(f.causes),
                "sources": list(f.sources),
            }
            for f in triage.flags
        ],
        "open": [
            {
                "id": o.id,
                "name": o.name,
                "urgency": o.urgency,
                "questions": list(o.questions),
                "facts": list(o.facts),
            }
            for o in triage.open
        ],
    }


def _cause(cause: CauseEstimate) -> dict[str, Any]:
    return {
        "id": cause.id,
        "kind": cause.kind,
        "side": cause.side,
        "layer": cause.layer,
        "name": cause.name,
        "probability": round(cause.probability, 4),
        "shown": round(cause.shown, 4),
        "main_source": round(cause.main_source, 4),
        "explains": [
            {"region": e.region, "side": e.side, "share": round(e.share, 3)} for e in cause.explains
        ],
        "why": [
            {
                "kind": r.kind,
                "id": r.id,
                **({"side": r.side} if r.side else {}),
                **({"value": r.value} if r.value else {}),
                "log_odds": round(r.log_odds, 2),
            }
            for r in cause.why
        ],
        "acupoints": [p.code for p in cause.acupoints],
        "acupoint_evidence": {p.code: p.evidence for p in cause.acupoints},
        "sources": list(cause.sources),
    }
