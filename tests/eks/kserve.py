"""KServe as a release sees it: its kind of object, and a controller that makes pods and an address from one.

It does what KServe's own does in the mode RawDeployment (its repository, pkg/controller/v1beta1/inferenceservice): a
Deployment NAME-predictor with labels and annotations of the predictor, a Service before it, and conditions.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from mldeploy_eks.cluster import Cluster
from mldeploy_eks.kinds import KINDS
from mldeploy_eks.rollout import was_rolled_out

KIND = "InferenceService"
GROUP, _, VERSION = KINDS[KIND].api_version.partition("/")
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LOOK_SECONDS = 0.05
CONTROLLER = "kserve"
"""The name of the controller's thread."""
OF_THE_PREDICTOR = (
    "annotations",
    "deploymentStrategy",
    "labels",
    "maxReplicas",
    "minReplicas",
    "scaleMetric",
    "scaleTarget",
)
DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": f"{KINDS[KIND].plural}.{GROUP}"},
    "spec": {
        "group": GROUP,
        "scope": "Namespaced",
        "names": {"plural": KINDS[KIND].plural, "singular": "inferenceservice", "kind": KIND},
        "versions": [
            {
                "name": VERSION,
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        ],
    },
}


@contextmanager
def installed(cluster: Cluster) -> Iterator[None]:
    """Have KServe in a cluster for the block."""
    cluster._sent("POST", DEFINITIONS, body=DEFINITION)
    over = threading.Event()
    while not cluster.serves(KINDS[KIND]):
        assert not over.wait(LOOK_SECONDS)
    controller = threading.Thread(target=_control, args=(cluster, over), name=CONTROLLER, daemon=True)
    controller.start()
    try:
        yield
    finally:
        over.set()
        controller.join()
        cluster._sent("DELETE", f"{DEFINITIONS}/{DEFINITION['metadata']['name']}")


def _control(cluster: Cluster, over: threading.Event) -> None:
    while not over.wait(LOOK_SECONDS):
        for service in cluster.listed(KIND):
            if "deletionTimestamp" not in service["metadata"]:
                _reconcile(cluster, service)


def _reconcile(cluster: Cluster, service: Mapping[str, Any]) -> None:
    predictor, name = service["spec"]["predictor"], f"{service['metadata']['name']}-predictor"
    selector = {"app": f"isvc.{name}"}
    meta = {"name": name, "namespace": cluster.namespace, "ownerReferences": [_owner(service)]}
    pods = {
        "metadata": {"labels": {**predictor["labels"], **selector}, "annotations": predictor["annotations"]},
        "spec": {key: value for key, value in predictor.items() if key not in OF_THE_PREDICTOR},
    }
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": {
            "replicas": predictor["minReplicas"],
            "selector": {"matchLabels": selector},
            "strategy": predictor["deploymentStrategy"],
            "template": pods,
        },
    }
    port = {"name": "http", "port": 80, "targetPort": 8080, "protocol": "TCP"}
    spec = {"type": "LoadBalancer", "selector": selector, "ports": [port]}
    made = cluster.apply(deepcopy(deployment), manager="kserve", force=True)
    front = cluster.apply(
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": spec}, manager="kserve", force=True
    )
    _report(cluster, service, _status(made, front))


def _status(deployment: Mapping[str, Any], front: Mapping[str, Any]) -> dict[str, Any]:
    ready = was_rolled_out(deployment)
    places = front.get("status", {}).get("loadBalancer", {}).get("ingress") or []
    found: dict[str, Any] = {"conditions": [{"type": "Ready", "status": "True" if ready else "False"}]}
    for place in places:
        found["url"] = f"http://{place.get('hostname') or place['ip']}:{place['ports'][0]['port']}/"
    return found


def _report(cluster: Cluster, service: Mapping[str, Any], status: dict[str, Any]) -> None:
    if service.get("status") != status:
        cluster._http.patch(
            f"{KINDS[KIND].path(cluster.namespace, service['metadata']['name'])}/status",
            params={"fieldManager": "kserve"},
            content=json.dumps({"status": status}),
            headers={"Content-Type": "application/merge-patch+json"},
        )


def _owner(service: Mapping[str, Any]) -> dict[str, Any]:
    named = {"name": service["metadata"]["name"], "uid": service["metadata"]["uid"]}
    return {"apiVersion": service["apiVersion"], "kind": KIND, "controller": True, **named}
