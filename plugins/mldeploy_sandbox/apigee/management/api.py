"""The management API as a WSGI application: token, route, faults, handler, answer."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.apigee.errors import Code, GoogleError, json_answer
from mldeploy_sandbox.apigee.management.routes import Ask, Route
from mldeploy_sandbox.connections import hang_up
from mldeploy_sandbox.faults.delivery import ConnectionCut

if TYPE_CHECKING:
    from mldeploy_sandbox.apigee.store import Store
    from mldeploy_sandbox.apigee.tokens import Tokens
    from mldeploy_sandbox.faults.injector import Injector

log = logging.getLogger(__name__)

MAX_UPLOAD_BYTES = 15 * 1024 * 1024
"""API proxy bundle: 15 MB (https://cloud.google.com/apigee/docs/api-platform/reference/limits)."""

FAULTS = {
    "throttle": GoogleError(Code.RESOURCE_EXHAUSTED, "Quota exceeded for quota metric 'Requests' of service 'apigee'."),
    "5xx": GoogleError(Code.UNAVAILABLE, "The service is currently unavailable."),
}


class ManagementApi:
    """Answers calls one at a time."""

    def __init__(self, store: Store, tokens: Tokens, faults: Injector, routes: Iterable[Route]) -> None:
        self._store = store
        self._tokens = tokens
        self._faults = faults
        self._map = Map(
            [Rule(route.rule, methods=[route.method], endpoint=route) for route in routes],
            strict_slashes=False,
            merge_slashes=False,
        )

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        request.max_content_length = MAX_UPLOAD_BYTES
        try:
            answer = self._answer(request)
        except GoogleError as error:
            answer = error.answer()
        log.info("%s %s: %d", request.method, request.full_path.rstrip("?"), answer.status)
        return answer.send(start_response)

    def _answer(self, request: Request) -> Answer:
        self._tokens.check(request.headers.get("Authorization", ""))
        route, path = self._route(request)
        kinds = self._strike(route, request)
        if "drop-before" in kinds:
            _cut(request)
        for kind in kinds & FAULTS.keys():
            raise FAULTS[kind]
        route.check(request.args)
        result = self._handled(route, Ask(path=path, query=request.args, body=_document(request), request=request))
        if "drop-after" in kinds:
            _cut(request)
        return result if isinstance(result, Answer) else json_answer(200, result)

    def _handled(self, route: Route, ask: Ask) -> Answer | Mapping[str, Any] | list[Any]:
        """Call a handler; a failure of the stand-in itself says so.

        Raises:
            GoogleError: of the handler, or INTERNAL.
        """
        with self._store.lock:
            try:
                return route.handler(ask)
            except GoogleError:
                raise
            except Exception as error:
                log.exception("%s failed", route.id)
                message = f"the stand-in failed in {route.id}: {type(error).__name__}: {error}"
                raise GoogleError(Code.INTERNAL, message) from error

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        try:
            route, path = self._map.bind("apigee").match(request.path, request.method)
        except MethodNotAllowed as error:
            message = f"the stand-in has no {request.method} {request.path}"
            raise GoogleError(Code.UNIMPLEMENTED, message) from error
        except HTTPException as error:
            raise GoogleError(Code.UNIMPLEMENTED, f"the stand-in does not answer {request.path}") from error
        return route, dict(path)

    def _strike(self, route: Route, request: Request) -> set[str]:
        """Return the kinds of faults that hit a call; delays have passed then."""
        faults = self._faults.next_faults(f"apigee:{route.id}", f"{request.method} {request.full_path}")
        time.sleep(sum(fault.seconds for fault in faults))
        return {fault.kind for fault in faults}


def _cut(request: Request) -> NoReturn:
    hang_up(request.environ)
    raise ConnectionCut


def _document(request: Request) -> dict[str, Any]:
    """Read the JSON document of a request.

    Raises:
        GoogleError: INVALID_ARGUMENT: it is none.
    """
    if request.mimetype.startswith(("multipart/", "application/octet-stream", "application/zip")):
        return {}
    text = request.get_data()
    try:
        document = json.loads(text) if text.strip() else {}
    except ValueError as error:
        raise GoogleError(Code.INVALID_ARGUMENT, "Invalid JSON payload received.") from error
    if not isinstance(document, dict):
        raise GoogleError(Code.INVALID_ARGUMENT, "Invalid JSON payload received. Root element must be a message.")
    return document
