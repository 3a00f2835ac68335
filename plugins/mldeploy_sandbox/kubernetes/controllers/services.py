"""Services: which pods answer, and the address of a load balancer.

https://kubernetes.io/docs/concepts/services-networking/service/
"""

from __future__ import annotations

from typing import Any

from mldeploy_sandbox.kubernetes.controllers.access import Access, is_going, owner_reference
from mldeploy_sandbox.kubernetes.controllers.pods import is_active, is_ready
from mldeploy_sandbox.kubernetes.selectors import matches_labels
from mldeploy_sandbox.kubernetes.store import Document

LOOPBACK = {"hostname": "localhost", "ip": "127.0.0.1"}


class Services:
    """Keeps one EndpointSlice per service, and tells where load balancers listen."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def look(self) -> None:
        """Bring every service up to date."""
        for service in self._access.all("Service"):
            if is_going(service):
                continue
            if service["spec"].get("selector"):
                self._sync_slice(service)
            balancer: dict[str, Any] = {}
            if service["spec"]["type"] == "LoadBalancer":
                ports = [{"port": port["nodePort"], "protocol": "TCP"} for port in service["spec"].get("ports", ())]
                balancer = {"ingress": [{**LOOPBACK, "ports": ports}]}
            self._access.set_status(service, {"loadBalancer": balancer})

    def _sync_slice(self, service: Document) -> None:
        metadata = service["metadata"]
        wanted = {
            "addressType": "IPv4",
            "endpoints": [_endpoint(pod) for pod in backing_pods(self._access, service)],
            "ports": [_slice_port(port) for port in service["spec"].get("ports", ())],
        }
        found = self._access.find("EndpointSlice", metadata["namespace"], f"{metadata['name']}-sandbox")
        if found is not None:
            self._access.edit(found, lambda each: {**each, **wanted})
            return
        head = {
            "name": f"{metadata['name']}-sandbox",
            "labels": {"kubernetes.io/service-name": metadata["name"]},
            "ownerReferences": [owner_reference(service)],
        }
        self._access.create("EndpointSlice", metadata["namespace"], {"metadata": head, **wanted})


def backing_pods(access: Access, service: Document) -> list[Document]:
    """Return the pods that a service selects and that have an address."""
    selector = {"matchLabels": service["spec"].get("selector") or {}}
    if not selector["matchLabels"]:
        return []
    return [
        pod
        for pod in access.all("Pod", service["metadata"]["namespace"])
        if is_active(pod)
        and pod.get("status", {}).get("podIP")
        and matches_labels(selector, pod["metadata"].get("labels", {}))
    ]


def _endpoint(pod: Document) -> dict[str, Any]:
    metadata = pod["metadata"]
    ready = is_ready(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": pod["spec"].get("nodeName", ""),
        "targetRef": {
            "kind": "Pod",
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
        },
    }


def _slice_port(port: dict[str, Any]) -> dict[str, Any]:
    number = port["targetPort"] if isinstance(port["targetPort"], int) else port["port"]
    return {"name": port.get("name", ""), "port": number, "protocol": port["protocol"]}
