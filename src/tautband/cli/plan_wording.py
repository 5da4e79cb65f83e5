"""The words a plan is told in, line by line, the same in the terminal and in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tautband.assessment import wording
from tautband.atlas import Atlas
from tautband.languages import reviewed, translate
from tautband.planning import Plan
from tautband.planning.needle_pass import POSITION_WORDS, Pass
from tautband.planning.screening import Active
from tautband.planning.stimulation import Electrode
from tautband.planning.technique import Parameter, TechniqueUse

STATUS = {
    "ready": "Ready",
    "provisional": "Provisional: not a needle yet",
    "closed": "Closed: no needle here",
    "refer": "Somebody else first",
}
STOPS = {
    "bone": "stops on bone",
    "grip": "stays within the grip",
    "tangent": "runs flat under the skin",
    "none": "nothing stops the needle",
    "over_muscle": "the tip stays over the muscle",
}
KINDS = {
    "corridor": "the safety corridor",
    "chest": "one side of the chest wall",
    "load": "the load of the session",
    "screening": "screening",
}
PARTS = {
    "now": "Before leaving",
    "today": "Today",
    "expect": "What to expect",
    "days": "The next days",
    "warning": "Get help",
    "later": "Afterwards",
}
WHEN = {"instead": "Instead of a needle", "first": "Before a needle", "along": "With it"}
VERDICTS = {
    "adds": "needling added something in a trial",
    "mixed": "trials of needling beside it are mixed",
    "no_extra": "needling added nothing in trials",
    "untested": "needling beside it is untested",
}
UNREVIEWED = "Translated and checked by translating back; not reviewed by a native clinician."
LIMITS = (
    "For a trained practitioner who can review the basis of every line; it supports a judgement and never replaces "
    "one. No clinician has reviewed the data yet. A ceiling is never a licence to go as deep."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its kind (`heading`, `title`, `field`, `item`, `text`), a label, the text, a tone for colour."""

    kind: str
    text: str
    label: str = ""
    tone: str = ""


def plan_lines(plan: Plan, atlas: Atlas, language: str) -> Iterator[Line]:
    """Tell a plan: what to do first, then how, then what is not done and why, then what follows."""
    yield from _referral(plan)
    yield from _screening(plan.screening.active, atlas)
    yield from _passes(plan, atlas)
    yield from _techniques(plan)
    yield from _stimulation(plan)
    yield from _other_tissue(plan.other_tissue)
    yield from _refused(plan)
    yield from _open(plan)
    yield from _other_layers(plan, atlas)
    yield from _adjuncts(plan, atlas)
    yield from _aftercare(plan, language)
    yield from _consent(plan, atlas)
    yield from _law(plan, atlas)


def summary(plan: Plan) -> Iterator[str]:
    """What a colleague would say first."""
    yield from plan.why
    s = plan.session
    if plan.passes:
        needles = f"{s.insertions} needle{'s' if s.insertions != 1 else ''}"
        turns = "no turn" if s.turns == 0 else f"{s.turns} turn{'s' if s.turns > 1 else ''}"
        yield (
            f"Session {s.number}: {needles} of at most {s.insertions_high}, at most {s.muscles_high} muscles, {turns}"
            f"{', a light dose' if s.light else ''}. Skin: {s.skin}."
        )
        yield (
            f"Next session after {s.interval_days_low} to {s.interval_days_high} days; review after "
            f"{s.course_sessions_low} to {s.course_sessions_high} sessions."
        )
    yield from s.notes


def _referral(plan: Plan) -> Iterator[Line]:
    if plan.referral is None:
        return
    yield Line("heading", "What to do")
    for action in plan.referral.actions:
        yield Line("item", action, tone="danger")


def _screening(active: Iterable[Active], atlas: Atlas) -> Iterator[Line]:
    rows = [a for a in active if a.because != "holds for everyone"]
    if not rows:
        return
    yield Line("heading", "Screening found")
    for a in rows:
        yield Line("item", f"{a.condition} ({a.scope}; {a.because})", tone="warn")
        yield Line("field", a.modifies, "changes")
        yield Line(
            "field", f"{a.why} [{a.evidence_status}; {wording.sources(a.sources, atlas)}]", "why", "dim"
        )


def _passes(plan: Plan, atlas: Atlas) -> Iterator[Line]:
    if not plan.passes:
        return
    yield Line("heading", "Passes, in this order")
    for p in plan.passes:
        yield from _pass(p, plan, atlas)


