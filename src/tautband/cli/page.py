"""A page in the terminal: headings, bars and lines that wrap under their own beginning."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from tautband.assessment import wording

NARROW = 64
DIM = "bright_black"


class Page:
    """Prints headings, bars and lines that wrap under their own beginning."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar_width = 10 if console.width < NARROW else 20

    def heading(self, text: str) -> None:
        """A heading with an empty line above it."""
        self.console.print()
        self.say(text, "bold", indent=0)

    def say(self, text: str, style: str = "", indent: int = 4) -> None:
        """A line that wraps under its own beginning."""
        self.item(Text(" " * indent), Text(text, style=style))

    def item(self, mark: Text, body: Text) -> None:
        """A mark, and a text that wraps beside it."""
        indent = cell_len(mark.plain)
        for i, line in enumerate(body.wrap(self.console, max(12, self.console.width - indent))):
            line.rstrip()
            self.console.print((mark if i == 0 else Text(" " * indent)) + line, soft_wrap=True)

    def bar(self, share: float, colour: str, body: Text) -> None:
        """A bar for a probability, and a text beside it."""
        full = min(self.bar_width, round(share * self.bar_width))
        mark = Text("  ")
        mark.append("█" * full, colour)
        mark.append("░" * (self.bar_width - full), DIM)
        mark.append(f" {wording.percent(share):>4}  ", "bold")
        self.item(mark, body)
