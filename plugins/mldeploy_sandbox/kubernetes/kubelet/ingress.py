"""Ingresses: one HTTP listener that sends requests to services by host and path.

It understands the weights of the AWS Load Balancer Controller, by which a canary gets its part
(https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#actions).
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server
from werkzeug.wrappers import Request, Response

from mldeploy_sandbox.kubernetes.controllers.access import Access, is_going
from mldeploy_sandbox.kubernetes.kubelet.passing import pass_on
from mldeploy_sandbox.kubernetes.server import Handler
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Document

ACTIONS = "alb.ingress.kubernetes.io/actions."
USE_ANNOTATION = "use-annotation"

Backends = Callable[[Document, Any], Sequence[int]]
"""Returns the loopback ports of the ready pods of a service, for a target port."""


class Ingresses:
    """The ingress controller of the node."""

    def __init__(self, access: Access, backends: Backends) -> None:
        self._access = access
        self._backends = backends
        self._http: BaseWSGIServer | None = None

    def sync(self) -> None:
        """Listen as soon as there is an ingress, and tell each its address."""
        for ingress in self._access.all("Ingress"):
            if is_going(ingress):
                continue
            if self._http is None:
                self._http = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Handler)
                threading.Thread(target=self._http.serve_forever, args=(0.1,), name="ingress", daemon=True).start()
            port = {"port": self._http.server_port, "protocol": "TCP"}
            self._access.set_status(
                ingress, {"loadBalancer": {"ingress": [{"hostname": "localhost", "ports": [port]}]}}
            )

    def close(self) -> None:
        """Listen no more."""
        if self._http is not None:
            self._http.shutdown()
            self._http.server_close()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request from outside."""
        request = Request(environ)
        found = self._find(request)
        ports = self._ports(*found) if found else []
        if not found:
            response = Response("no rule of an ingress fits\n", status=404)
        elif not ports:
            response = Response("no pod is ready\n", status=503)
        else:
            try:
                response = pass_on(request, f"http://127.0.0.1:{random.choice(ports)}{request.path}", keep_host=True)
            except ApiError as error:
                response = Response(f"{error.message}\n", status=502)
        return response(environ, start_response)

    def _find(self, request: Request) -> tuple[Document, Mapping[str, Any]] | None:
        """Return ingress and backend for a request; an exact path wins, then the longest one."""
        best: tuple[tuple[bool, int], Document, Mapping[str, Any]] | None = None
        host = request.host.partition(":")[0]
        for ingress in self._access.all("Ingress"):
            spec = ingress.get("spec", {})
            for rank, backend in _candidates(spec, host, request.path):
                if best is None or rank > best[0]:
                    best = (rank, ingress, backend)
        return best[1:] if best else None

    def _ports(self, ingress: Document, backend: Mapping[str, Any]) -> Sequence[int]:
        name, port = _chosen(ingress, backend["service"])
        service = self._access.find("Service", ingress["metadata"]["namespace"], name)
        if service is None:
            return []
        for each in service["spec"].get("ports", ()):
            if port in {each["port"], each.get("name")}:
                return self._backends(service, each["targetPort"])
        return []


def _candidates(spec: Mapping[str, Any], host: str, path: str) -> Iterable[tuple[tuple[bool, int], Mapping[str, Any]]]:
    """Yield the backends that fit a host and a path, with their rank."""
    if "defaultBackend" in spec:
        yield (False, -1), spec["defaultBackend"]
    for rule in spec.get("rules", ()):
        wanted = rule.get("host", "")
        if wanted and wanted != host and not (wanted.startswith("*.") and host.partition(".")[2] == wanted[2:]):
            continue
        for each in (rule.get("http") or {}).get("paths", ()):
            prefix = each.get("path", "/")
            exact = each["pathType"] == "Exact"
            inside = path == prefix or path.startswith(prefix.rstrip("/") + "/")
            if path == prefix if exact else inside:
                yield (exact, len(prefix)), each["backend"]


def _chosen(ingress: Document, service: Mapping[str, Any]) -> tuple[str, Any]:
    """Return name and port of the service of a backend; of weighted ones, one by chance."""
    port = service.get("port", {})
    if port.get("name") != USE_ANNOTATION:
        return service["name"], port.get("name") or port.get("number")
    action = json.loads(ingress["metadata"].get("annotations", {}).get(ACTIONS + service["name"], "{}"))
    groups = (action.get("forwardConfig") or {}).get("targetGroups") or []
    if not groups:
        return "", None
    weights = [int(group.get("weight", 1)) for group in groups]
    (group,) = random.choices(groups, weights) if any(weights) else groups[:1]
    number = str(group["servicePort"])
    return group["serviceName"], int(number) if number.isdigit() else number
