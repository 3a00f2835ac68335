"""A notice board in shared memory: what every worker is doing. It is made before the workers are forked."""

from __future__ import annotations

import mmap
import struct
import time
from enum import IntEnum

ENTRY = struct.Struct("=qd")
"""Per worker: its state and when its event loop last turned (time.monotonic, the same clock in all processes)."""


class Door(IntEnum):
    """Whether a worker accepts connections."""

    CLOSED = 0
    LOADING = 1
    READY = 2


class Board:
    """One entry per slot; a slot is a place for one worker, and its successor takes the same one."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._memory = mmap.mmap(-1, slots * ENTRY.size)

    def write(self, slot: int, door: Door) -> None:
        """Note the state of a worker, and that it is alive."""
        ENTRY.pack_into(self._memory, slot * ENTRY.size, door, time.monotonic())

    def doors(self) -> list[Door]:
        """Return the states of all slots."""
        return [Door(ENTRY.unpack_from(self._memory, slot * ENTRY.size)[0]) for slot in range(self.slots)]

    def silent_seconds(self, slot: int) -> float:
        """Return for how long a ready worker has not turned its event loop; 0 when it is not ready."""
        door, seen = ENTRY.unpack_from(self._memory, slot * ENTRY.size)
        return time.monotonic() - seen if door == Door.READY else 0.0
