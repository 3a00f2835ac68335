"""The files of a sandbox's folder: who runs, where it answers, and the lock that says whether it lives."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

STATE_FILE = "sandbox.json"
LOG_FILE = "sandbox.log"
CALLS_FILE = "calls.jsonl"
DATA_FOLDER = "data"
ALIVE_LOCK = "alive.lock"
START_LOCK = "start.lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a running sandbox writes down.

    `started` is ISO 8601, `kept` says that it outlives the command, `mode` is "plain" or "strict".
    """

    pid: int
    url: str
    token: str
    started: str
    kept: bool
    mode: str = "plain"

    def write(self, folder: Path) -> None:
        """Write the state so that a reader sees all of it or none, and nobody else on the machine."""
        partial = folder / f"{STATE_FILE}.partial"
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(self), file)
        partial.rename(folder / STATE_FILE)


def read_state(folder: Path) -> State | None:
    """Return the state in a folder; None when there is none or it cannot be read."""
    try:
        return State(**json.loads((folder / STATE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def hold(folder: Path, name: str) -> int | None:
    """Take a lock; None when another process has it.

    Returns: a file descriptor. Closing it releases the lock, and so does the kernel when the process ends, but no
    earlier: who finds the lock free knows that ports and children of the process are gone too.
    """
    descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


@contextmanager
def waiting_for(folder: Path, name: str) -> Iterator[None]:
    """Hold a lock, waiting for it if need be."""
    descriptor = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
