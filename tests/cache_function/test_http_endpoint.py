"""The function before a service with an address: what passes, what is replaced, what is said when nobody answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from mldeploy_cache.function.http_endpoint import HttpEndpoint
from mldeploy_cache.function.messages import Request
from mldeploy_cache.function.settings import Settings

SETTINGS = Settings(
    endpoint_name="sentiment-dev",
    release="r",
    redis_host="",
    redis_port=0,
    redis_tls=False,
    time_to_live=1,
    jitter=0,
    endpoint_timeout=0.3,
    max_body_bytes=100,
)
REQUEST = Request(
    body=b'{"instances": ["x"]}',
    content_type="application/json",
    accept="text/csv",
    variant="",
    scope="",
    request_id="abc",
    cache_control=frozenset(),
)
REFUSAL = {"type": "about:blank", "title": "Unprocessable Content", "status": 422, "detail": "no"}


class Service(ThreadingHTTPServer):
    """Answers as a test says, and remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.status, self.document = 200, b"1,2"
        self.hold = threading.Event()
        self.hold.set()
        self.asked: dict[str, Any] = {}


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked = {"path": self.path, "body": body, **{k.lower(): v for k, v in self.headers.items()}}
        self.server.hold.wait(10)
        self.send_response(self.server.status)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Length", str(len(self.server.document)))
        self.end_headers()
        self.wfile.write(self.server.document)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    found = Service()
    threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
    yield found
    found.hold.set()
    found.shutdown()
    found.server_close()


def endpoint(service: Service) -> HttpEndpoint:
    return HttpEndpoint(replace(SETTINGS, endpoint_url=f"http://127.0.0.1:{service.server_port}"))


def test_the_request_arrives_as_it_was_and_so_does_the_answer(service: Service) -> None:
    answer = endpoint(service).invoke(REQUEST)
    assert (answer.status, answer.body, answer.content_type) == (200, b"1,2", "text/csv")
    asked = service.asked
    assert (asked["path"], asked["body"], asked["accept"], asked["x-request-id"]) == (
        "/invocations",
        REQUEST.body,
        "text/csv",
        "abc",
    )


@pytest.mark.req("2.6")
@pytest.mark.parametrize(("status", "expected"), [(500, 502), (503, 503), (429, 503), (504, 504), (302, 502)])
def test_a_failure_of_the_service_is_a_problem_that_tells_nothing_of_its_insides(
    service: Service, status: int, expected: int
) -> None:
    service.status, service.document = status, b"stack trace"
    answer = endpoint(service).invoke(REQUEST)
    assert answer.status == expected
    assert b"stack trace" not in answer.body
    assert ("Retry-After" in answer.headers) == (expected == 503)


def test_what_the_service_says_about_a_bad_request_reaches_the_caller(service: Service) -> None:
    service.status, service.document = 422, json.dumps(REFUSAL).encode()
    answer = endpoint(service).invoke(REQUEST)
    assert (answer.status, json.loads(answer.body)) == (422, REFUSAL)


def test_a_service_that_is_late_or_away_is_said_to_be_so(service: Service) -> None:
    service.hold.clear()
    assert endpoint(service).invoke(REQUEST).status == 504
    nobody = HttpEndpoint(replace(SETTINGS, endpoint_url="http://127.0.0.1:9"))
    answer = nobody.invoke(REQUEST)
    assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
