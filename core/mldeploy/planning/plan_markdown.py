"""A plan as Markdown, for pull requests and job summaries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mldeploy.costs import cost_text, dollars_text
from mldeploy.events import SYMBOLS
from mldeploy.formats.markdown import code_span, fenced, folded, size, table
from mldeploy.model import JSON, Action

NO_LIMIT = 2**31


def plan_markdown(document: Mapping[str, JSON], *, kept: bool = False, limit: int = NO_LIMIT) -> str:
    """Return the plan of a plan file: what changes and why, its monthly cost, its digest.

    Arguments:
        kept: list the steps that stay as they are, too.
        limit: bytes that the text may take; the list is cut between two steps, and says so.
    """
    changes = [change for change in document["changes"] if change["action"] != Action.KEEP.value]
    same = [change["step"] for change in document["changes"] if change["action"] == Action.KEEP.value]
    head = f"### mldeploy: {code_span(document['name'])} in {code_span(document['env'])}\n\n{_summary(document)}"
    foot = f"Plan {code_span(document['digest'])}"
    rest = folded(f"{len(same)} kept", fenced("\n".join(same))) if kept and same else ""
    room = limit - size(f"{head}\n\n\n\n{foot}")
    sections = [
        head,
        _changes(changes, room),
        _costs(document["cost"]),
        _encryption(document["encryption"]),
        rest,
        foot,
    ]
    text = _joined(sections)
    return text if size(text) <= limit else _joined([*sections[:2], foot])


def _summary(document: Mapping[str, JSON]) -> str:
    counts = [f"{document['counts'].get(action.value, 0)} to {action.value}" for action in Action]
    verdict = "" if document["mutations"] else "**No changes.** "
    return f"{verdict}{', '.join(counts)} · {cost_text(document['cost'])}"


def _changes(changes: Sequence[Mapping[str, str]], room: int) -> str:
    """Return the table of changes, of as many rows as there is room for."""
    if not changes:
        return ""
    rows = [_row(change) for change in changes]
    shown = len(rows)
    while shown and size(_cut(rows, shown)) > room:
        shown = max(0, shown - max(1, shown // 20))
    return _cut(rows, shown)


def _cut(rows: Sequence[Sequence[str]], shown: int) -> str:
    left = len(rows) - shown
    note = f"… and {left} more changes; the plan file has them all" if left else ""
    listed = table(("", "step", "phase", "why"), rows[:shown]) if shown else ""
    return _joined([listed, note])


def _row(change: Mapping[str, str]) -> Sequence[str]:
    action = Action(change["action"])
    reason = code_span(change["reason"]) if change["reason"] else ""
    return (f"{SYMBOLS[action.value]} {action.value}", code_span(change["step"]), change["phase"], reason)


def _costs(cost: Mapping[str, JSON]) -> str:
    rows = [(line["item"], line["basis"], _now(line), dollars_text(line["after"], line)) for line in cost["lines"]]
    return folded("what it costs per month", table(("", "counted as", "now", "then"), rows)) if rows else ""


def _now(line: Mapping[str, JSON]) -> str:
    return "-" if line["before"] == 0 else dollars_text(line["before"], line)


def _encryption(rows: Sequence[Mapping[str, JSON]]) -> str:
    cells = [
        (code_span(row["step"]), f"{'**look:** ' if row['weak'] else ''}{row['at_rest']}", row["in_transit"])
        for row in rows
    ]
    return folded("how data is encrypted", table(("", "at rest", "in transit"), cells)) if cells else ""


def _joined(sections: Sequence[str]) -> str:
    return "\n\n".join(section for section in sections if section)
