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

import catalogues
from gallery import GALLERY, gallery_page
from tautband.atlas import Atlas
from tautband.planning.corridor import Tightness, depth_of

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


def needling_page(atlas: Atlas) -> str:
    """Every muscle with its ceiling, its hazards, who may needle it, and where that comes from."""
    loose, tight = Tightness(False, False), Tightness(True, True)

    def depth(row: Any, how: Tightness) -> str:
        points = atlas.trigger_points_of[row.muscle]
        found = {depth_of(row, p.id, atlas, how).ceiling_mm for p in points}
        told = sorted(c for c in found if c is not None)
        none = ["none sourced"] if None in found else []
        return " or ".join([f"{c} mm" for c in told] + none)

    def structure(row: Any) -> str:
        depths = (depth_of(row, p.id, atlas, loose) for p in atlas.trigger_points_of[row.muscle])
        return "; ".join(dict.fromkeys(d.structure for d in depths if d.structure))

    def who(row: Any) -> str:
        if row.risk == "high" and not row.provenance.source_read:
            return "closed: from memory only"
        return {
            "open": "open",
            "trained": "advanced training",
            "imaging": "advanced training and a screen",
            "pelvic": "pelvic training",
            "never": "never",
        }[row.access]

    closed = [r for r in atlas.needling.values() if who(r).startswith("closed")]
    return "\n".join(
        [
            "# Needling, muscle by muscle\n",
            "The ceiling is the deepest the tip may go below the skin: for an average build, and for a thin or unknown"
            " one. See [Planning](../explanation/planning.md). It is never a licence to go as deep.\n",
            table(
                (
                    "Muscle",
                    "Ceiling",
                    "Thin or unknown",
                    "Protects",
                    "Stops on",
                    "Hazards",
                    "Risk",
                    "Who",
                    "Sources",
                ),
                (
                    (
                        f"`{r.muscle}`",
                        depth(r, loose),
                        depth(r, tight),
                        structure(r),
                        {"tangent": "flat path", "none": "nothing"}.get(r.stop, r.stop),
                        ", ".join(atlas.hazards[h].name for h in r.hazards),
                        r.risk,
                        who(r),
                        sourced(r, atlas),
                    )
                    for r in atlas.needling.values()
                ),
            ),
            "## Closed until a source is read\n",
            "High-risk rows that rest on memory. They are shown in plans with that reason and never needled.\n",
            table(
                ("Muscle", "What is recalled", "Hazards"),
                (
                    (
                        f"`{r.muscle}`",
                        "; ".join(filter(None, (r.avoidance, r.avoidance_in_muscle))),
                        ", ".join(atlas.hazards[h].name for h in r.hazards),
                    )
                    for r in closed
                ),
            ),
        ]
    )


def depth_limits_page(atlas: Atlas) -> str:
    """Every published figure about depth, and whether it may cap."""
    parts = [
        "# Depth limits\n",
        "Every published figure, also those that never cap: which may, and how each is read, stands in"
        " [Planning](../explanation/planning.md).\n",
    ]
    for area, rows in by(atlas.depth_limits.values(), lambda r: r.area).items():
        parts += [
            f"## {words(area)}\n",
            table(
                ("Id", "Site", "Structure", "Figure", "In whom", "May cap", "Source"),
                (
                    (
                        f"`{r.id}`",
                        r.site,
                        r.structure,
                        f"{r.value_mm:g} mm ({r.statistic}, {words(r.quantity).lower()})",
                        f"{r.population}{f', n = {r.n}' if r.n else ''}{f', {r.modality}' if r.modality else ''}",
                        f"{words(r.use_as_limit).lower()} ({words(r.limit_kind).lower()})",
                        f"{r.note} {sourced(r, atlas)}",
                    )
                    for r in rows
                ),
            ),
        ]
    return "\n".join(parts)


