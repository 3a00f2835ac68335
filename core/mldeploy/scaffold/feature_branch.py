"""Put a new project on a feature branch without ever touching somebody's uncommitted work."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from mldeploy.scaffold.git_command import git

FALLBACK_IDENTITY = ("-c", "user.name=mldeploy", "-c", "user.email=mldeploy@localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Branching:
    """What happened in git: the branch that is checked out now (empty: none was made), and what to tell the user."""

    branch: str = ""
    note: str = ""


def start_branch(project: Path, name: str) -> Branching:
    """Create and check out `feature/<name>`.

    In a repository that was there before, only the branch is made: index, working tree and stash stay as they are and
    nothing is committed. Without one, the project becomes a repository with its files committed on `main`.
    """
    if shutil.which("git") is None:
        return Branching(note="git is not installed: no branch was made")
    try:
        if _inside_repository(project):
            branch = _switch(project, name)
            return Branching(branch=branch, note="nothing was committed: add and commit the new files when you like")
        _create_repository(project)
        return Branching(branch=_switch(project, name), note="the files are committed on main")
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines()
        return Branching(note=f"no branch was made: git says: {lines[0] if lines else error}")


def _inside_repository(project: Path) -> bool:
    found = git(project, "rev-parse", "--is-inside-work-tree", check=False)
    return found.stdout.strip() == "true"


def _create_repository(project: Path) -> None:
    git(project, "init", "--quiet", "--template=")
    git(project, "symbolic-ref", "HEAD", "refs/heads/main")
    git(project, "add", "--all")
    known = git(project, "var", "GIT_AUTHOR_IDENT", check=False).returncode == 0
    identity = () if known else FALLBACK_IDENTITY
    git(project, *identity, "commit", "--quiet", "--message", f"Start {project.name} with mldeploy init")


def _switch(project: Path, name: str) -> str:
    """Check out a new branch at the current commit, or stay on it if that is where we are."""
    existing = set(git(project, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").stdout.split())
    wanted = f"feature-{name}" if "feature" in existing else f"feature/{name}"
    if git(project, "symbolic-ref", "--quiet", "--short", "HEAD", check=False).stdout.strip() == wanted:
        return wanted
    numbered = (wanted if number == 1 else f"{wanted}-{number}" for number in count(1))
    branch = next(candidate for candidate in numbered if candidate not in existing)
    git(project, "switch", "--quiet", "--no-guess", "--create", branch)
    return branch
