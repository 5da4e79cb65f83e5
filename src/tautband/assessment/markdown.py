"""An assessment as Markdown, for a record or a letter."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tautband.assessment import wording
from tautband.assessment.assess import Assessment, CauseEstimate
from tautband.assessment.case import Case
from tautband.atlas import Atlas


def assessment_markdown(case: Case, assessment: Assessment, atlas: Atlas) -> str:
    """Tell an assessment in Markdown, in the same order and words as the terminal, with the figures."""
    return "\n".join(_lines(case, assessment, atlas)) + "\n"


def _lines(case: Case, assessment: Assessment, atlas: Atlas) -> Iterator[str]:
    yield f"# {wording.VERDICTS[assessment.needling.verdict]}"
    yield from ("", assessment.needling.why)
    if case.complaint:
        yield from ("", f"> {literal(wording.plain(case.complaint))}")
    yield from ("", f"Painted {wording.painted(case, atlas)}.")
    yield from _flags(assessment, atlas)
    if assessment.needling.verdict == "refer_first":
        yield from _layers(assessment)
        yield from _against(assessment, atlas)
        yield from _muscles(assessment, atlas)
    else:
        yield from _muscles(assessment, atlas)
        yield from _layers(assessment)
        yield from _against(assessment, atlas)
    if assessment.unexplained:
        yield from ("", "## Nothing here explains well", "")
        yield "; ".join(wording.place(e.region, e.side, atlas) for e in assessment.unexplained)
    yield from _next(assessment)
    yield from _channels(assessment, atlas)
    yield from ("", "Figures in brackets: change of log-odds when that one thing is left out.")
    yield from ("", f"_{wording.LIMITS} Atlas {assessment.atlas}, method: {assessment.method}._")


def literal(text: str) -> str:
    """Free text that stays text: nothing in it becomes markup."""
    return re.sub(r"([\\`*_\[\]<>#|&~!])", r"\\\1", text)


def _flags(assessment: Assessment, atlas: Atlas) -> Iterator[str]:
    flags = assessment.triage.flags
    if not flags:
        return
    yield from ("", f"## Red flags ({wording.URGENCY_WORDS[assessment.triage.urgency]})", "")
    for flag, because in zip(flags, wording.flag_reasons(flags), strict=True):
        yield f"- **{flag.name}** ({flag.urgency}: {flag.condition}). **{flag.action}**"
        yield f"  Because: {'; '.join(because)}. Source: {wording.sources(flag.sources, atlas, limit=9)}."


def _muscles(assessment: Assessment, atlas: Atlas) -> Iterator[str]:
    told = wording.worth_explaining(assessment, atlas)
    if not told:
        return
    yield from ("", "## Likeliest muscles", "")
    if unlikely := wording.unlikely_muscles(assessment, atlas):
        yield unlikely
        return
    for muscle, cause in told:
        yield f"- **{wording.percent(muscle.probability)}** {atlas.muscles[muscle.muscle].name}, {muscle.side}"
        if cause is None:
            continue
        yield from _reasons(cause, atlas)
        yield f"    - where: {atlas.trigger_points[cause.id].location}"
        if cause.acupoints:
            yield f"    - near: {wording.acupoints(cause.acupoints, atlas)}"
        yield f"    - from: {wording.sources(cause.sources, atlas, limit=9)}"


def _reasons(cause: CauseEstimate, atlas: Atlas) -> Iterator[str]:
    for row in wording.reasons(cause, atlas, 4):
        side = "for" if row.log_odds > 0 else "against"
        yield f"    - {side} ({row.log_odds:+.1f}): {wording.reason(row, atlas, cause.side)}"


def _layers(assessment: Assessment) -> Iterator[str]:
    if not assessment.layers:
        return
    yield from ("", "## Where the main source lies", "")
    for layer, share in sorted(assessment.layers.items(), key=lambda pair: -pair[1]):
        if share >= 0.01:
            yield f"- {wording.percent(share)} {wording.LAYER_WORDS[layer]}"
    unknown = 1.0 - sum(assessment.layers.values())
    if unknown >= 0.01:
        yield f"- {wording.percent(unknown)} something the atlas does not know"


def _against(assessment: Assessment, atlas: Atlas) -> Iterator[str]:
    against = wording.other_layers(assessment)
    if not against:
        return
    yield from ("", "## What speaks against needling first", "")
    for cause in against:
        side = "" if cause.side == "midline" else f", {cause.side}"
        signs = "; ".join(atlas.lookalikes[cause.id].signs[:2])
        yield f"- **{wording.percent(cause.main_source)}** {cause.name}{side}; look for: {signs}"
        yield from _reasons(cause, atlas)
        yield f"    - from: {wording.sources(cause.sources, atlas, limit=9)}"


def _next(assessment: Assessment) -> Iterator[str]:
    yield from ("", "## What to ask or press next", "")
    if assessment.triage.urgency == "emergency":
        yield "- Act on the red flag first; nothing is asked or pressed before."
    elif not assessment.next:
        yield "- Nothing more to ask or press would change this."
    for step in assessment.next[:4]:
        yield f"- {wording.step(step)}"
    if text := wording.not_screened(assessment):
        yield from ("", f"Not fully screened. {text}")


def _channels(assessment: Assessment, atlas: Atlas) -> Iterator[str]:
    told = wording.channels(assessment)
    if not told:
        return
    yield from ("", "## The same drawing in the other vocabulary", "", wording.CHANNELS_ARE_TRADITIONAL)
    for heading, rows in told:
        yield from ("", f"{heading}:", "")
        for row in rows:
            yield f"- {row.share:.0%} {wording.channel(row, atlas)}"
