"""mldeploy::PythonEnvironment: a virtual environment from the service's locked requirements, on this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from mldeploy import Context, Observed, Step
from mldeploy.model import JSON
from mldeploy_container.programs import run

COMPLETE = ".complete"


class PythonEnvironmentDriver:
    """Spec: RequirementsSha256, PythonVersion. Settings: Requirements. Outputs: Path."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def read(self, step: Step) -> Observed | None:
        """Return the environment if it was finished."""
        folder = self._folder(step)
        return Observed(outputs={"Path": str(folder)}) if (folder / COMPLETE).is_file() else None

    def apply(self, step: Step, observed: Observed | None) -> Mapping[str, JSON]:  # noqa: ARG002 - always from scratch
        """Make the environment in place: scripts in it hold its path, so it cannot be moved there when finished."""
        folder, root = self._folder(step), self._context.root
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)

        def say(line: str) -> None:
            self._context.progress(step.id, line)

        for command in _commands(folder, root / step.settings["Requirements"], step.spec["PythonVersion"]):
            run(command, folder=root, say=say)
        (folder / COMPLETE).touch()
        return {"Path": str(folder)}

    def delete(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Remove the environment."""
        shutil.rmtree(self._folder(step), ignore_errors=True)

    def _folder(self, step: Step) -> Path:
        return self._context.workdir / "environments" / step.name


def python_of(environment: str) -> str:
    """Return the interpreter of an environment."""
    folder = "Scripts" if sys.platform == "win32" else "bin"
    return str(Path(environment) / folder / "python")


def bytecode_settings(environment: str) -> dict[str, str]:
    """Return the variables with which Python keeps bytecode inside the environment, and none beside the sources.

    What has been imported once (by the training) starts several times faster the next time (in the service).
    """
    return {"PYTHONPYCACHEPREFIX": str(Path(environment) / "pycache"), "PYTHONDONTWRITEBYTECODE": ""}


def _commands(folder: Path, requirements: Path, version: str) -> list[list[str]]:
    """Return what makes the environment: by uv where it is installed (about ten times faster), else venv and pip."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    hashes = ["--require-hashes"] if "--hash=" in requirements.read_text(encoding="utf-8") else []
    uv = shutil.which("uv") or _uv_beside_python()
    python = python_of(str(folder))
    if uv:
        interpreter = sys.executable if version == own else version
        install = [uv, "pip", "install", "--quiet", "--python", python, *hashes, "--requirement", str(requirements)]
        return [[uv, "venv", "--quiet", "--python", interpreter, str(folder)], install]
    interpreter = sys.executable if version == own else f"python{version}"
    options = ["--disable-pip-version-check", "--no-input", *hashes, "--requirement", str(requirements)]
    return [[interpreter, "-m", "venv", str(folder)], [python, "-m", "pip", "install", *options]]


def _uv_beside_python() -> str | None:
    return shutil.which("uv", path=str(Path(sys.executable).parent))
