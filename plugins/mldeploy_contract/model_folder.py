"""A copy of the model folder that is read-only, as /opt/ml/model is on SageMaker, and that notices changes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

READ_ONLY_FILE, READ_ONLY_FOLDER = 0o444, 0o555
WRITABLE_FILE, WRITABLE_FOLDER = 0o644, 0o755


class ModelFolder:
    """A copy of a model folder.

    Permissions do not bind root, so that `changes` counts: what differs from the state at the start.
    """

    def __init__(self, source: Path | None, copy: Path) -> None:
        self.path = copy
        if source is None:
            copy.mkdir(parents=True)
        else:
            shutil.copytree(source, copy)
        self._before = self._state()

    def allow_writing(self, *, allowed: bool) -> None:
        """Give the permission to write, or take it away."""
        file_mode, folder_mode = (WRITABLE_FILE, WRITABLE_FOLDER) if allowed else (READ_ONLY_FILE, READ_ONLY_FOLDER)
        self.path.chmod(WRITABLE_FOLDER)
        for path in sorted(self.path.rglob("*")):
            if not path.is_symlink():
                path.chmod(folder_mode if path.is_dir() else file_mode)
        self.path.chmod(folder_mode)

    def changes(self) -> list[str]:
        """Return the paths inside the folder that are new, gone or different, sorted."""
        now = self._state()
        return sorted(name for name in {*now, *self._before} if now.get(name) != self._before.get(name))

    def _state(self) -> Mapping[str, tuple[int, int]]:
        """Return size and time of change of every file, and of folders that they are there.

        Python's caches do not count: where they cannot be written, Python goes on without.
        """
        found = {}
        for path in self.path.rglob("*"):
            if "__pycache__" in path.parts:
                continue
            status = path.lstat()
            name = path.relative_to(self.path).as_posix()
            found[name] = (0, 0) if path.is_dir() else (status.st_size, status.st_mtime_ns)
        return found
