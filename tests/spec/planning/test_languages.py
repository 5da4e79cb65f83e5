"""The patient's words in five languages: complete, compiled, and honest about who has read them."""

import re

import pytest
from tests.spec.planning.clinic import ATLAS

import catalogues
from tautband.cli.plan_wording import PARTS, UNREVIEWED
from tautband.languages import LANGUAGES, reviewed, translate

TEXTS = [*(row.text for row in ATLAS.aftercare.values()), *PARTS.values(), UNREVIEWED, "For the patient"]
FOREIGN = [language for language in LANGUAGES if language != "en"]


def test_the_five_languages_have_a_catalogue() -> None:
    assert (
        {path.parts[-3] for path in catalogues.catalogues()} == set(FOREIGN) == {"zh_Hans", "ko", "fr", "es"}
    )


@pytest.mark.parametrize("path", catalogues.catalogues(), ids=lambda p: p.parts[-3])
def test_a_catalogue_is_complete_without_a_fuzzy_or_forgotten_string(path: object) -> None:
    catalogue = catalogues.read(path)  # type: ignore[arg-type]
    entries = {m.id: m for m in catalogue if m.id}
    assert sorted(entries) == sorted(set(TEXTS))
    assert [m.id for m in entries.values() if not m.string or m.fuzzy] == []
    assert not catalogue.obsolete


@pytest.mark.parametrize("path", catalogues.catalogues(), ids=lambda p: p.parts[-3])
def test_every_text_has_been_translated_back_and_the_header_says_what_was_not_done(path: object) -> None:
    catalogue = catalogues.read(path)  # type: ignore[arg-type]
    assert "Not reviewed by a native clinician" in catalogue.header_comment
    for message in catalogue:
        if message.id:
            assert any(c.startswith("back: ") for c in message.user_comments), message.id


@pytest.mark.parametrize("path", catalogues.catalogues(), ids=lambda p: p.parts[-3])
def test_the_compiled_catalogue_is_the_one_that_can_be_read(path: object) -> None:
    compiled = path.with_suffix(".mo").read_bytes()  # type: ignore[attr-defined]
    assert compiled == catalogues.compiled(path), "run: .venv/bin/python scripts/catalogues.py"  # type: ignore[arg-type]


@pytest.mark.parametrize("language", FOREIGN)
def test_every_number_of_a_text_is_in_its_translation_or_its_translation_back(language: str) -> None:
    path = next(p for p in catalogues.catalogues() if p.parts[-3] == language)
    for message in catalogues.read(path):
        for number in re.findall(r"\d+", str(message.id)):
            assert number in str(message.string)


@pytest.mark.parametrize("language", FOREIGN)
def test_no_text_stays_in_english(language: str) -> None:
    assert all(translate(text, language) != text for text in TEXTS)
    assert not reviewed(language)


def test_english_is_the_source_and_an_unknown_text_stays_as_it_is() -> None:
    assert translate(TEXTS[0], "en") == TEXTS[0]
    assert translate("a text of the user's own", "ko") == "a text of the user's own"
