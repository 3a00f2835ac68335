"""What an object must be before it is kept: required fields, allowed values, what may not change any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resource
from mldeploy_sandbox.kubernetes.rules.decoding import missing_fields
from mldeploy_sandbox.kubernetes.rules.metadata import check_metadata, invalid_value, required_value
from mldeploy_sandbox.kubernetes.rules.pods import check_pod_update, check_template, unsupported_value
from mldeploy_sandbox.kubernetes.schema.types import schema_of
from mldeploy_sandbox.kubernetes.selectors import matches_labels
from mldeploy_sandbox.kubernetes.status import Cause, invalid

Document = Mapping[str, Any]

SERVICE_TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")


def validate(resource: Resource, document: Document, old: Document | None) -> None:
    """Check an object that is about to be kept.

    Raises:
        ApiError: it is invalid (422); every reason is named.
    """
    causes = list(check_metadata(document["metadata"], resource.kind))
    if not resource.custom:
        found = missing_fields(dict(document), schema_of(resource.api_version, resource.kind))
        causes += [required_value(path) for path in found if not path.startswith("status")]
    check = CHECKS.get(resource.kind)
    if check is not None and not any(cause.field == "spec" for cause in causes):
        named = {cause.field for cause in causes}
        causes += [cause for cause in check(document, old) if cause.field not in named]
    if causes:
        raise invalid(resource.kind, resource.group, document["metadata"]["name"], causes)


def _workload(document: Document, old: Document | None) -> Iterator[Cause]:
    """Check a Deployment or a ReplicaSet."""
    spec = document["spec"]
    if spec.get("replicas", 1) < 0:
        yield invalid_value("spec.replicas", spec["replicas"], "must be greater than or equal to 0")
    selector, template = spec.get("selector"), spec.get("template") or {}
    labels = template.get("metadata", {}).get("labels") or {}
    if selector is not None:
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            yield invalid_value("spec.selector", selector, "empty selector is invalid for deployment")
        elif not matches_labels(selector, labels):
            yield invalid_value("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")
        if old is not None and old["spec"].get("selector") != selector:
            yield invalid_value("spec.selector", selector, "field is immutable")
    yield from _strategy(spec.get("strategy") or {})
    deadline, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds", 0)
    if deadline is not None and deadline <= ready:
        yield invalid_value("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")
    yield from check_template(template, "spec.template.spec")


def _strategy(strategy: Document) -> Iterator[Cause]:
    kind, rolling = strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "Recreate" and rolling is not None:
        why = "may not be specified when strategy `type` is 'Recreate'"
        yield Cause(reason="FieldValueForbidden", message=f"Forbidden: {why}", field="spec.strategy.rollingUpdate")
    if kind not in {None, "RollingUpdate", "Recreate"}:
        yield unsupported_value("spec.strategy.type", kind, ("Recreate", "RollingUpdate"))
    if rolling and all(str(rolling.get(name, 1)).rstrip("%") == "0" for name in ("maxSurge", "maxUnavailable")):
        field = "spec.strategy.rollingUpdate.maxUnavailable"
        yield invalid_value(field, rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0")


def _pod(document: Document, old: Document | None) -> Iterator[Cause]:
    yield from check_template(document, "spec")
    if old is not None:
        yield from check_pod_update(document, old)


def _service(document: Document, old: Document | None) -> Iterator[Cause]:
    spec = document["spec"]
    if spec["type"] not in SERVICE_TYPES:
        yield unsupported_value("spec.type", spec["type"], SERVICE_TYPES)
    ports = spec.get("ports") or []
    if not ports and spec["type"] != "ExternalName" and spec.get("clusterIP") != "None":
        yield required_value("spec.ports")
    for index, port in enumerate(ports):
        field = f"spec.ports[{index}]"
        if len(ports) > 1 and not port.get("name"):
            yield required_value(f"{field}.name")
        if not 1 <= port.get("port", 1) <= 65535:
            yield invalid_value(f"{field}.port", port["port"], "must be between 1 and 65535, inclusive")
    before = old["spec"].get("clusterIP") if old else None
    if before and spec.get("clusterIP") != before and spec["type"] != "ExternalName":
        yield invalid_value("spec.clusterIPs[0]", spec.get("clusterIP"), "may not change once set")


def _autoscaler(document: Document, _: Document | None) -> Iterator[Cause]:
    spec = document["spec"]
    least, most = spec.get("minReplicas", 1), spec.get("maxReplicas", 1)
    if least < 1:
        yield invalid_value("spec.minReplicas", least, "must be greater than or equal to 1")
    if most < 1:
        yield invalid_value("spec.maxReplicas", most, "must be greater than 0")
    if most < least:
        yield invalid_value("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")


def _budget(document: Document, _: Document | None) -> Iterator[Cause]:
    spec = document.get("spec", {})
    if "minAvailable" in spec and "maxUnavailable" in spec:
        pair = {"minAvailable": spec["minAvailable"], "maxUnavailable": spec["maxUnavailable"]}
        yield invalid_value("spec", pair, "minAvailable and maxUnavailable cannot be both set")


def _ingress(document: Document, _: Document | None) -> Iterator[Cause]:
    spec = document.get("spec", {})
    if not spec.get("rules") and "defaultBackend" not in spec:
        yield invalid_value("spec", spec.get("rules", []), "either `defaultBackend` or `rules` must be specified")
    for index, rule in enumerate(spec.get("rules", ())):
        for place, path in enumerate((rule.get("http") or {}).get("paths", ())):
            field = f"spec.rules[{index}].http.paths[{place}]"
            if path.get("pathType") not in {None, *PATH_TYPES}:
                yield unsupported_value(f"{field}.pathType", path["pathType"], PATH_TYPES)
            if path.get("pathType") in {"Exact", "Prefix"} and not path.get("path", "").startswith("/"):
                yield invalid_value(f"{field}.path", path.get("path", ""), "must be an absolute path")


def _binding(document: Document, old: Document | None) -> Iterator[Cause]:
    if old is not None and old["roleRef"] != document["roleRef"]:
        yield invalid_value("roleRef", document["roleRef"], "cannot change roleRef")


CHECKS: Mapping[str, Callable[[Document, Document | None], Iterator[Cause]]] = {
    "ClusterRoleBinding": _binding,
    "Deployment": _workload,
    "HorizontalPodAutoscaler": _autoscaler,
    "Ingress": _ingress,
    "Pod": _pod,
    "PodDisruptionBudget": _budget,
    "ReplicaSet": _workload,
    "RoleBinding": _binding,
    "Service": _service,
}
"""Kind → what else is checked."""
