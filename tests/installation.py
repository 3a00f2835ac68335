"""Build distributions and install them into fresh virtual environments, with uv where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SECONDS = 240


def run(*command: str | Path, cwd: Path | None = None) -> str:
    """Run a program, require success, and return what it printed."""
    # uv would take VIRTUAL_ENV for its target, and MLDEPLOY_… would change what we test
    environment = {k: v for k, v in os.environ.items() if k != "VIRTUAL_ENV" and not k.startswith("MLDEPLOY_")}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def uv() -> str | None:
    beside = Path(sys.executable).with_name("uv")
    return str(beside) if beside.exists() else shutil.which("uv")


def build(source: Path, kind: str, folder: Path) -> Path:
    """Build a `wheel` or an `sdist` of a source folder or sdist and return its path."""
    before = set(folder.glob("*")) if folder.is_dir() else set()
    if uv():
        run(uv(), "build", "--quiet", f"--{kind}", "--out-dir", folder, source)
    elif kind == "wheel":
        run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source)
    else:
        pytest.importorskip("build", reason="an sdist is built by uv or by the package `build`")
        run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, source)
    (made,) = set(folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")) - before
    return made


@dataclass(frozen=True)
class Environment:
    """A virtual environment."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Environment:
        if uv():
            run(uv(), "venv", "--quiet", "--python", sys.executable, folder)
        else:
            run(sys.executable, "-m", "venv", folder)
        return cls(folder)

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")

    def install(self, *requirements: str | Path) -> None:
        if uv():
            run(uv(), "pip", "install", "--quiet", "--python", self.python, *requirements)
        else:
            run(self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)

    def mldeploy(self, *arguments: str, cwd: Path) -> str:
        return run(self.python.with_name("mldeploy"), *arguments, cwd=cwd)
