"""The state store in plain files below the project's own folder; used where no plugin provides `state`."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from mldeploy.doors import Holder
from mldeploy.file_guard import guarded
from mldeploy.lease import HEARTBEAT_SECONDS, heartbeat, held, lease_end, ourselves
from mldeploy.record import Record
from mldeploy.whole_file import write_whole


class FileStateStore:
    """One folder per environment: `r0001.json` per release, `lock`, and `guard` while a lock changes hands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._saving = threading.Lock()

    def records(self) -> list[Record]:
        """Return the records that are kept, oldest first; a file that is not a record is left out."""
        found = []
        for path in sorted(self._folder.glob("r*.json")):
            with suppress(KeyError, TypeError, ValueError):
                found.append(Record.from_json(json.loads(path.read_text(encoding="utf-8"))))
        return found

    def save(self, record: Record) -> None:
        """Write one record whole: a reader sees the old or the new one, never half."""
        with self._saving:
            write_whole(self._path(record.number), json.dumps(record.to_json(), ensure_ascii=False))

    def forget(self, number: int) -> None:
        """Drop the record of one release; dropping what is not there is fine."""
        self._path(number).unlink(missing_ok=True)

    @contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Hold the environment; the lease is renewed while the run lives and expires when it does not."""
        self._take(command)
        try:
            with heartbeat(self._renew, HEARTBEAT_SECONDS):
                yield
        finally:
            with self._guarded():
                if _is_ours(self._written()):
                    self._lock.unlink()

    def holder(self) -> Holder | None:
        """Return who holds the lock; None when it is free, expired, or its process on this machine is gone."""
        holder = self._written()
        if holder is None:
            return None
        expired = datetime.fromisoformat(holder.expires) < datetime.now(UTC)
        dead = holder.host == socket.gethostname() and not _is_alive(holder.pid)
        return None if expired or dead else holder

    def unlock(self) -> None:
        """Take the lock away from its holder."""
        with self._guarded():
            self._lock.unlink(missing_ok=True)

    @property
    def _lock(self) -> Path:
        return self._folder / "lock"

    def _path(self, number: int) -> Path:
        return self._folder / f"r{number:04}.json"

    def _take(self, command: str) -> None:
        with self._guarded():
            holder = self.holder()
            if holder is not None:
                raise held(holder)
            write_whole(self._lock, json.dumps(asdict(ourselves(command))))

    def _renew(self) -> None:
        with self._guarded():
            holder = self._written()
            if holder is not None and _is_ours(holder):  # also after its lease, if nobody took it (a laptop slept)
                write_whole(self._lock, json.dumps(asdict(replace(holder, expires=lease_end()))))

    def _written(self) -> Holder | None:
        """Return what the lock file says, expired or not; None when it is missing or no lock."""
        try:
            return Holder(**json.loads(self._lock.read_text(encoding="utf-8")))
        except (FileNotFoundError, TypeError, ValueError):
            return None

    def _guarded(self) -> AbstractContextManager[None]:
        return guarded(self._folder / "guard")


def _is_ours(holder: Holder | None) -> bool:
    return holder is not None and (holder.host, holder.pid) == (socket.gethostname(), os.getpid())


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":  # os.kill would end the process; the lease decides there
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
