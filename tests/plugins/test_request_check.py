"""A verify request waits out what a gateway answers while it settles, and believes the service at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import requests

from mldeploy import Context, Phase, Step, VerifyError
from mldeploy.doors import Answer
from mldeploy_checks.requests import RequestCheck

GOOD, COLD, BROKEN = (200, "application/json"), (502, "application/json"), (502, "application/problem+json")


class Gateway(ThreadingHTTPServer):
    """Gives one answer after the other, status and content type; the last one again and again."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.asked = list(answers), 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/predict"

    def credentials(self) -> Mapping[str, str]:
        return {}

    def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        found = requests.post(self.url, data=body, headers=dict(headers), timeout=10)
        lowered = {name.lower(): value for name, value in found.headers.items()}
        return Answer(status=found.status_code, headers=lowered, body=found.content, seconds=0.0)


class _Handler(BaseHTTPRequestHandler):
    server: Gateway

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        status, kind = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def gateway(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    found = Gateway(*request.param)
    yield found
    found.shutdown()
    found.server_close()


def check(gateway: Gateway, folder: Path, *, seconds: float = 20) -> Mapping[str, object]:
    context = Context(
        name="probe",
        env="dev",
        root=folder,
        config={},
        tags={},
        find_provider=lambda kind, _context: gateway if kind == "caller" else _Silent(),
        emit=lambda _event: None,
    )
    spec = {"Request": {"body": {"instances": []}, "contentType": "application/json"}, "Url": gateway.url}
    settings = {"ReadySeconds": seconds}
    step = Step(
        kind="mldeploy::RequestCheck", name="probe-dev-request-1", phase=Phase.VERIFY, spec=spec, settings=settings
    )
    return RequestCheck(context).apply(step, None)


class _Silent:
    """A door `logs` with no lines."""

    def lines(self, **_: object) -> list[object]:
        return []


@pytest.mark.req("7.2")
@pytest.mark.parametrize("gateway", [(COLD, (403, "application/json"), COLD, GOOD)], indirect=True)
def test_what_a_cold_gateway_answers_is_waited_out(gateway: Gateway, tmp_path: Path) -> None:
    assert check(gateway, tmp_path)["Status"] == 200
    assert gateway.asked == 4


@pytest.mark.parametrize("gateway", [(BROKEN, GOOD)], indirect=True)
def test_an_error_of_the_service_itself_counts_at_once(gateway: Gateway, tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="status 502 instead of 200"):
        check(gateway, tmp_path)
    assert gateway.asked == 1


@pytest.mark.parametrize("gateway", [(COLD,)], indirect=True)
def test_a_gateway_that_stays_cold_fails(gateway: Gateway, tmp_path: Path) -> None:
    with pytest.raises(VerifyError, match="status 502"):
        check(gateway, tmp_path, seconds=0.5)
    assert gateway.asked > 1
