"""Compiles the catalogues of the patient texts: every .po file into the .mo file beside it, byte for byte the same.

Run it after a change of a translation: .venv/bin/python scripts/catalogues.py
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent / "src" / "tautband" / "locale"


def catalogues() -> list[Path]:
    """List the catalogues, one per language."""
    return sorted(LOCALE.glob("*/LC_MESSAGES/aftercare.po"))


def read(path: Path) -> Catalog:
    """Read a catalogue, refusing what is not well formed."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], abort_invalid=True)


def compiled(path: Path) -> bytes:
    """What the .mo file of a catalogue holds."""
    out = BytesIO()
    write_mo(out, read(path))
    return out.getvalue()


def main() -> None:
    """Compile every catalogue."""
    for path in catalogues():
        path.with_suffix(".mo").write_bytes(compiled(path))
        print(f"compiled {path.parts[-3]}")


if __name__ == "__main__":
    main()
