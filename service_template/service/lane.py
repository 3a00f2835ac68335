"""A short way for ordinary predictions: small JSON bodies to /predict or /invocations, answered without FastAPI.

uvicorn's protocol hands a request to the application through an ASGI task, which costs many times what a small model
needs. This subclass answers those requests itself with the same functions that the route in prediction.py uses, and
leaves everything else to the application. The answers are equal byte for byte.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from functools import lru_cache, partial
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from service import messages
from service.batching import Job
from service.middleware import choose_id, note
from service.model import Model
from service.problems import MEDIA_TYPE, Problem

PATHS = {b"/predict": "/predict", b"/invocations": "/invocations"}
CONTENT_TYPES = (b"application/json", b"application/json; charset=utf-8", b"")
ACCEPTS = (b"*/*", b"application/json", b"")
OTHER_WAYS = frozenset({b"transfer-encoding", b"expect", b"upgrade"})
"""Headers that ask for more than the lane does."""

MAX_HEAD_BYTES = 65_536
STALL_SECONDS = 20
"""A request has to arrive completely within this time."""

CLOSE = "connection: close\r\n"
IDLE_SECONDS = 75
"""Longer than the idle timeout of load balancers (60 s on an Application Load Balancer), so that they close first."""


class Exchange:
    """One request in the lane; the attributes are those that uvicorn's protocol uses of its own request cycles."""

    __slots__ = ("body", "disconnected", "identifier", "keep_alive", "path", "response_complete", "started")

    message_event = asyncio.Event()  # uvicorn sets it; nobody waits for it here

    def __init__(self, path: str, identifier: str, keep_alive: bool) -> None:
        self.path = path
        self.identifier = identifier
        self.keep_alive = keep_alive
        self.started = time.monotonic()
        self.body = b""
        self.disconnected = False
        self.response_complete = False


class LaneProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol with the lane, and with limits for headers and for the time a request takes to arrive."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self.model: Model = self.app_state["model"]
        self.in_head = False
        self.head_bytes = 0
        self.close_at: float | None = time.monotonic() + STALL_SECONDS
        self.answering: Any = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was asked; uvicorn tells only the last request of a pipeline that its caller is gone."""
        if self.answering is not None:
            self.answering.disconnected = True
            self.answering.message_event.set()
        self.pipeline.clear()
        super().connection_lost(exc)

    @staticmethod
    def close_stalled(connections: Iterable[Any]) -> None:
        """Close the connections that are idle, or on which a request has been arriving, for too long."""
        now = time.monotonic()
        for connection in list(connections):
            if connection.close_at is not None and connection.close_at < now:
                connection.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what the socket has."""
        if self.in_head:
            self.head_bytes += len(data)
            if self.head_bytes > MAX_HEAD_BYTES:
                self._refuse(Problem(431, f"The headers are larger than {MAX_HEAD_BYTES} bytes."))
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Start a request."""
        self.url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self.in_head = True
        self.close_at = time.monotonic() + STALL_SECONDS

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; what comes after a chunked body is ignored."""
        if self.in_head:
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Choose the lane or the application."""
        self.in_head = False
        self.head_bytes = 0
        exchange = self._exchange()
        if exchange:
            self.cycle = self.answering = exchange  # type: ignore[assignment]
            return
        url, headers = self.url, self.headers
        super().on_message_begin()  # begin again in uvicorn's way
        super().on_url(url)
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of the body, mostly the whole; the lane's is too small to have to wait for the application."""
        if isinstance(self.cycle, Exchange):
            self.cycle.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer, if this request is in the lane."""
        self.close_at = None
        if isinstance(self.cycle, Exchange):
            self._answer(self.cycle)
        else:
            super().on_message_complete()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self.answering = cycle
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is not HTTP; uvicorn calls this."""
        self._refuse(Problem(400, msg))

    def _refuse(self, problem: Problem) -> None:
        """Answer something that did not get as far as to be a request, and close the connection."""
        self.transport.write(response(problem.status, problem.body(), MEDIA_TYPE, after=CLOSE))
        self.transport.close()

    def _exchange(self) -> Exchange | None:
        """Return an exchange when this request is an ordinary one and no other is being answered on the connection."""
        path = PATHS.get(self.url)
        if path is None or self.parser.get_method() != b"POST" or self.flow.write_paused:
            return None
        if self.cycle is not None and not self.cycle.response_complete:
            return None
        headers = dict(self.headers)
        ordinary = (
            len(headers) == len(self.headers)
            and headers.get(b"content-type", b"") in CONTENT_TYPES
            and headers.get(b"accept", b"") in ACCEPTS
            and int(headers.get(b"content-length", messages.SMALL_BYTES + 1)) <= messages.SMALL_BYTES
            and OTHER_WAYS.isdisjoint(headers)
        )
        if not ordinary:
            return None
        keep_alive = self.parser.should_keep_alive()
        if b"connection" in headers:  # HTTP/1.0 can ask for it, but uvicorn does not grant it
            keep_alive = keep_alive and self.parser.get_http_version() == "1.1"
        return Exchange(path, choose_id(headers), keep_alive)

    def _answer(self, exchange: Exchange) -> None:
        """Do what the route does: check, parse, predict."""
        deliver = partial(self._send, exchange)
        try:
            batcher = self.model.check()
            instances = messages.parse_json(exchange.body)
        except Problem as problem:
            deliver(problem)
        else:
            batcher.submit(Job(instances, messages.encode_json, deliver, exchange.started, exchange.identifier))

    def _send(self, exchange: Exchange, answer: bytes | Problem) -> None:
        """Send an answer and go on with the next request of the connection."""
        after = f"x-request-id: {exchange.identifier}\r\n"
        if self.model.version:
            after += f"x-model-version: {self.model.version}\r\n"
        if not exchange.keep_alive:
            after += CLOSE
        before = default_lines(*self.server_state.default_headers)
        if isinstance(answer, Problem):
            status = answer.status
            before += "".join([f"{name}: {value}\r\n" for name, value in answer.headers.items()])
            content = response(status, answer.body(), MEDIA_TYPE, before, after)
        else:
            status = 200
            content = response(status, answer, "application/json", before, after)
        now = time.monotonic()
        note("POST", exchange.path, status, now - exchange.started, exchange.identifier)
        exchange.response_complete = True
        if exchange.disconnected or self.transport.is_closing():
            return
        self.transport.write(content)
        if not exchange.keep_alive:
            self.transport.close()
        if self.pipeline:
            self.on_response_complete()
        else:  # uvicorn's timer per answer costs more than one look per second at all connections
            self.close_at = now + IDLE_SECONDS


@lru_cache(maxsize=1)
def default_lines(*headers: tuple[bytes, bytes]) -> str:
    """Return uvicorn's own headers as lines; the date among them changes every second."""
    return "".join([f"{name.decode('latin-1')}: {value.decode('latin-1')}\r\n" for name, value in headers])


def response(status: int, body: bytes, media_type: str, before: str = "", after: str = "") -> bytes:
    """Return a complete HTTP/1.1 response, with the headers in the order in which Starlette and uvicorn send them.

    `before` and `after` are lines of headers, each with its end.
    """
    head = f"{before}content-length: {len(body)}\r\ncontent-type: {media_type}\r\n{after}\r\n"
    return b"".join((STATUS_LINE[status], head.encode("latin-1"), body))
