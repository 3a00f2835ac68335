"""How a file is named to those who know the repository and not the current folder."""

from __future__ import annotations

from pathlib import Path


def path_in_repository(file: str) -> str:
    """Return a path relative to the git checkout around it, with forward slashes; outside of one, as it is."""
    path = Path(file).absolute()
    for folder in path.parents:
        if (folder / ".git").exists():
            return path.relative_to(folder).as_posix()
    return Path(file).as_posix()
