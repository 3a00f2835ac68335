"""The Runtime API: how AWS's runtime client in a worker process gets events and hands back results.

Source: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VERSION = "/2018-06-01/runtime"
MAX_RESPONSE_BYTES = 6_291_556
"""Six megabytes and room for AWS's wrapping, as AWS's own error message says (Function.ResponseSizeTooLarge)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One event on its way to a handler; `timeout_seconds` counts from delivery."""

    request_id: str
    function_arn: str
    event: bytes
    timeout_seconds: float
    client_context: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came back: the handler's result, or the description of an error (`failed`)."""

    payload: bytes
    failed: bool = False


def failure(error_type: str, message: str) -> Outcome:
    """Describe an error of the platform as Lambda does."""
    return Outcome(payload=json.dumps({"errorType": error_type, "errorMessage": message}).encode(), failed=True)


class RuntimeApi:
    """Serves one worker process on a port of its own.

    `waiting` is set once the worker asked for its first event, or has failed to start; `broken` tells the latter.
    """

    def __init__(self) -> None:
        self.waiting = threading.Event()
        self.broken = False
        self._events: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[Outcome] = queue.SimpleQueue()
        self._server = _Server(self)
        threading.Thread(target=self._server.serve_forever, name="lambda runtime api", daemon=True).start()

    @property
    def address(self) -> str:
        """host:port, for AWS_LAMBDA_RUNTIME_API."""
        host, port = self._server.server_address[:2]
        return f"{host!s}:{port}"

    def give(self, invocation: Invocation) -> None:
        """Hand an event to the worker as soon as it asks for one."""
        self._events.put(invocation)

    def next(self) -> Invocation | None:
        """Wait for an event; None when the server is being closed."""
        self.waiting.set()
        return self._events.get()

    def report(self, outcome: Outcome) -> None:
        """Take what the worker, or somebody who watches it, says about the current event."""
        if len(outcome.payload) > MAX_RESPONSE_BYTES:
            message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_BYTES} bytes)."
            outcome = failure("Function.ResponseSizeTooLarge", message)
        self._outcomes.put(outcome)
        self.waiting.set()

    def outcome(self, seconds: float) -> Outcome | None:
        """Wait for the outcome of the current event; None when it takes longer than `seconds`."""
        try:
            return self._outcomes.get(timeout=seconds)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Stop serving and let go whoever waits."""
        self._events.put(None)
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: RuntimeApi) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    """Head and body leave together; apart they would wait for each other (delayed acknowledgement, 40 ms)."""

    server: _Server

    def do_GET(self) -> None:
        """Answer `next` when there is an event."""
        if self.path != f"{VERSION}/invocation/next":
            self._answer(404, {"errorType": "NotFound", "errorMessage": self.path})
            return
        invocation = self.server.api.next()
        if invocation is None:
            self.close_connection = True
            return
        deadline = int((time.time() + invocation.timeout_seconds) * 1000)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(invocation.event)))
        self.send_header("Lambda-Runtime-Aws-Request-Id", invocation.request_id)
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", invocation.function_arn)
        self.send_header("Lambda-Runtime-Deadline-Ms", str(deadline))
        if invocation.client_context:
            self.send_header("Lambda-Runtime-Client-Context", invocation.client_context)
        self.end_headers()
        self.wfile.write(invocation.event)

    def do_POST(self) -> None:
        """Take a response, an error, or the news that the handler cannot be loaded."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = self.path.removeprefix(VERSION).rsplit("/", 1)[-1]
        if not self.path.startswith(VERSION) or kind not in {"response", "error"}:
            self._answer(404, {"errorType": "NotFound", "errorMessage": self.path})
            return
        if self.path == f"{VERSION}/init/error":
            self.server.api.broken = True
        self._answer(202, {"status": "OK"})
        self.server.api.report(Outcome(payload=body, failed=kind == "error"))

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing; the worker's own lines are the log."""
