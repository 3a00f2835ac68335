"""A small service that keeps every rule; the broken ones beside it change one thing each."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MOST_BYTES = 6_291_456


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.ping() if self.path == "/ping" else self.answer(404)

    def do_POST(self) -> None:
        body = self.read_body()
        if body is None:
            self.close_connection = True
            return self.answer(413)
        return self.invocation(body)

    def ping(self) -> None:
        self.answer(200)

    def invocation(self, body: bytes) -> None:
        try:
            predictions = self.predict(self.parse(body))
        except (ValueError, KeyError, TypeError, RecursionError):
            return self.answer(400, b'{"title": "not what is expected"}')
        return self.answer(200, json.dumps({"predictions": predictions}).encode())

    def parse(self, body: bytes) -> list[object]:
        return list(json.loads(body)["instances"])

    def predict(self, instances: list[object]) -> list[int]:
        return [1 for _ in instances]

    def read_body(self) -> bytes | None:
        if self.headers.get("Transfer-Encoding"):
            return self.read_chunks()
        size = int(self.headers.get("Content-Length", 0))
        return self.rfile.read(size) if size <= MOST_BYTES else None

    def read_chunks(self) -> bytes | None:
        body = bytearray()
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
            if len(body) > MOST_BYTES:
                return None
        return bytes(body)

    def answer(self, status: int, body: bytes = b"", content_type: str = "application/json", **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = False
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        pass


def port() -> int:
    return int(os.environ["SAGEMAKER_BIND_TO_PORT"])


def stop_gracefully(server: ThreadingHTTPServer) -> None:
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())


def serve(handler: type[Handler] = Handler, server_class: type[ThreadingHTTPServer] = Server) -> None:
    if sys.argv[1:] != ["serve"]:
        sys.exit("usage: serve")
    server = server_class(("127.0.0.1", port()), handler)
    stop_gracefully(server)
    server.serve_forever(poll_interval=0.02)
    server.server_close()


if __name__ == "__main__":
    serve()
