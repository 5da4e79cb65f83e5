"""What every benchmark prints: the machine it ran on and its results, on screen and as a page under `results/`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).parent / "results"


def machine(atlas_version: str) -> str:
    """One line about the machine, the day and the atlas."""
    day = datetime.now(UTC).date().isoformat()
    return (
        f"{day}, {os.cpu_count()} shared cores ({platform.machine()}), Python {platform.python_version()}, "
        f"NumPy {np.__version__}, atlas {atlas_version}. Shared machines are noisy: read ratios, not seconds.\n"
    )


def write_results(name: str, lines: Iterable[str]) -> None:
    """Print the results and write them as Markdown, a blank line before each heading and table."""
    text: list[str] = []
    for line in lines:
        if line.startswith("#") and text:
            text.append("")
        text.append(line)
        if line.startswith("#"):
            text.append("")
    page = "\n".join(text) + "\n"
    print(page)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.md").write_text(page, encoding="utf-8")
