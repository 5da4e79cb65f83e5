"""Notes in assets/provenance.json what the built scripts of the pages were built from, and their digests."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent / "src/tautband"
WEB = ROOT / "web"


@dataclass(frozen=True)
class Built:
    """Scripts that are built together.

    Attributes
    ----------
    folder
        Holds `assets` and `frontend`.
    scripts
        Names of what is built into `assets`.
    sources
        Pattern of the sources in `frontend`.
    others
        Further files that the scripts follow from.
    """

    folder: Path
    scripts: tuple[str, ...]
    sources: str
    others: tuple[Path, ...] = ()

    @property
    def note(self) -> Path:
        """Where it is noted."""
        return self.folder / "assets/provenance.json"


TOOLS = tuple(WEB / "frontend" / name for name in ("package.json", "package-lock.json", "tsconfig.json"))
PAGES = Built(WEB, ("painter.js", "page.js"), "src/*.ts", (*TOOLS, WEB / "words.json"))
MONITOR = Built(ROOT / "twitch/live", ("monitor.js",), "*.ts", TOOLS)
ALL = (PAGES, MONITOR)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def provenance(built: Built) -> dict[str, Any]:
    """What a note should hold now."""
    package = json.loads((WEB / "frontend/package.json").read_text(encoding="utf-8"))
    sources = sorted([*built.others, *(built.folder / "frontend").glob(built.sources)])
    return {
        "what": "Scripts of the pages, built from TypeScript by scripts/frontend. Nothing else is bundled in.",
        "licence": "Apache-2.0",
        "built_with": package["devDependencies"],
        "built_from": {path.relative_to(ROOT).as_posix(): digest(path) for path in sources},
        "sha256": {name: digest(built.folder / "assets" / name) for name in built.scripts},
    }


def main() -> None:
    """Write the notes."""
    for built in ALL:
        text = json.dumps(provenance(built), indent=2) + "\n"
        built.note.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
