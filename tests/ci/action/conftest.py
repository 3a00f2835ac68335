from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mldeploy.testing import Project
from mldeploy_ci.github.install import LOCK, SANDBOX_LOCK, environment_folder
from tests.ci.action.github_api import GithubApi
from tests.ci.action.runner import Runner

CHECKOUT = Path(__file__).parents[3]
TOY_PLUGIN = CHECKOUT / "tests" / "core" / "toy_plugin.py"
TOY = "name: toy\ntype: toy\nexpose: {gateway: toy, auth: {apiKey: false, jwt: false}}\n"

MakeRunner = Callable[..., Runner]


@pytest.fixture
def action(tmp_path: Path) -> Path:
    """The action, on a path with spaces as an organisation's runner may have."""
    link = tmp_path / "_actions" / "some one" / "mldeploy"
    link.parent.mkdir(parents=True)
    link.symlink_to(CHECKOUT, target_is_directory=True)
    return link


@pytest.fixture
def make_runner(tmp_path: Path) -> MakeRunner:
    """Return a runner whose job has used the action before: this checkout's environment stands for the installed one.

    The installation itself is measured in benchmarks/action and done for real by test_install.py.
    """
    temp = tmp_path / "run ner" / "_temp"
    temp.mkdir(parents=True)
    workspace = tmp_path / "work space"
    workspace.mkdir()
    for lock in (LOCK, SANDBOX_LOCK):
        folder = environment_folder(temp, lock)
        folder.symlink_to(sys.prefix, target_is_directory=True)
        folder.with_name(f"{folder.name}.installed").touch()

    def make(**options: object) -> Runner:
        provided = {"actions/setup-python": lambda _given: {"python-path": sys.executable}}
        return Runner(workspace, temp, provided, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture
def runner(make_runner: MakeRunner) -> Runner:
    return make_runner()


@pytest.fixture
def toy(runner: Runner) -> Project:
    """A project in the workspace whose resources are files: quick, and real for mldeploy."""
    project = Project(runner.workspace)
    shutil.copy(TOY_PLUGIN, runner.workspace / "mldeploy_plugin.py")
    project.write("release.yaml", f"{TOY}toy: {{things: [a, b]}}\n")
    return project


@pytest.fixture
def github() -> Iterator[GithubApi]:
    with GithubApi() as api:
        yield api
