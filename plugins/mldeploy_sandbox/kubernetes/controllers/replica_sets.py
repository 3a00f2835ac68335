"""ReplicaSets: as many pods as wanted.

https://kubernetes.io/docs/concepts/workloads/controllers/replicaset/
"""

from __future__ import annotations

import copy
import time

from mldeploy_sandbox.kubernetes.controllers.access import (
    WARNING,
    Access,
    condition,
    is_going,
    is_owned,
    owner_reference,
    without_condition,
)
from mldeploy_sandbox.kubernetes.controllers.pods import is_active, is_available, is_ready
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Document

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 16.0
FAILURE = "ReplicaFailure"


class ReplicaSets:
    """Makes and deletes pods."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._pauses: dict[str, tuple[float, float]] = {}
        """Uid → when to try again, and how long to wait after that: after pods that could not be made."""

    def look(self) -> None:
        """Bring every set nearer to what it should be."""
        for replica_set in self._access.all("ReplicaSet"):
            pods = self._access.all("Pod", replica_set["metadata"]["namespace"])
            active = [pod for pod in pods if is_owned(pod, replica_set) and is_active(pod)]
            if not is_going(replica_set):
                failure = self._scale(replica_set, active)
                self._report(replica_set, active, failure)

    def _scale(self, replica_set: Document, active: list[Document]) -> str | None:
        """Make or delete pods; return why a pod could not be made, None when nothing was tried."""
        uid, wanted = replica_set["metadata"]["uid"], replica_set["spec"]["replicas"]
        due, pause = self._pauses.get(uid, (0.0, FIRST_PAUSE))
        if len(active) < wanted and time.monotonic() < due:
            return None
        try:
            for _ in range(len(active), wanted):
                self._make(replica_set)
        except ApiError as error:
            self._pauses[uid] = (time.monotonic() + pause, min(pause * 2, LONGEST_PAUSE))
            self._access.tell(replica_set, "FailedCreate", f"Error creating: {error.message}", WARNING)
            return error.message
        self._pauses.pop(uid, None)
        for pod in sorted(active, key=_worth)[: max(len(active) - wanted, 0)]:
            self._access.delete(pod)
            self._access.tell(replica_set, "SuccessfulDelete", f"Deleted pod: {pod['metadata']['name']}")
        return ""

    def _make(self, replica_set: Document) -> None:
        template = copy.deepcopy(replica_set["spec"]["template"])
        metadata = template.get("metadata", {})
        pod = self._access.create(
            "Pod",
            replica_set["metadata"]["namespace"],
            {
                "metadata": {
                    "generateName": f"{replica_set['metadata']['name']}-",
                    "labels": metadata.get("labels", {}),
                    **({"annotations": metadata["annotations"]} if metadata.get("annotations") else {}),
                    "ownerReferences": [owner_reference(replica_set)],
                },
                "spec": template["spec"],
            },
        )
        self._access.tell(replica_set, "SuccessfulCreate", f"Created pod: {pod['metadata']['name']}")

    def _report(self, replica_set: Document, active: list[Document], failure: str | None) -> None:
        patience = replica_set["spec"].get("minReadySeconds", 0)
        conditions = replica_set.get("status", {}).get("conditions", [])
        if failure:
            conditions = condition(conditions, FAILURE, holds=True, reason="FailedCreate", message=failure, stamp="")
        elif failure == "":
            conditions = without_condition(conditions, FAILURE)
        self._access.set_status(
            replica_set,
            {
                "replicas": len(active),
                "fullyLabeledReplicas": len(active),
                "readyReplicas": sum(map(is_ready, active)) or None,
                "availableReplicas": sum(is_available(pod, patience) for pod in active) or None,
                "observedGeneration": replica_set["metadata"]["generation"],
                "conditions": conditions or None,
            },
        )


def _worth(pod: Document) -> tuple[bool, bool, str]:
    """Order pods by what is lost with them: those without a node, those that are not ready, and young ones go first."""
    newest_first = "".join(chr(255 - ord(letter)) for letter in pod["metadata"]["creationTimestamp"])
    return bool(pod["spec"].get("nodeName")), is_ready(pod), newest_first
