"""Unpacks archives that came from elsewhere into folders named by their content."""

from __future__ import annotations

import hashlib
import io
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from mldeploy.archive.extraction import UnsafeArchiveError, extract

__all__ = ["UnsafeArchiveError", "unpacked"]

_unpacking = threading.Lock()


def unpacked(archives: Sequence[bytes], parent: Path) -> Path:
    """Return a folder below `parent` with the contents of tar archives (plain or compressed), later ones on top.

    The folder is named by the content, so that the same archives are unpacked once.

    Raises:
        UnsafeArchiveError: nothing was unpacked.
    """
    digest = hashlib.sha256(b"".join(hashlib.sha256(archive).digest() for archive in archives)).hexdigest()
    target = parent / digest[:32]
    with _unpacking:
        if not target.is_dir():
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=parent, prefix=".partial-") as partial:
                folder = Path(partial) / "content"
                extract(map(io.BytesIO, archives), folder)
                folder.rename(target)
    return target
