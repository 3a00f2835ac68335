"""What `init` or the last `update` wrote, kept in the project: the common ancestor of the next three-way merge.

It is kept as files and not as a version number, so that a merge needs neither the network, nor the old version of
mldeploy, nor a git history that still has the first commit.
"""

from __future__ import annotations

import io
import lzma
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from mldeploy.archive.extraction import Limits, UnsafeArchiveError, extract
from mldeploy.errors import RefusedError

BASE_FILE = ".mldeploy-template.tar.xz"
LIMITS = Limits(entries=10_000, bytes=64 << 20)


def pack_base(files: Mapping[str, bytes]) -> bytes:
    """Return an archive of files by path; the same files give the same bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return lzma.compress(buffer.getvalue())


def read_base(project: Path) -> dict[str, bytes]:
    """Return the files that the project was made from, by path.

    Raises:
        RefusedError: the archive is not there or damaged.
    """
    archive = project / BASE_FILE
    try:
        with archive.open("rb") as file, tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "base"
            extract([file], root, LIMITS)
            return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    except OSError as error:
        message = f"{BASE_FILE} cannot be read: {error.strerror}"
        raise RefusedError(message, hint="get it back from git; without it nobody knows what you changed") from error
    except UnsafeArchiveError as error:
        message = f"{BASE_FILE} is damaged: {error}"
        raise RefusedError(message, hint="get it back from git; without it nobody knows what you changed") from error
