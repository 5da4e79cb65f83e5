"""Nothing that a user can reach goes undocumented: commands, options, questions, public functions, words."""

import csv
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tautband.atlas import Atlas
from tautband.atlas.tables import LAYERS

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
GLOSSARY = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
TERMS = re.findall(r"^### (.+)$", GLOSSARY, re.MULTILINE)
ROOMS = ("tautband.atlas", "tautband.assessment", "tautband.planning", "tautband.twitch")


def commands(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        elif not command.hidden:
            yield (*path, name), command


def all_commands() -> list[tuple[tuple[str, ...], click.Command]]:
    from tautband.cli.main import cli

    return list(commands(cli))


def public_names() -> list[tuple[str, str]]:
    return [(room, name) for room in ROOMS for name in importlib.import_module(room).__all__]


def test_every_command_has_a_how_to_that_names_its_arguments_and_options() -> None:
    missing = []
    for path, command in all_commands():
        page = DOCS / "how-to" / f"{'-'.join(path)}.md"
        text = page.read_text(encoding="utf-8") if page.exists() else ""
        if f"tautband {' '.join(path)}" not in text:
            missing.append(f"{page.relative_to(ROOT)}: tautband {' '.join(path)}")
        for parameter in command.params:
            names = (
                [parameter.make_metavar(click.Context(command)).strip("[].")]
                if isinstance(parameter, click.Argument)
                else [o for o in (*parameter.opts, *parameter.secondary_opts) if o.startswith("--")]
            )
            missing += [f"{page.relative_to(ROOT)}: {n}" for n in names if f"`{n}`" not in text]
    assert not missing


def test_every_how_to_in_the_folder_is_about_a_command_that_exists() -> None:
    pages = {page.stem for page in (DOCS / "how-to").glob("*.md")} - {"python"}
    assert pages == {"-".join(path) for path, _ in all_commands()}


def test_every_command_and_option_explains_itself() -> None:
    silent = [" ".join(path) for path, command in all_commands() if not command.help]
    silent += [
        f"{' '.join(path)} {parameter.opts[0]}"
        for path, command in all_commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert not silent


def test_every_question_is_worded_explained_and_has_worded_answers() -> None:
    atlas = Atlas.load()
    poor = [
        q.id
        for q in atlas.questions.values()
        if not (q.ask and q.why_asked and q.group) or not all(a.label for a in atlas.answers_of[q.id])
    ]
    assert not poor


def test_the_pages_made_from_data_show_every_entry() -> None:
    pytest.importorskip("mkdocs", reason="documentation not installed: run scripts/docs once")
    pages = importlib.import_module("docs_pages")
    atlas = Atlas.load()
    shown = {
        pages.questions_page: [f"### `{i}`" for i in atlas.questions],
        pages.red_flags_page: [f"### `{i}`" for i in atlas.red_flags],
        pages.regions_page: [f"| `{i}` |" for i in atlas.regions],
        pages.muscles_page: [f"### `{i}`" for i in atlas.muscles]
        + [f"| `{i}` |" for i in atlas.trigger_points],
        pages.lookalikes_page: [f"### `{i}`" for i in atlas.lookalikes],
        pages.acupoints_page: [f"| {code} |" for code in atlas.acupoints],
        pages.channels_page: [f"| `{i}` |" for i in atlas.channels],
        pages.numbers_page: [f"| `{i}` |" for i in (*atlas.model, *atlas.palpation_signs)],
        pages.needling_page: [f"| `{i}` |" for i in atlas.muscles],
        pages.depth_limits_page: [f"| `{i}` |" for i in atlas.depth_limits],
        pages.screening_page: [f"### `{i}`" for i in atlas.contraindications],
        pages.planning_numbers_page: [f"| `{i}` |" for i in atlas.planning_rules],
        pages.jurisdictions_page: [f"## `{r.jurisdiction}`" for r in atlas.jurisdictions],
    }
    assert set(shown) == set(pages.DATA_PAGES.values())
    for page, entries in shown.items():
        text = page(atlas)
        assert [e for e in entries if e not in text] == [], page.__name__


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_reference_page_made_from_its_docstrings(room: str) -> None:
    page = DOCS / "reference" / f"{room.removeprefix('tautband.')}.md"
    assert f"::: {room}" in page.read_text(encoding="utf-8")


def test_every_public_class_and_function_has_a_docstring() -> None:
    silent = []
    for room, name in public_names():
        thing = getattr(importlib.import_module(room), name)
        text = (
            (thing.__doc__ or "").strip()
            if inspect.isclass(thing) or inspect.isfunction(thing)
            else "a value"
        )
        if not text or text.startswith(f"{name}("):  # the latter is what a dataclass makes up by itself
            silent.append(f"{room}.{name}")
    assert not silent


def test_every_public_function_names_its_parameters() -> None:
    unnamed = []
    for room, name in public_names():
        thing = getattr(importlib.import_module(room), name)
        if inspect.isfunction(thing):
            unnamed += [
                f"{room}.{name}: {parameter}"
                for parameter in inspect.signature(thing).parameters
                if not re.search(rf"\b{parameter}\b", thing.__doc__ or "")
            ]
    assert not unnamed


def test_the_glossary_has_each_term_once_with_a_meaning() -> None:
    assert len(TERMS) == len(set(TERMS))
    entries = re.split(r"^### .+$", GLOSSARY, flags=re.MULTILINE)[1:]
    assert all(len(entry.strip().split("\n")[0].split()) >= 4 for entry in entries)


def test_related_words_of_the_glossary_have_entries() -> None:
    related = set(re.findall(r"\[([^\]]+)\]\(#", GLOSSARY))
    assert related - set(TERMS) == set()


def test_the_glossary_knows_the_layers_and_the_channels() -> None:
    known = set(TERMS)
    assert {f"{layer} layer" for layer in LAYERS} <= known
    regular = [c for c in Atlas.load().channels.values() if c.kind == "regular"]
    assert [c.id for c in regular if not re.search(rf"\*Also:\* {c.id}\b", GLOSSARY)] == []


def test_the_glossary_knows_the_words_that_columns_of_the_atlas_may_hold() -> None:
    text = GLOSSARY.lower()
    words: set[str] = set()
    for table, column in (
        ("referrals", "zone"),
        ("lookalike_regions", "zone"),
        ("correspondence", "relation"),
        ("questions", "tier"),
        ("red_flags", "urgency"),
        ("lookalikes", "laterality"),
        ("lookalikes", "prior_basis"),
        ("answer_strengths", "basis"),
        ("correspondence", "evidence"),
        ("contraindications", "scope"),
        ("depth_limits", "limit_kind"),
        ("techniques", "modality"),
    ):
        with (ROOT / "src/tautband/atlas/data" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            words |= {row[column] for row in csv.DictReader(file) if row.get(column)}
    assert sorted(w for w in words if w.replace("_", " ") not in text) == []
