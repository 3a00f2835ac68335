"""Serves one API server by HTTPS on a free port of the loopback interface."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from mldeploy_sandbox.kubernetes.api.application import Application
from mldeploy_sandbox.tls_authority import server_certificate

HANDSHAKE_SECONDS = 10.0


class Handler(WSGIRequestHandler):
    """Speaks HTTP/1.1, so that watches are sent in chunks; logs no requests."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


def tls_handler(context: ssl.SSLContext) -> type[Handler]:
    """Return a handler that speaks TLS on the thread of its connection, so that a slow client holds up nobody else."""

    class TlsHandler(Handler):
        def setup(self) -> None:
            self.request.settimeout(HANDSHAKE_SECONDS)
            try:
                self.request = context.wrap_socket(self.request, server_side=True)
            except OSError as error:
                message = f"no TLS: {error}"
                raise ConnectionError(message) from error
            self.request.settimeout(None)
            super().setup()

        def finish(self) -> None:
            super().finish()
            with suppress(OSError):
                self.request.shutdown(socket.SHUT_WR)
            self.request.close()

    return TlsHandler


class Server:
    """One listener with a certificate of its own."""

    def __init__(self, application: Application, folder: Path) -> None:
        certificate = server_certificate(folder)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate, certificate.key)
        handler = tls_handler(context)
        self._http = make_server("127.0.0.1", 0, application, threaded=True, request_handler=handler)
        self.endpoint = f"https://127.0.0.1:{self._http.server_port}"
        self.authority = base64.b64encode(certificate.authority.read_bytes()).decode()
        """The PEM of the authority in base64, as `certificateAuthority.data` of EKS holds it."""
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.1,), name="kubernetes", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Answer nobody any more."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()
