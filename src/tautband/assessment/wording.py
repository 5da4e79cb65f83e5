"""The words an assessment is told in, the same in the terminal, in Markdown and on the page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tautband.assessment.assess import Assessment, CauseEstimate, MuscleEstimate
from tautband.assessment.case import Case, Finding
from tautband.assessment.channels import ChannelShare, RelatedPoint
from tautband.assessment.explain import Reason
from tautband.assessment.model import MOVEMENTS
from tautband.assessment.next_step import NextStep
from tautband.assessment.triage import Flag, OpenFlag
from tautband.atlas import Atlas

VERDICTS = {
    "suits": "Suits needling",
    "unclear": "Unclear",
    "refer_first": "Somebody else first",
}
URGENCY_WORDS = {
    "none": "no red flag",
    "routine": "routine: mention it to a doctor",
    "urgent": "urgent: see a doctor soon, needling waits",
    "emergency": "emergency: act now, no needling",
}
LAYER_WORDS = {
    "myofascial": "muscle (myofascial)",
    "neural": "nerve or nerve root",
    "articular": "joint, tendon or fascia",
    "visceral": "inner organ",
    "vascular": "heart or vessel",
    "infection": "infection",
    "tumour": "tumour",
    "fracture": "fracture",
    "systemic": "whole-body disease",
    "central": "headache disorder or central pain",
}
EVIDENCE_WORDS = {
    "reported": "pair reported",
    "contested": "pair contested",
    "compiled": "same place, compiled by us",
    "anatomy_only": "same place, from anatomy",
    "anatomy": "same place, from anatomy",
}
SIGN_WORDS = {
    "taut_band": "taut band",
    "tender": "tender",
    "familiar_pain": "the familiar pain",
    "referred_pain": "referred pain",
    "twitch": "twitch",
}
WORTH_DETAILS = 0.05
"""Muscles below this probability are named without their reasons."""

WORTH_REASONS = 0.25
"""Look-alikes below this share of the main source are named without their reasons."""

LEGEND = "+ speaks for and − against, from one sign (a little) to three (a lot)."
LIMITS = (
    "For a trained person who can review the basis of every line. No clinician has reviewed the data yet; "
    "most answer strengths are expert priors. It supports a judgement and never replaces one."
)
CHANNELS_ARE_TRADITIONAL = "Courses are traditional; that they match trigger points is contested."
DEFENCES = str.maketrans(
    dict.fromkeys(map(ord, "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"), "")
)


def plain(text: str) -> str:
    """Somebody's free text on one line, without anything that could steer a terminal."""
    flat = " ".join(text.translate(DEFENCES).split())
    return "".join(c for c in flat if c >= " " and not "\x7f" <= c <= "\x9f")


def percent(share: float) -> str:
    """A probability as a whole percentage that never claims to be certain."""
    if 0.0 < share < 0.005:
        return "<1%"
    return ">99%" if share >= 0.995 else f"{share:.0%}"


def place(region: str, side: str, atlas: Atlas, seen_from: str = "") -> str:
    """A painted place in words, such as `temple, left`; the side it is seen from goes without saying."""
    label = atlas.regions[region].label.lower()
    return label if side in ("midline", seen_from) else f"{label}, {side}"


def painted(case: Case, atlas: Atlas) -> str:
    """The drawing in words, side by side."""
    parts = []
    for side in ("left", "right", "midline"):
        labels = [atlas.regions[p.region].label.lower() for p in case.pain if p.side == side]
        if labels:
            parts.append(f"{side}: {', '.join(labels)}")
    return "; ".join(parts) or "nothing"


