"""Which part of the requests goes to old and new pods, as the AWS Load Balancer Controller takes it from an Ingress.

Source: https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mldeploy import Release
from mldeploy_eks.pods import PORT_NAME

ALB = "alb"
CANARY = "-canary"
"""What the names of the second Deployment and its Service end with."""
USE_ANNOTATION = "use-annotation"
"""The port of a backend that is no Service but an action in an annotation."""
WEIGHED = ("canary", "linear")
"""The strategies that need a load balancer which weighs requests."""


def is_weighed(release: Release) -> bool:
    """Return whether new pods get a part of the requests before they get all."""
    return release.value("deployment.strategy") in WEIGHED and has_load_balancer(release)


def has_load_balancer(release: Release) -> bool:
    """Return whether an application load balancer of AWS stands before the pods."""
    return bool(release.value("eks.ingress")) and release.value("eks.ingress.className") == ALB


def shares(release: Release) -> list[int]:
    """Return the percents that new pods get one after the other, before the deployment itself takes over.

    A canary gets one part; linear goes on in equal steps while something is left for the old pods.
    """
    if not is_weighed(release):
        return []
    percent = release.value("deployment.stepPercent")
    return [percent] if release.value("deployment.strategy") == "canary" else list(range(percent, 100, percent))


def forwarding(name: str, percent: int | None = None) -> dict[str, str]:
    """Return the annotation that sends requests to a service.

    Arguments:
        percent: the part that goes to the service of the canary; None for no such service.
    """
    weights = {name: 100} if percent is None else {name: 100 - percent, f"{name}{CANARY}": percent}
    groups = [{"serviceName": each, "servicePort": PORT_NAME, "weight": weight} for each, weight in weights.items()]
    action = {"type": "forward", "forwardConfig": {"targetGroups": groups}}
    return {f"alb.ingress.kubernetes.io/actions.{name}": json.dumps(action)}


def weighted(ingress: Mapping[str, Any], percent: int) -> dict[str, Any]:
    """Return the manifest of an Ingress that sends a part of the requests to the canary."""
    metadata = ingress["metadata"]
    annotations = {**metadata["annotations"], **forwarding(metadata["name"], percent)}
    return {**ingress, "metadata": {**metadata, "annotations": annotations}}
