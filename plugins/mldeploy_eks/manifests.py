"""The objects beside the pods' own deployment, as manifests."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy import Release
from mldeploy.model import JSON
from mldeploy_eks.kinds import KINDS
from mldeploy_eks.names import labels_of, marks_of, namespace_of, selector_of
from mldeploy_eks.pods import PORT_NAME, pod_template
from mldeploy_eks.weights import ALB, USE_ANNOTATION, forwarding, is_weighed

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
SERVICE_PORT = 80
INTERNAL_NLB = {
    "service.beta.kubernetes.io/aws-load-balancer-type": "external",
    "service.beta.kubernetes.io/aws-load-balancer-nlb-target-type": "ip",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internal",
}
"""A network load balancer inside the VPC, made by the AWS Load Balancer Controller
(https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/)."""
INTERNAL_ALB = {
    "alb.ingress.kubernetes.io/scheme": "internal",
    "alb.ingress.kubernetes.io/target-type": "ip",
    "alb.ingress.kubernetes.io/healthcheck-path": "/readiness",
}
"""An application load balancer inside the VPC (the same guide, "Ingress annotations")."""
IRSA = "eks.amazonaws.com/role-arn"
"""https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html"""
SURGE_ALL = "100%"


def manifest(release: Release, kind: str, spec: JSON = None, *, annotations: Mapping[str, str] | None = None) -> JSON:
    """Return a manifest with the name, the namespace and the labels of a release."""
    metadata: dict[str, JSON] = {"name": release.resource_name, "labels": labels_of(release.name, release.env)}
    if KINDS[kind].namespaced:
        metadata["namespace"] = namespace_of(release.config)
    if annotations:
        metadata["annotations"] = dict(annotations)
    found = {"apiVersion": KINDS[kind].api_version, "kind": kind, "metadata": metadata}
    return found if spec is None else {**found, "spec": spec}


def namespace(release: Release) -> JSON:
    """Return the namespace, which takes restricted pods only."""
    found = manifest(release, "Namespace")
    labels = {**found["metadata"]["labels"], **RESTRICTED}
    return {**found, "metadata": {"name": namespace_of(release.config), "labels": labels}}


def service_account(release: Release) -> JSON:
    """Return the identity of the pods; with a role for AWS where one is named."""
    identity = release.value("eks.serviceAccount")
    role = None if identity["podIdentity"] else identity.get("roleArn")
    found = manifest(release, "ServiceAccount", annotations={IRSA: role} if role else None)
    return {**found, "automountServiceAccountToken": False}


def deployment(release: Release) -> JSON:
    """Return the deployment; the number of pods is left out where something scales them."""
    seconds = release.value("deployment.healthCheckTimeoutSeconds")
    spec: dict[str, JSON] = {
        "revisionHistoryLimit": release.value("deployment.keepReleases"),
        "progressDeadlineSeconds": seconds,
        "strategy": rolling_update(release),
        "selector": {"matchLabels": selector_of(release.name, release.env)},
        "template": pod_template(release),
    }
    if not is_scaled(release):
        spec["replicas"] = release.value("instance.count")
    return manifest(release, "Deployment", spec)


def rolling_update(release: Release) -> JSON:
    """Return how new pods take the place of old ones: no old one goes before a new one is available."""
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": _surge(release), "maxUnavailable": 0}}


def is_scaled(release: Release) -> bool:
    """Return whether an autoscaler decides how many pods there are."""
    return bool(release.value("autoscaling.enabled") or release.value("eks.keda"))


def service(release: Release) -> JSON:
    """Return the service: a load balancer of its own, or the target of an Ingress or route."""
    settings = release.value("eks.service")
    ports = [{"name": PORT_NAME, "port": SERVICE_PORT, "targetPort": PORT_NAME, "protocol": "TCP"}]
    spec = {"selector": selector_of(release.name, release.env), "ports": ports}
    if has_front(release):
        return manifest(release, "Service", {"type": "ClusterIP", **spec}, annotations=settings["annotations"])
    if settings.get("loadBalancerClass"):
        spec["loadBalancerClass"] = settings["loadBalancerClass"]
    annotations = {**INTERNAL_NLB, **settings["annotations"]}
    return manifest(release, "Service", {"type": "LoadBalancer", **spec}, annotations=annotations)


def has_front(release: Release) -> bool:
    """Return whether an Ingress or a Gateway stands before the service."""
    return bool(release.value("eks.ingress") or release.value("eks.gatewayApi"))


def ingress(release: Release) -> JSON:
    """Return the Ingress; for the class `alb` with the annotations of an internal load balancer."""
    settings = release.value("eks.ingress")
    own = dict(INTERNAL_ALB) if settings["className"] == ALB else {}
    if settings.get("certificateArn"):
        own |= {
            "alb.ingress.kubernetes.io/certificate-arn": settings["certificateArn"],
            "alb.ingress.kubernetes.io/listen-ports": '[{"HTTPS": 443}]',
        }
    if is_weighed(release):
        own |= forwarding(release.resource_name)
    port = USE_ANNOTATION if is_weighed(release) else PORT_NAME
    backend = {"service": {"name": release.resource_name, "port": {"name": port}}}
    rule: dict[str, JSON] = {"http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}
    if settings.get("host"):
        rule["host"] = settings["host"]
    spec = {"ingressClassName": settings["className"], "rules": [rule]}
    return manifest(release, "Ingress", spec, annotations={**own, **settings["annotations"]})


def http_route(release: Release) -> JSON:
    """Return the route from a Gateway that is there already."""
    settings = release.value("eks.gatewayApi")
    gateway = {"name": settings["gateway"]}
    if settings.get("gatewayNamespace"):
        gateway["namespace"] = settings["gatewayNamespace"]
    backend = {"name": release.resource_name, "port": SERVICE_PORT}
    rule = {"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [backend]}
    return manifest(release, "HTTPRoute", {"parentRefs": [gateway], "hostnames": [settings["host"]], "rules": [rule]})


def disruption_budget(release: Release) -> JSON:
    """Return the budget: one pod at a time, and pods that do not work hold nobody up."""
    spec = {
        "maxUnavailable": release.value("eks.podDisruptionBudget.maxUnavailable"),
        "unhealthyPodEvictionPolicy": "AlwaysAllow",
        "selector": {"matchLabels": selector_of(release.name, release.env)},
    }
    return manifest(release, "PodDisruptionBudget", spec)


def network_policy(release: Release) -> JSON:
    """Return who may call the pods: everybody, on one port; with `endpoint.networkIsolation` they call nobody."""
    isolated = release.value("endpoint.networkIsolation")
    spec: dict[str, JSON] = {
        "podSelector": {"matchLabels": marks_of(release.name, release.env)},
        "policyTypes": ["Ingress", *(["Egress"] if isolated else [])],
        "ingress": [{"ports": [{"port": PORT_NAME, "protocol": "TCP"}]}],
    }
    return manifest(release, "NetworkPolicy", spec)


def service_monitor(release: Release) -> JSON:
    """Return what tells the Prometheus Operator to read the service's numbers."""
    spec = {
        "selector": {"matchLabels": selector_of(release.name, release.env)},
        "endpoints": [{"port": PORT_NAME, "path": "/metrics", "interval": "30s"}],
    }
    return manifest(release, "ServiceMonitor", spec)


def _surge(release: Release) -> str:
    """Return how many new pods may be there beside the old ones: all of them, or a batch."""
    rolling = release.value("deployment.strategy") == "rolling"
    return f"{release.value('deployment.stepPercent')}%" if rolling else SURGE_ALL