def _pass(p: Pass, plan: Plan, atlas: Atlas) -> Iterator[Line]:
    yield Line("title", f"{p.name}, {p.side}", f"{p.number}", p.risk)
    turn = "turn over: " if p.turn else ""
    yield Line("field", f"{turn}{POSITION_WORDS[p.position]} ({p.position_detail})", "position")
    yield Line("field", p.landmarks, "site")
    yield Line("field", f"{p.palpation} palpation; {p.approach}", "hold")
    yield Line("field", f"{p.direction}; {STOPS[p.stop]}", "aim")
    n = p.needle
    outside = f"; at least {n.outside_mm} mm stay outside the skin" if n.outside_mm else ""
    yield Line("field", f"{n.diameter_mm:g} x {n.length_mm} mm ({n.gauge}G){outside}", "needle")
    source = f" [{wording.sources(p.depth.sources, atlas)}]" if p.depth.sources else ""
    yield Line("field", f"{p.depth.statement}{source}", "depth", "strong")
    if plan.setting.ultrasound:
        yield Line("field", "the tip is seen on the screen all the way; the ceiling still holds", "")
    if p.working_depth_mm is not None:
        low, high = p.working_depth_mm
        lies = f"{low} mm" if low == high else f"{low} to {high} mm"
        yield Line("field", f"the needle lies at {lies}, over the muscle", "")
    if len(p.depth.limits) > 1:
        deeper = "; ".join(f"{u.value_mm:g} mm ({u.statistic}, {u.population})" for u in p.depth.limits[1:4])
        yield Line("field", f"figures that lie deeper do not count: {deeper}", "", "dim")
    if p.depth.compared:
        shown = "; ".join(f"{c.structure} at {c.value_mm:g} mm ({c.site})" for c in p.depth.compared[:2])
        yield Line("field", f"for comparison: {shown}", "", "dim")
    kinds: dict[str, list[str]] = {}
    for h in p.hazards:
        kinds.setdefault(h.avoid, []).append(h.name)
    for avoid, names in kinds.items():
        yield Line("field", f"{', '.join(names)}: {avoid}", "beware", "warn")
    if p.avoidance:
        yield Line("field", p.avoidance, "here")
    t = p.technique
    also = f"; or {', '.join(a.name for a in p.also)}" if p.also else ""
    yield Line("field", f"{t.name} ({t.why}){also}", "technique")
    yield Line("field", f"{p.dose.rule} [{wording.sources(p.dose.sources, atlas)}]", "dose")
    yield Line("field", f"{p.press_seconds} s after the needle is out", "press")
    other = next((r for r in p.readings if r.vocabulary != plan.vocabulary), None)
    own = next(r for r in p.readings if r.vocabulary == plan.vocabulary)
    if p.adjuncts:
        yield Line("field", f"{p.adjuncts[0]}", "goes with")
    yield Line("field", f"{own.act}: {own.text}", "note")
    if other is not None:
        yield Line("field", f"the same act: {other.text}", "", "other")
    read = "" if p.source_read else ", recalled"
    yield Line(
        "field", f"{wording.sources(p.sources, atlas)} ({p.confidence} confidence{read})", "from", "dim"
    )


def _techniques(plan: Plan) -> Iterator[Line]:
    if not plan.passes:
        return
    yield Line("heading", "Technique and dose: known and contested")
    yield Line("text", plan.passes[0].dose.why)
    for t in {t.id: t for p in plan.passes for t in (p.technique, *p.also)}.values():
        yield Line("item", t.name)
        yield Line("field", f"known: {t.known}", "")
        yield Line("field", f"contested: {t.contested}", "")
        yield Line("field", "; ".join(map(_parameter, t.parameters)), "", "dim")


def _stimulation(plan: Plan) -> Iterator[Line]:
    s = plan.stimulation
    if s is None:
        if plan.passes and "electrical" in plan.setting.modalities:
            yield Line("heading", "No electrical stimulation")
            for reason in plan.stimulation_closed:
                yield Line("item", reason)
        return
    yield Line("heading", "Segmental electrical stimulation")
    for i, pair in enumerate(s.pairs, 1):
        yield Line("item", f"channel {i}: {_end(pair.first)} with {_end(pair.second)}")
        for end in (pair.first, pair.second):
            if end.level and end.depth is not None and end.needle is not None:
                needle = f"{end.needle.diameter_mm:g} x {end.needle.length_mm} mm"
                yield Line("field", f"{end.where}; {needle}; {end.depth.statement}", end.level)
    yield from _technique(s.technique)
    yield Line("field", s.why, "why")
    if s.uncovered:
        yield Line("field", f"not reached: {', '.join(s.uncovered)}", "")


