"""What decides how many pods there are: a HorizontalPodAutoscaler, or KEDA where a query or zero pods are wanted."""

from __future__ import annotations

from mldeploy import Release
from mldeploy.model import JSON
from mldeploy_eks.manifests import manifest


def pod_autoscaler(release: Release) -> JSON:
    """Return the autoscaler that follows the use of the processors."""
    spec = {
        "scaleTargetRef": _target(release),
        "minReplicas": release.value("autoscaling.minInstances"),
        "maxReplicas": release.value("autoscaling.maxInstances"),
        "metrics": [_utilization(release)],
        "behavior": {
            "scaleUp": {"stabilizationWindowSeconds": release.value("autoscaling.scaleOutCooldownSeconds")},
            "scaleDown": {"stabilizationWindowSeconds": release.value("autoscaling.scaleInCooldownSeconds")},
        },
    }
    return manifest(release, "HorizontalPodAutoscaler", spec)


def scaled_object(release: Release) -> JSON:
    """Return KEDA's object: it scales by a Prometheus query, down to no pod at all if that is wanted.

    Source: https://keda.sh/docs/latest/scalers/prometheus/ and https://keda.sh/docs/latest/reference/scaledobject-spec/.
    """
    settings = release.value("eks.keda")
    metadata = {
        "serverAddress": settings["serverAddress"],
        "query": settings["query"],
        "threshold": str(settings["threshold"]),
    }
    spec = {
        "scaleTargetRef": _target(release),
        "minReplicaCount": settings["minReplicas"],
        "maxReplicaCount": release.value("autoscaling.maxInstances"),
        "cooldownPeriod": release.value("autoscaling.scaleInCooldownSeconds"),
        "triggers": [{"type": "prometheus", "metadata": metadata}],
    }
    return manifest(release, "ScaledObject", spec)


def _target(release: Release) -> JSON:
    return {"apiVersion": "apps/v1", "kind": "Deployment", "name": release.resource_name}


def _utilization(release: Release) -> JSON:
    percent = release.value("eks.targetCpuPercent")
    target = {"type": "Utilization", "averageUtilization": percent}
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}
