"""Install the action's own checkout into an environment of its own; run by any Python 3.11+, before mldeploy is there.

What is installed is locked by hashes, our code comes from the checkout, and the job's own Python stays as it is. A
second use of the action in the same job finds the environment and takes it.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
LOCK = CHECKOUT / "requirements-action.lock"
SANDBOX_LOCK = CHECKOUT / "requirements-action-sandbox.lock"


def main() -> int:
    """Install if need be, and tell the next step which Python to use."""
    needs_sandbox = "true" in os.environ["MLDEPLOY_INPUT_SANDBOX"] or os.environ["MLDEPLOY_INPUT_ENV"] == "local"
    lock = SANDBOX_LOCK if needs_sandbox else LOCK
    folder = environment_folder(Path(os.environ["RUNNER_TEMP"]), lock)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not _mark(folder).is_file():
        started = time.monotonic()
        failure = _install(folder, python, lock)
        if failure:
            _say(failure)
            return 1
        _mark(folder).touch()
        sys.stdout.write(f"mldeploy installed in {time.monotonic() - started:.1f} s\n")
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8", newline="\n") as output:
        output.write(f"python={python}\n")
    return 0


def environment_folder(temp: Path, lock: Path) -> Path:
    """Return where the environment of this checkout, interpreter and lock belongs."""
    identity = f"{CHECKOUT}\n{sys.version}\n{hashlib.sha256(lock.read_bytes()).hexdigest()}"
    return temp / f"mldeploy-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


def _mark(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.installed")


def _install(folder: Path, python: Path, lock: Path) -> str:
    """Return what went wrong, or an empty text."""
    shutil.rmtree(folder, ignore_errors=True)
    for line in _with_uv(folder, python, lock) if shutil.which("uv") else _with_pip(folder, python, lock):
        # from a folder without a project: its settings for uv and pip are for its own packages
        done = subprocess.run(line, cwd=folder.parent, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            return f"{' '.join(line)} ended with {done.returncode}\n{done.stdout}{done.stderr}"
    return ""


def _with_uv(folder: Path, python: Path, lock: Path) -> list[list[str]]:
    install = ["uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python)]
    return [
        ["uv", "venv", "--quiet", "--no-project", "--python", sys.executable, str(folder)],
        [*install, "--require-hashes", "--requirement", str(lock)],
        [*install, "--no-deps", "--no-build-isolation", str(CHECKOUT)],
    ]


def _with_pip(folder: Path, python: Path, lock: Path) -> list[list[str]]:
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    return [
        [sys.executable, "-m", "venv", str(folder)],
        [*install, "--require-hashes", "--requirement", str(lock)],
        [*install, "--no-deps", "--no-build-isolation", str(CHECKOUT)],
    ]


def _say(failure: str) -> None:
    """Write a failure as an error of the job; what programs printed is no command to the runner."""
    token = secrets.token_hex(16)
    sys.stdout.write(f"::stop-commands::{token}\n{failure}\n::{token}::\n")
    sys.stdout.write("::error title=mldeploy::mldeploy could not be installed; the log of this step says why\n")


if __name__ == "__main__":
    sys.exit(main())
