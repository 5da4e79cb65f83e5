"""Lay out what the atlas knows for a person at a terminal, with trust and sources in sight."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from tautband.atlas.check import AtlasReport, Problem, Share
    from tautband.atlas.load import RowChange
    from tautband.atlas.search import Hit

Entry = Mapping[str, Any]

HEADING = "bold cyan"
DOUBT = "yellow"
DANGER = {"emergency": "bold red", "urgent": "red"}
DOUBTED = ("contested", "traditional only")
WORDS = {"spillover": "spill-over", "lookalike": "look-alike", "lookalikes": "look-alikes"}
IDS = ("id", "trigger_point", "question", "answer", "muscle", "muscles_under", "acupoints", "channels")
LINES = ("provoked_by", "tests", "signs", "to_ask")
BLOCKS = ("trigger_points", "acupoints", "cautions", "red_flags")
MANY_ROWS = 30
EXAMPLES = 3  # rows named for each kind of remark


def console() -> Console:
    """Make a console that prints to standard output and invents no colours."""
    return Console(highlight=False)


def print_entry(out: Console, entry: Entry) -> None:
    """Print all that is known about one thing."""
    numbers = {source["id"]: i for i, source in enumerate(entry["all_sources"], 1)}
    kind = _words(entry["kind"])
    out.print()
    out.print(Text.assemble((str(entry["label"]), "bold"), (f"   {kind} {entry['id']}", "dim")))
    out.print(Padding(_facts(entry["facts"]), (1, 0, 1, 2), expand=False))
    for name, rows in entry["tables"].items():
        out.print(Text(_words(name).capitalize(), HEADING))
        blocky = name in BLOCKS and "gloss" not in rows[0]
        body: Group | Table
        if name == "needling":
            body = _needling(rows[0], numbers)
        else:
            body = _blocks(rows, numbers) if blocky else _rows(rows[:MANY_ROWS], numbers)
        out.print(Padding(body, (0, 0, 0, 2), expand=False))
        if not blocky and len(rows) > MANY_ROWS:
            out.print(Text(f"  and {len(rows) - MANY_ROWS} more (--format json shows all)", "dim"))
        out.print()
    out.print(Text("Sources", HEADING), Text("  this entry: ", "dim") + _trust(entry, numbers))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", justify="right")
    table.add_column(overflow="fold")
    for source in entry["all_sources"]:
        known_as = source["title"] or (source["id"] if source["kind"] != "web" else "")
        told = Text(known_as).append(f"{'  ' if known_as else ''}{source['url']}", "dim")
        table.add_row(str(numbers[source["id"]]), told)
    out.print(Padding(table, (0, 0, 0, 2), expand=False))


def print_places(out: Console, places: Sequence[Entry]) -> None:
    """Print what refers to a place; of two mirrored sides one is laid out, in words that fit both."""
    place = places[0]
    both, midline = len(places) > 1, place["side"] == "midline"
    words = {"left": "same side", "right": "other side", "midline": "either side"} if both else {}
    title = place["label"] if both or midline else f"{place['label']}, {place['side']}"
    note = "left and right mirror exactly" if both else "on the midline" if midline else ""
    out.print()
    out.print(Text.assemble((title, "bold"), (f"   {place['region']}   {note}".rstrip(), "dim")))
    out.print()
    tables = place["tables"]
    # both sides reach the midline alike: one of each pair is shown
    points = [p for p in tables["trigger_points"] if not (midline and p["side"] == "right")]
    lookalikes = [p for p in tables["lookalikes"] if not (midline and p["side"] == "right")]
    side = {"left": "either side", "midline": "either side"} if midline else words
    _print_zones(
        out,
        "Trigger points felt here",
        [
            (
                p["zone"],
                [
                    _commonness(p["commonness"]),
                    Text.assemble(p["muscle"], (f"  {p['id']}", "dim")),
                    Text(side.get(p["side"], p["side"])),
                    _short_trust(p),
                ],
            )
            for p in points
        ],
    )
    _print_zones(
        out,
        "Look-alikes felt here",
        [
            (
                p["zone"],
                [
                    Text(p["urgency"], DANGER.get(p["urgency"], "")),
                    Text.assemble(p["name"], (f"  {p['id']}", "dim")),
                    Text(p["layer"]),
                    _short_trust(p),
                ],
            )
            for p in lookalikes
        ],
    )
    for name, text in (
        ("Trigger points that lie here", ", ".join(s["id"] for s in tables["sites"])),
        ("Acupoints here", ", ".join(f"{a['id']} {a['pinyin']} {a['hanzi']}" for a in tables["acupoints"])),
        ("Channels here", ", ".join(f"{c['id']} {c['hanzi']}".strip() for c in tables["channels"])),
    ):
        if text:
            out.print(Text(name, HEADING))
            out.print(Padding(text, (0, 0, 1, 2), expand=False))
    out.print(Text("●●● common  ●○○ rare; tautband atlas show ID gives the sources of each line", "dim"))


def print_hits(out: Console, text: str, hits: Sequence[Hit]) -> None:
    """Print what a search found, best first."""
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for column in ("bold", "dim", "", "dim"):
        table.add_column(style=column, overflow="fold")
    for hit in hits:
        told = "" if hit.matched in (hit.id, hit.label) or len(hit.matched) > 60 else f"as {hit.matched!r}"
        table.add_row(hit.id, _words(hit.kind), hit.label, told)
    out.print(table if hits else Text(f"nothing found for {text!r}"))


def print_changes(out: Console, changes: Sequence[RowChange], *, sound: bool) -> None:
    """Print what a directory of the user's own adds and replaces, column by column, and whether it is sound."""
    for table, rows in groupby(changes, key=lambda c: c.table):
        out.print(Text(f"{table}.csv", HEADING))
        for change in rows:
            sign, style = ("+", "green") if change.kind == "added" else ("~", DOUBT)
            out.print(Text.assemble("  ", (sign, style), f" {change.key}"))
            for column, (was, now) in change.columns.items():
                out.print(
                    Text.assemble(
                        f"      {column}: ", (was or "(empty)", "dim strike"), " → ", now or "(empty)"
                    )
                )
        out.print()
    added = sum(c.kind == "added" for c in changes)
    checked = "all rows pass their checks" if sound else "some rows do not pass their checks"
    out.print(f"{added} {_plural('row', added)} added, {len(changes) - added} replaced; {checked}.")


