"""What the Markdown pages of the repository hold: links, headings, blocks and inline code."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Code:
    """A block or a piece of inline code; `language` is empty where the page names none."""

    page: str
    line: int
    text: str
    language: str
    inline: bool = False
    marker: str = ""
    """The HTML comment right before the block."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(CHECKOUT).as_posix()

    def tokens(self) -> list[Token]:
        return MarkdownIt("commonmark").enable("table").parse(self.path.read_text(encoding="utf-8"))

    def codes(self) -> Iterator[Code]:
        marker = ""
        for token in self.tokens():
            line = (token.map or [0])[0] + 1
            if token.type in {"fence", "code_block"}:
                yield Code(self.name, line, token.content, token.info.strip(), marker=marker)
            for child in token.children or ():
                if child.type == "code_inline":
                    yield Code(self.name, line, child.content, "", inline=True)
            marker = token.content.strip() if token.type == "html_block" else ""

    def links(self) -> Iterator[str]:
        for token in self.tokens():
            for child in token.children or ():
                target = child.attrGet("href") or child.attrGet("src")
                if target:
                    yield str(target)

    def anchors(self) -> set[str]:
        """The names that GitHub gives to headings: lower case, hyphens for spaces, no punctuation."""
        tokens = self.tokens()
        headings = [after.content for token, after in pairwise(tokens) if token.type == "heading_open"]
        return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def pages() -> list[Page]:
    """All pages of the repository: committed, or new and not ignored."""
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"]
    names = subprocess.run(listed, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout.split()
    return [Page(CHECKOUT / name) for name in sorted(set(names)) if (CHECKOUT / name).is_file()]


def user_pages() -> list[Page]:
    """The pages that users read: the README and everything below docs."""
    return [page for page in pages() if page.name == "README.md" or page.name.startswith("docs/")]
