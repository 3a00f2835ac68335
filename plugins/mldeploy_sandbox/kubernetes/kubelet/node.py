"""The one node of a cluster: runs the pods that the scheduler gives it, and carries connections to them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request, Response

from mldeploy_sandbox.kubernetes.api.discovery import VERSION
from mldeploy_sandbox.kubernetes.api.requests import Target
from mldeploy_sandbox.kubernetes.controllers.access import KUBELET, Access, is_going
from mldeploy_sandbox.kubernetes.controllers.pods import is_ready
from mldeploy_sandbox.kubernetes.controllers.services import backing_pods
from mldeploy_sandbox.kubernetes.kubelet.forwarding import Listener
from mldeploy_sandbox.kubernetes.kubelet.ingress import Ingresses
from mldeploy_sandbox.kubernetes.kubelet.logs import answer_logs
from mldeploy_sandbox.kubernetes.kubelet.passing import pass_on
from mldeploy_sandbox.kubernetes.kubelet.pod import Pod
from mldeploy_sandbox.kubernetes.objects import Objects
from mldeploy_sandbox.kubernetes.places import not_found
from mldeploy_sandbox.kubernetes.preparation import now
from mldeploy_sandbox.kubernetes.rules.admission import EXPOSED
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Document

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

log = logging.getLogger(__name__)

NAME = "sandbox"
CAPACITY = {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "100Gi", "pods": "250"}
"""Enough for every rehearsal: pods share this machine, and what they ask for is not held back for them."""


class Node:
    """Runs pods and forwards ports."""

    def __init__(self, world: World, objects: Objects) -> None:
        self._world = world
        self._objects = objects
        self._access = Access(objects, KUBELET)
        self._pods: dict[str, Pod] = {}
        self._listeners: dict[int, Listener] = {}
        self._ingresses = Ingresses(self._access, self._backends)
        self._next_address = 10
        self._join()
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End all pods at once; the store must be closed."""
        self._thread.join()
        self._ingresses.close()
        for listener in self._listeners.values():
            listener.close()
        for pod in self._pods.values():
            pod.stop()

    def logs(self, target: Target, query: Mapping[str, str]) -> Response:
        """Answer `pods/NAME/log`.

        Raises:
            ApiError: there is no such pod or container, or nothing to show.
        """
        document = self._access.find("Pod", target.namespace, target.name)
        if document is None:
            raise not_found(target.resource, target.name)
        return answer_logs(document, self._pods.get(document["metadata"]["uid"]), query)

    def proxy(self, target: Target, request: Request) -> Response:
        """Answer `services/[SCHEME:]NAME[:PORT]/proxy/PATH`.

        Raises:
            ApiError: there is no such service, or no pod is ready (503).
        """
        parts = target.name.split(":")
        name, wanted = (parts[1], parts[2]) if len(parts) == 3 else (*parts, "")[:2]
        service = self._access.find("Service", target.namespace, name)
        if service is None:
            raise not_found(target.resource, name)
        ports = [
            each for each in service["spec"].get("ports", ()) if wanted in {"", each.get("name"), str(each["port"])}
        ]
        backends = self._backends(service, ports[0]["targetPort"]) if ports else []
        if not backends:
            message = f'no endpoints available for service "{target.name}"'
            raise ApiError(503, "ServiceUnavailable", message)
        return pass_on(request, f"http://127.0.0.1:{backends[0]}/{target.rest}", keep_host=False)

    def _join(self) -> None:
        """Make the Node object."""
        labels = {"kubernetes.io/hostname": NAME, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
        node = self._access.create("Node", "", {"metadata": {"name": NAME, "labels": labels}, "spec": {}})
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "the sandbox is ready"}
        self._access.set_status(
            node,
            {
                "capacity": CAPACITY,
                "allocatable": CAPACITY,
                "conditions": [{**ready, "lastHeartbeatTime": now(), "lastTransitionTime": now()}],
                "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": NAME}],
                "nodeInfo": {
                    "kubeletVersion": VERSION,
                    "operatingSystem": "linux",
                    "architecture": "amd64",
                    "containerRuntimeVersion": "sandbox://1",
                    "osImage": "mldeploy sandbox",
                    "kernelVersion": "",
                    "machineID": "",
                    "systemUUID": "",
                    "bootID": "",
                    "kubeProxyVersion": "",
                },
            },
        )

    def _run(self) -> None:
        store = self._objects.store
        while not store.closed:
            seen = store.version
            try:
                self._sync_pods()
                self._sync_listeners()
                self._ingresses.sync()
            except Exception:
                log.exception("the node failed")
            store.wait(seen, 1.0)

    def _sync_pods(self) -> None:
        known: set[str] = set()
        for document in self._access.all("Pod"):
            uid = document["metadata"]["uid"]
            known.add(uid)
            if uid not in self._pods and document["spec"].get("nodeName") == NAME:
                self._next_address += 1
                address = f"10.244.{self._next_address // 250}.{self._next_address % 250 + 1}"
                pod = self._pods[uid] = Pod(self._world, self._access, document, address)
                pod.start()
            if uid in self._pods and is_going(document):
                self._pods[uid].end(document)
        for uid in set(self._pods) - known:
            threading.Thread(target=self._pods.pop(uid).stop, name="end of pod", daemon=True).start()

    def _sync_listeners(self) -> None:
        wanted: dict[int, Document] = {}
        for service in self._access.all("Service"):
            if service["spec"]["type"] in EXPOSED and not is_going(service):
                for port in service["spec"].get("ports", ()):
                    wanted[port["nodePort"]] = service
        for number in set(self._listeners) - set(wanted):
            self._listeners.pop(number).close()
        for number in set(wanted) - set(self._listeners):
            service = wanted[number]
            namespace, name = service["metadata"]["namespace"], service["metadata"]["name"]
            try:
                self._listeners[number] = Listener(number, partial(self._of, namespace, name, number))
            except OSError as error:
                log.warning("service %s/%s cannot listen on port %d: %s", namespace, name, number, error)

    def _of(self, namespace: str, name: str, number: int) -> list[int]:
        """Return where the ready pods of a service listen, for one of its ports on the node."""
        service = self._access.find("Service", namespace, name)
        ports = service["spec"].get("ports", ()) if service else ()
        target = next((each["targetPort"] for each in ports if each.get("nodePort") == number), None)
        return [] if service is None or target is None else self._backends(service, target)

    def _backends(self, service: Document, target: Any) -> list[int]:
        ready = [document for document in backing_pods(self._access, service) if is_ready(document)]
        pods = [self._pods.get(document["metadata"]["uid"]) for document in ready]
        containers = [pod.container() for pod in pods if pod is not None]
        return [container.port_of(target) for container in containers if container is not None]
