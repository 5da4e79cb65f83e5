"""What the README and the pages show is real: transcripts, included files, the example in Python."""

import re
from pathlib import Path

import pytest

import transcripts

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", transcripts.pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_transcripts_are_what_the_commands_print(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert transcripts.renew(text) == text, "run: .venv/bin/python scripts/transcripts.py"


def test_the_readme_opens_with_the_two_commands() -> None:
    opening = README.split("<!--")[0]
    assert opening.index("scripts/serve") < opening.index("scripts/test")


def test_the_python_example_of_the_readme_runs_as_pasted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(example.strip().split("\n")) <= 25
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out.strip()


def test_no_text_file_of_the_project_names_a_machine_path_or_a_registry() -> None:
    forbidden = re.compile(r"/(?:work|tmp|root|home)/|pypi\.org|pythonhosted|index-url")
    texts = [*ROOT.glob("*.*"), *(ROOT / "requirements").iterdir(), *(ROOT / "docs").rglob("*.md")]
    named = [p.name for p in texts if p.is_file() and forbidden.search(p.read_text(encoding="utf-8"))]
    assert not named


def test_every_locked_dependency_has_an_exact_version_and_a_hash() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        entries = re.split(
            r"\n(?=\S)", re.sub(r"^#.*\n", "", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
        )
        assert [
            e for e in entries if e.strip() and not re.match(r"\S+==\S+.*--hash=sha256:", e, re.DOTALL)
        ] == []
