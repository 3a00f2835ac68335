"""The pods: one container with the service and its model, as restricted as Pod Security knows.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/ ("Restricted").
"""

from __future__ import annotations

import math

from mldeploy import Release
from mldeploy.model import JSON
from mldeploy_eks.names import labels_of, selector_of

CONTAINER = "model"
PORT_NAME = "http"
PORT = 8080
USER = 10001
"""The user that the generated service runs as."""
REQUEST_SECONDS = 60
"""The longest answer: a pod that stops finishes it first (`request_seconds` of the service, and a margin)."""
PROBE_SECONDS = 5
STARTUP_SECONDS = 2
LIVENESS_FAILURES = 6
AWS_IDENTITY = "mldeploy/aws-identity"
SPREAD = ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
"""What the pods are spread over, as far as nodes allow."""


def pod_template(release: Release) -> JSON:
    """Return the template of the pods; the image is missing, it is known by its digest only when it has been built."""
    settings = release.value("eks")
    spec: dict[str, JSON] = {
        "serviceAccountName": release.resource_name,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "terminationGracePeriodSeconds": settings["drainSeconds"] + REQUEST_SECONDS,
        "topologySpreadConstraints": [_spread(release, key) for key in SPREAD],
        "containers": [_container(release)],
        "volumes": [{"name": "tmp", "emptyDir": {"sizeLimit": settings["resources"]["tmpSize"]}}],
    }
    if settings["nodeSelector"]:
        spec["nodeSelector"] = settings["nodeSelector"]
    if tolerations := _tolerations(settings):
        spec["tolerations"] = tolerations
    return {"metadata": {"labels": labels_of(release.name, release.env), **_identity(settings)}, "spec": spec}


def _identity(settings: JSON) -> JSON:
    """Return an annotation that makes the pods anew when their way to AWS changes: it is put into a pod when it starts.

    A role that EKS Pod Identity hands out may change while the pods run, so only the other way names it.
    """
    account = settings["serviceAccount"]
    if not account.get("roleArn"):
        return {}
    return {"annotations": {AWS_IDENTITY: "pod-identity" if account["podIdentity"] else account["roleArn"]}}


def _container(release: Release) -> JSON:
    settings = release.value("eks")
    return {
        "name": CONTAINER,
        "args": ["serve"],
        "ports": [{"name": PORT_NAME, "containerPort": PORT, "protocol": "TCP"}],
        "env": [*_variables(settings), *_secrets(settings)],
        "resources": _resources(settings),
        "startupProbe": {
            **_probe("/ping", STARTUP_SECONDS),
            "failureThreshold": math.ceil(release.value("deployment.healthCheckTimeoutSeconds") / STARTUP_SECONDS),
        },
        "readinessProbe": {**_probe("/readiness", PROBE_SECONDS), "failureThreshold": 2},
        "livenessProbe": {**_probe("/liveness", PROBE_SECONDS * 2), "failureThreshold": LIVENESS_FAILURES},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],  # noqa: S108 - the container's own, an emptyDir
    }


def _variables(settings: JSON) -> list[JSON]:
    """Return the environment: a pod that stops is out of rotation before it stops to listen (DRAIN_SECONDS)."""
    own = {"PORT": str(PORT), "DRAIN_SECONDS": str(settings["drainSeconds"])}
    return [{"name": name, "value": value} for name, value in {**settings["env"], **own}.items()]


def _secrets(settings: JSON) -> list[JSON]:
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": found["name"], "key": found["key"]}}}
        for name, found in settings["secrets"].items()
    ]


def _resources(settings: JSON) -> JSON:
    """Return requests and limits: memory and GPUs are what is asked for and no more; CPU may be borrowed."""
    wanted = settings["resources"]
    gpu = {settings["gpu"]["resource"]: settings["gpu"]["count"]} if settings.get("gpu") else {}
    limits: dict[str, JSON] = {"memory": wanted["memory"], **gpu}
    if wanted.get("cpuLimit"):
        limits["cpu"] = wanted["cpuLimit"]
    return {"requests": {"cpu": wanted["cpu"], "memory": wanted["memory"], **gpu}, "limits": limits}


def _tolerations(settings: JSON) -> list[JSON]:
    """Return what lets the pods onto nodes that keep others out: GPU nodes carry a taint of their resource's name."""
    gpu = settings.get("gpu")
    found = [{"key": gpu["resource"], "operator": "Exists", "effect": "NoSchedule"}] if gpu else []
    return [*found, *settings["tolerations"]]


def _spread(release: Release, key: str) -> JSON:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector_of(release.name, release.env)},
    }


def _probe(path: str, seconds: int) -> JSON:
    return {"httpGet": {"path": path, "port": PORT_NAME}, "periodSeconds": seconds, "timeoutSeconds": 2}
