"""The checks of `mldeploy doctor`."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mldeploy.errors import MldeployError
from mldeploy.pipelines import LOCAL
from mldeploy.plugins import installed
from mldeploy.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One check and what to do about it."""

    check: str
    state: Literal["ok", "warn", "fail"]
    found: str
    fix: str = ""


def examine(file: Path, env: str) -> list[Row]:
    """Return all checks, most basic first."""
    return [_python(), _git(), _engine(), *_plugins(), *_release(file, env)]


def _python() -> Row:
    good = sys.version_info >= (3, 11)
    return Row(
        check="Python",
        state="ok" if good else "fail",
        found=f"{platform.python_version()} on {platform.system()}",
        fix="" if good else "install Python 3.11 or newer",
    )


def _git() -> Row:
    if shutil.which("git"):
        return Row(check="git", state="ok", found="found")
    return Row(check="git", state="warn", found="missing", fix="`mldeploy init` makes no feature branch without git")


def _engine() -> Row:
    """Docker's client alone is not enough: an engine has to answer."""
    if shutil.which("docker"):
        asked = ["docker", "version", "--format", "{{.Server.Version}}"]
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=10, check=False)
        if answer.returncode == 0:
            return Row(check="container engine", state="ok", found=f"docker {answer.stdout.strip()}")
    if shutil.which("buildah"):
        return Row(check="container engine", state="ok", found="buildah")
    fix = "`local` needs none; install docker or buildah before you deploy to a cloud"
    return Row(check="container engine", state="warn", found="none answers", fix=fix)


def _plugins() -> Iterator[Row]:
    for name, entry_point in sorted(installed().items()):
        try:
            entry_point.load()
        except Exception as error:  # any failure of a plugin's import is a finding
            fix = f"reinstall or remove {entry_point.distribution}"
            yield Row(check=f"plugin {name}", state="fail", found=f"{type(error).__name__}: {error}", fix=fix)
        else:
            yield Row(check=f"plugin {name}", state="ok", found=f"{entry_point.distribution} {entry_point.version}")


def _release(file: Path, env: str) -> Iterator[Row]:
    """Yield whether release.yaml is right, then what plugins say about the world that it names (door `health`)."""
    if not file.exists():
        fix = "run this in a project, or make one with `mldeploy init NAME`"
        yield Row(check="release.yaml", state="warn", found="none in this folder", fix=fix)
        return
    session = Session(file, env, lambda _event: None)
    try:
        steps = session.describe(session.load())
    except MldeployError as error:
        yield Row(check="release.yaml", state="fail", found=error.message, fix=f"mldeploy validate --env {env}")
        return
    yield Row(check="release.yaml", state="ok", found=f"valid for '{env}', {len(steps)} steps")
    if env != LOCAL:  # a sandbox is not started for a look
        yield from _world(session, env)


def _world(session: Session, env: str) -> Iterator[Row]:
    try:
        with session.deployment(f"doctor --env {env}") as deployment:
            yield from deployment.context.find_provider("health", deployment.context) or ()
    except MldeployError as error:
        yield Row(check=f"environment {env}", state="fail", found=error.message, fix=error.hint)
