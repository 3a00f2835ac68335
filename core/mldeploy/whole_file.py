"""Write a file whole or not at all: a reader sees the old content or the new, never a half."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes | str, *, mode: int | None = None) -> None:
    """Replace a file by a rename within its folder, which is made when missing.

    Args:
        path: the file; an existing one keeps its permissions unless `mode` says others.
        content: bytes, or text that is written as UTF-8 with its line ends untouched.
        mode: the permissions of a new file; only its owner may read it when nothing is said (mkstemp(3)).
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        if path.exists():
            shutil.copymode(path, draft)
        elif mode is not None:
            Path(draft).chmod(mode)
        Path(draft).replace(path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
