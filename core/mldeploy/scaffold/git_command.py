"""Run git in somebody's project without being influenced by hooks, signing or the repository around us."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

REPOSITORY_VARIABLES = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
"""Set while git runs a hook; they would point at another repository than the project's."""
QUIET = ("-c", f"core.hooksPath={os.devnull}", "-c", "commit.gpgSign=false")


def git(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run git in a folder and return what it said.

    Raises:
        subprocess.CalledProcessError: it failed, and `check` is true.
    """
    environment = {key: value for key, value in os.environ.items() if key not in REPOSITORY_VARIABLES}
    return subprocess.run(
        ["git", "-C", str(folder), *QUIET, *arguments],
        check=check,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env=environment | {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0"},
    )
