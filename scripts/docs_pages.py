"""MkDocs hook: pages made from data and from project files, MathML, nothing fetched from outside."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from html import unescape
from pathlib import Path
from typing import Any

from latex2mathml.converter import convert
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

from gallery import GALLERY, gallery_page
from tautband.atlas import Atlas

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = re.compile(
    r"""<(?:script|img|iframe|link[^>]*rel="(?:stylesheet|preconnect|icon)")[^>]*(?:src|href)="(?:https?:)?//"""
)
MATH = re.compile(r'<(span|div) class="arithmatex">\\([(\[])(.*?)\\[)\]]</\1>', re.DOTALL)
PROJECT_PAGES = ("GLOSSARY.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")


def cell(text: object) -> str:
    """Make a text fit into a table's cell."""
    return str(text).replace("|", "\\|").replace("\n", " ")


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Write a Markdown table."""
    head = tuple(head)
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell(c) for c in line) + " |" for line in lines) + "\n"


def listed(ids: Iterable[str]) -> str:
    """Write ids as code, separated by commas."""
    return ", ".join(f"`{i}`" for i in ids)


def sourced(row: Any, atlas: Atlas) -> str:
    """Write where a row comes from, linked, with its confidence."""
    if row.provenance.sources == ("own_judgement",):
        return f"Source: our own judgement ({row.provenance.confidence} confidence)."
    links = []
    for number, source_id in enumerate(row.provenance.sources, 1):
        source = atlas.sources[source_id]
        name = source.title or (source_id if source.kind in ("doi", "pmid", "pmc") else str(number))
        links.append(f"[{name}]({source.url})" if source.url else name)
    read = "read" if row.provenance.source_read else "recalled, not read"
    return f"Sources: {', '.join(links)} ({row.provenance.confidence} confidence, {read})."


def by(rows: Iterable[Any], key: Callable[[Any], str]) -> dict[str, list[Any]]:
    """Group rows, keeping their order."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        groups[key(row)].append(row)
    return groups


def words(identifier: str) -> str:
    """Turn an id into words."""
    return identifier.replace("_", " ").capitalize()


def questions_page(atlas: Atlas) -> str:
    """Every question with its answers."""
    parts = [
        "# Questions\n",
        "Every question tautband can ask, with the ids that a case's `answers` take. A question that stays"
        " out of a case is unanswered, which is never the same as a no.\n",
    ]
    for group, questions in by(atlas.questions.values(), lambda q: q.group).items():
        parts.append(f"## {words(group)}\n")
        for q in questions:
            parts += [
                f"### `{q.id}`\n",
                f"**{q.ask}**\n",
                f"{q.why_asked}\n",
                table(
                    ("Answer", "Shown as", "Offered for"),
                    (
                        (f"`{a.answer}`", a.label, ", ".join(map(words, a.offered_for_areas)) or "all")
                        for a in atlas.answers_of.get(q.id, ())
                    ),
                ),
                f"Tier {q.tier}; about {q.seconds:g} s; asked when `{q.applies_when}`"
                f"{f'; up to {q.max_answers} answers' if q.max_answers > 1 else ''}. {sourced(q, atlas)}\n",
            ]
    return "\n".join(parts)


def red_flags_page(atlas: Atlas) -> str:
    """Every triage rule, the most urgent first."""
    parts = [
        "# Red flags\n",
        "The rules of triage as they stand in the data. See [Triage](../explanation/triage.md).\n",
    ]
    by_urgency = by(atlas.red_flags.values(), lambda f: f.urgency)
    for urgency in ("emergency", "urgent", "routine"):
        parts.append(f"## {words(urgency)}\n")
        for flag in by_urgency[urgency]:
            parts += [
                f"### `{flag.id}`\n",
                f"**{flag.name}** ({flag.condition})\n",
                f"{flag.action}\n",
                f"Fires when `{flag.when}`\n",
                f"{flag.evidence} {sourced(flag, atlas)}\n",
            ]
    return "\n".join(parts)


