"""What CloudWatch would know of an endpoint's requests, kept per variant."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One request: when it ended (sandbox seconds), who answered with which status, and how long the model took."""

    time: float
    variant: str
    status: int
    microseconds: float


class Metrics:
    """The requests of one endpoint; thread-safe. Old ones are forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: deque[Invocation] = deque(maxlen=MOST)

    def record(self, invocation: Invocation) -> None:
        """Add one request."""
        with self._lock:
            self._seen.append(invocation)

    def values(self, metric: str, variant: str | None, since: float) -> list[float]:
        """Return the data points of a metric of namespace AWS/SageMaker, one per request.

        Source: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html (units: latencies in
        microseconds, errors as 1 or 0).

        Raises:
            KeyError: the sandbox does not measure it.
        """
        read: dict[str, Callable[[Invocation], float]] = {
            "Invocations": lambda _: 1.0,
            "Invocation4XXErrors": lambda one: float(400 <= one.status < 500),
            "Invocation5XXErrors": lambda one: float(one.status >= 500 or one.status == 0),
            "InvocationModelErrors": lambda one: float(not 200 <= one.status < 300),
            "ModelLatency": lambda one: one.microseconds,
        }
        read_one = read[metric]
        with self._lock:
            seen = [one for one in self._seen if one.time >= since]
        return [read_one(one) for one in seen if variant in (None, one.variant)]
