"""Carries out the faults that hit AWS calls: refuses, delays, cuts, or answers from memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.calls import is_mutating
from mldeploy_sandbox.failures import broken_down, throttled
from mldeploy_sandbox.faults.injector import Injector
from mldeploy_sandbox.faults.plan import Fault


class ConnectionCut(ConnectionError):  # noqa: N818 - an order, not a failure of ours
    """The caller gets no answer; the server is used to callers who hang up."""


class Delivery:
    """Stands around the answering of every call; thread-safe."""

    def __init__(self, injector: Injector) -> None:
        self._injector = injector
        self._lock = threading.Lock()
        self._answers: dict[str, Answer] = {}

    def faults_for(self, operation: str, request: str) -> Sequence[Fault]:
        """Return what hits a call; see `Injector.next_faults`."""
        return self._injector.next_faults(operation, request)

    def answer(self, faults: Sequence[Fault], service: str, request: str, answer: Callable[[], Answer]) -> Answer:
        """Answer a call that faults hit.

        Raises:
            AwsError: the fault is an error.
            ConnectionCut: the fault is a lost connection.
        """
        kinds = {fault.kind for fault in faults}
        time.sleep(sum(fault.seconds for fault in faults))
        if "throttle" in kinds:
            raise throttled(service)
        if "5xx" in kinds:
            raise broken_down(service)
        if "drop-before" in kinds:
            raise ConnectionCut
        if "stale-read" in kinds and request in self._answers:
            return self._answers[request]
        given = answer()
        if "drop-after" in kinds:
            raise ConnectionCut
        return given

    def remember(self, operation: str, request: str, answer: Answer) -> None:
        """Keep the last true answer of a read, as long as the plan has stale reads."""
        if is_mutating(operation) or not self._injector.remembers:
            return
        with self._lock:
            self._answers[request] = answer