def regions_page(atlas: Atlas) -> str:
    """Every region by area."""
    parts = [
        "# Regions\n",
        "The ids that a case's `pain` takes. A region of the midline has side `midline`.\n",
    ]
    for area, regions in by(atlas.regions.values(), lambda r: r.area).items():
        parts += [
            f"## {words(area)}\n",
            table(
                ("Region", "Shown as", "Sides", "Where"),
                ((f"`{r.id}`", r.label, "midline" if r.midline else "left, right", r.where) for r in regions),
            ),
        ]
    return "\n".join(parts)


def referral(point: str, atlas: Atlas) -> str:
    """Write the regions a trigger point refers to, the essential ones first."""
    rows = by(atlas.referrals_of.get(point, ()), lambda r: r.zone)
    return "; ".join(
        f"{words(zone).lower()}: "
        + ", ".join(f"`{r.region}`{' (opposite side)' if r.side == 'opposite' else ''}" for r in rows[zone])
        for zone in ("essential", "spillover", "local")
        if zone in rows
    )


def muscles_page(atlas: Atlas) -> str:
    """Every muscle with its trigger points and their referral."""
    parts = [
        "# Muscles and trigger points\n",
        "Each trigger point exists left and right; it refers to its own side, unless said otherwise.\n",
    ]
    for group, muscles in by(atlas.muscles.values(), lambda m: m.group).items():
        parts.append(f"## {words(group)}\n")
        for m in muscles:
            parts += [
                f"### `{m.id}`\n",
                f"**{m.name}**, *{m.latin}*. {m.nerve[:1].upper()}{m.nerve[1:]} ({', '.join(m.roots)}).\n",
                table(
                    ("Trigger point", "Site", "Refers to"),
                    (
                        (f"`{p.id}`", p.location, referral(p.id, atlas))
                        for p in atlas.trigger_points_of.get(m.id, ())
                    ),
                ),
                f"Brought on by {'; '.join(m.provocation)}. {sourced(m, atlas)}\n",
            ]
    return "\n".join(parts)


def lookalikes_page(atlas: Atlas) -> str:
    """Every look-alike by layer."""
    parts = [
        "# Look-alikes\n",
        "Causes in the other layers that can produce the drawing of a trigger point.\n",
    ]
    for layer, causes in by(atlas.lookalikes.values(), lambda c: c.layer).items():
        parts.append(f"## {words(layer)}\n")
        for c in causes:
            regions = listed(r.region for r in atlas.regions_of_lookalike.get(c.id, ()))
            parts += [
                f"### `{c.id}`\n",
                f"**{c.name}** ({c.urgency}). Felt in {regions}.\n",
                "".join(f"- {sign}\n" for sign in c.signs),
                f"{sourced(c, atlas)}\n",
            ]
    return "\n".join(parts)


def acupoints_page(atlas: Atlas) -> str:
    """Every acupoint by channel, with the muscle sites it is related to."""
    related = by(atlas.correspondence, lambda c: c.acupoint)
    parts = [
        "# Acupoints\n",
        "Locations follow the WHO standard in our own words. What texts give as a depth is no safe depth.\n",
    ]
    for channel, points in by(atlas.acupoints.values(), lambda p: p.meridian).items():
        parts += [
            f"## {atlas.channels[channel].name if channel in atlas.channels else 'Extra points'}\n",
            table(
                ("Code", "Name", "Region", "Location", "Related muscle sites"),
                (
                    (
                        p.code,
                        f"{p.hanzi} {p.pinyin_tones or p.pinyin}",
                        f"`{p.region}`",
                        p.location,
                        "; ".join(
                            f"`{c.muscle}` ({words(c.relation).lower()})" for c in related.get(p.code, [])
                        ),
                    )
                    for p in points
                ),
            ),
        ]
    return "\n".join(parts)


