"""The files that go into an image, and a hash over them."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mldeploy.model import JSON
from mldeploy_container.docker_ignore import IgnoreRules

ALWAYS_OUT = (".git", ".mldeploy", "__pycache__", ".venv")
IGNORE_FILE = ".dockerignore"
PROCESS = "process"
"""The builder that needs no Dockerfile."""


def image_files(root: Path, spec: Mapping[str, JSON]) -> list[Path]:
    """Return what an image is made from: the build context and, unless it is a process image, the Dockerfile.

    An engine reads the Dockerfile even where `.dockerignore` leaves it out (Docker build reference).
    """
    files = context_files(root)
    if spec["Builder"] == PROCESS:
        return files
    dockerfile = root / spec["Dockerfile"]
    return sorted({*files, *([dockerfile] if dockerfile.is_file() else [])})


def context_files(root: Path) -> list[Path]:
    """Return the files of the build context: all below the project that `.dockerignore` leaves in, sorted.

    Raises:
        UsageError: `.dockerignore` cannot be understood.
    """
    ignore = root / IGNORE_FILE
    rules = IgnoreRules(ignore.read_text(encoding="utf-8-sig").splitlines() if ignore.is_file() else ())
    return sorted(path for path in _files(root) if not rules.leave_out(path.relative_to(root).as_posix()))


def copy_context(root: Path, folder: Path) -> None:
    """Copy the build context into a folder, so that nothing else of the project is at hand there."""
    for path in context_files(root):
        copy = folder / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)


def _files(root: Path) -> Iterator[Path]:
    """Yield the files below a folder, without walking through what is always out: environments hold thousands."""
    for folder, folders, names in os.walk(root, followlinks=True):
        folders[:] = [name for name in folders if name not in ALWAYS_OUT and not _leads_back(Path(folder, name))]
        yield from (path for name in names if (path := Path(folder, name)).is_file())


def _leads_back(folder: Path) -> bool:
    """Return whether a folder is a link to one around it, in which a walk would never end."""
    return folder.is_symlink() and folder.parent.resolve().is_relative_to(folder.resolve())


def files_below(folder: Path) -> list[Path]:
    """Return all regular files below a folder, sorted; Python's caches do not count."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def sha256_of(root: Path, files: Iterable[Path]) -> str:
    """Return a hash over the paths (relative to root), the executable bits and the contents of files."""
    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        executable = "x" if path.stat().st_mode & 0o100 else "-"
        digest.update(f"{path.relative_to(root).as_posix()}\0{executable}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
