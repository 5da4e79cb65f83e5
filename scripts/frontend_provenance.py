"""Notes in assets/provenance.json what the built scripts of the pages were built from, and their digests."""

import hashlib
import json
from pathlib import Path
from typing import Any

WEB = Path(__file__).resolve().parent.parent / "src/tautband/web"
BUILT = ("painter.js", "page.js")


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def sources() -> list[Path]:
    """Every file that the built scripts follow from."""
    front = WEB / "frontend"
    named = [front / name for name in ("package.json", "package-lock.json", "tsconfig.json")]
    return sorted([*named, *(front / "src").glob("*.ts"), WEB / "words.json"])


def provenance() -> dict[str, Any]:
    """What assets/provenance.json should hold now."""
    package = json.loads((WEB / "frontend/package.json").read_text(encoding="utf-8"))
    return {
        "what": "Scripts of the pages, built from TypeScript by scripts/frontend. Nothing else is bundled in.",
        "licence": "Apache-2.0",
        "built_with": package["devDependencies"],
        "built_from": {path.relative_to(WEB).as_posix(): digest(path) for path in sources()},
        "sha256": {name: digest(WEB / "assets" / name) for name in BUILT},
    }


def main() -> None:
    """Write the note."""
    text = json.dumps(provenance(), indent=2) + "\n"
    (WEB / "assets/provenance.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
