"""The files of a model folder, and one hash that stands for all of them.

The hash is the SHA-256 of what `sha256sum` prints for the files, sorted by name (GNU coreutils, "sha2 utilities"), so
that anybody can check it without mldeploy. The generated service makes the same one (service/model_files.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mldeploy.errors import RefusedError

CHECKSUMS = "SHA256SUMS"
"""A list of checksums that may lie in the folder; it is not part of the model, and not of the hash."""


def model_paths(folder: Path) -> list[Path]:
    """Return the regular files below a model folder, sorted by name; Python's caches do not count.

    Raises:
        RefusedError: there is something that cannot be packed faithfully: a link to a folder, a link to nothing, a
            device, or a name that `sha256sum` would have to escape.
    """
    files = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if "__pycache__" in path.parts or name == CHECKSUMS or (path.is_dir() and not path.is_symlink()):
            continue
        if not path.is_file():
            message = f"'{name}' in the model folder {folder.name} is neither a file nor a folder"
            raise RefusedError(message, hint="put the files themselves there; links to folders are not followed")
        if not name.isprintable() or "\\" in name:
            message = f"{name!r} in the model folder {folder.name} has a character that file names should not have"
            raise RefusedError(message, hint="rename it, and train again if a script made it")
        files.append(path)
    return sorted(files, key=lambda path: path.relative_to(folder).as_posix().encode())


def manifest(folder: Path) -> str:
    """Return one line per model file, as `sha256sum` prints it.

    Raises:
        RefusedError: see `model_paths`.
    """
    return manifest_of((path.relative_to(folder).as_posix(), _sha256(path)) for path in model_paths(folder))


def manifest_of(checksums: Iterable[tuple[str, str]]) -> str:
    """Return the manifest for pairs of name and SHA-256 (hexadecimal), sorted by name."""
    return "".join(f"{checksum}  {name}\n" for name, checksum in checksums)


def digest_of(manifest_text: str) -> str:
    """Return the hash that stands for a manifest, in hexadecimal."""
    import hashlib  # noqa: PLC0415 - loads OpenSSL, which checking a release does not need

    return hashlib.sha256(manifest_text.encode()).hexdigest()


def model_digest(folder: Path) -> str:
    """Return the hash that stands for all files of a model folder.

    Raises:
        RefusedError: see `model_paths`.
    """
    return digest_of(manifest(folder))


def _sha256(path: Path) -> str:
    import hashlib  # noqa: PLC0415 - see `digest_of`

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
