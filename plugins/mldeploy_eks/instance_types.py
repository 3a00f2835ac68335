"""What `init` does not ask for a release on Kubernetes: the nodes are the cluster's."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy.model import JSON

REASON = "the cluster decides on its nodes; eks.resources says what a pod asks for"


def inapplicable(answers: Mapping[str, JSON]) -> Mapping[str, str]:  # noqa: ARG001 - `init` gives them
    """Return the keys that make no sense here, each with the reason."""
    return {
        "instance.type": REASON,
        "instance.volumeSizeInGB": REASON,
        "autoscaling.targetInvocationsPerInstancePerMinute": "pods scale by eks.targetCpuPercent, or by eks.keda",
    }
