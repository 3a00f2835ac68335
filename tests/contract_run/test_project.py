"""Without arguments, the service of the project is examined, in its own environment and with its own model."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mldeploy.cli import main
from tests.contract_run.conftest import service
from tests.service.conftest import LIGHT_LOADER, with_bytecode, write_project

RELEASE = """
name: tiny
type: sagemaker
instance: {type: ml.m5.large, region: eu-central-1}
model: {source: ./model}
deployment: {healthCheckTimeoutSeconds: 60}
verify:
  requests:
    - body: {instances: ["a"]}
"""


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that needs no packages: its service is one file of the standard library."""
    (tmp_path / "release.yaml").write_text(RELEASE)
    (tmp_path / "requirements.txt").write_text("")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("1")
    (tmp_path / "service").mkdir()
    shutil.copy(service("good"), tmp_path / "service" / "__main__.py")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.req("1.3", "2.3")
def test_the_service_of_a_project_is_examined_as_release_yaml_says(
    tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["contract", "--json", "--time-scale", "0.2"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["target"] == "python -m service of tiny"
    assert shown["startUp"]["allowedSeconds"] == 60
    assert {rule["state"] for rule in shown["rules"]} == {"pass"}
    assert sorted(path.name for path in tiny.iterdir()) == [
        ".mldeploy",
        "model",
        "release.yaml",
        "requirements.txt",
        "service",
    ]
    assert [path.name for path in (tiny / "model").iterdir()] == ["weights"]


def test_what_the_project_lacks_is_named(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(tiny / "model")
    assert main(["contract"]) == 3
    assert "./model" in capsys.readouterr().err


def test_a_broken_release_is_refused_before_anything_runs(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tiny / "release.yaml").write_text("name: [")
    assert main(["contract"]) == 3
    assert "release.yaml:1:" in capsys.readouterr().err


@pytest.mark.req("1.3", "2.3", "2.4", "2.6")
def test_the_generated_service_keeps_every_rule(tmp_path: Path, examined_command) -> None:
    """The service that `init` writes, around a model that starts fast."""
    for needed in ("fastapi", "uvicorn"):
        pytest.importorskip(needed)
    root = write_project(tmp_path / "project")
    (root / "model_loader.py").write_text(LIGHT_LOADER)
    start = f"import sys, runpy; sys.path.insert(0, {str(root)!r}); runpy.run_module('service', run_name='__main__')"
    verdicts = examined_command([sys.executable, "-c", start], startup=60.0, stop=30.0).verdicts
    assert {verdict.rule.id: verdict.evidence for verdict in verdicts if verdict.state != "pass"} == {}


@pytest.mark.full
@pytest.mark.req("1.3", "2.3", "2.4", "2.6")
def test_a_project_from_init_keeps_every_rule(tmp_path: Path) -> None:
    """In the environment of its locked requirements, with its trained model and SageMaker's own times."""
    mldeploy = [sys.executable, "-m", "mldeploy"]
    init = [*mldeploy, "init", "demo", "--no-input", "--cache", "--no-git"]
    subprocess.run(init, cwd=tmp_path, env=with_bytecode(), check=True, capture_output=True)
    done = subprocess.run(
        [*mldeploy, "contract", "--json"],
        cwd=tmp_path / "demo",
        env=with_bytecode(),
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {rule["state"] for rule in json.loads(done.stdout)["rules"]} == {"pass"}
