"""What a release costs in a month, before and after a plan."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mldeploy.costs import CostLine, difference
from mldeploy.history import History
from mldeploy.model import JSON, Action

if TYPE_CHECKING:
    from mldeploy.deployment import Deployment
    from mldeploy.planning.planner import Plan

UNBILLED = "local"


def running_cost(plan: Plan, deployment: Deployment) -> dict[str, JSON]:
    """Return what a release costs before and after a plan (see `difference`); this machine bills nothing."""
    if deployment.context.env == UNBILLED:
        return difference((), ())
    return difference(_running(plan, deployment), deployment.price(deployment.steps))


def _running(plan: Plan, deployment: Deployment) -> Sequence[CostLine] | None:
    """Return the lines of what runs now: none before the first run, else as the last good record says."""
    if all(change.action in {Action.CREATE, Action.RUN} for change in plan.changes):
        return ()
    good = [record for record in History(deployment.store.records()).records if record.outcome == "deployed"]
    return deployment.price(good[-1].steps) if good else None