def channels_page(atlas: Atlas) -> str:
    """Every channel with its course."""
    parts = ["# Channels\n", "The courses as the texts describe them, resolved to regions.\n"]
    for kind, channels in by(atlas.channels.values(), lambda c: c.kind).items():
        parts += [
            f"## {words(kind)}\n",
            table(
                ("Id", "Name", "Hanzi", "Course"),
                (
                    (
                        f"`{c.id}`",
                        c.name,
                        c.hanzi,
                        listed(r.region for r in atlas.regions_of_channel.get(c.id, ())),
                    )
                    for c in channels
                ),
            ),
        ]
    return "\n".join(parts)


def numbers_page(atlas: Atlas) -> str:
    """The global numbers of the model, and what each palpation sign weighs."""
    return "\n".join(
        [
            "# Numbers of the model\n",
            "The numbers that hold for every case. See [The model](../explanation/model.md).\n",
            "## Global parameters\n",
            table(
                ("Parameter", "Value", "What it means", "Where it comes from"),
                ((f"`{p.name}`", f"{p.value:g}", p.meaning, p.estimated) for p in atlas.model.values()),
            ),
            "## Palpation signs\n",
            "How often an examiner records the sign over an active trigger point, and where there is none.\n",
            table(
                ("Sign", "If active", "If not", "Kappa", "How"),
                (
                    (
                        f"`{s.sign}`",
                        f"{s.p_if_active:g}",
                        f"{s.p_if_inactive:g}",
                        "" if s.kappa is None else s.kappa,
                        s.ask,
                    )
                    for s in atlas.palpation_signs.values()
                ),
            ),
        ]
    )


DATA_PAGES: dict[str, Callable[[Atlas], str]] = {
    "reference/questions.md": questions_page,
    "reference/red-flags.md": red_flags_page,
    "reference/regions.md": regions_page,
    "reference/muscles.md": muscles_page,
    "reference/look-alikes.md": lookalikes_page,
    "reference/acupoints.md": acupoints_page,
    "reference/channels.md": channels_page,
    "reference/numbers.md": numbers_page,
}


def project_page(name: str) -> str:
    """Read a page of the project folder, its links to its neighbours made to fit the documentation."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return re.sub(r"\]\(([A-Z]+\.md)", lambda m: f"]({m[1].lower()}", text)


def results() -> dict[str, Path]:
    """Name the page of each benchmark's results."""
    return {
        f"benchmarks/{path.name}": path for path in sorted((ROOT / "benchmarks" / "results").glob("*.md"))
    }


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the results of the benchmarks into the navigation."""
    measured = next(section for section in config.nav if "Measured" in section)
    measured["Measured"] = [*measured["Measured"], *results()]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made, not written."""
    atlas = Atlas.load()
    for path, make in DATA_PAGES.items():
        files.append(File.generated(config, path, content=make(atlas)))
    for page, result in results().items():
        files.append(File.generated(config, page, content=result.read_text(encoding="utf-8")))
    for name in PROJECT_PAGES:
        files.append(File.generated(config, name.lower(), content=project_page(name)))
    files.append(File.generated(config, "explanation/gallery.md", content=gallery_page()))
    for name, (_, draw) in GALLERY.items():
        files.append(File.generated(config, f"explanation/gallery/{name}.svg", content=draw(atlas).svg()))
    return files


def mathml(latex: str, display: str) -> str:
    """Turn a formula into MathML; what the converter does not know is an error, not a stray sign."""
    formula: str = convert(latex.replace("{aligned}", "{align*}"), display=display)
    if "<mi>&</mi>" in formula or "<mi>\\" in formula:
        raise PluginError(f"this formula cannot be drawn: {latex}")
    return formula


def on_page_content(html: str, **_: object) -> str:
    """Turn mathematics into MathML, which browsers draw by themselves."""
    return MATH.sub(lambda m: mathml(unescape(m[3]), "inline" if m[2] == "(" else "block"), html)


def on_post_page(output: str, page: Any, **_: object) -> str:
    """Refuse a page that would fetch something from elsewhere."""
    if outside := OUTSIDE.search(output):
        raise PluginError(f"{page.file.src_uri} fetches from outside: {outside[0]}")
    return output
