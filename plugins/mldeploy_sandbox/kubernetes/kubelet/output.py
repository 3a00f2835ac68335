"""What a container has printed, in this run and in the one before."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

LINES = 10_000
FOLLOW_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line, and when it was printed (seconds since 1970)."""

    time: float
    text: str

    def shown(self, *, timestamps: bool) -> bytes:
        """Return it as `pods/log` sends it."""
        stamp = f"{datetime.fromtimestamp(self.time, UTC).isoformat().replace('+00:00', 'Z')} " if timestamps else ""
        return f"{stamp}{self.text}\n".encode()


class Output:
    """The lines of one run of a container."""

    def __init__(self) -> None:
        self._lines: deque[Line] = deque(maxlen=LINES)
        self._changed = threading.Condition()
        self._count = 0
        self.ended = False

    def add(self, text: str) -> None:
        """Take one line."""
        with self._changed:
            self._lines.append(Line(time=time.time(), text=text))
            self._count += 1
            self._changed.notify_all()

    def end(self) -> None:
        """Tell who follows that nothing more comes."""
        with self._changed:
            self.ended = True
            self._changed.notify_all()

    def lines(self) -> list[Line]:
        """Return what was printed so far."""
        with self._changed:
            return list(self._lines)

    def follow(self) -> Iterator[Line]:
        """Yield the lines, and wait for more until the run ends."""
        seen = 0
        while True:
            with self._changed:
                if not self.ended and self._count == seen:
                    self._changed.wait(FOLLOW_SECONDS)
                fresh = list(self._lines)[len(self._lines) - (self._count - seen) :] if self._count > seen else []
                seen, ended = self._count, self.ended
            yield from fresh
            if ended and not fresh:
                return