def _end(end: Electrode) -> str:
    return f"{end.level} ({end.side})" if end.level else f"the needle at {end.where} ({end.side})"


def _technique(t: TechniqueUse) -> Iterator[Line]:
    yield Line("field", f"{t.name}: {t.why}", "technique")
    yield Line("field", "; ".join(map(_parameter, t.parameters)), "settings")
    yield Line("field", f"known: {t.known} Contested: {t.contested}", "", "dim")


def _parameter(p: Parameter) -> str:
    span = f"{p.low:g}" if p.low == p.high else f"{p.low:g} to {p.high:g}"
    return f"{p.name.replace('_', ' ')} {span} {p.unit}{'' if p.source_read else ' (recalled)'}"


def _other_tissue(techniques: Iterable[TechniqueUse]) -> Iterator[Line]:
    rows = list(techniques)
    if rows:
        yield Line("heading", "For tendon, bone or scar, to be decided on its own")
    for t in rows:
        yield from _technique(t)


def _refused(plan: Plan) -> Iterator[Line]:
    if not plan.refused:
        return
    yield Line("heading", "Not needled, and why")
    for r in plan.refused:
        yield Line("item", f"{r.name}, {r.side} ({wording.percent(r.probability)}): {KINDS[r.kind]}")
        for reason in r.reasons:
            yield Line("field", reason, "")


def _open(plan: Plan) -> Iterator[Line]:
    waiting = [o for o in plan.screening.open if o.provisional]
    if not waiting or plan.status == "refer":
        return
    yield Line("heading", "Ask before any needle (a yes means that it applies)")
    for o in waiting:
        yield Line("item", f"{o.ask} ({o.id}, {o.scope})", tone="question")
    others = [o for o in plan.screening.open if not o.provisional]
    if others:
        yield Line("text", f"Also ask about: {'; '.join(o.condition.lower() for o in others)}.")


def _other_layers(plan: Plan, atlas: Atlas) -> Iterator[Line]:
    if plan.other_layers:
        yield Line("heading", "Other layers that may come first or go along")
    for o in plan.other_layers:
        yield Line("item", f"{wording.LAYER_WORDS[o.layer]} ({wording.percent(o.share)}): {o.name}")
        yield Line("field", f"look for: {'; '.join(o.look_for)} [{wording.sources(o.sources, atlas)}]", "")


def _adjuncts(plan: Plan, atlas: Atlas) -> Iterator[Line]:
    if not plan.adjuncts:
        return
    yield Line("heading", "What comes before it, or goes with it")
    for a in plan.adjuncts:
        kinds = " and ".join(a.kinds)
        yield Line("item", f"{WHEN[a.when]}: {kinds} for {a.condition}: {a.what}")
        yield Line(
            "field",
            f"{VERDICTS[a.verdict]}: {a.added_value} [{wording.sources(a.sources, atlas)}]",
            "",
            "dim",
        )


def _aftercare(plan: Plan, language: str) -> Iterator[Line]:
    if not plan.aftercare:
        return
    yield Line("heading", translate("For the patient", language))
    if not reviewed(language):
        yield Line("text", translate(UNREVIEWED, language), tone="dim")
    part = ""
    for a in plan.aftercare:
        if a.part != part:
            part = a.part
            yield Line("title", translate(PARTS[part], language), "", "danger" if part == "warning" else "")
        yield Line("item", a.text)
    yield Line("text", f"For the record: {'; '.join(a.record for a in plan.aftercare)}.", tone="dim")


def _consent(plan: Plan, atlas: Atlas) -> Iterator[Line]:
    if not plan.passes:
        return
    how = "in writing" if plan.consent.written else "spoken and noted"
    yield Line("heading", f"Consent ({how}), text {plan.consent.digest}")
    for paragraph in plan.consent.text:
        yield Line("item", paragraph)
    sources = dict.fromkeys(s for r in plan.consent.risks for s in r.sources)
    yield Line("text", f"Figures from {wording.sources(sources, atlas, limit=6)}.", tone="dim")


def _law(plan: Plan, atlas: Atlas) -> Iterator[Line]:
    if plan.referral is not None:
        return
    yield Line("heading", f"Law: {plan.law.name}")
    for row in plan.law.lines:
        ask = " To be confirmed locally." if row.status == "confirm" else ""
        source = f" [{wording.sources(row.sources, atlas)}]" if row.sources != ("own_judgement",) else ""
        yield Line("field", f"{row.text}.{ask}{source}", row.rule.replace("_", " "))
