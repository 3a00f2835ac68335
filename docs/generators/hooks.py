"""docs/reference/hooks.md: every hook with its signature and docstring."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from generators.markdown import block, page

from mldeploy import hookspecs

INTRODUCTION = """\
A plugin is a module with functions of these names, marked with `mldeploy.hookimpl`, behind an entry point of group
`mldeploy`. An implementation may leave out arguments that it does not need."""


def hooks_page() -> str:
    """Return the page."""
    return page("# Hooks", INTRODUCTION, *(part for hook in _hooks() for part in _section(hook)))


def _hooks() -> Iterator[Callable[..., Any]]:
    """Yield the hooks in the order in which the source has them."""
    yield from (found for name, found in vars(hookspecs).items() if name.startswith("mldeploy_"))


def _section(hook: Callable[..., Any]) -> Iterator[str]:
    yield f"## {hook.__name__}"
    yield block(f"{hook.__name__}{inspect.signature(hook)}".replace("'", ""), "python")
    yield "\n".join(f"- {line}" if _is_label(line) else line for line in _paragraphs(hook))


def _paragraphs(hook: Callable[..., Any]) -> Iterator[str]:
    """Yield the lines of a docstring, with what belongs to one label on one line."""
    line = ""
    for text in str(inspect.getdoc(hook)).splitlines():
        if not text or _is_label(text):
            yield line
            line = text
        else:
            line = f"{line} {text}".strip()
    yield line


def _is_label(line: str) -> bool:
    return line.startswith(("When", "Arguments:", "Returns:", "Repeats:"))
