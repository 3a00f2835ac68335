"""Around every request that FastAPI answers: an id, the model's version, one log line, and no unexplained failure."""

from __future__ import annotations

import itertools
import logging
import re
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import logs
from service.counters import counters
from service.model import Model
from service.problems import Problem

log = logging.getLogger("access")

SAFE_ID = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
ID_HEADERS = (b"x-request-id", b"x-amzn-sagemaker-inference-id")
QUIET_PATHS = {"/ping", "/health", "/readiness", "/liveness", "/metrics"}
"""Platforms ask these every few seconds; only answers other than 2xx are logged."""

_PROCESS_ID = secrets.token_hex(8)
_numbers = itertools.count(1)


class RequestContext:
    """Pure ASGI middleware; BaseHTTPMiddleware would cost a task per request."""

    def __init__(self, app: ASGIApp, model: Model) -> None:
        self.app = app
        self.model = model

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        identifier = choose_id(dict(reversed(scope["headers"])))  # of two with one name, the first counts
        token = logs.request_id.set(identifier)
        started, status = time.monotonic(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = identifier
                if self.model.version:  # known once the model folder has been read
                    headers["X-Model-Version"] = self.model.version
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            log.exception("request failed")
            if status:
                raise
            problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The service failed on this request.")
            await problem.response()(scope, receive, send_with_headers)
        finally:
            note(scope["method"], scope["path"], status, time.monotonic() - started, identifier)
            logs.request_id.reset(token)


def note(method: str, path: str, status: int, seconds: float, identifier: str) -> None:
    """Count and log an answered request."""
    counters.request(path, status, seconds)
    if status >= 400 or path not in QUIET_PATHS:
        logs.access(method, path, status, seconds, identifier)


def choose_id(headers: Mapping[bytes, bytes]) -> str:
    """Return the caller's request id if it is harmless in headers and logs, else a new one."""
    for name in ID_HEADERS:
        identifier = headers.get(name)
        if identifier and SAFE_ID.fullmatch(identifier):
            return identifier.decode()
    return f"{_PROCESS_ID}-{next(_numbers):x}"
