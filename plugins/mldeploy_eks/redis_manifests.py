"""The objects of the cache's Redis, as manifests.

The function of the cache stands outside of the cluster and does not know its DNS, so that a load balancer inside the
VPC has to lead to Redis. Answers are kept in memory only: a pod that starts anew begins with none, which costs time and
is never wrong.
"""

from __future__ import annotations

import re

from mldeploy import Ref, Release
from mldeploy.model import JSON
from mldeploy_aws.compute import CACHE_SERVICES
from mldeploy_eks.kinds import KINDS
from mldeploy_eks.manifests import INTERNAL_NLB
from mldeploy_eks.names import namespace_of
from mldeploy_eks.redis_names import redis_labels, redis_name, redis_selector

CONTAINER = "redis"
PORT_NAME = "redis"
PORT = 6379
USER = 999
"""The user that the official images of Redis and Valkey bring along."""
FOLDER = "/etc/redis-secret"
VOLUME = "secret"
CONFIGURATION, CERTIFICATE, KEY = "redis.conf", "tls.crt", "tls.key"
"""The keys of the Secret."""
PROTECTED_BY = "mldeploy/protected-by"
"""Annotation that makes the pod anew when the password or the certificate changes: Redis reads them at its start."""
SHARE_FOR_ANSWERS = 0.75
"""The rest is for connections, buffers and fragmentation."""
UNITS = {"Mi": 2**20, "Gi": 2**30, "M": 10**6, "G": 10**9}
SECURITY_GROUPS = {
    "service.beta.kubernetes.io/aws-load-balancer-security-groups": Ref(CACHE_SERVICES, "GroupId"),
    "service.beta.kubernetes.io/aws-load-balancer-manage-backend-security-group-rules": "true",
}
"""The load balancer lets the function in and nobody else
(https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/security_groups)."""


def redis_deployment(release: Release, secret_version: JSON) -> JSON:
    """Return the deployment of one pod; a new one is there before the old one goes.

    Arguments:
        secret_version: what names the state of the Secret; None where Redis asks for no password.
    """
    annotations = {} if secret_version is None else {"annotations": {PROTECTED_BY: secret_version}}
    spec = {
        "replicas": 1,
        "revisionHistoryLimit": release.value("deployment.keepReleases"),
        "progressDeadlineSeconds": release.value("deployment.healthCheckTimeoutSeconds"),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "selector": {"matchLabels": redis_selector(release)},
        "template": {
            "metadata": {"labels": redis_labels(release), **annotations},
            "spec": _pod(release, protected=secret_version is not None),
        },
    }
    return _manifest(release, "Deployment", spec)


def redis_service(release: Release) -> JSON:
    """Return the load balancer inside the VPC."""
    spec: dict[str, JSON] = {
        "type": "LoadBalancer",
        "selector": redis_selector(release),
        "ports": [{"name": PORT_NAME, "port": PORT, "targetPort": PORT_NAME, "protocol": "TCP"}],
    }
    if chosen := release.value("eks.service.loadBalancerClass"):
        spec["loadBalancerClass"] = chosen
    groups = SECURITY_GROUPS if release.value("cache.vpc") else {}
    found = _manifest(release, "Service", spec)
    return {**found, "metadata": {**found["metadata"], "annotations": {**INTERNAL_NLB, **groups}}}


def redis_network_policy(release: Release) -> JSON:
    """Return who may talk to whom: Redis is called on one port, and calls nobody."""
    spec = {
        "podSelector": {"matchLabels": redis_selector(release)},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": PORT_NAME, "protocol": "TCP"}]}],
    }
    return _manifest(release, "NetworkPolicy", spec)


def _manifest(release: Release, kind: str, spec: JSON) -> JSON:
    metadata = {
        "name": redis_name(release),
        "namespace": namespace_of(release.config),
        "labels": redis_labels(release),
    }
    return {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _pod(release: Release, *, protected: bool) -> JSON:
    """Return a pod with as few rights as the model's, and without an identity for AWS."""
    spec: dict[str, JSON] = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(release, protected=protected)],
    }
    if protected:
        spec["volumes"] = [{"name": VOLUME, "secret": {"secretName": redis_name(release), "defaultMode": 0o440}}]
    return spec


def _container(release: Release, *, protected: bool) -> JSON:
    settings = release.value("eks.redis")
    memory = settings["memory"]
    ask = {"tcpSocket": {"port": PORT_NAME}, "periodSeconds": 5, "timeoutSeconds": 2}
    found: dict[str, JSON] = {
        "name": CONTAINER,
        "args": [*(_protection() if protected else ["--port", "$(PORT)"]), *_settings(memory)],
        "env": [
            {"name": "PORT", "value": str(PORT)},
            {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        ],
        "ports": [{"name": PORT_NAME, "containerPort": PORT, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": settings["cpu"], "memory": memory}, "limits": {"memory": memory}},
        "readinessProbe": {**ask, "failureThreshold": 2},
        "livenessProbe": {**ask, "failureThreshold": 6},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    if protected:
        found["volumeMounts"] = [{"name": VOLUME, "mountPath": FOLDER, "readOnly": True}]
    return found


def _protection() -> list[str]:
    """Return the arguments for TLS and a password, which is in a file: arguments are for everybody to see.

    https://valkey.io/topics/encryption/; the first argument tells the images' entry point that it is for the server.
    """
    return [
        f"{FOLDER}/{CONFIGURATION}",
        *("--port", "0", "--tls-port", "$(PORT)", "--tls-auth-clients", "no"),
        *("--tls-cert-file", f"{FOLDER}/{CERTIFICATE}", "--tls-key-file", f"{FOLDER}/{KEY}"),
        *("--tls-ca-cert-file", f"{FOLDER}/{CERTIFICATE}"),
    ]


def _settings(memory: str) -> list[str]:
    """Return the arguments of a cache: nothing is written to a disk, and old answers make room for new ones."""
    number, unit = re.findall(r"\d+|\D+", memory)
    most = int(int(number) * UNITS[unit] * SHARE_FOR_ANSWERS)
    return ["--bind", "$(HOST)", "--save", "", "--maxmemory", str(most), "--maxmemory-policy", "allkeys-lru"]
