"""Numbers that all workers count in shared memory; an increment costs a tenth of a microsecond. For metrics.py."""

from __future__ import annotations

import mmap
from bisect import bisect_left

PATHS = ("/predict", "/invocations", "other")
STATUSES = (200, 400, 404, 405, 406, 408, 413, 415, 422, 431, 500, 503, 504)
"""Statuses with a counter of their own; the others share the one after the last."""

SECONDS_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
BATCH_BOUNDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1000.0)

SECONDS_AT = len(PATHS) * (len(STATUSES) + 1)
BATCH_AT = SECONDS_AT + len(SECONDS_BOUNDS) + 2
CELLS = BATCH_AT + len(BATCH_BOUNDS) + 2
"""Cells per worker: requests by path and status, then two histograms, each with its sum in the last cell."""

_STATUS_PLACES = {status: place for place, status in enumerate(STATUSES)}
_PATH_PLACES = {path: place * (len(STATUSES) + 1) for place, path in enumerate(PATHS)}


class Counters:
    """One row of cells per slot. A replaced worker goes on with the row of its slot, so nothing counts backwards."""

    def __init__(self) -> None:
        self.share(1)

    def share(self, slots: int) -> None:
        """Begin anew, with memory that so many workers share when they are forked after this."""
        self._cells = memoryview(mmap.mmap(-1, slots * CELLS * 8)).cast("d")
        self.use(0)

    def use(self, slot: int) -> None:
        """Count in the row of this slot from now on."""
        self._start = slot * CELLS

    def request(self, path: str, status: int, seconds: float) -> None:
        """Count one answered request; paths that callers make up are counted as "other"."""
        place = _PATH_PLACES.get(path)
        row = _PATH_PLACES["other"] if place is None else place
        self._cells[self._start + row + _STATUS_PLACES.get(status, len(STATUSES))] += 1
        if place is not None:
            self._observe(SECONDS_AT, SECONDS_BOUNDS, seconds)

    def batch(self, size: int) -> None:
        """Count one call of `predict` with so many instances."""
        self._observe(BATCH_AT, BATCH_BOUNDS, size)

    def totals(self) -> list[float]:
        """Return every cell, summed over all workers."""
        return [sum(self._cells[cell::CELLS]) for cell in range(CELLS)]

    def _observe(self, start: int, bounds: tuple[float, ...], value: float) -> None:
        start += self._start
        self._cells[start + bisect_left(bounds, value)] += 1
        self._cells[start + len(bounds) + 1] += value


counters = Counters()
"""The counters of this process."""
