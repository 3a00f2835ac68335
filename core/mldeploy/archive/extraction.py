"""Unpack tar archives that came from elsewhere: regular files and folders, inside one fresh folder, within limits.

`tarfile`'s own filters have let files escape several times (CVE-2025-4330, CVE-2025-4517), all of them through links.
Here nothing that is a link is ever made, so no name can lead anywhere else.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from mldeploy import compression
from mldeploy.archive.content import DEFAULT_LIMITS, Limits, UnsafeArchiveError, bounded_content
from mldeploy.archive.names import Names

__all__ = ["DEFAULT_LIMITS", "Limits", "UnsafeArchiveError", "extract"]

BLOCK = 512
CHUNK = 1 << 16
BROKEN = (tarfile.TarError, ValueError, OverflowError, RecursionError, *compression.BROKEN)
"""What reading a malformed archive raises; every one of them ends as UnsafeArchiveError."""


def extract(archives: Iterable[IO[bytes]], folder: Path, limits: Limits = DEFAULT_LIMITS) -> None:
    """Unpack tar archives, plain or compressed by gzip, bzip2 or xz, into a new folder; later ones lie on top.

    Files can be read by all and written by nobody; of their modes only the owner's right to execute is kept.

    Arguments:
        folder: must not exist; its parent must.
        limits: for each archive.

    Raises:
        UnsafeArchiveError: an archive holds a link, a device, a sparse file, a name that is not plain and relative, two
            entries that are one on some file system, more than the limits allow, or it is damaged. The folder does not
            exist then.
        FileExistsError: the folder exists.
    """
    folder.mkdir(mode=0o755)
    try:
        for archive in archives:
            _extract_one(archive, folder, limits)
    except BROKEN as error:
        shutil.rmtree(folder)
        message = f"cannot unpack the archive: {str(error) or type(error).__name__}"
        raise UnsafeArchiveError(message) from error
    except BaseException:
        shutil.rmtree(folder)
        raise


def _extract_one(archive: IO[bytes], folder: Path, limits: Limits) -> None:
    with tempfile.TemporaryFile(dir=folder.parent) as spool:
        content = bounded_content(archive, spool, limits)
        names = Names()
        with tarfile.open(fileobj=content, mode="r:", encoding="utf-8", errors="surrogateescape") as tar:
            for count, member in enumerate(tar, 1):
                if count > limits.entries:
                    message = f"more than {limits.entries} files and folders"
                    raise UnsafeArchiveError(message)
                _require_plain(member)
                parts = names.accept(member.name, is_folder=member.isdir())
                _write(tar, member, folder.joinpath(*parts))
            _require_end(content, tar.offset)


def _require_plain(member: tarfile.TarInfo) -> None:
    if not (member.isfile() or member.isdir()) or member.issparse():
        message = f"{member.name!r} is a link, a device or a sparse file"
        raise UnsafeArchiveError(message)
    if member.size < 0 or (member.isdir() and member.size):
        message = f"{member.name!r} has an impossible size"
        raise UnsafeArchiveError(message)


def _require_end(content: IO[bytes], offset: int) -> None:
    """`tarfile` takes a damaged header in the middle for the end; a real end is a block of zeros (POSIX pax)."""
    content.seek(offset)
    block = content.read(BLOCK)
    if len(block) < BLOCK or block.strip(b"\0"):
        message = "it is cut off or damaged"
        raise tarfile.ReadError(message)


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> None:
    if member.isdir():
        path.mkdir(mode=0o755, parents=True, exist_ok=True)
        return
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    source = tar.extractfile(member)
    mode = 0o555 if member.mode & 0o100 else 0o444
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), mode)
    with os.fdopen(descriptor, "wb") as target:
        if source is not None:
            shutil.copyfileobj(source, target, CHUNK)
        if target.tell() != member.size:
            message = f"{member.name!r} is cut off"
            raise tarfile.ReadError(message)
