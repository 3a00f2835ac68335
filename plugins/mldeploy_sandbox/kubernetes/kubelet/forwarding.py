"""Carries connections from a port of the loopback to pods, as kube-proxy does on a node."""

from __future__ import annotations

import itertools
import socket
import socketserver
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

CHUNK = 64 * 1024
CONNECT_SECONDS = 5.0

Backends = Callable[[], Sequence[int]]
"""Returns the loopback ports of the pods that are ready now."""


class Listener:
    """One port that spreads connections over the ready pods, in turn; with none it closes them at once."""

    def __init__(self, port: int, backends: Backends) -> None:
        turns = itertools.count()

        class Connection(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                ready = backends()
                first = next(turns)
                for index in range(len(ready)):
                    with suppress(OSError):
                        address = ("127.0.0.1", ready[(first + index) % len(ready)])
                        with socket.create_connection(address, CONNECT_SECONDS) as pod:
                            pod.settimeout(None)
                            _join(self.request, pod)
                            return

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False
            request_queue_size = 128

        self._server = Server(("127.0.0.1", port), Connection)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="service", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Listen no more; connections that are open go on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _join(left: socket.socket, right: socket.socket) -> None:
    """Copy both ways until both sides have finished."""
    back = threading.Thread(target=_copy, args=(right, left), daemon=True)
    back.start()
    _copy(left, right)
    back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)
