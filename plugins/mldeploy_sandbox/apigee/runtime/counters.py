"""Counts of quotas and times of spike arrests, of all environments; thread-safe."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What a quota says after a request: how many it has let through in this interval, and whether this one."""

    used: int
    allowed: bool


class Counters:
    """What identifiers have used."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[Hashable, tuple[str, int]] = {}
        self._passed: dict[Hashable, deque[float]] = {}
        self._next: dict[Hashable, float] = {}

    def count(self, owner: Hashable, interval: str, limit: int, weight: int) -> Count:
        """Count a request in an interval, which names itself; one above the limit is not counted."""
        with self._lock:
            name, used = self._counts.get(owner, ("", 0))
            used = used if name == interval else 0
            if used + weight > limit:
                return Count(used=used, allowed=False)
            self._counts[owner] = (interval, used + weight)
            return Count(used=used + weight, allowed=True)

    def space_out(self, owner: Hashable, seconds: float) -> bool:
        """Let a request pass when `seconds` have gone since the last one that passed."""
        now = time.monotonic()
        with self._lock:
            if now < self._next.get(owner, now):
                return False
            self._next[owner] = now + seconds
            return True

    def slide(self, owner: Hashable, seconds: float, limit: float, weight: int) -> bool:
        """Let a request pass when fewer than `limit` have passed within the last `seconds`."""
        now = time.monotonic()
        with self._lock:
            passed = self._passed.setdefault(owner, deque())
            while passed and passed[0] <= now - seconds:
                passed.popleft()
            if len(passed) + weight > limit:
                return False
            passed.extend([now] * weight)
            return True
