"""Keeps what README and docs show real: puts output of commands and text of files between their markers.

<!-- transcript:start COMMAND --> ... <!-- transcript:end -->   what a command prints
<!-- include:start FILE --> ... <!-- include:end -->            what a file holds

Run it to rewrite the pages: .venv/bin/python scripts/transcripts.py
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"(<!-- (transcript|include):start (.+?) -->\n).*?(<!-- \2:end -->)", re.DOTALL)
PLAIN = {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "PYTHONUTF8": "1"}


def pages() -> list[Path]:
    """List the pages that may hold transcripts."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def run(command: str) -> str:
    """Run a `tautband` command as a reader would, from the project folder, and return what it prints."""
    program, *arguments = shlex.split(command)
    done = subprocess.run(
        [Path(sys.executable).with_name(program), *arguments],
        cwd=ROOT,
        env=os.environ | PLAIN,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    return "\n".join(line.rstrip() for line in done.stdout.strip("\n").split("\n"))


def show(kind: str, what: str) -> str:
    """Write what stands between the markers of one block."""
    if kind == "transcript":
        return f"```text\n$ {what}\n{run(what)}\n```"
    language = {".py": "python"}.get(Path(what).suffix, Path(what).suffix[1:])
    return f"```{language}\n{(ROOT / what).read_text(encoding='utf-8').strip()}\n```"


def renew(text: str) -> str:
    """Put fresh content into every block of a page."""
    return BLOCK.sub(lambda block: f"{block[1]}\n{show(block[2], block[3])}\n\n{block[4]}", text)


def main() -> None:
    """Rewrite every page that is out of date."""
    for page in pages():
        text = page.read_text(encoding="utf-8")
        if (renewed := renew(text)) != text:
            page.write_text(renewed, encoding="utf-8")
            print(f"renewed {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
