"""Virtual environments of other clients, kept between runs: they are large, and none of our dependencies."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documents.pages import CHECKOUT

FOLDER = CHECKOUT / ".cache" / "clients"
INSTALL_SECONDS = 500


def python_with(name: str, requirement: str) -> Path:
    """Return the Python of an environment that has a package; the test is skipped by name where it cannot be got."""
    folder = FOLDER / name
    python = folder / "bin" / "python"
    beside = Path(sys.executable).with_name("uv")
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if not (folder / "complete").exists():
        if uv is None:
            pytest.skip(f"{requirement} cannot be installed: there is no uv")
        install = ["pip", "install", "--python", str(python), "--index-strategy", "unsafe-best-match", requirement]
        for command in (["venv", "--clear", "--python", sys.executable, str(folder)], install):
            done = subprocess.run(
                [uv, "--quiet", *command], capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
            )
            if done.returncode != 0:
                pytest.skip(f"{requirement} cannot be installed: {done.stderr[-300:]}")
        (folder / "complete").touch()
    return python
