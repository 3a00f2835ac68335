"""The one WSGI application of the sandbox: sorts requests, checks them, and lets planes or moto answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from moto.core.request import Request

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.calls import CallLog, CallRecord
from mldeploy_sandbox.connections import hang_up
from mldeploy_sandbox.exchange import Answering, Exchange
from mldeploy_sandbox.faults.delivery import ConnectionCut
from mldeploy_sandbox.plane import Call, WsgiApp
from mldeploy_sandbox.scope import Scope, read_scope

MEMORY_PER_BODY = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Page:
    """A WSGI application below a path; `{name}` stands for any one segment."""

    segments: tuple[str, ...]
    app: WsgiApp

    def covers(self, path: str) -> bool:
        """Tell whether a path lies below this page."""
        parts = path.strip("/").split("/")
        if len(parts) < len(self.segments):
            return False
        return all(
            segment.startswith("{") or segment == part for segment, part in zip(self.segments, parts, strict=False)
        )


class Front:
    """Sends each request to a page, to a plane, or to moto, in that order."""

    def __init__(self, answering: Answering, calls: CallLog, pages: Mapping[str, WsgiApp]) -> None:
        self._answering = answering
        self._calls = calls
        self.used: set[tuple[str, str]] = set()
        self._pages = [Page(tuple(path.strip("/").split("/")), app) for path, app in pages.items()]

    def call(self, call: Call) -> Mapping[str, Any]:
        """Answer an operation from inside, by its plane or by moto; no gate is asked, and it is not logged.

        Raises:
            AwsError: the answer is an error.
            NotImplementedError: nobody knows the operation.
        """
        handler = self._answering.operations.get((call.service, call.operation))
        return handler(call) if handler else self._answering.moto.answer(call)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one HTTP request."""
        scope = read_scope(environ)
        if not (scope.signed and scope.signing_name == "s3"):
            for page in self._pages:
                if page.covers(environ["PATH_INFO"]):
                    return page.app(environ, start_response)
        started = time.monotonic()
        exchange = Exchange(self._answering, scope)
        answer = None
        try:
            with _buffer_body(environ) as body:
                answer = exchange.run(environ, body)
        except ConnectionCut:
            hang_up(environ)
            raise
        finally:
            self.used.add((exchange.service, scope.region))
            self._calls.append(_record(exchange, scope, answer, time.monotonic() - started))
        return answer.send(start_response)


def _record(exchange: Exchange, scope: Scope, answer: Answer | None, seconds: float) -> CallRecord:
    return CallRecord(
        service=exchange.service,
        operation=exchange.operation,
        region=scope.region,
        caller=scope.access_key_id,
        permissions=tuple((permission.action, permission.resource) for permission in exchange.permissions),
        status=answer.status if answer else 0,
        error=exchange.error if answer else "ConnectionCut",
        rule=exchange.rule,
        fault=exchange.fault,
        milliseconds=round(seconds * 1000, 1),
    )


def _buffer_body(environ: dict[str, Any]) -> IO[bytes]:
    """Read the whole body, so that it can be parsed here and again by moto, and a slow upload holds no lock."""
    stream = Request(environ).stream
    body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MEMORY_PER_BODY)  # noqa: SIM115 - the caller closes it
    size = 0
    while chunk := stream.read(1024 * 1024):
        size += body.write(chunk)
    body.seek(0)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    environ.pop("wsgi.input_terminated", None)
    environ["wsgi.input"] = body
    environ["CONTENT_LENGTH"] = str(size)
    return body
