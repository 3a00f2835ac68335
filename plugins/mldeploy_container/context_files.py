"""The files that go into an image, and a hash over them."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from mldeploy.model import JSON

ALWAYS_OUT = (".git/", ".mldeploy/", "__pycache__/", ".venv/")
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
    """Return the files of the build context: all below the project that `.dockerignore` leaves in, sorted."""
    from pathspec import PathSpec  # noqa: PLC0415 - only where a context is read

    ignore = root / IGNORE_FILE
    lines = ignore.read_text(encoding="utf-8").splitlines() if ignore.is_file() else []
    left_out = PathSpec.from_lines("gitignore", [*chain.from_iterable(map(_as_gitignore, lines)), *ALWAYS_OUT])
    return sorted(root / name for name in left_out.match_files(_files(root), negate=True))


def copy_context(root: Path, folder: Path) -> None:
    """Copy the build context into a folder, so that nothing else of the project is at hand there."""
    for path in context_files(root):
        copy = folder / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)


def _files(root: Path) -> Iterator[str]:
    """Yield the files below a folder, without walking through what is always out: environments hold thousands."""
    from pathspec.util import iter_tree_files  # noqa: PLC0415 - see above

    for path in root.iterdir():
        if path.is_file():
            yield path.name
        elif path.is_dir() and f"{path.name}/" not in ALWAYS_OUT:
            yield from (f"{path.name}/{name}" for name in iter_tree_files(path))


def _as_gitignore(line: str) -> list[str]:
    """Return a line of `.dockerignore` as gitignore patterns.

    In `.dockerignore` every pattern starts at the root and takes a folder with all that is in it; the last line that
    matches decides, as in gitignore (Docker build reference, ".dockerignore files").
    """
    pattern = line.strip()
    if not pattern or pattern.startswith("#"):
        return []
    bang = "!" if pattern.startswith("!") else ""
    path = pattern.removeprefix("!").strip().removeprefix("./").strip("/")
    return [f"{bang}/{path}", f"{bang}/{path}/**"]


def files_below(folder: Path) -> list[Path]:
    """Return all regular files below a folder, sorted; Python's caches do not count."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def sha256_of(root: Path, files: Iterable[Path]) -> str:
    """Return a hash over the paths (relative to root), the executable bits and the contents of files."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL, which checking a release does not need

    digest = hashlib.sha256()
    for path in files:
        content = path.read_bytes()
        executable = "x" if path.stat().st_mode & 0o100 else "-"
        digest.update(f"{path.relative_to(root).as_posix()}\0{executable}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
