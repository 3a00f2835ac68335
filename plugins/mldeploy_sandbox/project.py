"""Where the sandbox of a project is, and the one that runs there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mldeploy_sandbox.client import Running

RELEASE_FILE = "release.yaml"
FOLDER = Path(".mldeploy") / "sandbox"


def sandbox_folder(start: Path) -> Path:
    """Return the sandbox's folder of the project around `start`, or of `start` itself outside a project."""
    for folder in (start, *start.parents):
        if (folder / RELEASE_FILE).is_file():
            return folder / FOLDER
    return start / FOLDER


def running_sandbox() -> Running:
    """Return the sandbox that runs for the current folder.

    Raises:
        UsageError: none runs.
    """
    from mldeploy.errors import UsageError  # noqa: PLC0415 - `--help` should load nothing
    from mldeploy_sandbox.client import find  # noqa: PLC0415

    running = find(sandbox_folder(Path.cwd()))
    if running is None:
        message = "no sandbox runs here"
        raise UsageError(message, hint="`mldeploy sandbox up` starts one")
    return running
