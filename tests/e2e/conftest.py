from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """A generated project, driven by the command line as a user drives it."""

    root: Path

    def mldeploy(self, *arguments: str, **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "mldeploy", *arguments],
            cwd=self.root,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=280,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: str) -> Ran:
        ran = self.mldeploy(*arguments)
        assert ran.code == 0, f"{arguments}: {ran}"
        return ran

    def predict(self, text: str) -> dict[str, Any]:
        answer = self.ok("invoke", "--json", text).json
        return {**answer, "body": json.loads(answer["body"])}

    def client(self, service: str) -> Any:
        """Return somebody else's boto3 client of the sandbox; any credentials do."""
        address = self.ok("sandbox", "status", "--json").json["url"]
        session = boto3.Session("test", "test", region_name="eu-central-1")
        return session.client(service, endpoint_url=address)

    def catch_up(self) -> None:
        """Let the sandbox's clock move on until new things can be found; in strict mode AWS needs seconds for that."""
        self.ok("sandbox", "clock", "advance", "10s")

    def mutating_calls(self) -> int:
        return int(self.ok("sandbox", "status", "--json").json["calls"]["mutating"])

    def inventory(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ok("sandbox", "status", "--json").json["resources"]
        return found


def new_project(folder: Path, *arguments: str) -> Project:
    done = Project(folder).mldeploy("init", "sentiment", "--no-input", "--cache", *arguments)
    assert done.code == 0, done
    return Project(folder / "sentiment")


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Project]:
    """A generated project that is not deployed yet; its sandbox is stopped afterwards."""
    project = new_project(tmp_path)
    yield project
    project.mldeploy("sandbox", "down")


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A generated project, deployed once to `local` for all tests of a file."""
    project = new_project(tmp_path_factory.mktemp("deployed"))
    ran = project.mldeploy("run")
    assert ran.code == 0, ran
    yield project
    project.mldeploy("sandbox", "down")
