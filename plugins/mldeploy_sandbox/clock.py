"""The sandbox's time: real at first; people and tests can move it on and make it run faster."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

LONGEST_SLICE_SECONDS = 0.1


class Clock:
    """A clock for everything whose state changes with time; thread-safe.

    What waits for real programs (a ping, a draining request, a child process) keeps to real time.
    """

    def __init__(self, speed: float = 1.0) -> None:
        self._changed = threading.Condition()
        self._speed = speed
        self._origin = time.time()
        self._real, self._passed = time.monotonic(), 0.0

    @property
    def speed(self) -> float:
        """Sandbox seconds per real second."""
        return self._speed

    def monotonic(self) -> float:
        """Return the sandbox seconds since the sandbox started; never goes back."""
        with self._changed:
            return self._passed + (time.monotonic() - self._real) * self._speed

    def time(self) -> float:
        """Return seconds since 1970, like `time.time()`."""
        return self._origin + self.monotonic()

    def now(self) -> datetime:
        """Return the date and time in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> None:
        """Move on by sandbox seconds; whoever waits long enough wakes up.

        Raises:
            ValueError: `seconds` is negative.
        """
        if seconds < 0:
            message = "the sandbox's clock cannot go back"
            raise ValueError(message)
        with self._changed:
            self._passed += seconds
            self._changed.notify_all()

    def run_at(self, speed: float) -> None:
        """Let `speed` sandbox seconds pass per real second from now on.

        Raises:
            ValueError: `speed` is not positive.
        """
        if speed <= 0:
            message = "the speed of the sandbox's clock must be positive"
            raise ValueError(message)
        now = self.monotonic()
        with self._changed:
            self._real, self._passed, self._speed = time.monotonic(), now, speed
            self._changed.notify_all()

    def wait(self, seconds: float, stop: threading.Event | None = None) -> bool:
        """Wait for sandbox seconds.

        Returns: True when `stop` was set before they were over.
        """
        deadline = self.monotonic() + seconds
        while not (stop is not None and stop.is_set()):
            left = deadline - self.monotonic()
            if left <= 0:
                return False
            with self._changed:
                self._changed.wait(min(left / self._speed, LONGEST_SLICE_SECONDS))
        return True
