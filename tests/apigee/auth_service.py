"""An auth service over TLS on a free port of this machine: it says what tokens are worth (RFC 7662), and has pages."""

from __future__ import annotations

import http.server
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from mldeploy_sandbox.tls_authority import server_certificate
from tests.apigee.stand_in import POLL_SECONDS

JSON_TYPE = "application/json"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the service answers about a token or at a path; it `hangs` until it is stopped, or `breaks` off unheard."""

    body: bytes = b""
    status: int = 200
    content_type: str = JSON_TYPE
    hangs: bool = False
    breaks: bool = False


def said(claims: Any, **options: Any) -> Reply:
    """Return an answer in JSON."""
    return Reply(body=json.dumps(claims).encode(), **options)


@dataclass
class AuthService:
    """Replies by token, pages by path, and what was asked: the form, and who asked."""

    replies: dict[str, Reply] = field(default_factory=dict)
    pages: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[Mapping[str, str], str]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    url: str = ""

    @property
    def address(self) -> str:
        """Where tokens are asked about."""
        return f"{self.url}/introspect?tenant=a&b=c"

    def questions(self, token: str) -> int:
        """Return how often the service was asked about a token."""
        return sum(form.get("token") == token for form, _ in self.asked)


@contextmanager
def running(folder: Path) -> Iterator[AuthService]:
    """Start the service; `folder` keeps its certificate and the authority that signed it."""
    service = AuthService()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            service.asked.append((form, self.headers["Authorization"]))
            self._send(service.replies.get(form.get("token", ""), said({"active": False})))

        def do_GET(self) -> None:
            self._send(service.pages.get(self.path, Reply(status=404)))

        def _send(self, reply: Reply) -> None:
            if reply.hangs:
                service.stopping.wait()
            if reply.hangs or reply.breaks:
                self.close_connection = True
                return
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    files = server_certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(files.certificate, files.key)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    service.url = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        service.stopping.set()
        server.shutdown()
        server.server_close()
