"""Which commit a project folder is at."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path


def revision_of(folder: Path) -> str:
    """Return the commit of a folder, 40 hex digits; empty without git, or when tracked files were changed since."""
    if shutil.which("git") is None:
        return ""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    described = done.stdout.strip()
    return described if done.returncode == 0 and not described.endswith("-dirty") else ""