def print_report(out: Console, report: AtlasReport) -> None:
    """Print whether an atlas is sound, what it covers, and what rests on memory."""
    rows, memory = sum(t.rows for t in report.tables), sum(t.from_memory for t in report.tables)
    judged = sum(t.own_judgement for t in report.tables)
    out.print()
    if report.problems:
        count = len(report.problems)
        out.print(Text(f"{count} {_plural('problem', count)} in atlas {report.version}", "bold red"))
        for problem in report.problems:
            out.print(Text(f"  {problem}"))
    else:
        told = f"{rows} rows in {len(report.tables)} tables fit together, and every fact names its source"
        out.print(Text.assemble((f"Atlas {report.version} is sound", "bold green"), f": {told}."))
    out.print(
        f"{memory} rows ({memory / rows:.0%}) rest on memory: no source was read for them. "
        f"{judged} of all have no source but our own judgement."
    )
    out.print()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style=HEADING)
    table.add_column("table")
    for name in ("rows", "high", "medium", "low", "from memory", "own judgement"):
        table.add_column(name, justify="right")
    for t in report.tables:
        numbers = (t.rows, t.high, t.medium, t.low, t.from_memory, t.own_judgement)
        table.add_row(t.table, *("·" if n == 0 else str(n) for n in numbers))
    out.print(table)
    out.print(_share_table(report.shares))
    out.print()
    _print_remarks(out, report.remarks)