def screening_page(atlas: Atlas) -> str:
    """Every contraindication and precaution with its question and what it changes."""
    parts = [
        "# Screening\n",
        "The ids that a case's `screening` takes. A yes always means that it applies.\n",
    ]
    by_scope = by(atlas.contraindications.values(), lambda c: c.scope)
    for scope in ("absolute", "relative", "local", "precaution"):
        parts.append(f"## {words(scope)}\n")
        for c in by_scope[scope]:
            parts += [
                f"### `{c.id}`\n",
                f"**{c.condition}**\n",
                f"{c.ask or 'Not asked: taken to hold for everyone.'}\n",
                f"Changes: {c.modifies}. In a plan: {listed(c.effects)}"
                f"{f' at {listed(c.places)}' if c.places else ''}.\n",
                f"{c.why} ({c.evidence_status}) {c.note} {sourced(c, atlas)}\n",
            ]
    return "\n".join(parts)


def planning_numbers_page(atlas: Atlas) -> str:
    """The numbers that planning uses, and the settings of each technique."""
    parts = [
        "# Numbers of planning\n",
        "Every number that planning uses, with what it rests on.\n",
        table(
            ("Number", "Value", "Range", "What it is", "What it rests on"),
            (
                (
                    f"`{r.name}`",
                    f"{r.value:g} {r.unit}",
                    f"{r.low:g} to {r.high:g}",
                    r.meaning,
                    f"{r.basis}. {sourced(r, atlas)}",
                )
                for r in atlas.planning_rules.values()
            ),
        ),
    ]
    for technique in atlas.techniques.values():
        parts += [
            f"## {words(technique.name)}\n",
            f"Known: {technique.known} Contested: {technique.contested} {sourced(technique, atlas)}\n",
            table(
                ("Setting", "Range", "How", "Source"),
                (
                    (
                        words(p.parameter),
                        f"{p.low:g} to {p.high:g} {p.unit}",
                        p.how,
                        f"{p.note}. {sourced(p, atlas)}",
                    )
                    for p in atlas.technique_parameters
                    if p.technique == technique.id
                ),
            ),
        ]
    return "\n".join(parts)


def jurisdictions_page(atlas: Atlas) -> str:
    """The rules of each jurisdiction, sourced or to be confirmed locally."""
    parts = [
        "# Law\n",
        "What a jurisdiction asks for. What was not seen is taken at its strictest and has to be confirmed locally.\n",
    ]
    for name, rows in by(atlas.jurisdictions, lambda r: r.jurisdiction).items():
        title = next(r.text for r in rows if r.rule == "name")
        parts += [
            f"## `{name}`\n",
            f"{title}.\n",
            table(
                ("Rule", "What it says", "Standing"),
                (
                    (
                        words(r.rule),
                        r.text,
                        sourced(r, atlas) if r.status == "sourced" else "to be confirmed locally",
                    )
                    for r in rows
                    if r.rule != "name"
                ),
            ),
        ]
    return "\n".join(parts)


def back_translation_page() -> str:
    """Every patient text in every language, with its translation back into English."""
    parts = [
        "# Back-translation\n",
        "The aftercare texts were translated, and each translation was then translated back into English from the"
        " translation alone and compared with the original. None has been reviewed by a native clinician, and every"
        " text shown to a patient says so. Corrections are welcome in `src/tautband/locale`.\n",
    ]
    for path in catalogues.catalogues():
        catalogue = catalogues.read(path)
        parts += [
            f"## {catalogue.header_comment.splitlines()[0].strip('# ').removesuffix(' aftercare of tautband.')}\n",
            table(
                ("English", "Translation", "Translated back"),
                (
                    (
                        m.id,
                        m.string,
                        " ".join(m.user_comments).removeprefix("back: "),
                    )
                    for m in catalogue
                    if m.id
                ),
            ),
        ]
    return "\n".join(parts)


DATA_PAGES: dict[str, Callable[[Atlas], str]] = {
    "reference/questions.md": questions_page,
    "reference/red-flags.md": red_flags_page,
    "reference/regions.md": regions_page,
    "reference/muscles.md": muscles_page,
    "reference/look-alikes.md": lookalikes_page,
    "reference/acupoints.md": acupoints_page,
    "reference/channels.md": channels_page,
    "reference/numbers.md": numbers_page,
    "reference/needling.md": needling_page,
    "reference/depth-limits.md": depth_limits_page,
    "reference/screening.md": screening_page,
    "reference/planning-numbers.md": planning_numbers_page,
    "reference/jurisdictions.md": jurisdictions_page,
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
    files.append(File.generated(config, "data/back-translation.md", content=back_translation_page()))
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
