"""A way to the sandbox that takes as long as the way to AWS: every call waits before it passes."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from mldeploy_sandbox.calls import is_mutating

SERVED = ("/_user_request_", "/oauth2/")
"""What the paths of requests have that are no calls of AWS's API: those of callers."""

HOP_BY_HOP = {"connection", "transfer-encoding", "content-length"}


@dataclass(frozen=True, slots=True)
class Detour:
    """An address, and the calls that went by there: whether each one changes something."""

    url: str
    calls: list[bool] = field(default_factory=list)


@contextmanager
def slowed(url: str, seconds: float) -> Iterator[Detour]:
    """Serve what another address serves, each answer later by some seconds; calls wait side by side."""
    address = urlsplit(url)
    passed: list[bool] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def pass_on(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if not any(part in self.path for part in SERVED):
                passed.append(changes(self.command, self.headers, body))
            time.sleep(seconds)
            connection = http.client.HTTPConnection(address.hostname or "", address.port)
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP}
            try:
                connection.request(self.command, self.path, body, headers)
                answer = connection.getresponse()
                content = answer.read()
            finally:
                connection.close()
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"):
        setattr(Handler, f"do_{method}", Handler.pass_on)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Detour(f"http://127.0.0.1:{server.server_port}", passed)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def changes(method: str, headers: Mapping[str, str], body: bytes) -> bool:
    """Tell whether a call changes something, in each of AWS's protocols (JSON, query, REST)."""
    if target := headers.get("X-Amz-Target"):
        return is_mutating(target.rpartition(".")[2])
    if headers.get("Content-Type", "").startswith("application/x-www-form-urlencoded"):
        return is_mutating(parse_qs(body.decode())["Action"][0])
    return method not in {"GET", "HEAD"}