def _share_table(shares: Iterable[Share]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for share in shares:
        part = share.have / share.of if share.of else 0.0
        full = round(part * 20)
        bar = Text.assemble(("━" * full, "cyan"), ("─" * (20 - full), "dim"))
        table.add_row(share.what, bar, f"{share.have} of {share.of}")
    return table


def _print_remarks(out: Console, remarks: Sequence[Problem]) -> None:
    kinds: dict[tuple[str, str], list[Problem]] = {}
    for remark in remarks:
        kinds.setdefault((remark.table, remark.what.split(" ")[0]), []).append(remark)
    if kinds:
        out.print(Text("Allowed, but worth a look", HEADING))
    for (table, _), found in kinds.items():
        first = found[0].what if len({r.what for r in found}) == 1 else f"such as: {found[0].what}"
        examples = "; ".join(r.row for r in found[:EXAMPLES])
        more = f"; and {len(found) - EXAMPLES} more" if len(found) > EXAMPLES else ""
        count = f"{len(found)} {_plural('row', len(found))}"
        out.print(Text.assemble(f"  {table}: {count}, {first} ", (f"({examples}{more})", "dim")))


def _print_zones(out: Console, title: str, rows: Sequence[tuple[str, list[Text]]]) -> None:
    out.print(Text(title if rows else f"{title}: none", HEADING))
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    previous = ""
    for no_wrap in (True, True, False, True, True):
        table.add_column(no_wrap=no_wrap, overflow="fold")
    for zone, cells in rows:
        table.add_row(Text(_words(zone) if zone != previous else "", "italic"), *cells)
        previous = zone
    out.print(Padding(table, (0, 0, 1, 2), expand=False))


def _needling(row: Entry, numbers: Mapping[str, int]) -> Table:
    from tautband.cli.needling_entry import needling_lines

    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    style = {"closed": "red", "beware": DOUBT, "ceiling": "bold"}
    for label, said, cited in needling_lines(row):
        text = Text(said, style.get(label, ""))
        if cited:
            text = text + Text("   ") + _trust(cited, numbers)
        table.add_row(label, text)
    return table


def _facts(facts: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        text = Text("\n".join(value)) if name in LINES else _value(value, name)
        table.add_row(_words(name), text)
    return table


def _value(value: Any, name: str = "") -> Text:
    if name == "commonness":
        return _commonness(value)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return Text(", ").join(map(_felt, value))
    if isinstance(value, list | tuple):
        return Text(", ".join(str(v) if name in IDS else str(v).replace("_", " ") for v in value))
    if isinstance(value, float):
        return Text(f"{value:g}")
    word = WORDS.get(str(value), str(value))
    if name not in IDS and word.replace("_", "").isalnum():
        word = word.replace("_", " ")
    return Text(word, DANGER.get(word, DOUBT if word in DOUBTED else ""))


def _felt(row: Entry) -> Text:
    """Name a region that a trigger point sends pain to; a doubtful one stands out."""
    name = row["region"].replace("_", " ") + (" (other side)" if row["side"] == "opposite" else "")
    return Text(
        f"{name}?" if row["confidence"] == "low" else name, DOUBT if row["confidence"] == "low" else ""
    )


def _blocks(rows: Sequence[Entry], numbers: Mapping[str, int]) -> Group:
    """Rows with long texts: the first two cells as a headline, each other one on a line of its own."""
    parts: list[Any] = []
    for row in rows:
        cells = {k: v for k, v in row.items() if k not in ("confidence", "source_read", "sources") and v}
        (_, first), (second_name, second), *rest = cells.items()
        head = Text.assemble((str(first), "bold"), "   ")
        head.append_text(_value(second, second_name))
        if "commonness" in cells:
            head.append("   ").append_text(_commonness(cells["commonness"]))
        if "sources" in row:
            head.append("   ").append_text(_trust(row, numbers))
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in rest:
            if name != "commonness":
                table.add_row(_words(name), _value(value, name))
        parts += [head, Padding(table, (0, 0, 0, 2))]
    return Group(*parts)


def _rows(rows: Sequence[Entry], numbers: Mapping[str, int]) -> Table:
    names = [
        n
        for n in rows[0]
        if n not in ("confidence", "source_read", "sources") and any(r[n] not in ("", None, []) for r in rows)
    ]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in names:
        right = all(isinstance(r[name], int | float | None) for r in rows)
        table.add_column(
            _words(name),
            justify="right" if right else "left",
            overflow="fold",
            no_wrap=name in ("id", "question"),
        )
    cited = "sources" in rows[0]
    if cited:
        table.add_column("trust [source]", no_wrap=True)
    for row in rows:
        cells = [_value("" if row[n] is None else row[n], n) for n in names]
        table.add_row(*cells, *([_trust(row, numbers)] if cited else []))
    return table


def _trust(row: Entry, numbers: Mapping[str, int]) -> Text:
    text = _short_trust(row)
    return text.append(f" [{' '.join(map(str, sorted(numbers[s] for s in row['sources'])))}]", "dim")


def _short_trust(row: Entry) -> Text:
    recalled = "" if row["source_read"] else ", not read"
    return Text(f"{row['confidence']}{recalled}", DOUBT if row["confidence"] == "low" else "dim")


def _commonness(level: int) -> Text:
    return Text("●" * level + "○" * (3 - level), "cyan")


def _words(name: str) -> str:
    return WORDS.get(name, name.replace("_", " "))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
