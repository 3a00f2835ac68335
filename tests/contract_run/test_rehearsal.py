"""A rehearsal: a release answers its own requests on this machine, or it goes no further."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("psutil")

from mldeploy import Context, DeployError, Phase, Problem, Step
from mldeploy.graph import settle
from mldeploy.model import Ref
from mldeploy.plugins import completed
from mldeploy_contract.rehearsal.driver import RehearsalDriver
from mldeploy_contract.rehearsal.steps import describe
from tests.plugins.exposed_release import release_of

SERVICE = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self):
        self.answer(200, {})

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        Handler.asked += 1
        self.answer(500 if Handler.asked == %(fails_at)d else 200, {"label": "good"})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

assert sys.argv[1:] == ["serve"] and os.listdir(os.environ["SM_MODEL_DIR"]) == ["weights"]
print("the model is loaded", flush=True)
HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""
REQUESTS = [{"body": {"instances": [1]}, "expect": {"contains": "good"}}, {"body": {"instances": [2]}}]
SECTIONS: Mapping[str, Any] = {"rehearsal": {}, "verify": {"requests": REQUESTS}}


def driver(root: Path, outputs: Mapping[str, Any] | None = None) -> RehearsalDriver:
    context = Context(
        name="probe",
        env="local",
        root=root,
        config={},
        tags={},
        find_provider=lambda _kind, _context: None,
        emit=lambda _event: None,
    )
    context.outputs = lambda _step: outputs or {}
    return RehearsalDriver(context)


def rehearsal(root: Path, service: str, *, requests: list[Any] = REQUESTS) -> Step:
    """Return the step of a project with this service, built with the environment of this Python."""
    (root / "service").mkdir()
    (root / "service" / "__main__.py").write_text(service)
    (root / "model").mkdir()
    (root / "model" / "weights").write_text("1")
    spec = {"Environment": sys.prefix, "Model": "model", "Variables": {}, "Requests": requests, "Rounds": 3}
    return Step(kind="mldeploy::Rehearsal", name="probe", phase=Phase.BUILD, spec=spec, settings={"StartSeconds": 20})


@pytest.mark.req("W1")
def test_every_request_is_sent_in_every_round(tmp_path: Path) -> None:
    step = rehearsal(tmp_path, SERVICE % {"fails_at": 0})
    assert driver(tmp_path).apply(step, None) == {"Passed": 6}


@pytest.mark.req("W1", "E10")
def test_an_answer_that_is_wrong_now_and_then_stops_the_release(tmp_path: Path) -> None:
    step = rehearsal(tmp_path, SERVICE % {"fails_at": 4})
    with pytest.raises(DeployError, match=r"request 2 gets a wrong answer in round 2 .*500 instead of 200") as caught:
        driver(tmp_path).apply(step, None)
    assert "the model is loaded" in caught.value.details
    assert "nothing was deployed" in caught.value.hint


@pytest.mark.req("W1", "E10")
def test_an_answer_of_another_form_stops_the_release(tmp_path: Path) -> None:
    form = {"type": "object", "required": ["score"]}
    step = rehearsal(
        tmp_path, SERVICE % {"fails_at": 0}, requests=[{"body": {"instances": [1]}, "expect": {"schema": form}}]
    )
    with pytest.raises(DeployError, match="round 1 of the rehearsal: the answer does not fit the schema: 'score'"):
        driver(tmp_path).apply(step, None)


@pytest.mark.req("W1", "E10")
def test_a_service_that_ends_stops_the_release_with_its_last_words(tmp_path: Path) -> None:
    step = rehearsal(tmp_path, "raise SystemExit('no such store')")
    with pytest.raises(DeployError, match="does not come up on this machine: the process ended") as caught:
        driver(tmp_path).apply(step, None)
    assert "no such store" in caught.value.details


def test_what_a_record_knows_to_have_passed_is_not_rehearsed_again(tmp_path: Path) -> None:
    step = Step(kind="mldeploy::Rehearsal", name="probe", phase=Phase.BUILD)
    assert driver(tmp_path).read(step) is None
    observed = driver(tmp_path, {"Passed": 6}).read(step)
    assert observed is not None
    assert observed.outputs == {"Passed": 6}


def test_the_endpoint_waits_for_the_rehearsal_of_what_it_will_serve(tmp_path: Path) -> None:
    import mldeploy_container.steps as container
    import mldeploy_sagemaker.model_sources as sources
    import mldeploy_sagemaker.steps as sagemaker

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("1")
    (tmp_path / "requirements.txt").write_text("")
    release = release_of(tmp_path, {**SECTIONS, "model": {"source": "./model"}})
    found = [
        item
        for describe_part in (container.describe, sources.describe_model, describe, sagemaker.describe_endpoint)
        for item in describe_part(release)
        if isinstance(item, Step)
    ]
    steps = {step.kind: step for step in settle(map(completed, found))}
    waited = steps["mldeploy::Rehearsal"]
    assert steps["AWS::SageMaker::Endpoint"].spec["Rehearsed"] == waited.ref("Passed")
    assert waited.lazy
    assert {ref.step for ref in waited.refs()} == {
        steps[kind].id for kind in ("mldeploy::Image", "mldeploy::ModelFolder", "mldeploy::PythonEnvironment")
    }
    assert Ref(steps["mldeploy::Image"].id, "Digest") in set(waited.refs())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"verify": {}}, "verify has no requests"),
        ({"model": {"source": "s3://models/a.tar.gz"}}, "is not on this machine"),
        ({"type": "eks", "eks": {"cluster": "c"}}, "type eks does not wait"),
    ],
)
def test_what_cannot_be_rehearsed_is_refused(tmp_path: Path, changes: Mapping[str, Any], words: str) -> None:
    release = release_of(tmp_path, {**SECTIONS, **changes})
    (problem,) = (item for item in describe(release) if isinstance(item, Problem))
    assert words in problem.message
    assert problem.path == ("rehearsal",)
