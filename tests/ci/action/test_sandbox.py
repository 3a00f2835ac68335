"""The whole composite on a generated project, against the sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mldeploy.testing import Project
from tests.ci.action.runner import Runner


@pytest.fixture
def sample(runner: Runner) -> Iterator[Project]:
    """A generated service in a folder of a repository with several; its sandbox is stopped afterwards."""
    services = Project(runner.workspace / "ser vices")
    services.folder.mkdir()
    services.run_process("init", "reviews", "--no-input").ok()
    project = Project(services.folder / "reviews")
    yield project
    project.run_process("sandbox", "down")


@pytest.mark.req("8.12", "8.21")
@pytest.mark.timeout(300)
def test_plan_apply_and_call_what_the_outputs_name(runner: Runner, action: Path, sample: Project) -> None:
    where = {"env": "local", "working_directory": "ser vices/reviews"}
    plan = runner.use(action, mode="plan", **where).ok().outputs
    assert plan["changed"] == "true"

    applied = runner.use(
        action, mode="apply-plan", plan_path=plan["plan-path"], plan_digest=plan["plan-digest"], **where
    ).ok()
    outputs = applied.outputs
    assert outputs["changes-count"] == plan["changes-count"]
    assert (outputs["endpoint"], outputs["release-id"]) == ("reviews-local", "r1")
    assert "is deployed" in applied.summary
    assert applied.log.annotations == []
    assert predicted(outputs["url"], sample) == "negative"

    again = runner.use(action, mode="run", **where).ok()
    assert (again.outputs["changed"], again.outputs["url"]) == ("false", outputs["url"])


def predicted(url: str, project: Project) -> str:
    """Call the address as the job's next step would, with the headers that `creds` prints."""
    headers = project.run_process("creds", "--env", "local", "--json").ok().json
    body = json.dumps({"instances": ["an awful, boring waste of time"]})
    call = [sys.executable, "-c", CALL, url, body, json.dumps(headers)]
    answer = subprocess.run(call, capture_output=True, text=True, check=True, timeout=60)
    label: str = json.loads(answer.stdout)["predictions"][0]["label"]
    return label


CALL = """
import json, sys, urllib.request
url, body, headers = sys.argv[1:]
request = urllib.request.Request(url, body.encode(), {**json.loads(headers), "content-type": "application/json"})
print(urllib.request.urlopen(request, timeout=30).read().decode())
"""
