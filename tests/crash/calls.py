"""Every AWS call of this process, in the hands of a test: counted, killed, throttled, or robbed of its answer."""

from __future__ import annotations

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.awsrequest import AWSResponse
from botocore.endpoint import Endpoint
from botocore.exceptions import ReadTimeoutError

Send = Callable[[], Any]
READS = ("Describe", "Get", "List", "Head", "Batch")
MOST_POLLS = 2
"""How many calls of one reading operation count as points: waiting makes many, and all of them are alike."""


@dataclass(frozen=True)
class Point:
    """A moment in a run: before or after the nth call of an operation."""

    call: str
    number: int
    when: Literal["before", "after"]

    def __str__(self) -> str:
        return f"{self.when} {self.call} {self.number}"


@dataclass
class Recorder:
    """Lets every call pass and remembers it."""

    calls: Counter[str] = field(default_factory=Counter)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, call: str, send: Send) -> Any:
        self.count(call)
        return send()

    def count(self, call: str) -> int:
        with self._counting:
            self.calls[call] += 1
            return self.calls[call]

    def points(self) -> list[Point]:
        """Return before and after every call; a reading call changes nothing, so there after is before the next."""
        found = []
        for call, count in self.calls.items():
            reads = is_read(call)
            for number in range(1, (min(count, MOST_POLLS) if reads else count) + 1):
                found.append(Point(call, number, "before"))
                if not reads:
                    found.append(Point(call, number, "after"))
        return found


@dataclass
class KillAt(Recorder):
    """Kills this process at a point with SIGKILL, as soon as the calls that are on their way have arrived."""

    point: Point = Point("", 0, "before")
    _on_their_way: int = 0
    _dying: bool = False
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __call__(self, call: str, send: Send) -> Any:
        here = (call, self.count(call)) == (self.point.call, self.point.number)
        with self._changed:
            self._die_if(here and self.point.when == "before")
            self._on_their_way += 1
        try:
            return send()
        finally:
            with self._changed:
                self._on_their_way -= 1
                self._changed.notify_all()
                self._die_if(here)

    def _die_if(self, here: bool) -> None:
        """End the process if this is the point, or wait for its end if another thread has come there."""
        if self._dying:
            self._changed.wait_for(lambda: False)
        if here:
            self._dying = True
            self._changed.wait_for(lambda: not self._on_their_way)
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class LoseAnswers(Recorder):
    """Loses the answer to the first call of each kind, after AWS has done what it asked for."""

    only: Callable[[str], bool] = lambda _call: True

    def __call__(self, call: str, send: Send) -> Any:
        number = self.count(call)
        answer = send()
        if number == 1 and self.only(call):
            raise ReadTimeoutError(endpoint_url="https://aws")
        return answer


@dataclass
class Throttle(Recorder):
    """Refuses each call three times before it passes."""

    times: int = 3

    def __call__(self, call: str, send: Send) -> Any:
        if self.count(call) % (self.times + 1):
            error = {"Code": "ThrottlingException", "Message": "Rate exceeded"}
            return AWSResponse("https://aws", 400, {}, None), {"Error": error, "ResponseMetadata": {}}
        return send()


def is_read(call: str) -> bool:
    """Return whether a call such as `iam.GetRole` changes nothing."""
    name = call.partition(".")[2]
    return name.startswith(READS) and name != "BatchDeleteImage"


@contextmanager
def calls_through(hook: Callable[[str, Send], Any]) -> Iterator[None]:
    """Put a hook around every call of every client of this process, for the block."""
    earlier = Endpoint.make_request

    def make_request(endpoint: Any, operation: Any, request: Any) -> Any:
        call = f"{operation.service_model.service_name}.{operation.name}"
        return hook(call, lambda: earlier(endpoint, operation, request))

    Endpoint.make_request = make_request
    try:
        yield
    finally:
        Endpoint.make_request = earlier
        for thread in threading.enumerate():  # a dead process has no threads left that could still call
            if thread.name.startswith("mldeploy "):
                thread.join(60)
