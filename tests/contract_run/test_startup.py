"""Behind the port that a container engine maps, connections are taken and closed while nobody listens."""

from __future__ import annotations

import http.server
import socketserver
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from mldeploy_contract.startup import Cause, watch_start
from tests.contract_run.conftest import LIMITS


class Container:
    """A running container whose ports cannot be seen from here."""

    exit_code = None
    output = ()

    def wait(self, seconds: float) -> None:
        return None

    def ports(self) -> None:
        return None


@contextmanager
def mapped_port(is_ready: Callable[[], bool]) -> Iterator[int]:
    """Yield a port whose connections are closed until the service behind it is ready."""

    class Service(http.server.BaseHTTPRequestHandler):
        def handle(self) -> None:
            if is_ready():
                super().handle()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Service) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def test_closed_connections_are_waited_out() -> None:
    ready_at = time.monotonic() + 1.0
    with mapped_port(lambda: time.monotonic() > ready_at) as port:
        start = watch_start(Container(), port, replace(LIMITS, settle=0.2))
    assert start.cause is Cause.HEALTHY
    assert start.healthy_seconds >= 0.9


def test_a_port_behind_which_nobody_ever_answers_is_the_wrong_one() -> None:
    with mapped_port(lambda: False) as port:
        start = watch_start(Container(), port, replace(LIMITS, startup=0.3))
    assert start.cause is Cause.NOT_LISTENING
    assert start.last.startswith("the connection was")
