"""A release that takes over in steps, from the command line: a bad one is stopped, and its cause is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mldeploy.errors import ExitCode
from tests.e2e.conftest import Project, new_project
from tests.e2e.test_broken_models import LOADER, TRAIN, label, probed, write_loader
from tests.sandbox.running_sandbox import sandbox_seconds

pytestmark = [pytest.mark.timeout(900), pytest.mark.full]

GUARDED = f"""
deployment: {{strategy: canary, stepPercent: 50, bakeSeconds: {sandbox_seconds(4)}, alarms: {{errorsPerMinute: 0}}}}
"""
"""Callers ask in real seconds, an alarm counts in minutes of the sandbox: a fast clock leaves few requests in one."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    project = new_project(tmp_path_factory.mktemp("canary"))
    write_loader(project, LOADER)
    (project.root / "train.py").write_text(TRAIN, encoding="utf-8")
    release = project.root / "release.yaml"
    text = release.read_text(encoding="utf-8").replace("count: 1", "count: 2", 1)
    text = text.replace("cache:\n  enabled: true", "cache:\n  enabled: false")  # what is cached asks no endpoint
    release.write_text(text + GUARDED, encoding="utf-8")
    project.ok("run")
    yield project
    project.mldeploy("destroy", "--yes")
    project.mldeploy("sandbox", "down")


@pytest.mark.req("9.6", "E9", "4.5")
def test_a_canary_that_raises_is_stopped_by_its_alarm_and_named(project: Project) -> None:
    once = "    if hasattr(predict, 'asked'):\n        raise RuntimeError('no memory')\n    predict.asked = True\n"
    with probed(project) as failures:
        write_loader(project, LOADER.replace("    return [Prediction", f"{once}    return [Prediction"))
        ran = project.mldeploy("run")
    assert failures, "a part of the requests went to the new release"
    assert ran.code == ExitCode.DEPLOY_FAILED, ran
    assert "sentiment-local-errors" in ran.err
    assert label(project) == "positive"
    found = project.mldeploy("diagnose", "--json")
    assert found.code == ExitCode.DEPLOY_FAILED
    assert found.json["causes"][0]["code"] == "alarm"


@pytest.mark.req("E10", "4.4")
def test_a_good_canary_loses_no_request(project: Project) -> None:
    write_loader(project, LOADER)
    with probed(project) as failures:
        write_loader(project, LOADER.replace("score=0.75", "score=0.5"))
        ran = project.mldeploy("run")
    assert ran.code == 0, ran
    assert failures == []
    assert project.mldeploy("diagnose").code == 0
