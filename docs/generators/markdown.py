"""The few Markdown forms that the generated pages use (CommonMark, and the tables of GitHub Flavored Markdown)."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

NOTICE = "<!-- Written by docs/generate.py: change the source, not this page. -->"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; line breaks in cells become spaces, and bars are escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def code(text: str) -> str:
    """Return a text as inline code, also when it holds backticks."""
    fence = "``" if "`" in text else "`"
    space = " " if "`" in text else ""
    return f"{fence}{space}{text}{space}{fence}"


def block(text: str, language: str) -> str:
    """Return a text as a fenced code block."""
    return f"```{language}\n{text.rstrip()}\n```"


def escaped(text: str) -> str:
    """Return a text in which nothing but inline code is markup."""
    parts = text.split("`")
    parts[::2] = [html.escape(part, quote=False).replace("*", r"\*") for part in parts[::2]]
    return "`".join(parts)


def page(*parts: str) -> str:
    """Return a page: parts with an empty line between them, after the notice that it is generated."""
    return "\n\n".join((NOTICE, *(part for part in parts if part))) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
