"""Read JSON documents field by field; whatever cannot be used is refused in one line that names the field."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from tautband.errors import CaseError, nearest

MAX_BYTES = 1_000_000


def parse_json(content: bytes | str, what: str = "case") -> Any:
    """Parse a JSON document, refusing what JSON does not allow, keys that stand twice, and what is too long."""
    if len(content) > MAX_BYTES:
        raise CaseError(f"{what}: {len(content):,} bytes is more than the {MAX_BYTES:,} a {what} may have")
    if isinstance(content, bytes):
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise CaseError(f"{what}: not UTF-8 at byte {error.start}; save it as UTF-8") from None

    refused: list[str] = []

    def note(constant: str) -> float:
        refused.append(constant)
        return math.nan

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found:
                raise CaseError(f"{key_name(key)}: stands twice in one object; keep one")
            found[key] = value
        return found

    try:
        document = json.loads(content, parse_constant=note, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise CaseError(
            f"{what}: not JSON at line {error.lineno}, column {error.colno}: {error.msg}"
        ) from None
    except RecursionError:
        raise CaseError(f"{what}: nested too deeply to be a {what}") from None
    except ValueError:
        # a number with more digits than Python converts
        raise CaseError(f"{what}: holds a number that is too long to be one") from None
    if refused:
        raise CaseError(f"{_place_of_nan(document) or what}: {refused[0]} is not a number JSON allows")
    return document


def _place_of_nan(value: Any, where: str = "") -> str:
    """Name the first field that holds something that is not a number; empty when none does."""
    if isinstance(value, float) and math.isnan(value):
        return where
    inside: Iterable[tuple[str, Any]] = ()
    if isinstance(value, dict):
        inside = (
            (f"{where}.{key_name(key)}" if where else key_name(key), item) for key, item in value.items()
        )
    elif isinstance(value, list):
        inside = ((f"{where}[{i}]", item) for i, item in enumerate(value))
    return next((place for at, item in inside if (place := _place_of_nan(item, at))), "")


def mapping(value: Any, where: str, allowed: tuple[str, ...] | None) -> Mapping[str, Any]:
    """An object whose keys are among the allowed ones; nothing at all is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise CaseError(f"{where}: expected an object, got {kind_of(value)}")
    if allowed is not None:
        for key in value:
            if key not in allowed:
                raise CaseError(f"{where}.{key_name(key)}: unknown field{nearest(key, allowed)}")
    return value


def sequence(value: Any, where: str) -> list[Any]:
    """A list; nothing at all is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise CaseError(f"{where}: expected a list, got {kind_of(value)}")
    return value


def number(value: Any, where: str, low: float, high: float) -> float | None:
    """A number within bounds, or nothing."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CaseError(f"{where}: expected a number, got {kind_of(value)}")
    # infinities and NaN fail this too, and an int of any length can be compared
    if not low <= value <= high:
        raise CaseError(f"{where}: {shown(value)} is outside {low} to {high}")
    return value


def choice(value: Any, where: str, choices: tuple[str, ...]) -> str | None:
    """One of the choices, or nothing."""
    if value is None:
        return None
    if not isinstance(value, str) or value not in choices:
        close = nearest(value if isinstance(value, str) else "", choices)
        raise CaseError(f"{where}: {shown(value)} is not valid{close}")
    return value


def text(value: Any, where: str) -> str:
    """A text that can be written down again."""
    if not isinstance(value, str):
        raise CaseError(f"{where}: expected text, got {kind_of(value)}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise CaseError(f"{where}: a lone surrogate at position {error.start} is no character") from None
    return value


def key_name(key: Any) -> str:
    """A key of the document on one line of an error, however it looks."""
    text = str(key)
    return text if text.isprintable() and len(text) <= 60 else ascii(text[:60])


def shown(value: Any) -> str:
    """A value on one line of an error, never longer than that line."""
    match value:
        case None:
            return "nothing"
        case Mapping():
            return "an object"
        case list() | tuple():
            return "a list"
        case str():
            return repr(value[:40])
        case int() if abs(value) >= 10**20:
            return "a number of more than 20 digits"
    return f"{value!r:.40}"


def kind_of(value: Any) -> str:
    """A value in the words of an error line."""
    return f"text {shown(value)}" if isinstance(value, str) else shown(value)
