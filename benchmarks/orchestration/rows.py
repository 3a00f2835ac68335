"""The table of what was measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from measure import Run

HEAD = """\
| who | makes | ready after | deployment | calls | changes | wall, s | critical path, s | CPU, s | MB | late, s |
|---|---|---:|---|---:|---:|---:|---:|---:|---:|---:|"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A tool's command and what it cost.

    - `ready_after`: seconds that the container takes until its ping answers.
    - `longest`: the critical path of the command's steps, where they are known.
    """

    tool: str
    makes: str
    act: str
    ready_after: float
    run: Run
    longest: float | None = None


def table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown."""
    return "\n".join([HEAD, *(_line(row) for row in rows)])


def _line(row: Row) -> str:
    run = row.run
    cells = [row.tool, row.makes, f"{row.ready_after:g} s", row.act]
    if run.error:
        return f"| {' | '.join(cells)} | failed: {run.error} | | | | | | |"
    numbers = [f"{run.calls}", f"{run.changes}", f"{run.wall:.1f}", _number(row.longest)]
    return f"| {' | '.join([*cells, *numbers, f'{run.cpu:.1f}', f'{run.megabytes:.0f}', _number(run.late)])} |"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
