"""Virtual environments below .cache/benchmarks: one for mldeploy as users install it, one for each peer."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

PEERS = {
    "tox": ("tox", "--version"),
    "chalice": ("chalice", "--version"),
    "awscli": ("aws", "--version"),
    "kedro": ("kedro", "--version"),
    "cfn-lint": ("cfn-lint", "--version"),
}
"""Distribution → the command that is measured."""


def installed(folder: Path, requirement: str, *, renew: bool = False) -> Path:
    """Return the `bin` folder of an environment that holds a requirement; pip compiles the bytecode.

    Arguments:
        renew: install again even if it is there.
    """
    programs = folder / "bin"
    ready = folder / ".ready"
    if renew or not ready.is_file():
        if not (programs / "python").exists():
            venv.create(folder, with_pip=True)
        pip = [str(programs / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        sys.stderr.write(f"installing {Path(requirement).name}\n")
        subprocess.run([*pip, "--upgrade", requirement], check=True)
        ready.touch()
    return programs
