"""Waiting between two attempts: how long, with which clock, and how to say so."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mldeploy.errors import PendingError

if TYPE_CHECKING:
    from mldeploy import Context

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 20.0
SAY_SECONDS = 10.0


@dataclass(kw_only=True)
class Patience:
    """A clock in seconds, a sleep that may raise, and a voice that repeats itself at most every ten seconds."""

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    voice: Callable[[str], None] = lambda _text: None
    _said: dict[str, float] = field(default_factory=dict)
    _saying: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def of(cls, context: Context, provider: str = "AWS") -> Patience:
        """Return the patience of a run with a provider: it ends when the run is interrupted."""

        def sleep(seconds: float) -> None:
            if context.cancelled.wait(seconds):
                message = f"interrupted while waiting for {provider}"
                raise PendingError(message, hint="run the same command again to resume")

        return cls(sleep=sleep, voice=lambda text: context.progress("", text))

    def say(self, about: str, text: str) -> None:
        """Say something about a matter, unless that was said less than ten seconds ago."""
        with self._saying:
            now = self.clock()
            if now - self._said.get(about, -SAY_SECONDS) < SAY_SECONDS:
                return
            self._said[about] = now
        self.voice(text)


def pause_before(attempt: int) -> float:
    """Return the seconds before a further attempt (the first one that failed is 0): exponential, with full jitter.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """
    return random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))
