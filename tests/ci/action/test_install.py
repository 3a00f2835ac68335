"""The installation step of the action."""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mldeploy.testing import Project
from tests.ci.action.conftest import CHECKOUT, TOY, TOY_PLUGIN
from tests.ci.action.runner import Runner

SETUP_PYTHON = {"actions/setup-python": lambda _given: {"python-path": sys.executable}}


@pytest.fixture
def fresh(tmp_path: Path) -> Runner:
    """A runner whose job has installed nothing yet, with a project in its workspace."""
    temp, workspace = tmp_path / "run ner", tmp_path / "work space"
    temp.mkdir()
    workspace.mkdir()
    shutil.copy(TOY_PLUGIN, workspace / "mldeploy_plugin.py")
    Project(workspace).write("release.yaml", f"{TOY}toy: {{things: [a]}}\n")
    return Runner(workspace, temp, SETUP_PYTHON)


def put_program(folder: Path, name: str, script: str) -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return folder


def test_a_failed_installation_says_why_and_what_programs_print_is_not_obeyed(
    fresh: Runner, action: Path, tmp_path: Path
) -> None:
    programs = put_program(
        tmp_path / "bin", "uv", "echo '::set-output name=python::/evil'; echo no network >&2; exit 2"
    )
    fresh.variables = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    failed = fresh.use(action, env="dev")
    assert failed.exit_code == 1
    assert "no network" in failed.text
    assert failed.log.outputs == {}
    (error,) = failed.log.shown_annotations("error")
    assert "could not be installed" in error.message
    assert not list(fresh.temp.glob("*.installed"))


def test_settings_of_the_project_do_not_steer_the_installation(fresh: Runner, action: Path, tmp_path: Path) -> None:
    programs = put_program(tmp_path / "bin", "uv", 'pwd > "$RUNNER_TEMP/where"; exit 2')
    fresh.variables = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}"}
    fresh.use(action, env="dev")
    assert Path((fresh.temp / "where").read_text().strip()) == fresh.temp


@pytest.mark.full
@pytest.mark.timeout(600)
def test_it_installs_this_checkout_with_bytecode_and_the_next_use_takes_it(fresh: Runner, action: Path) -> None:
    tools = f"{CHECKOUT / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    fresh.variables = {"PATH": tools}
    first = fresh.use(action, env="dev").ok()
    assert "mldeploy installed in" in first.text
    (environment,) = [path for path in fresh.temp.glob("mldeploy-*") if (path / "pyvenv.cfg").is_file()]
    (package,) = environment.rglob("site-packages/mldeploy")
    assert (package / "schemas").is_dir()
    assert list(package.glob("__pycache__/plan_file.*.pyc"))
    assert not list(environment.rglob("site-packages/moto"))
    second = fresh.use(action, env="dev").ok()
    assert "mldeploy installed in" not in second.text
    assert second.outputs["plan-digest"] == first.outputs["plan-digest"]


@pytest.mark.parametrize("lock", ["requirements-action.lock", "requirements-action-sandbox.lock"])
def test_every_requirement_is_locked_by_hash(lock: str) -> None:
    blocks = (CHECKOUT / lock).read_text(encoding="utf-8").split("\n    # via")
    pinned = [line for line in "\n".join(blocks).splitlines() if line[:1].isalnum()]
    assert len(pinned) > 20
    assert [line for line in pinned if "==" not in line or not line.endswith("\\")] == []


def test_the_locks_hold_what_pyproject_asks_for() -> None:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    base = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    wanted = {"requirements-action.lock": base}
    wanted["requirements-action-sandbox.lock"] = [*base, *project["project"]["optional-dependencies"]["sandbox"]]
    for lock, requirements in wanted.items():
        lines = (CHECKOUT / lock).read_text(encoding="utf-8").splitlines()
        heads = [line.split(";")[0].rstrip(" \\").split("==") for line in lines if line[:1].isalnum()]
        locked = {canonicalize_name(name.partition("[")[0]): version for name, version in heads}
        for text in requirements:
            requirement = Requirement(text)
            version = locked.get(canonicalize_name(requirement.name))
            assert version, f"{lock} lacks {text}; run `make lock`"
            assert requirement.specifier.contains(version), f"{lock}: {text}; run `make lock`"
