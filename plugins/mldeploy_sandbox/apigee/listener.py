"""The data plane's own port: callers see hostnames and base paths there, not the sandbox's pages."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

if TYPE_CHECKING:
    from mldeploy_sandbox.plane import WsgiApp

HOST = "127.0.0.1"


class QuietHandler(WSGIRequestHandler):
    """Speaks HTTP/1.1 and logs no requests: the router does."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


class Listener:
    """Serves an application on a free port until it is closed."""

    def __init__(self, app: WsgiApp) -> None:
        listening = socket.create_server((HOST, 0), backlog=128)
        self.address = f"{HOST}:{listening.getsockname()[1]}"
        self._server = make_server(HOST, 0, app, threaded=True, request_handler=QuietHandler, fd=listening.fileno())
        listening.close()  # the server has a duplicate
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
