"""The WSGI application of one API server."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from werkzeug.wrappers import Request, Response

from mldeploy_sandbox.kubernetes.api import discovery, openapi
from mldeploy_sandbox.kubernetes.api.authentication import Authenticator
from mldeploy_sandbox.kubernetes.api.requests import Target, attempt_of, find_target
from mldeploy_sandbox.kubernetes.api.verbs import Reply, Verbs
from mldeploy_sandbox.kubernetes.authorization import Attempt, Authorizer, User
from mldeploy_sandbox.kubernetes.objects import Objects
from mldeploy_sandbox.kubernetes.status import ApiError

log = logging.getLogger(__name__)

HEALTH = ("healthz", "livez", "readyz")


class Node(Protocol):
    """What runs pods: asked for logs, and for connections to services."""

    def logs(self, target: Target, query: Any) -> Response:
        """Answer `pods/NAME/log`."""

    def proxy(self, target: Target, request: Request) -> Response:
        """Answer `services/NAME/proxy/…`."""


class Application:
    """Answers every request of one cluster's API server."""

    def __init__(self, objects: Objects, authorizer: Authorizer, node: Node) -> None:
        self._objects = objects
        self._authorizer = authorizer
        self._authenticator = Authenticator()
        self._verbs = Verbs(objects, authorizer)
        self._node = node

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request."""
        request = Request(environ)
        try:
            response = self._answer(request)
        except ApiError as error:
            response = _json(error.status(), error.code)
        except Exception as error:
            log.exception("%s %s failed", request.method, request.path)
            response = _json(ApiError(500, "InternalError", f"Internal error occurred: {error}").status(), 500)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        parts = [part for part in request.path.split("/") if part]
        if parts and parts[0] in HEALTH:
            return Response("ok")
        user = self._authenticator.user(dict(request.headers))
        target = find_target(request.path, self._objects.resources)
        if target is None:
            return self._non_resource(request, parts, user)
        self._authorizer.check(user, attempt_of(request, target))
        if target.subresource == "log":
            return self._node.logs(target, request.args)
        if target.subresource == "proxy":
            return self._node.proxy(target, request)
        reply = self._verbs.answer(request, target, user)
        return Response("405: Method Not Allowed", status=405) if reply is None else _response(reply)

    def _non_resource(self, request: Request, parts: list[str], user: User) -> Response:
        self._authorizer.check(user, Attempt(verb=request.method.lower(), path=request.path))
        resources = self._objects.resources
        if parts == ["version"]:
            return _json(discovery.version())
        if parts == ["openapi", "v3"]:
            return _json(openapi.document_list(resources))
        found = (
            openapi.document("/".join(parts[2:]), resources)
            if parts[:2] == ["openapi", "v3"]
            else discovery.discover(parts, resources)
        )
        return Response("404 page not found\n", status=404) if found is None else _json(found)


def _response(reply: Reply) -> Response:
    if reply.stream is not None:
        return Response(reply.stream, content_type="application/json")
    response = _json(reply.document, reply.status)
    for text in reply.warnings:
        response.headers.add("Warning", f'299 - "{text.replace(chr(34), chr(92) + chr(34))}"')
    return response


def _json(document: Any, status: int = 200) -> Response:
    return Response(json.dumps(document, separators=(",", ":")), status=status, content_type="application/json")
