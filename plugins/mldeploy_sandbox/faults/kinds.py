"""The kinds of faults: what each does, and whether it takes an argument."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Argument(Enum):
    """What may stand after the colon of a fault."""

    TIMES = "how many attempts of each request it hits; without it, all"
    DURATION = "how long, such as 200ms or 2s"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultKind:
    """One kind; `of_calls` says that it hits AWS calls, else it breaks a part of the sandbox."""

    says: str
    argument: Argument
    of_calls: bool


FAULT_KINDS: Mapping[str, FaultKind] = {
    "throttle": FaultKind(
        says="the call is refused with the service's throttling error", argument=Argument.TIMES, of_calls=True
    ),
    "5xx": FaultKind(says="the call fails with an internal error", argument=Argument.TIMES, of_calls=True),
    "drop-before": FaultKind(says="the connection is cut, nothing was done", argument=Argument.TIMES, of_calls=True),
    "drop-after": FaultKind(
        says="the call is carried out, then the connection is cut", argument=Argument.TIMES, of_calls=True
    ),
    "stale-read": FaultKind(
        says="a read gets the answer that it got the time before", argument=Argument.TIMES, of_calls=True
    ),
    "delay": FaultKind(says="the answer comes later, in real time", argument=Argument.DURATION, of_calls=True),
    "ping-fail": FaultKind(
        says="the /ping of an endpoint's containers fails", argument=Argument.NOTHING, of_calls=False
    ),
    "capacity": FaultKind(says="SageMaker has no instance for an endpoint", argument=Argument.NOTHING, of_calls=False),
    "silent-rollback": FaultKind(
        says="an endpoint's update ends InService with the old configuration", argument=Argument.NOTHING, of_calls=False
    ),
    "rollback-fail": FaultKind(
        says="an endpoint's update that fails cannot go back either: it serves a mix of both configurations",
        argument=Argument.NOTHING,
        of_calls=False,
    ),
    "vulnerable": FaultKind(
        says="the scan of the images in a repository finds a vulnerability", argument=Argument.NOTHING, of_calls=False
    ),
    "redis-down": FaultKind(says="the cache's server does not answer", argument=Argument.NOTHING, of_calls=False),
    "jwks-down": FaultKind(says="a user pool's keys cannot be fetched", argument=Argument.NOTHING, of_calls=False),
}
