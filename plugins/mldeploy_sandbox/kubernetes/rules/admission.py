"""What else a new object must fit: its namespace, Pod Security, quotas; and the addresses of services."""

from __future__ import annotations

import secrets
from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resource, Resources
from mldeploy_sandbox.kubernetes.rules.pod_security import violations
from mldeploy_sandbox.kubernetes.rules.quotas import exceeded
from mldeploy_sandbox.kubernetes.status import ApiError, Cause
from mldeploy_sandbox.kubernetes.store import Document, Store
from mldeploy_sandbox.processes import free_port

EXPOSED = ("LoadBalancer", "NodePort")


class Admission:
    """Looks at objects before they are kept."""

    def __init__(self, store: Store, resources: Resources) -> None:
        self._store = store
        self._resources = resources

    def check_place(self, resource: Resource, document: Document) -> None:
        """Look where a new object would go; this comes before its values are checked.

        Raises:
            ApiError: its namespace is missing (404) or going away, or its service account is missing (403).
        """
        if resource.namespaced:
            self._namespace(resource, document)
            if resource.kind == "Pod":
                self._check_service_account(resource, document)

    def check_policies(self, resource: Resource, document: Document) -> None:
        """Look whether a valid new object is let in.

        Raises:
            ApiError: Pod Security or a quota forbids it (403).
        """
        if not resource.namespaced:
            return
        if resource.kind == "Pod":
            namespace = self._namespace(resource, document)
            text = violations(document["spec"], namespace["metadata"].get("labels") or {})
            if text:
                raise refusal(resource, document, text)
        self._check_quotas(resource, document)

    def warnings(self, resource: Resource, document: Document) -> list[str]:
        """Return what Pod Security would say of the pods that a workload makes; it is only refused there."""
        if resource.kind not in {"Deployment", "ReplicaSet"}:
            return []
        namespaces = self._resources.of_kind("Namespace")
        namespace = self._store.get(namespaces, "", document["metadata"]["namespace"]) or {"metadata": {}}
        labels = namespace["metadata"].get("labels") or {}
        profile = labels.get("pod-security.kubernetes.io/warn", "")
        text = violations(
            document["spec"]["template"]["spec"], {"pod-security.kubernetes.io/enforce": profile or "privileged"}
        )
        return [text.replace("violates", "would violate", 1)] if text else []

    def give_addresses(self, document: Document, old: Document | None) -> None:
        """Give a Service its cluster address and the ports on the node, which are real ports of the loopback."""
        spec: dict[str, Any] = document["spec"]
        before = (old or {}).get("spec", {})
        if spec["type"] == "ExternalName":
            return
        if "clusterIP" not in spec:
            spec["clusterIP"] = (
                before.get("clusterIP") or f"10.100.{secrets.randbelow(256)}.{1 + secrets.randbelow(254)}"
            )
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        known = {(port["port"], port["protocol"]): port.get("nodePort") for port in before.get("ports", ())}
        for port in spec.get("ports", ()):
            if spec["type"] not in EXPOSED:
                port.pop("nodePort", None)
            elif not port.get("nodePort"):
                port["nodePort"] = known.get((port["port"], port["protocol"])) or free_port()

    def _namespace(self, resource: Resource, document: Document) -> Document:
        name = document["metadata"]["namespace"]
        namespace = self._store.get(self._resources.of_kind("Namespace"), "", name)
        if namespace is None:
            message = f'namespaces "{name}" not found'
            raise ApiError(404, "NotFound", message, kind="namespaces", name=name)
        if "deletionTimestamp" in namespace["metadata"]:
            text = f"unable to create new content in namespace {name} because it is being terminated"
            cause = Cause(
                reason="NamespaceTerminating",
                message=f"namespace {name} is being terminated",
                field="metadata.namespace",
            )
            raise refusal(resource, document, text, cause)
        return namespace

    def _check_service_account(self, resource: Resource, document: Document) -> None:
        namespace, name = document["metadata"]["namespace"], document["spec"]["serviceAccountName"]
        if self._store.get(self._resources.of_kind("ServiceAccount"), namespace, name) is None:
            text = f'error looking up service account {namespace}/{name}: serviceaccount "{name}" not found'
            raise refusal(resource, document, text)

    def _check_quotas(self, resource: Resource, document: Document) -> None:
        namespace = document["metadata"]["namespace"]
        for quota in self._store.select(self._resources.of_kind("ResourceQuota"), namespace):
            text = exceeded(quota, resource.kind, document, self._store.select(resource, namespace))
            if text:
                raise refusal(resource, document, text)


def refusal(resource: Resource, document: Document, text: str, *causes: Cause) -> ApiError:
    """Return the error for an object that admission does not let in."""
    name = document["metadata"]["name"]
    message = f'{resource.qualified} "{name}" is forbidden: {text}'
    return ApiError(403, "Forbidden", message, group=resource.group, kind=resource.plural, name=name, causes=causes)
