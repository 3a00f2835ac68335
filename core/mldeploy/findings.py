"""Show problems of release.yaml as a compiler would: place, what, the line with a caret, what to try."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mldeploy.secret_literals import masked
from mldeploy.source_text import MAX_BYTES
from mldeploy.wording import dotted

if TYPE_CHECKING:
    from mldeploy.errors import Position, Problem
    from mldeploy.model import JSON

MOST_SHOWN = 50
WIDEST_LINE = 100
COLOURS = {"error": "red", "warning": "yellow", "note": "blue"}


def render(problems: Iterable[Problem], *, colour: bool = True) -> str:
    """Return problems as text, in the order of their positions.

    Arguments:
        colour: style the text for a terminal; `click.echo` takes the styles away where the output is none.
    """
    found = sorted(problems, key=_order)
    files = {problem.position.file for problem in found if problem.position}
    sources = {file: _lines_of(file) for file in files}
    blocks = [_block(problem, sources) for problem in found[:MOST_SHOWN]]
    if len(found) > MOST_SHOWN:
        blocks.append(f"… and {len(found) - MOST_SHOWN} more")
    text = "\n".join(blocks)
    return text if colour else click.unstyle(text)


def problem_to_json(problem: Problem) -> Mapping[str, JSON]:
    """Return a problem as JSON data; file, line and column are null without a position."""
    position = problem.position
    return {
        "severity": problem.severity,
        "file": position.file if position else None,
        "line": position.line if position else None,
        "column": position.column if position else None,
        "path": dotted(problem.path),
        "message": problem.message,
        "hint": problem.hint,
    }


def _order(problem: Problem) -> tuple[str, int, int]:
    position = problem.position
    return (position.file, position.line, position.column) if position else ("", 0, 0)


def _block(problem: Problem, sources: Mapping[str, Sequence[str]]) -> str:
    severity = click.style(problem.severity, fg=COLOURS[problem.severity], bold=True)
    place = f"{click.style(str(problem.position), bold=True)}: " if problem.position else ""
    lines = [f"{place}{severity}: {problem.message}"]
    if problem.position:
        lines += _excerpt(problem.position, sources[problem.position.file])
    if problem.hint:
        lines.append(f"  {click.style('try', fg='cyan')}: {problem.hint}")
    return "\n".join(lines)


def _excerpt(position: Position, lines: Sequence[str]) -> list[str]:
    """Return the line of a position and a caret below it; nothing when there is no such line."""
    if position.line > len(lines):
        return []
    line = masked(lines[position.line - 1])
    start = max(0, position.column - WIDEST_LINE // 2) if len(line) > WIDEST_LINE else 0
    before = _printable(line[start : position.column - 1])
    after = _printable(line[position.column - 1 : start + WIDEST_LINE])
    number = str(position.line)
    caret = click.style("^", fg="green", bold=True)
    return [f"  {number} | {before}{after}", f"  {' ' * len(number)} | {_blank(before)}{caret}"]


def _lines_of(file: str) -> Sequence[str]:
    """Return the lines of a file; none when it cannot be read any more."""
    try:
        with Path(file).open("rb") as opened:
            text = opened.read(MAX_BYTES).decode("utf-8-sig", "replace")
    except (OSError, ValueError):
        return ()
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _printable(text: str) -> str:
    """Return a text that cannot steer a terminal."""
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def _blank(text: str) -> str:
    """Return white space that is as wide as a text on a terminal."""
    return "".join("\t" if character == "\t" else " " * _width(character) for character in text)


def _width(character: str) -> int:
    """Return the columns that a character takes: Unicode Standard Annex 11, with combining marks at no width."""
    if unicodedata.category(character) in {"Mn", "Me"}:
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"F", "W"} else 1
