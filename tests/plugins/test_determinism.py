"""The proof that a model answers equal requests equally, against a service that does or does not."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from mldeploy import Context, Phase, Problem, Step, VerifyError
from mldeploy.doors import Answer
from mldeploy_checks.determinism import DeterminismCheck, differences
from mldeploy_checks.steps import describe
from tests.plugins.exposed_release import release_of

REQUEST = {"body": {"instances": [1]}, "contentType": "application/json", "expect": {"status": 200}}


BUSY = {"status": 503, "detail": "The model is busy."}


class Service(ThreadingHTTPServer):
    """Answers with what `answer` gives for the number of the request; remembers the headers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer: Callable[[int], Any] = lambda _number: {}
        self.numbers = itertools.count(1)
        self.seen: list[Mapping[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/predict"

    def credentials(self) -> Mapping[str, str]:
        return {"x-api-key": "key"}

    def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        found = requests.post(self.url, data=body, headers=dict(headers), timeout=10)
        headers = {name.lower(): value for name, value in found.headers.items()}
        return Answer(status=found.status_code, headers=headers, body=found.content, seconds=0.0)


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.server.seen.append({name.lower(): value for name, value in self.headers.items()})
        answer = self.server.answer(next(self.server.numbers))
        body = json.dumps(answer).encode()
        self.send_response(503 if answer is BUSY else 200)
        if answer is BUSY:
            self.send_header("retry-after", "1")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
        """Say nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    server = Service()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def prove(service: Service, folder: Path, tolerance: float = 1e-6) -> Mapping[str, Any]:
    doors = {"caller": service, "logs": type("Silent", (), {"lines": lambda *_args, **_kwargs: iter(())})()}
    context = Context(
        name="probe",
        env="local",
        root=folder,
        config={},
        tags={},
        find_provider=lambda kind, _context: doors[kind],
        emit=lambda _event: None,
    )
    step = Step(
        kind="mldeploy::DeterminismCheck",
        name="probe-local-determinism",
        phase=Phase.VERIFY,
        spec={"Requests": [REQUEST], "Repeats": 4, "Tolerance": tolerance},
    )
    return DeterminismCheck(context).apply(step, None)


@pytest.mark.req("5.3")
def test_equal_answers_are_a_proof_and_each_was_asked_for_past_the_cache(service: Service, tmp_path: Path) -> None:
    service.answer = lambda number: {"score": 0.5 + number * 1e-9, "label": "good"}
    assert prove(service, tmp_path) == {"Compared": 3}
    assert {headers["cache-control"] for headers in service.seen} == {"no-cache"}
    assert len(service.seen) == 4


@pytest.mark.req("5.3")
@pytest.mark.parametrize(
    ("answer", "place"),
    [
        (lambda number: {"predictions": [{"score": number / 10}]}, "$.body.predictions[0].score: 0.1 and 0.2"),
        (lambda number: {"label": "good" if number < 4 else "bad"}, "$.body.label"),
        (lambda number: [1] * number, "$.body[1]"),
        (lambda number: {"a": 1} if number == 1 else {"a": True}, "$.body.a"),
    ],
)
def test_unequal_answers_refuse_the_cache_and_name_the_place(
    service: Service, tmp_path: Path, answer: Callable[[int], Any], place: str
) -> None:
    service.answer = answer
    with pytest.raises(VerifyError) as caught:
        prove(service, tmp_path)
    assert place in caught.value.message
    assert "cache.enabled" in caught.value.hint


@pytest.mark.req("5.3")
def test_a_service_that_has_no_time_just_now_is_asked_again(service: Service, tmp_path: Path) -> None:
    service.answer = lambda number: BUSY if number in {1, 3} else {"label": "good"}
    assert prove(service, tmp_path) == {"Compared": 3}
    assert len(service.seen) == 6


def test_noise_within_the_tolerance_passes(service: Service, tmp_path: Path) -> None:
    service.answer = lambda number: {"score": 0.5 + number / 1000}
    assert prove(service, tmp_path, tolerance=0.01)["Compared"] == 3
    assert list(differences(float("nan"), float("nan"), 0.1)) == ["$: nan and nan"], "what is no number proves nothing"


@pytest.mark.req("5.3")
def test_the_proof_comes_before_the_check_of_the_cache(tmp_path: Path) -> None:
    config = {
        "cache": {"enabled": True},
        "expose": {"gateway": "api-gateway"},
        "verify": {"requests": [{"body": {}, "expect": {"status": 400}}, {"body": {"instances": [1]}}]},
    }
    found = {step.kind: step for step in describe(release_of(tmp_path, config)) if isinstance(step, Step)}
    proof = found["mldeploy::DeterminismCheck"]
    assert [request["body"] for request in proof.spec["Requests"]] == [{"instances": [1]}], "only what is answered"
    assert found["mldeploy::CacheCheck"].spec["After"] == proof.ref("Compared")


@pytest.mark.req("5.3")
def test_a_cache_without_any_proof_is_pointed_out(tmp_path: Path) -> None:
    config = {"cache": {"enabled": True}, "expose": {"gateway": "api-gateway"}}
    (problem,) = (item for item in describe(release_of(tmp_path, config)) if isinstance(item, Problem))
    assert (problem.severity, problem.path) == ("warning", ("cache", "enabled"))
    assert "verify.requests" in problem.hint
