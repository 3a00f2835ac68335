"""What `init` writes works as it is: its tests pass, its pipelines and Dockerfile are valid."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mldeploy.cli.entry import run_command


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("generated") / "demo"
    assert run_command(["init", "demo", "--no-input", "--no-git", "--cache", "--directory", str(target)]) == 0
    return target


def run(*command: str, cwd: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    result = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]


def tool(name: str) -> str:
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


@pytest.mark.req("1.4")
def test_its_tests_pass(project: Path):
    for needed in ("fastapi", "uvicorn", "sklearn"):
        pytest.importorskip(needed)
    run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)


@pytest.mark.full
@pytest.mark.req("1.4", "2.9")
@pytest.mark.timeout(900)
def test_its_tests_pass_in_a_clean_environment_made_from_its_locked_requirements(project: Path, tmp_path: Path):
    python = tmp_path / "venv" / "bin" / "python"
    run(sys.executable, "-m", "venv", str(tmp_path / "venv"), cwd=project)
    run(str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", "requirements-dev.lock", cwd=project)
    run(str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)


def test_its_requirements_are_locked_with_hashes(project: Path):
    for name in ("requirements.lock", "requirements-dev.lock"):
        entries = (project / name).read_text().replace("\\\n", " ").splitlines()
        assert entries
        assert all("==" in entry and "--hash=sha256:" in entry for entry in entries)
    wanted = {line.split(">")[0] for line in (project / "requirements.in").read_text().splitlines()}
    locked = {entry.split("==")[0] for entry in (project / "requirements.lock").read_text().splitlines()}
    assert wanted <= locked


def test_its_release_fits_the_schema_that_editors_use(project: Path):
    run(tool("check-jsonschema"), "--schemafile", "release.schema.json", "release.yaml", cwd=project)


@pytest.mark.req("1.3", "2.8")
def test_its_dockerfile_is_clean_and_takes_serve(project: Path):
    run(tool("hadolint"), "Dockerfile", cwd=project)
    lines = (project / "Dockerfile").read_text().splitlines()
    assert 'ENTRYPOINT ["python", "-m", "service"]' in lines
    assert 'CMD ["serve"]' in lines
    assert not [line for line in lines if line.startswith("# syntax=") or "<<" in line]


def test_git_ignores_what_is_made_and_nothing_that_is_written(project: Path, tmp_path: Path):
    copy = shutil.copytree(project, tmp_path / "demo", ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))
    (copy / "model").mkdir()
    (copy / "model" / "model.json").write_text("{}")
    (copy / ".mldeploy").mkdir()
    (copy / ".mldeploy" / "state.json").write_text("{}")
    run("git", "init", "--quiet", cwd=copy)
    listed = subprocess.run(
        ["git", "status", "--porcelain", "-uall"], cwd=copy, capture_output=True, text=True, check=True
    )
    written = {
        path.relative_to(copy).as_posix() for path in copy.rglob("*") if path.is_file() and ".git/" not in str(path)
    }
    assert {line[3:] for line in listed.stdout.splitlines()} == written - {"model/model.json", ".mldeploy/state.json"}
