"""What the policies of caches keep, of all environments; thread-safe.

Source: https://cloud.google.com/apigee/docs/api-platform/cache/persistence-tools
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mldeploy_sandbox.clock import Clock


class Caches:
    """Texts by key, each with an end."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[float, str]] = {}

    def read(self, key: Hashable) -> str | None:
        """Return what is kept under a key; None when that is nothing, or has ended."""
        with self._lock:
            ends, text = self._kept.get(key, (0.0, ""))
            if self._clock.monotonic() < ends:
                return text
            self._kept.pop(key, None)
            return None

    def write(self, key: Hashable, text: str, seconds: float) -> None:
        """Keep a text for a time."""
        with self._lock:
            self._kept[key] = (self._clock.monotonic() + seconds, text)