def reason(row: Reason, atlas: Atlas, seen_from: str = "") -> str:
    """A reason in words, such as `painted: temple`."""
    match row.kind:
        case "region":
            return f"painted: {place(row.id, row.side, atlas, seen_from)}"
        case "silent_region":
            return f"not painted: {place(row.id, row.side, atlas, seen_from)}"
        case "complaint":
            return f"in studies active in {float(row.value):.0%} of people with {row.id.replace('_', ' ')}"
        case "finding":
            muscle = atlas.muscles[atlas.trigger_points[row.id].muscle].name
            signs = ", ".join(_sign(s) for s in row.value.split(";") if s)
            side = "" if row.side == seen_from else f" ({row.side})"
            return f"pressing {muscle}{side}: {signs}"
        case "test":
            return f"{atlas.accuracy[row.id].test}: {row.value}"
        case _:
            return _answer(row, atlas)


def signs(finding: Finding) -> str:
    """What pressing showed, such as `tender, not the familiar pain`."""
    return ", ".join(_sign(sign if there else f"no {sign}") for sign, there in finding.signs().items())


def _sign(sign: str) -> str:
    if not sign.startswith("no "):
        return SIGN_WORDS[sign]
    name = sign.removeprefix("no ")
    return f"{'not' if name in ('tender', 'familiar_pain') else 'no'} {SIGN_WORDS[name]}"


def _answer(row: Reason, atlas: Atlas) -> str:
    if row.id not in atlas.questions:
        return f"{row.id.replace('_', ' ')}: {row.value}"
    labels = {a.answer: a.label for a in atlas.answers_of[row.id]}
    said = ", ".join(labels[v].lower() for v in row.value.split(";"))
    return f"brought on by {said}" if row.id == MOVEMENTS else f"“{atlas.questions[row.id].ask}” {said}"


def strength(log_odds: float) -> str:
    """How much a reason weighs, as one to three signs: below 1, from 1 and from 2 in log-odds."""
    sign = "+" if log_odds > 0 else "−"
    return sign * (3 if abs(log_odds) >= 2.0 else 2 if abs(log_odds) >= 1.0 else 1)


def likeliest_muscles(assessment: Assessment) -> tuple[MuscleEstimate, ...]:
    """The three to five muscles worth naming: three, and two more while they are likelier than not."""
    muscles = assessment.muscles
    return tuple(m for i, m in enumerate(muscles[:5]) if i < 3 or m.probability >= 0.5)


def causes_of_muscle(
    assessment: Assessment, muscle: MuscleEstimate, atlas: Atlas
) -> tuple[CauseEstimate, ...]:
    """The trigger points of a muscle in the differential, likeliest first."""
    return tuple(
        c
        for c in assessment.causes
        if c.kind == "trigger_point"
        and c.side == muscle.side
        and atlas.trigger_points[c.id].muscle == muscle.muscle
    )


def worth_explaining(
    assessment: Assessment, atlas: Atlas
) -> tuple[tuple[MuscleEstimate, CauseEstimate | None], ...]:
    """The likeliest muscles, each with its likeliest trigger point unless it is too unlikely for details."""
    return tuple(
        (
            m,
            next(iter(causes_of_muscle(assessment, m, atlas)), None)
            if m.probability >= WORTH_DETAILS
            else None,
        )
        for m in likeliest_muscles(assessment)
    )


def unlikely_muscles(assessment: Assessment, atlas: Atlas) -> str:
    """A sentence in place of bars when not even the likeliest muscle is worth details, or none is the source."""
    muscles = likeliest_muscles(assessment)
    if not muscles:
        return ""
    names = "; ".join(f"{atlas.muscles[m.muscle].name}, {m.side} ({percent(m.probability)})" for m in muscles)
    if muscles[0].probability < WORTH_DETAILS:
        return f"None is likely. Nearest: {names}."
    if assessment.layers.get("myofascial", 0.0) < WORTH_DETAILS:
        return f"None is likely to be the source. Active beside it: {names}."
    return ""


def reasons(cause: CauseEstimate, atlas: Atlas, limit: int) -> tuple[Reason, ...]:
    """The strongest reasons of a cause; what pressing other muscles does to a trigger point is left to JSON."""
    if cause.kind != "trigger_point":
        return cause.why[:limit] if cause.main_source >= WORTH_REASONS else ()
    muscle = atlas.trigger_points[cause.id].muscle
    own = [r for r in cause.why if r.kind != "finding" or atlas.trigger_points[r.id].muscle == muscle]
    return tuple(own[:limit])


