"""What a Deployment says about itself.

https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#deployment-status
"""

from __future__ import annotations

from typing import Any

from mldeploy_sandbox.kubernetes.controllers.access import condition, without_condition
from mldeploy_sandbox.kubernetes.controllers.pods import seconds_since
from mldeploy_sandbox.kubernetes.controllers.replica_sets import FAILURE
from mldeploy_sandbox.kubernetes.controllers.rolling import rolling_limits
from mldeploy_sandbox.kubernetes.preparation import now
from mldeploy_sandbox.kubernetes.store import Document

COUNTS = ("updatedReplicas", "readyReplicas", "availableReplicas", "replicas")


def deployment_status(deployment: Document, new: Document | None, sets: list[Document]) -> dict[str, Any]:
    """Return the status of a deployment from its ReplicaSets; `new` is the one of its template."""
    counts = {
        "replicas": _sum(sets, "replicas"),
        "readyReplicas": _sum(sets, "readyReplicas"),
        "availableReplicas": _sum(sets, "availableReplicas"),
        "updatedReplicas": _sum([new] if new else [], "replicas"),
    }
    wanted = deployment["spec"]["replicas"]
    missing = max(sum(each["spec"]["replicas"] for each in sets) - counts["availableReplicas"], 0)
    status: dict[str, Any] = {name: count or None for name, count in counts.items()}
    status |= {
        "observedGeneration": deployment["metadata"]["generation"],
        "unavailableReplicas": max(missing, wanted - counts["availableReplicas"]) or None,
    }
    complete = counts["updatedReplicas"] == counts["replicas"] == counts["availableReplicas"] == wanted
    conditions = _available(deployment, counts["availableReplicas"])
    conditions = _progressing(deployment, conditions, new, counts, complete=complete)
    return status | {"conditions": _failure(conditions, sets) or None}


def _sum(sets: list[Document], name: str) -> int:
    return sum(each.get("status", {}).get(name, 0) for each in sets)


def _available(deployment: Document, available: int) -> list[dict[str, Any]]:
    conditions = deployment.get("status", {}).get("conditions", [])
    _, spare = rolling_limits(deployment)
    if available >= deployment["spec"]["replicas"] - spare:
        words = ("MinimumReplicasAvailable", "Deployment has minimum availability.")
        return condition(conditions, "Available", holds=True, reason=words[0], message=words[1])
    words = ("MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    return condition(conditions, "Available", holds=False, reason=words[0], message=words[1])


def _progressing(
    deployment: Document,
    conditions: list[dict[str, Any]],
    new: Document | None,
    counts: dict[str, int],
    *,
    complete: bool,
) -> list[dict[str, Any]]:
    kind = "Progressing"
    if deployment["spec"].get("paused"):
        return condition(conditions, kind, holds=None, reason="DeploymentPaused", message="Deployment is paused")
    if new is None:
        return conditions
    name = new["metadata"]["name"]
    before = next((each for each in conditions if each["type"] == kind), None)
    if complete:
        message = f'ReplicaSet "{name}" has successfully progressed.'
        return condition(conditions, kind, holds=True, reason="NewReplicaSetAvailable", message=message)
    status = deployment.get("status", {})
    moved = any(counts[each] > status.get(each, 0) for each in COUNTS[:3]) or counts["replicas"] < status.get(
        "replicas", 0
    )
    changed = status.get("observedGeneration") != deployment["metadata"]["generation"]
    message = f'ReplicaSet "{name}" is progressing.'
    if before is None or moved or changed or name not in before["message"]:
        reason = "ReplicaSetUpdated" if before else "NewReplicaSetCreated"
        fresh = condition(without_condition(conditions, kind), kind, holds=True, reason=reason, message=message)
        started = before["lastTransitionTime"] if before and before["status"] == "True" else now()
        return [*fresh[:-1], {**fresh[-1], "lastTransitionTime": started}]
    if seconds_since(before["lastUpdateTime"]) > deployment["spec"]["progressDeadlineSeconds"]:
        message = f'ReplicaSet "{name}" has timed out progressing.'
        return condition(conditions, kind, holds=False, reason="ProgressDeadlineExceeded", message=message)
    return conditions


def _failure(conditions: list[dict[str, Any]], sets: list[Document]) -> list[dict[str, Any]]:
    """Pass on that pods could not be made."""
    for each in sets:
        for found in each.get("status", {}).get("conditions", ()):
            if found["type"] == FAILURE:
                return condition(conditions, FAILURE, holds=True, reason=found["reason"], message=found["message"])
    return without_condition(conditions, FAILURE)
