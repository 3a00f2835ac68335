"""A plan as people and programs read it."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy.costs import cost_text, dollars_text
from mldeploy.events import SYMBOLS
from mldeploy.model import JSON, Action
from mldeploy.planning.planner import Plan


def plan_text(plan: Plan, *, kept: bool = False) -> str:
    """Return one line per change and a summary; steps that are kept only on request."""
    lines = [
        f"  {SYMBOLS[change.action.value]} {change.step.id}{f'  ({change.reason})' if change.reason else ''}"
        for change in plan.changes
        if kept or change.action is not Action.KEEP
    ]
    return "\n".join([*lines, summary(plan)])


def costs_text(cost: Mapping[str, JSON]) -> str:
    """Return what a release costs per month, a line per item of the bill, under a line that sums them up."""
    lines = [
        f"    {line['item']:<24} {dollars_text(line['after'], line):>10}  {_was(line)}{line['basis']}"
        for line in cost["lines"]
    ]
    return "\n".join([f"  $ {cost_text(cost)}", *lines]) if lines else ""


def _was(line: Mapping[str, JSON]) -> str:
    return f"was {dollars_text(line['before'], line)}, " if line["before"] not in {None, 0, line["after"]} else ""


def summary(plan: Plan) -> str:
    """Return how many steps are created, updated, kept, deleted and run."""
    counts = plan.counts()
    return ", ".join(f"{counts.get(action.value, 0)} to {action.value}" for action in Action)


def plan_json(plan: Plan) -> JSON:
    """Return the plan as JSON data."""
    return {
        "changes": [
            {
                "action": change.action.value,
                "step": change.step.id,
                "kind": change.step.kind,
                "name": change.step.name,
                "phase": change.step.phase.value,
                "reason": change.reason,
            }
            for change in plan.changes
        ],
        "counts": plan.counts(),
        "mutations": len(plan.mutations),
    }
