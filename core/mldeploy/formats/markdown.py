"""Pieces of GitHub-flavoured Markdown that hold any text without letting it out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

BACKTICKS = re.compile("`+")
SHORTEST_FENCE = 3


def code_span(text: str) -> str:
    """Return a text as inline code on one line: no mention, link or HTML in it comes to life, also in a table."""
    line = " ".join(text.split()) or " "
    ticks = "`" * (_longest_run(line) + 1)
    padding = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{padding}{line}{padding}{ticks}".replace("|", "\\|")


def fenced(text: str, language: str = "text") -> str:
    """Return a text as a code block whose fence is longer than any in the text."""
    ticks = "`" * max(SHORTEST_FENCE, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; the cells are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def folded(title: str, content: str) -> str:
    """Return a section that the reader unfolds."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def size(text: str) -> int:
    """Return the bytes that a text takes; at least its number of characters."""
    return len(text.encode())


def _longest_run(text: str) -> int:
    return max((len(run) for run in BACKTICKS.findall(text)), default=0)
