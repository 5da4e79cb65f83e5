"""Patient texts in other languages: gettext catalogues that come with tautband."""

from __future__ import annotations

from functools import cache
from gettext import GNUTranslations
from importlib.resources import files

LANGUAGES = ("en", "zh_Hans", "ko", "fr", "es")
"""English is the source; every other language has a complete catalogue."""

DOMAIN = "aftercare"


def translate(text: str, language: str) -> str:
    """Say a text in another language.

    Parameters
    ----------
    text
        As it stands in the atlas, in English.
    language
        One of `LANGUAGES`. A text that a table of the user's own brought in stays in English.
    """
    return text if language == "en" else _catalogue(language).gettext(text)


def reviewed(language: str) -> bool:
    """Whether a clinician who speaks the language has reviewed its texts.

    Parameters
    ----------
    language
        One of `LANGUAGES`.
    """
    return language == "en" or _catalogue(language).info().get("x-clinical-review", "") == "reviewed"


@cache
def _catalogue(language: str) -> GNUTranslations:
    path = files("tautband") / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with path.open("rb") as file:
        return GNUTranslations(file)
