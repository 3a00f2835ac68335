"""What a driver may know and touch: the release's identity, the doors to the worlds, progress and patience."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from mldeploy.errors import PendingError, UsageError
from mldeploy.events import Event

if TYPE_CHECKING:
    from pathlib import Path

    from mldeploy.model import JSON

T = TypeVar("T")
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 2.0


@dataclass(kw_only=True)
class Context:
    """One run against one environment of one release.

    `config` is the merged release.yaml (the recorded one when the file is gone); `outputs` grows while steps finish.
    Everything registered on `resources` is closed when the command ends.
    """

    name: str
    env: str
    root: Path
    config: Mapping[str, JSON]
    tags: Mapping[str, str]
    find_provider: Callable[[str, Context], Any]
    emit: Callable[[Event], None]
    outputs: Callable[[str], Mapping[str, JSON]] = lambda _step: MappingProxyType({})
    resources: ExitStack = field(default_factory=ExitStack)
    cancelled: threading.Event = field(default_factory=threading.Event)
    _handles: dict[str, Any] = field(default_factory=dict)
    _opening: threading.RLock = field(default_factory=threading.RLock)

    @property
    def workdir(self) -> Path:
        """The project's own folder for caches, logs and local state; ignored by git."""
        return self.root / ".mldeploy"

    def provider(self, kind: str) -> Any:
        """Return the handle of a world, opened at most once.

        Raises:
            UsageError: nobody provides this kind.
        """
        with self._opening:
            if kind not in self._handles:
                handle = self.find_provider(kind, self)
                if handle is None:
                    message = f"no plugin provides '{kind}' in environment '{self.env}'"
                    raise UsageError(message, hint="`mldeploy plugins` lists what is installed and what each provides")
                self._handles[kind] = handle
            return self._handles[kind]

    def progress(self, step_id: str, message: str) -> None:
        """Say what a running step is waiting for or doing."""
        self.emit(Event(step=step_id, state="progress", message=message))

    def wait(self, check: Callable[[], T | None], *, seconds: float, what: str) -> T:
        """Poll until `check` returns something, fast at first, then every two seconds.

        Arguments:
            check: returns None to go on waiting; raises to give up.
            seconds: the deadline.
            what: completes "still waiting for …".

        Raises:
            PendingError: the deadline passed or the run was interrupted.
        """
        pause, deadline = FIRST_PAUSE, time.monotonic() + seconds
        while (found := check()) is None:
            if time.monotonic() >= deadline:
                message = f"still waiting for {what} after {seconds:.0f} s"
                raise PendingError(message, hint="run the same command again to go on waiting")
            if self.cancelled.wait(pause):
                message = f"interrupted while waiting for {what}"
                raise PendingError(message, hint="run the same command again to resume")
            pause = min(pause * 1.5, LONGEST_PAUSE)
        return found

    def close(self) -> None:
        """Release everything that providers opened."""
        self.resources.close()
