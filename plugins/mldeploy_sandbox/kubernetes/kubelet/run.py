"""One run of a container: a process, its probes, its memory limit, and its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psutil

from mldeploy_sandbox.kubernetes.kubelet.probes import FIRST_PAUSE, Surroundings, Tally, ask
from mldeploy_sandbox.kubernetes.rules.pods import amount
from mldeploy_sandbox.processes import Child

MEMORY_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """Whom a run tells what happens: startup done, readiness, and a probe that failed (its kind, why)."""

    started: Callable[[], None]
    ready: Callable[[bool], None]
    unhealthy: Callable[[str, str], None]


class Run:
    """Watches a process until it ends, or has to be ended."""

    def __init__(
        self, child: Child, container: Mapping[str, Any], around: Surroundings, signs: Signs, *, quick: bool
    ) -> None:
        self._child = child
        self._around = around
        self._signs = signs
        self._quick = quick
        self._startup = _tally(container, "startupProbe")
        self._readiness = _tally(container, "readinessProbe")
        self._liveness = _tally(container, "livenessProbe")
        limit = (container.get("resources", {}).get("limits") or {}).get("memory")
        self._limit = amount(limit) if limit is not None else None
        self._started_at = time.monotonic()
        self._ready = False
        self.out_of_memory = False

    def watch(self, stop: threading.Event) -> bool:
        """Probe until the process ends (False), or has to be ended because a probe failed (True) or `stop` is set."""
        if self._startup is not None and not self._until_passed(self._startup, stop):
            return self._child.exit_code is None and not stop.is_set()
        self._signs.started()
        if self._readiness is None:
            self._set_ready(ready=True)
        due: dict[str, float] = {}
        while not stop.is_set() and self._child.exit_code is None:
            pause = self._look_once(due)
            if pause is None:
                return True
            if self._sleep(pause, stop):
                break
        return False

    def _look_once(self, due: dict[str, float]) -> float | None:
        """Ask the probes that are due; return the seconds until the next, None when the process must be ended."""
        now = time.monotonic()
        if self._limit is not None and now >= due.get("memory", 0.0):
            due["memory"] = now + MEMORY_EVERY_SECONDS
            if _memory(self._child.pid) > self._limit:
                self.out_of_memory = True
                return None
        if self._readiness is not None and now >= due.get("readiness", self._first(self._readiness)):
            self._ask_readiness(self._readiness)
            eager = self._quick and not self._ready
            due["readiness"] = now + (FIRST_PAUSE * 2 if eager else self._readiness.period)
        if self._liveness is not None and now >= due.get("liveness", self._first(self._liveness)):
            due["liveness"] = now + self._liveness.period
            problem = ask(self._liveness.probe, self._around)
            if problem:
                self._signs.unhealthy("Liveness", problem)
                if self._liveness.failed():
                    return None
            else:
                self._liveness.passed()
        return min([each - now for each in due.values()], default=1.0)

    def _first(self, tally: Tally) -> float:
        delay = 0.0 if self._quick and tally is self._readiness else float(tally.probe.get("initialDelaySeconds", 0))
        return self._started_at + delay

    def _ask_readiness(self, tally: Tally) -> None:
        problem = ask(tally.probe, self._around)
        if not problem:
            if tally.passed():
                self._set_ready(ready=True)
            return
        self._signs.unhealthy("Readiness", problem)
        if tally.failed():
            self._set_ready(ready=False)

    def _until_passed(self, tally: Tally, stop: threading.Event) -> bool:
        """Ask the startup probe until it passes; a failure counts once a period."""
        delay = 0.0 if self._quick else float(tally.probe.get("initialDelaySeconds", 0))
        counts_at = self._started_at + max(delay, tally.period if self._quick else 0.0)
        pause = FIRST_PAUSE
        if self._sleep(delay, stop):
            return False
        while not stop.is_set() and self._child.exit_code is None:
            problem = ask(tally.probe, self._around)
            if not problem and tally.passed():
                return True
            if problem and time.monotonic() >= counts_at:
                counts_at += tally.period
                self._signs.unhealthy("Startup", problem)
                if tally.failed():
                    return False
            pause = min(pause * 1.5, tally.period) if self._quick else tally.period
            if self._sleep(pause, stop):
                return False
        return False

    def _set_ready(self, *, ready: bool) -> None:
        if ready != self._ready:
            self._ready = ready
            self._signs.ready(ready)

    def _sleep(self, seconds: float, stop: threading.Event) -> bool:
        """Wait; tell whether to stop. The end of the process ends the wait too."""
        deadline = time.monotonic() + seconds
        while not stop.is_set() and self._child.exit_code is None:
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            if self._child.wait(min(left, 0.2)) is not None:
                return True
        return True


def _tally(container: Mapping[str, Any], name: str) -> Tally | None:
    return Tally(container[name]) if name in container else None


def _memory(pid: int) -> float:
    """Return the resident bytes of a process and its children; 0 when it is gone."""
    try:
        process = psutil.Process(pid)
        return float(sum(each.memory_info().rss for each in (process, *process.children(recursive=True))))
    except psutil.Error:
        return 0.0
