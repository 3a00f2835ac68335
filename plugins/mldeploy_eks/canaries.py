"""The second Deployment, in which new pods get a part of the requests, and its Service.

Its pods carry the labels of the release, and another `app.kubernetes.io/instance`: neither the Service nor the
Deployment of the old pods chooses them, while the NetworkPolicy and `mldeploy logs` do.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from mldeploy_eks.manifests import SERVICE_PORT
from mldeploy_eks.names import INSTANCE
from mldeploy_eks.pods import PORT_NAME
from mldeploy_eks.weights import CANARY


def canary_deployment(main: Mapping[str, Any], pods: int) -> dict[str, Any]:
    """Return the manifest of the second Deployment, made from that of the first, with its image."""
    found = deepcopy(dict(main))
    template = found["spec"]["template"]
    labelled = [found["metadata"]["labels"], found["spec"]["selector"]["matchLabels"], template["metadata"]["labels"]]
    spread = template["spec"].get("topologySpreadConstraints", ())
    for labels in (*labelled, *(each["labelSelector"]["matchLabels"] for each in spread)):
        labels[INSTANCE] += CANARY
    found["metadata"]["name"] += CANARY
    found["spec"]["replicas"] = pods
    return found


def canary_service(main: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest of the Service before the second Deployment, made from the manifest of the first."""
    canary = canary_deployment(main, 0)
    port = {"name": PORT_NAME, "port": SERVICE_PORT, "targetPort": PORT_NAME, "protocol": "TCP"}
    spec = {"type": "ClusterIP", "selector": canary["spec"]["selector"]["matchLabels"], "ports": [port]}
    metadata = {key: canary["metadata"][key] for key in ("name", "namespace", "labels")}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
