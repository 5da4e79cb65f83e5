"""Cut Noto Sans SC down to what charts need, under a name of its own, and note where it comes from."""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "src/tautband/atlas/data"
FONTS = ROOT / "src/tautband/atlas/body/fonts"

PACKAGE = "@expo-google-fonts/noto-sans-sc@0.4.3"
FAMILY = "Tautband Sans"
WEIGHTS = {
    "Regular": (
        "400Regular/NotoSansSC_400Regular.ttf",
        "d45f67f0a7c0ca3f256950777ce6a61cc7ce5f9696d02900cbbaac25f8aa7d16",
    ),
    "SemiBold": (
        "600SemiBold/NotoSansSC_600SemiBold.ttf",
        "b5eb7510dff58e0626c72c0861d83a3ed2be1d03047cf90a623682b8667bc5ff",
    ),
}
"""Per weight the file in the package and its SHA-256."""

LATIN = (*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x1CD, 0x1DD), *map(ord, "‐‑–—‘’“”…·•²³°±×−≈≤≥→"))
"""Latin with the tones of pinyin, and the signs of charts."""


def hanzi() -> str:
    """The hanzi that charts write: those of the names of acupoints and channels, in order."""
    found: set[str] = set()
    for table in ("acupoints", "channels"):
        with (DATA / f"{table}.csv").open(newline="", encoding="utf-8") as file:
            found.update(*(row["hanzi"] for row in csv.DictReader(file)))
    return "".join(sorted(found))


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cut(source: Path, weight: str) -> Path:
    """Write one weight with the wanted characters only."""
    font = TTFont(source, recalcTimestamp=False)
    options = subset.Options(
        layout_features=["kern", "mark", "mkmk"], hinting=False, name_IDs=[0, 1, 2, 13, 14]
    )
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[*LATIN, *map(ord, hanzi())])
    cutter.subset(font)
    names = {
        1: FAMILY,
        2: "Regular",
        4: f"{FAMILY} {weight}",
        6: f"TautbandSans-{weight}",
        16: FAMILY,
        17: weight,
    }
    for number, name in names.items():
        font["name"].setName(name, number, 3, 1, 0x409)
    target = FONTS / f"TautbandSans-{weight}.ttf"
    font.save(target)
    return target


def provenance(files: list[Path]) -> dict[str, Any]:
    """What provenance.json says."""
    return {
        "what": f"Noto Sans SC cut down to Latin and the hanzi of the atlas, named {FAMILY!r}; made by scripts/fonts.",
        "made_from": f"npm package {PACKAGE}",
        "made_from_sha256": dict(WEIGHTS.values()),
        "licence": "SIL Open Font License 1.1, see OFL.txt",
        "hanzi": hanzi(),
        "sha256": {path.name: digest(path) for path in files},
    }


def main(package: Path) -> None:
    """Make the fonts from the unpacked package."""
    FONTS.mkdir(exist_ok=True)
    files = []
    for weight, (name, sha) in WEIGHTS.items():
        if (found := digest(package / name)) != sha:
            raise SystemExit(f"{name}: SHA-256 {found} is not that of {PACKAGE} ({sha})")
        files.append(cut(package / name, weight))
    licence = FONTS / "OFL.txt"
    licence.write_text((package / "LICENSE_FONT").read_text(encoding="utf-8"), encoding="utf-8")
    note = json.dumps(provenance([*files, licence]), indent=1, ensure_ascii=False) + "\n"
    (FONTS / "provenance.json").write_text(note, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
