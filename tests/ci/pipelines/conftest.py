from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = Path(sys.executable).parent
GIT = ("git", "-c", "user.name=tests", "-c", "user.email=tests@example.invalid")
CIRCLECI = """#!/bin/bash
# Stands in for the program `circleci` that is on the machines of CircleCI: notes how it was called.
printf '%s\\n' "$*" >> "{log}"
"""


@dataclass(frozen=True)
class World:
    """A sandbox in the place of AWS, and what points at it."""

    folder: Path
    variables: dict[str, str]


@dataclass(frozen=True)
class Repository:
    """A generated project on its branch main."""

    root: Path

    def allow_bursts_of(self, requests: int) -> str:
        """Change something of the gateway that needs no build, commit it, and return the commit."""
        text = self.release.read_text(encoding="utf-8")
        rate = f"  gateway: api-gateway\n  rate: {{burst: {requests}}}\n"
        changed, count = re.subn(r"  gateway: api-gateway\n(  rate: .*\n)?", rate, text)
        assert count == 1
        return self.commit(changed)

    def commit(self, text: str) -> str:
        """Commit another text of release.yaml and return the commit."""
        self.release.write_text(text, encoding="utf-8")
        self.git("commit", "--quiet", "--all", "--message", "Change release.yaml")
        return self.head

    @property
    def release(self) -> Path:
        return self.root / "release.yaml"

    @property
    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments: str) -> str:
        return subprocess.run([*GIT, *arguments], cwd=self.root, check=True, capture_output=True, text=True).stdout


def mldeploy(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [PROGRAMS / "mldeploy", *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def output(*command: str) -> str:
    """Return what one of the programs beside this Python prints."""
    return subprocess.run(
        [PROGRAMS / command[0], *command[1:]], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture(scope="module")
def make_repository(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Repository]:
    """Make generated projects whose image needs no container engine."""

    def make() -> Repository:
        folder = tmp_path_factory.mktemp("repository")
        mldeploy("init", "reviews", "--no-input", "--no-git", cwd=folder)
        repository = Repository(folder / "reviews")
        repository.git("init", "--quiet", "--initial-branch=main")
        repository.git("add", "--all")
        repository.git("commit", "--quiet", "--message", "Start")
        text = repository.release.read_text(encoding="utf-8")
        repository.commit(text.replace("\nenvironments:", "\nimage: {builder: process}\n\nenvironments:"))
        return repository

    return make


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Iterator[World]:
    """A sandbox, and variables as a machine of CI has them: where AWS is, and an index that knows this mldeploy."""
    folder = tmp_path_factory.mktemp("world")
    lines = mldeploy("sandbox", "up", cwd=folder).splitlines()
    url = dict(line.removeprefix("export ").split("=", 1) for line in lines)["AWS_ENDPOINT_URL"]
    links = " ".join(filter(None, [os.environ.get("UV_FIND_LINKS"), str(wheel.parent)]))
    caches = {"UV_CACHE_DIR": output("uv", "cache", "dir"), "PIP_CACHE_DIR": output("pip", "cache", "dir")}
    yield World(folder, {"AWS_ENDPOINT_URL": url, "UV_FIND_LINKS": links, **caches})
    mldeploy("sandbox", "down", cwd=folder)


@pytest.fixture
def circleci_log(tmp_path: Path) -> Path:
    return tmp_path / "circleci.log"


@pytest.fixture
def programs(tmp_path: Path, circleci_log: Path) -> list[Path]:
    """What is on the PATH of a CI machine beside the system: Python, and CircleCI's own program."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "circleci"
    program.write_text(CIRCLECI.format(log=circleci_log), encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    base = Path(sys.executable).resolve()
    (folder / "python").symlink_to(base)
    (folder / "python3").symlink_to(base)
    assert shutil.which("git")
    return [folder]
