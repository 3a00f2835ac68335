"""What CloudWatch would know of the invocations of functions: namespace AWS/Lambda."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

NAMESPACE = "AWS/Lambda"
MOST = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoked:
    """One invocation: when it ended (sandbox seconds), what was asked for and what ran, how long, and how it went.

    - `resource`: the function with the alias or version that the caller named, such as `sentiment:live`.
    """

    time: float
    region: str
    function: str
    resource: str
    version: str
    milliseconds: float
    failed: bool


READ: Mapping[str, Callable[[Invoked], float]] = {
    "Invocations": lambda _: 1.0,
    "Errors": lambda one: float(one.failed),
    "Duration": lambda one: one.milliseconds,
}
"""Metric → its data point. Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html."""


class FunctionMetrics:
    """The invocations of all functions; thread-safe. Old ones are forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: deque[Invoked] = deque(maxlen=MOST)

    def record(self, invoked: Invoked) -> None:
        """Add one invocation."""
        with self._lock:
            self._seen.append(invoked)

    def measure(self, region: str, dimensions: Mapping[str, str], metric: str, since: float) -> list[float] | None:
        """Return the data points of a metric; see `alarm_states.Measure`.

        A dimension that the sandbox does not know matches nothing, as in CloudWatch: `FunctionName` is the bare name,
        `Resource` has the alias (https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html).
        """
        if metric not in READ:
            return None
        with self._lock:
            seen = [one for one in self._seen if one.time >= since and one.region == region]
        return [READ[metric](one) for one in seen if dimensions.items() <= _dimensions(one).items()]


def _dimensions(one: Invoked) -> dict[str, str]:
    return {"FunctionName": one.function, "Resource": one.resource, "ExecutedVersion": one.version}
