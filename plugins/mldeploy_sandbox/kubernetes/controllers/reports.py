"""Statuses that only report: autoscalers, disruption budgets, quotas, custom resource definitions.

Nothing scales by load: the pods have no metrics, and the autoscaler says so, as one without a metrics server does.
"""

from __future__ import annotations

import math
from typing import Any

from mldeploy_sandbox.kubernetes.controllers.access import Access, condition
from mldeploy_sandbox.kubernetes.controllers.pods import is_active, is_ready
from mldeploy_sandbox.kubernetes.rules.quotas import number, total
from mldeploy_sandbox.kubernetes.selectors import matches_labels
from mldeploy_sandbox.kubernetes.store import Document


class Reports:
    """Keeps statuses true."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def look(self) -> None:
        """Look at every object that reports."""
        for autoscaler in self._access.all("HorizontalPodAutoscaler"):
            self._autoscaler(autoscaler)
        for budget in self._access.all("PodDisruptionBudget"):
            self._budget(budget)
        for quota in self._access.all("ResourceQuota"):
            self._quota(quota)
        for definition in self._access.all("CustomResourceDefinition"):
            self._definition(definition)

    def _autoscaler(self, autoscaler: Document) -> None:
        metadata, spec = autoscaler["metadata"], autoscaler["spec"]
        wanted = spec["scaleTargetRef"]
        target = self._access.find(wanted["kind"], metadata["namespace"], wanted["name"])
        conditions = autoscaler.get("status", {}).get("conditions", [])
        if target is None:
            message = (
                "the HPA controller was unable to get the target's current scale: "
                f'{wanted["kind"].lower()}s.apps "{wanted["name"]}" not found'
            )
            conditions = condition(
                conditions, "AbleToScale", holds=False, reason="FailedGetScale", message=message, stamp=""
            )
            self._access.set_status(autoscaler, {"conditions": conditions, "currentReplicas": 0, "desiredReplicas": 0})
            return
        message = "the HPA controller was able to get the target's current scale"
        conditions = condition(
            conditions, "AbleToScale", holds=True, reason="SucceededGetScale", message=message, stamp=""
        )
        message = "the HPA was unable to compute the replica count: the sandbox has no metrics"
        conditions = condition(
            conditions, "ScalingActive", holds=False, reason="FailedGetResourceMetric", message=message, stamp=""
        )
        replicas = target["spec"].get("replicas", 1)
        least, most = spec["minReplicas"], spec["maxReplicas"]
        desired = min(max(replicas, least), most)
        if desired != replicas:
            self._access.edit(target, lambda each: {**each, "spec": {**each["spec"], "replicas": desired}})
        current = target.get("status", {}).get("replicas", 0)
        status = {"conditions": conditions, "currentReplicas": current, "desiredReplicas": desired}
        self._access.set_status(autoscaler, status)

    def _budget(self, budget: Document) -> None:
        spec = budget.get("spec", {})
        pods = [
            pod
            for pod in self._access.all("Pod", budget["metadata"]["namespace"])
            if is_active(pod) and matches_labels(spec.get("selector"), pod["metadata"].get("labels", {}))
        ]
        expected, healthy = len(pods), sum(map(is_ready, pods))
        if "minAvailable" in spec:
            desired = _share(spec["minAvailable"], expected)
        else:
            desired = expected - _share(spec.get("maxUnavailable", 0), expected)
        self._access.set_status(
            budget,
            {
                "expectedPods": expected,
                "currentHealthy": healthy,
                "desiredHealthy": max(desired, 0),
                "disruptionsAllowed": max(healthy - desired, 0),
                "observedGeneration": budget["metadata"]["generation"],
            },
        )

    def _quota(self, quota: Document) -> None:
        namespace, hard = quota["metadata"]["namespace"], quota.get("spec", {}).get("hard", {})
        used: dict[str, float] = {}
        for kind in ("ConfigMap", "Deployment", "PersistentVolumeClaim", "Pod", "Secret", "Service"):
            used |= total(kind, self._access.all(kind, namespace))
        names = {name: name if name in used or "." in name else f"requests.{name}" for name in hard}
        counted = {name: number(used.get(names[name], 0.0)) for name in hard}
        self._access.set_status(quota, {"hard": dict(hard), "used": counted})

    def _definition(self, definition: Document) -> None:
        conditions: list[dict[str, Any]] = definition.get("status", {}).get("conditions", [])
        for kind, reason, message in (
            ("NamesAccepted", "NoConflicts", "no conflicts found"),
            ("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ):
            conditions = condition(conditions, kind, holds=True, reason=reason, message=message, stamp="")
        names = definition["spec"]["names"]
        versions = [each["name"] for each in definition["spec"]["versions"] if each.get("storage")]
        self._access.set_status(
            definition, {"conditions": conditions, "acceptedNames": names, "storedVersions": versions}
        )


def _share(value: Any, whole: int) -> int:
    return math.ceil(int(value.rstrip("%")) * whole / 100) if isinstance(value, str) else int(value)
