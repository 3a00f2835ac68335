"""The values that the API server fills in.

https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/ says them field by field.
"""

from __future__ import annotations

import base64
from typing import Any

Document = dict[str, Any]

PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def fill(target: Document, **values: Any) -> None:
    """Set what is not set."""
    for name, value in values.items():
        target.setdefault(name, value)


def pod_spec(spec: Document) -> None:
    """Fill in a pod's specification."""
    fill(
        spec,
        restartPolicy="Always",
        terminationGracePeriodSeconds=30,
        dnsPolicy="ClusterFirst",
        securityContext={},
        schedulerName="default-scheduler",
    )
    if "serviceAccountName" in spec:
        spec.setdefault("serviceAccount", spec["serviceAccountName"])
    for container in [*spec.get("containers", ()), *spec.get("initContainers", ())]:
        _container(container)
    for volume in spec.get("volumes", ()):
        for kind in ("secret", "configMap", "projected", "downwardAPI"):
            if kind in volume:
                fill(volume[kind], defaultMode=420)


def _container(container: Document) -> None:
    image = container.get("image", "")
    latest = "@" not in image and image.rpartition(":")[2] in {"latest", image}
    fill(
        container,
        imagePullPolicy="Always" if latest else "IfNotPresent",
        resources={},
        terminationMessagePath="/dev/termination-log",
        terminationMessagePolicy="File",
    )
    limits = container["resources"].get("limits", {})
    if limits:
        fill(container["resources"].setdefault("requests", {}), **limits)
    for port in container.get("ports", ()):
        fill(port, protocol="TCP")
    for name in PROBES:
        if name in container:
            _probe(container[name])
    for handler in (container.get("lifecycle") or {}).values():
        _http_get(handler)
    for variable in container.get("env", ()):
        if "fieldRef" in variable.get("valueFrom", {}):
            fill(variable["valueFrom"]["fieldRef"], apiVersion="v1")


def _probe(probe: Document) -> None:
    fill(probe, timeoutSeconds=1, periodSeconds=10, successThreshold=1, failureThreshold=3)
    _http_get(probe)


def _http_get(handler: Document) -> None:
    if "httpGet" in handler:
        fill(handler["httpGet"], path="/", scheme="HTTP")


def _pod(document: Document) -> None:
    fill(document.setdefault("spec", {}), enableServiceLinks=True)
    fill(document["spec"], serviceAccountName="default")
    pod_spec(document["spec"])
    fill(document, status={})
    fill(document["status"], phase="Pending")


def _deployment(document: Document) -> None:
    spec = document.setdefault("spec", {})
    fill(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600, strategy={})
    fill(spec["strategy"], type="RollingUpdate")
    if spec["strategy"]["type"] == "RollingUpdate":
        fill(spec["strategy"].setdefault("rollingUpdate", {}), maxSurge="25%", maxUnavailable="25%")
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def _replica_set(document: Document) -> None:
    spec = document.setdefault("spec", {})
    fill(spec, replicas=1)
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def _service(document: Document) -> None:
    spec = document.setdefault("spec", {})
    fill(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] != "ExternalName":
        fill(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    if spec["type"] in {"LoadBalancer", "NodePort"}:
        fill(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        fill(spec, allocateLoadBalancerNodePorts=True)
    for port in spec.get("ports", ()):
        fill(port, protocol="TCP", targetPort=port.get("port"))
    fill(document, status={})
    fill(document["status"], loadBalancer={})


def _autoscaler(document: Document) -> None:
    spec = document.setdefault("spec", {})
    usage = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    fill(spec, minReplicas=1, metrics=[{"type": "Resource", "resource": usage}])
    for rules in (spec.get("behavior") or {}).values():
        fill(rules, selectPolicy="Max")


def _network_policy(document: Document) -> None:
    spec = document.setdefault("spec", {})
    fill(spec, policyTypes=["Ingress", "Egress"] if spec.get("egress") else ["Ingress"])
    for rule in [*spec.get("ingress", ()), *spec.get("egress", ())]:
        for port in rule.get("ports", ()):
            fill(port, protocol="TCP")


def _namespace(document: Document) -> None:
    labels = document["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = document["metadata"]["name"]
    document.setdefault("spec", {})
    fill(document.setdefault("status", {}), phase="Active")


def _secret(document: Document) -> None:
    fill(document, type="Opaque")
    plain = document.pop("stringData", {})
    if plain:
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in plain.items()}
        document["data"] = document.get("data", {}) | encoded


def _binding(document: Document) -> None:
    fill(document.setdefault("roleRef", {}), apiGroup="rbac.authorization.k8s.io")
    for subject in document.get("subjects", ()):
        group = "" if subject.get("kind") == "ServiceAccount" else "rbac.authorization.k8s.io"
        if group:
            fill(subject, apiGroup=group)


DEFAULTS = {
    "ClusterRoleBinding": _binding,
    "Deployment": _deployment,
    "HorizontalPodAutoscaler": _autoscaler,
    "Namespace": _namespace,
    "NetworkPolicy": _network_policy,
    "Pod": _pod,
    "ReplicaSet": _replica_set,
    "RoleBinding": _binding,
    "Secret": _secret,
    "Service": _service,
}
"""Kind → function that fills in an object."""
