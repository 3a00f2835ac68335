"""The main job on this machine: init, run, predict, change, roll back, destroy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import Project

pytestmark = pytest.mark.timeout(600)


@pytest.mark.req("E5", "E6", "6.8")
def test_prediction_through_the_gateway_then_from_the_cache(deployed: Project) -> None:
    first = deployed.predict("an awful, boring waste of time")
    second = deployed.predict("an awful, boring waste of time")
    assert first["body"]["predictions"][0]["label"] == "negative"
    assert first["headers"]["x-cache"] == "MISS"
    assert second["headers"]["x-cache"] == "HIT"
    assert second["body"] == first["body"]


@pytest.mark.req("6.4", "6.8", "E6")
def test_a_wrong_key_and_a_tampered_token_are_refused(deployed: Project) -> None:
    headers = deployed.ok("creds", "--json").json
    token = headers["authorization"].removeprefix("Bearer ")
    head, payload, signature = token.split(".")
    for bad in ("x-api-key: wrong", f"authorization: Bearer {head}.{payload}x.{signature}", "authorization: "):
        ran = deployed.mldeploy("invoke", "--json", "--header", bad, "hello")
        assert ran.code != 0, bad
        assert ran.json["status"] in {401, 403}, bad


@pytest.mark.req("E8")
def test_the_printed_curl_line_works(deployed: Project) -> None:
    out = deployed.ok("run").out
    line = next(line for line in out.splitlines() if line.startswith("call:")).removeprefix("call:").strip()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command, environment = ["bash", "-c", line], {**os.environ, "PATH": path}
    done = subprocess.run(command, cwd=deployed.root, env=environment, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["predictions"], done


@pytest.mark.req("E7")
def test_a_second_run_changes_nothing(deployed: Project) -> None:
    before = deployed.mutating_calls()
    plan = deployed.ok("plan", "--json").json
    deployed.ok("run")
    assert plan["mutations"] == 0
    assert deployed.mutating_calls() == before
    assert {row["state"] for row in deployed.ok("status", "--json").json["steps"]} == {"ok"}


def test_a_lost_record_loses_only_history(deployed: Project) -> None:
    shutil.rmtree(deployed.root / ".mldeploy" / "state")
    assert deployed.predict("so good")["status"] == 200
    status = deployed.ok("status", "--json").json
    assert status["outcome"] == "unrecorded"
    assert {row["state"] for row in status["steps"]} == {"ok"}
    assert deployed.ok("plan", "--json").json["mutations"] == 0
    deployed.ok("run")
    assert deployed.ok("status", "--json").json["outcome"] == "deployed"


def test_a_changed_loader_changes_only_what_depends_on_it_and_rollback_brings_the_answer_back(
    deployed: Project,
) -> None:
    text = "a wonderful, warm story"
    before = deployed.predict(text)["body"]
    loader = deployed.root / "model_loader.py"
    original = loader.read_text(encoding="utf-8")
    loader.write_text(
        original + "\n\n_predict = predict\n\n\ndef predict(model, instances):\n"
        "    return [p.model_copy(update={'score': 0.625}) for p in _predict(model, instances)]\n",
        encoding="utf-8",
    )
    plan = deployed.ok("plan", "--json").json
    changed = {c["kind"] for c in plan["changes"] if c["action"] in {"create", "update"}}
    assert "mldeploy::Image" in changed
    assert "AWS::SageMaker::Endpoint" in changed
    assert changed.isdisjoint({"mldeploy::PythonEnvironment", "AWS::Cognito::UserPool", "AWS::ApiGateway::RestApi"})

    deployed.ok("run")
    assert deployed.predict(text)["body"]["predictions"][0]["score"] == 0.625
    deployed.ok("rollback")
    assert deployed.predict(text)["body"] == before
    loader.write_text(original, encoding="utf-8")


@pytest.mark.req("E12")
def test_destroy_leaves_nothing_even_of_what_no_record_knows(deployed: Project) -> None:
    deployed.ok("sandbox", "up")
    assert deployed.inventory()
    shutil.rmtree(deployed.root / ".mldeploy" / "state")
    deployed.ok("destroy")
    assert deployed.inventory() == []
    assert deployed.ok("destroy").code == 0
