"""A stand-in for the runtime API of SageMaker: answers as told, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class StubEndpoint(ThreadingHTTPServer):
    """Each answer names how many requests there were, so that a stored answer can be told from a fresh one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[Mapping[str, str]] = []
        self.failures: list[tuple[int, str, Mapping[str, object]]] = []
        self.content_type = "application/json"
        self.body: bytes | None = None
        self.go_on = threading.Event()
        self.go_on.set()

    @property
    def count(self) -> int:
        """How many requests have arrived."""
        return len(self.requests)

    def fail(self, status: int, code: str, times: int = 1, **fields: object) -> None:
        """Answer the next requests with an error of the runtime API."""
        self.failures += [(status, code, fields)] * times


class _Handler(BaseHTTPRequestHandler):
    server: StubEndpoint
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.requests.append({name.lower(): value for name, value in self.headers.items()})
        number = self.server.count
        self.server.go_on.wait(10)
        if self.server.failures:
            status, code, fields = self.server.failures.pop(0)
            self._answer(status, json.dumps({"Message": code, **fields}).encode(), {"x-amzn-errortype": code})
            return
        body = json.dumps({"answer": number}).encode() if self.server.body is None else self.server.body
        self._answer(200, body, {"x-amzn-invoked-production-variant": "AllTraffic"})

    def _answer(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("content-type", self.server.content_type if status == 200 else "application/json")
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""
