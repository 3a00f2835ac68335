"""The scheduler: gives pods to the one node, if it has what they ask for.

https://kubernetes.io/docs/concepts/scheduling-eviction/kube-scheduler/
"""

from __future__ import annotations

from mldeploy_sandbox.kubernetes.controllers.access import WARNING, Access, condition, is_going
from mldeploy_sandbox.kubernetes.controllers.pods import ENDED
from mldeploy_sandbox.kubernetes.rules.pods import amount
from mldeploy_sandbox.kubernetes.store import Document


class Scheduler:
    """Looks for pods without a node."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def look(self) -> None:
        """Give every waiting pod a node, or say why it has to wait."""
        waiting = [pod for pod in self._access.all("Pod") if not pod["spec"].get("nodeName") and not is_going(pod)]
        for pod in waiting:
            nodes = self._access.all("Node")
            reasons = [(node, self._unfit(pod, node)) for node in nodes]
            fitting = next((node for node, reason in reasons if not reason), None)
            if fitting is None:
                counted = ", ".join(f"1 {reason}" for _, reason in reasons)
                self._refuse(pod, f"0/{len(nodes)} nodes are available: {counted}." if nodes else "no nodes available")
            else:
                self._bind(pod, fitting["metadata"]["name"])

    def _unfit(self, pod: Document, node: Document) -> str:
        selector = pod["spec"].get("nodeSelector") or {}
        labels = node["metadata"].get("labels", {})
        if any(labels.get(key) != value for key, value in selector.items()):
            return "node(s) didn't match Pod's node affinity/selector"
        if node["spec"].get("unschedulable"):
            return "node(s) were unschedulable"
        used: dict[str, float] = {}
        for other in self._access.all("Pod"):
            if other["spec"].get("nodeName") and other["status"].get("phase") not in ENDED:
                _add_requests(used, other)
        wanted: dict[str, float] = {}
        _add_requests(wanted, pod)
        capacity = node["status"]["allocatable"]
        for name, value in wanted.items():
            if value + used.get(name, 0.0) > amount(capacity.get(name, 0)):
                return f"Insufficient {name}"
        return ""

    def _refuse(self, pod: Document, message: str) -> None:
        conditions = condition(
            pod.get("status", {}).get("conditions", []),
            "PodScheduled",
            holds=False,
            reason="Unschedulable",
            message=message,
            stamp="",
        )
        if conditions != pod.get("status", {}).get("conditions"):
            self._access.set_status(pod, {"conditions": conditions, "phase": "Pending"})
            self._access.tell(pod, "FailedScheduling", message, WARNING)

    def _bind(self, pod: Document, node: str) -> None:
        bound = self._access.edit(pod, lambda each: {**each, "spec": {**each["spec"], "nodeName": node}})
        conditions = [each for each in bound.get("status", {}).get("conditions", []) if each["type"] != "PodScheduled"]
        conditions = condition(conditions, "PodScheduled", holds=True, reason="", message="", stamp="")
        self._access.set_status(bound, {"conditions": conditions})
        metadata = pod["metadata"]
        name = f"{metadata['namespace']}/{metadata['name']}"
        self._access.tell(bound, "Scheduled", f"Successfully assigned {name} to {node}")


def _add_requests(used: dict[str, float], pod: Document) -> None:
    for container in pod["spec"]["containers"]:
        for name, value in (container.get("resources", {}).get("requests") or {}).items():
            used[name] = used.get(name, 0.0) + amount(value)
