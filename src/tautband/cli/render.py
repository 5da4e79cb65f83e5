"""What a colleague would say of a case: verdict first, then muscles and why, then what to press next."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console, Group
from rich.panel import Panel
from rich.text import Text

from tautband.assessment import wording
from tautband.assessment.assess import Assessment, CauseEstimate
from tautband.assessment.case import Case
from tautband.atlas import Atlas
from tautband.cli.page import DIM, Page

COLOURS = {"suits": "green", "unclear": "yellow", "refer_first": "red"}


def print_assessment(case: Case, assessment: Assessment, atlas: Atlas, console: Console) -> None:
    """Print an assessment for a person; in an emergency only what matters then."""
    page = Page(console)
    _verdict(page, case, assessment, atlas)
    _flags(page, assessment, atlas)
    if assessment.triage.urgency == "emergency":
        _against(page, assessment, atlas, "What it may be")
    else:
        _layers_or_muscles_first(page, assessment, atlas)
        _unexplained(page, assessment, atlas)
        _next(page, assessment)
        _open(page, assessment)
        _channels(page, assessment, atlas)
    console.print()
    if any(cause.why for cause in assessment.causes) and assessment.triage.urgency != "emergency":
        page.say(wording.LEGEND, DIM, indent=0)
    page.say(f"{wording.LIMITS} Atlas {assessment.atlas}, method: {assessment.method}.", DIM, indent=0)


def _layers_or_muscles_first(page: Page, assessment: Assessment, atlas: Atlas) -> None:
    """What decided the verdict comes first."""
    against = "What speaks against needling first"
    if assessment.needling.verdict == "refer_first":
        _layers(page, assessment)
        _against(page, assessment, atlas, against)
        _muscles(page, assessment, atlas)
    else:
        _muscles(page, assessment, atlas)
        _layers(page, assessment)
        _against(page, assessment, atlas, against)


def _verdict(page: Page, case: Case, assessment: Assessment, atlas: Atlas) -> None:
    colour = COLOURS[assessment.needling.verdict]
    lines = [Text(assessment.needling.why)]
    if case.complaint:
        lines.append(Text(f"“{wording.plain(case.complaint)}”", style="italic"))
    lines.append(Text(f"Painted {wording.painted(case, atlas)}", style=DIM))
    page.console.print(
        Panel(
            Group(*lines),
            title=f"[bold {colour}]{wording.VERDICTS[assessment.needling.verdict]}",
            title_align="left",
            border_style=colour,
            padding=(0, 1),
        )
    )


def _flags(page: Page, assessment: Assessment, atlas: Atlas) -> None:
    flags = assessment.triage.flags
    if not flags:
        return
    page.heading(f"Red flags ({wording.URGENCY_WORDS[assessment.triage.urgency]})")
    for flag, because in zip(flags, wording.flag_reasons(flags), strict=True):
        style = "red" if flag.urgency in ("urgent", "emergency") else "yellow"
        page.item(Text("  ■ ", style), Text(f"{flag.name} ({flag.urgency}: {flag.condition})", style))
        page.say(flag.action, "bold")
        page.say(f"Because: {'; '.join(because)}", DIM)
        page.say(f"Source: {wording.sources(flag.sources, atlas)}", DIM)


def _muscles(page: Page, assessment: Assessment, atlas: Atlas) -> None:
    told = wording.worth_explaining(assessment, atlas)
    if not told:
        return
    page.heading("Likeliest muscles")
    if unlikely := wording.unlikely_muscles(assessment, atlas):
        page.say(unlikely, indent=2)
        return
    for i, (muscle, cause) in enumerate(told):
        page.bar(
            muscle.probability, "cyan", Text(f"{atlas.muscles[muscle.muscle].name}, {muscle.side}", "bold")
        )
        if cause is not None:
            _why(page, cause, atlas, first=i == 0)


def _why(page: Page, cause: CauseEstimate, atlas: Atlas, *, first: bool) -> None:
    _reasons(page, cause, atlas, 4 if first else 2, indent=4)
    page.say(f"where: {atlas.trigger_points[cause.id].location}", DIM)
    if cause.acupoints:
        page.say(f"near: {wording.acupoints(cause.acupoints, atlas)}", "blue")
    page.say(f"from: {wording.sources(cause.sources, atlas, limit=2)}", DIM)


def _reasons(page: Page, cause: CauseEstimate, atlas: Atlas, limit: int, indent: int) -> None:
    for row in wording.reasons(cause, atlas, limit):
        colour = "green" if row.log_odds > 0 else "magenta"
        mark = Text(f"{' ' * indent}{wording.strength(row.log_odds):<4}", colour)
        page.item(mark, Text(wording.reason(row, atlas, cause.side)))


def _layers(page: Page, assessment: Assessment) -> None:
    if not assessment.layers:
        return
    page.heading("Where the main source lies")
    for layer, share in sorted(assessment.layers.items(), key=lambda pair: -pair[1]):
        if share >= 0.01:
            page.bar(share, "green" if layer == "myofascial" else "yellow", Text(wording.LAYER_WORDS[layer]))
    unknown = 1.0 - sum(assessment.layers.values())
    if unknown >= 0.01:
        page.bar(unknown, DIM, Text("something the atlas does not know"))


def _against(page: Page, assessment: Assessment, atlas: Atlas, heading: str) -> None:
    against = wording.other_layers(assessment)
    emergency = assessment.triage.urgency == "emergency"
    if emergency:
        against = tuple(c for c in against if c.urgency in ("urgent", "emergency"))
    if not against:
        return
    page.heading(heading)
    for cause in against:
        side = "" if cause.side == "midline" else f", {cause.side}"
        page.item(
            Text(f"  {wording.percent(cause.main_source):>4}  ", "bold"), Text(f"{cause.name}{side}", "bold")
        )
        _reasons(page, cause, atlas, 0 if emergency else 3, indent=8)
        page.say(f"look for: {'; '.join(atlas.lookalikes[cause.id].signs[:2])}", indent=8)
        page.say(f"from: {wording.sources(cause.sources, atlas)}", DIM, indent=8)


def _unexplained(page: Page, assessment: Assessment, atlas: Atlas) -> None:
    if assessment.unexplained:
        page.heading("Nothing here explains well")
        page.say("; ".join(wording.place(e.region, e.side, atlas) for e in assessment.unexplained), indent=2)


def _next(page: Page, assessment: Assessment) -> None:
    page.heading("What to ask or press next")
    for step in assessment.next[:4]:
        page.item(Text("  ? " if step.kind == "question" else "  ☞ ", "bold"), Text(wording.step(step)))
    if not assessment.next:
        page.say("Nothing more to ask or press would change this.", indent=2)


def _open(page: Page, assessment: Assessment) -> None:
    if text := wording.not_screened(assessment):
        page.heading("Not fully screened")
        page.say(text, indent=2)


def _channels(page: Page, assessment: Assessment, atlas: Atlas) -> None:
    told = wording.channels(assessment)
    if not told:
        return
    page.heading("The same drawing in the other vocabulary")
    page.say(wording.CHANNELS_ARE_TRADITIONAL, DIM, indent=2)
    columns = [
        [(heading, "blue"), *((f"{c.share:4.0%} {wording.channel(c, atlas)}", "") for c in rows)]
        for heading, rows in told
    ]
    width = 2 + max(cell_len(text) for text, _ in columns[0])
    if len(columns) == 1 or page.console.width < width + max(cell_len(text) for text, _ in columns[1]) + 2:
        for text, style in (line for column in columns for line in column):
            page.say(text, style, indent=2)
        return
    for i in range(max(map(len, columns))):
        line = Text("  ")
        for column in columns:
            text, style = column[i] if i < len(column) else ("", "")
            line.append(text, style)
            line.append(" " * (width - cell_len(text)))
        line.rstrip()
        page.console.print(line, soft_wrap=True)
