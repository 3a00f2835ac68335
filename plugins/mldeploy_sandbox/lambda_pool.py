"""Workers of every function version: reused while idle, added when all are busy, ended when nobody needs them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from mldeploy_sandbox.lambda_worker import Worker
from mldeploy_sandbox.plane import AwsError

if TYPE_CHECKING:
    from mldeploy_sandbox.lambda_function import FunctionVersion
    from mldeploy_sandbox.world import World

IDLE_SECONDS = 120.0
"""AWS does not say how long an idle environment lives; minutes are usual."""

SWEEP_SECONDS = 5.0
ACCOUNT_CONCURRENCY = 100
"""AWS allows 1000 executions at a time in a region (gettingstarted-limits.html); a laptop cannot hold so many."""


class Workers:
    """All workers of a sandbox.

    A version of a function has its own; a change of code or configuration makes the old ones go.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._lock = threading.Lock()
        self._idle: dict[tuple[str, str, str], list[Worker]] = {}
        self._busy: list[Worker] = []
        self._closed = threading.Event()
        threading.Thread(target=self._sweep, name="idle lambda workers", daemon=True).start()

    @contextmanager
    def borrow(self, function: FunctionVersion) -> Iterator[Worker]:
        """Lend a worker for one event.

        Raises:
            AwsError: too many executions at a time (TooManyRequestsException).
        """
        worker = self._take(function)
        try:
            yield worker
        finally:
            self._give_back(worker)

    def stop(self, name: str, region: str) -> None:
        """End the idle workers of all versions of a function; it was changed or deleted."""
        with self._lock:
            keys = [key for key in self._idle if key[:2] == (region, name)]
            gone = [worker for key in keys for worker in self._idle.pop(key)]
        for worker in gone:
            worker.stop()

    def close(self) -> None:
        """End all workers."""
        self._closed.set()
        with self._lock:
            gone = [*self._busy, *(worker for workers in self._idle.values() for worker in workers)]
            self._idle.clear()
        for worker in gone:
            worker.stop()

    def _take(self, function: FunctionVersion) -> Worker:
        with self._lock:
            self._check_concurrency(function)
            waiting = self._idle.setdefault(_key(function), [])
            outdated = [worker for worker in waiting if worker.function.fingerprint != function.fingerprint]
            waiting[:] = [worker for worker in waiting if worker.usable and worker not in outdated]
            worker = waiting.pop() if waiting else Worker(self._world, function)
            self._busy.append(worker)
        for old in outdated:
            old.stop()
        return worker

    def _check_concurrency(self, function: FunctionVersion) -> None:
        if self._closed.is_set():
            code, message = "ServiceException", "the sandbox is being stopped"
            raise AwsError(code, message, 500)
        running = [worker.function.name for worker in self._busy if worker.function.region == function.region]
        reserved = function.concurrency_limit
        limited = reserved is not None and running.count(function.name) >= reserved
        if limited or len(running) >= ACCOUNT_CONCURRENCY:
            code, message = "TooManyRequestsException", "Rate Exceeded."
            raise AwsError(code, message, 429)

    def _give_back(self, worker: Worker) -> None:
        with self._lock:
            self._busy.remove(worker)
            keep = worker.usable and not self._closed.is_set()
            if keep:
                worker.idle_since = time.monotonic()
                self._idle.setdefault(_key(worker.function), []).append(worker)
        if not keep:
            worker.stop()

    def _sweep(self) -> None:
        while not self._closed.wait(SWEEP_SECONDS):
            oldest = time.monotonic() - IDLE_SECONDS
            with self._lock:
                gone = [worker for workers in self._idle.values() for worker in workers if worker.idle_since < oldest]
                for workers in self._idle.values():
                    workers[:] = [worker for worker in workers if worker not in gone]
            for worker in gone:
                worker.stop()


def _key(function: FunctionVersion) -> tuple[str, str, str]:
    return function.region, function.name, function.version
