"""`mldeploy ci write`: pipelines follow release.yaml, and nobody's changes are lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from mldeploy.cli.entry import run_command
from mldeploy.errors import ExitCode
from mldeploy.pipelines import deployed_environments


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    assert run_command(["init", "reviews", "--no-input", "--no-git", "--directory", str(tmp_path / "reviews")]) == 0
    monkeypatch.chdir(tmp_path / "reviews")
    return tmp_path / "reviews"


def test_a_new_project_is_current(project: Path) -> None:
    assert run_command(["ci", "write", "--check"]) == ExitCode.DONE


@pytest.mark.req("8.17")
def test_environments_of_release_yaml_are_the_stages(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = project / "release.yaml"
    release.write_text(release.read_text().replace("  qa: {}\n  staging: {}\n", "  loadtest: {}\n"))
    assert run_command(["ci", "write", "--check"]) == ExitCode.REFUSED
    assert "not current: .circleci/config.yml" in capsys.readouterr().out
    assert run_command(["ci", "write", "--force"]) == ExitCode.DONE
    jobs = yaml.safe_load((project / ".circleci/config.yml").read_text())["workflows"]["release"]["jobs"]
    approvals = [name for job in jobs if isinstance(job, dict) for name in job if name.startswith("approve-")]
    assert approvals == ["approve-loadtest", "approve-dev", "approve-prod"]


def test_changes_by_hand_are_not_lost(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = project / ".github/workflows/mldeploy.yml"
    path.write_text(path.read_text() + "# mine\n")
    (project / ".circleci/config.yml").unlink()
    assert run_command(["ci", "write"]) == ExitCode.REFUSED
    assert ".github/workflows/mldeploy.yml" in capsys.readouterr().err
    assert path.read_text().endswith("# mine\n")
    assert not (project / ".circleci/config.yml").exists(), "all or nothing"
    assert run_command(["ci", "write", "--only", "circleci"]) == ExitCode.DONE
    assert (project / ".circleci/config.yml").exists()


def test_a_service_that_is_not_used_stays_away(project: Path) -> None:
    shutil.rmtree(project / ".github")
    (project / ".circleci/config.yml").unlink()
    assert run_command(["ci", "write"]) == ExitCode.DONE
    assert (project / ".circleci/config.yml").exists()
    assert not (project / ".github").exists()


def test_without_environments_there_is_nothing_to_write(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = project / "release.yaml"
    release.write_text(release.read_text().partition("\nenvironments:")[0] + "\n")
    assert run_command(["ci", "write"]) == ExitCode.USAGE
    assert "declares no environment" in capsys.readouterr().err


def test_local_is_no_stage_and_known_ones_have_their_order() -> None:
    declared = {"environments": {"prod": {}, "local": {}, "dev": {}, "canary": {}, "staging": {}}}
    assert deployed_environments(declared) == ["canary", "dev", "staging", "prod"]