def other_layers(assessment: Assessment) -> tuple[CauseEstimate, ...]:
    """The look-alikes worth naming: at least 3 % likely to be the main source, at most four."""
    found = [c for c in assessment.causes if c.kind == "lookalike" and c.main_source >= 0.03]
    return tuple(sorted(found, key=lambda c: (-c.main_source, c.id))[:4])


def acupoints(points: Sequence[RelatedPoint], atlas: Atlas) -> str:
    """Related acupoints with their names and the standing of the evidence."""
    return "; ".join(
        f"{p.code} {atlas.acupoints[p.code].pinyin_tones} {atlas.acupoints[p.code].hanzi} "
        f"({EVIDENCE_WORDS.get(p.evidence, p.evidence)})"
        for p in points[:2]
    )


def channel(row: ChannelShare, atlas: Atlas) -> str:
    """A channel by its hanzi and its short name, such as `足少阳胆经 Gallbladder, left`."""
    names = atlas.channels[row.channel]
    short = names.name.split(" (")[0].removesuffix(" sinew channel")
    return f"{names.hanzi} {short}" + ("" if row.side == "midline" else f", {row.side}")


def channels(assessment: Assessment) -> tuple[tuple[str, tuple[ChannelShare, ...]], ...]:
    """The first three meridians and sinew channels, under their headings."""
    kinds = (
        ("Meridians (jīngmài 经脉)", tuple(c for c in assessment.channels if c.kind != "sinew")[:3]),
        ("Sinew channels (jīngjīn 经筋)", tuple(c for c in assessment.channels if c.kind == "sinew")[:3]),
    )
    return tuple((heading, rows) for heading, rows in kinds if rows)


def sources(ids: Iterable[str], atlas: Atlas, limit: int = 3) -> str:
    """Where something comes from, short enough to stand beside it: an identifier, or the site of a page."""
    names = list(dict.fromkeys(_short_source(i, atlas) for i in ids))
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def _short_source(source: str, atlas: Atlas) -> str:
    row = atlas.sources[source]
    if ":" in source or not row.url:
        return "our own judgement" if source == "own_judgement" else source
    site = row.url.partition("://")[2].partition("/")[0]
    return site.removeprefix("www.") or source


def flag_reasons(flags: Sequence[Flag]) -> tuple[tuple[str, ...], ...]:
    """Per flag, what made it fire; what an earlier flag has said already is not said again."""
    said: set[str] = set()
    told = []
    for flag in flags:
        new = tuple(r for r in flag.why.split("; ") if r not in said)
        said.update(new)
        told.append(new or ("as above",))
    return tuple(told)


def pressing(assessment: Assessment) -> tuple[OpenFlag, ...]:
    """The open red flags that leave a case not fully screened."""
    return tuple(o for o in assessment.triage.open if o.urgency in ("urgent", "emergency"))


def not_screened(assessment: Assessment, asked_by: str = "tautband interview asks them in order.") -> str:
    """What is still open and who asks it, in a few sentences; empty when everything pressing is decided."""
    still_open = pressing(assessment)
    if not still_open:
        return ""
    conditions = list(dict.fromkeys(o.condition for o in still_open))
    count = len({q for o in still_open for q in o.questions})
    facts = list(dict.fromkeys(f for o in still_open for f in o.facts))
    more = f" and {len(conditions) - 3} more" if len(conditions) > 3 else ""
    also = f" Also needed: {', '.join(facts)}." if facts else ""
    return (
        f"Not ruled out: {'; '.join(conditions[:3])}{more}. About {count} short safety questions are open; "
        f"{asked_by}{also}"
    )


def step(row: NextStep) -> str:
    """What to ask or press, with what it costs."""
    return f"{row.text} ({'safety, ' if row.safety else ''}{row.seconds:.0f}s)"
