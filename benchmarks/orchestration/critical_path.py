"""The longest chain of steps that had to wait for one another: no order is quicker than that."""

from __future__ import annotations

import json
from graphlib import TopologicalSorter
from pathlib import Path

from mldeploy.graph import dependencies
from mldeploy.record import Record


def critical_path(project: Path, env: str = "dev") -> float:
    """Return the seconds of the longest chain in the newest record of a project."""
    newest = max((project / ".mldeploy" / "state" / env).glob("r*.json"))
    record = Record.from_json(json.loads(newest.read_text(encoding="utf-8")))
    graph = dependencies(record.steps)
    ended: dict[str, float] = {}
    for step in TopologicalSorter(graph).static_order():
        begun = max((ended[other] for other in graph.get(step, ())), default=0.0)
        ended[step] = begun + record.seconds.get(step, 0.0)
    return max(ended.values(), default=0.0)
