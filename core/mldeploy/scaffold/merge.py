"""Decide, file by file, how a project comes to a newer template without losing what its owner changed."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mldeploy.errors import RefusedError

GENERATED = frozenset({"release.schema.json"})
"""Made as a whole, never edited."""
LOCK_SUFFIX = ".lock"
MOST_CONFLICTS = 127
"""`git merge-file` exits with the number of conflicts, at most this; above it has failed (git-merge-file(1))."""


class Action(StrEnum):
    """What happens to a file of a project."""

    ADD = "added"
    REPLACE = "replaced"
    MERGE = "merged"
    CONFLICT = "conflict"
    REMOVE = "removed"
    KEEP = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """One file: its path, what happens, what it holds now and afterwards (None: nothing), and why it is kept."""

    path: str
    action: Action
    before: bytes | None
    after: bytes | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """What conflict markers call the old and the new template."""

    base: str
    template: str


def merge_project(
    project: Path, base: Mapping[str, bytes], template: Mapping[str, bytes], labels: Labels
) -> Iterator[FileChange]:
    """Yield what has to happen to each file that the template changed; nothing is written.

    Arguments:
        base: the files of the template that the project was made from.
        template: the files of the installed one.

    Raises:
        RefusedError: git, which merges, is not installed or fails.
    """
    for path in sorted({*base, *template}):
        if base.get(path) == template.get(path):
            continue
        if obstacle := _obstacle(project, path):
            yield FileChange(path=path, action=Action.KEEP, before=None, after=None, reason=obstacle)
            continue
        file = project / path
        mine = file.read_bytes() if file.is_file() else None
        if mine != template.get(path):
            yield _change(path, base.get(path), mine, template.get(path), labels)


def _change(path: str, base: bytes | None, mine: bytes | None, new: bytes | None, labels: Labels) -> FileChange:
    if mine == base or (path in GENERATED and new is not None):
        action = Action.REMOVE if new is None else Action.ADD if mine is None else Action.REPLACE
        return FileChange(path=path, action=action, before=mine, after=new)
    reason = _why_kept(path, mine, new)
    if reason or mine is None or new is None:
        return FileChange(path=path, action=Action.KEEP, before=mine, after=mine, reason=reason)
    merged, conflicts = merge_texts(mine, base or b"", new, labels)
    action = Action.CONFLICT if conflicts else Action.MERGE if merged != mine else Action.KEEP
    reason = "it has the template's changes already" if action is Action.KEEP else ""
    return FileChange(path=path, action=action, before=mine, after=merged, reason=reason)


def _why_kept(path: str, mine: bytes | None, new: bytes | None) -> str:
    if mine is None:
        return "you removed it, and the template changed it"
    if new is None:
        return "the template has it no longer, but you changed it"
    if path.endswith(LOCK_SUFFIX):
        return "you locked other versions: merge the .in file, then lock again (README.md says how)"
    if b"\0" in mine + new:
        return "it is binary and changed on both sides"
    return ""


def merge_texts(mine: bytes, base: bytes, new: bytes, labels: Labels) -> tuple[bytes, int]:
    """Return the three-way merge by `git merge-file`, and the number of conflicts in it.

    Raises:
        RefusedError: git is not installed or fails.
    """
    if b"\r\n" in mine:  # checked out on Windows: only the line ends differ
        base, new = (text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for text in (base, new))
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (("mine", mine), ("base", base), ("new", new)):
            (Path(folder) / name).write_bytes(content)
        names = [argument for label in ("yours", labels.base, labels.template) for argument in ("-L", label)]
        command = ["git", "merge-file", "--stdout", "--diff3", *names, "mine", "base", "new"]
        try:
            done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        except FileNotFoundError as error:
            message = "git is not installed, and it is what merges"
            raise RefusedError(message, hint="install git, then run this again") from error
    if not 0 <= done.returncode <= MOST_CONFLICTS:
        message = f"git merge-file failed: {done.stderr.decode(errors='replace').strip()}"
        raise RefusedError(message)
    return done.stdout, done.returncode


def _obstacle(project: Path, path: str) -> str:
    """Tell why a path cannot be written without touching something else; empty when it can."""
    place = project / path
    folders = [part for part in place.parents if project in part.parents]
    if any(part.is_symlink() for part in (place, *folders)):
        return "it is a link"
    if place.is_dir() or any(folder.exists() and not folder.is_dir() for folder in folders):
        return "a folder and a file have the same name"
    return ""
