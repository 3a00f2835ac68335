"""Watch a service start: ask /ping from the first moment on, and find out why it does not become healthy."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mldeploy_contract.exchange import NoAnswerError, exchange

if TYPE_CHECKING:
    from mldeploy_contract.limits import Limits
    from mldeploy_contract.targets.target import Running

FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5
PATIENCE = 5
"""A late answer is awaited this many times the limit, so that it can be told from none."""
OVERTIME = 2
"""A start that takes longer than allowed is watched this many times as long, to say how long it takes."""
LOADING = ("502", "503", "504")
"""What a service, or a proxy in front of it, may answer while the model loads."""
ENOUGH = 3
"""So many late answers in a row are not an accident of the first moments."""


class Cause(Enum):
    """How a start went."""

    HEALTHY = "healthy"
    ENDED = "the process ended"
    ARGUMENT = "the process ended, and without the argument serve it does not"
    MODEL_FOLDER = "the process ended, and with a model folder that it may write to it does not"
    NOT_LISTENING = "nothing listens on the port"
    STATUS = "/ping does not answer 200"
    LATE = "/ping answers too late"
    NEVER = "it did not become healthy"
    PORT_HELD = "something that it left behind holds its port"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartUp:
    """What was seen; times in seconds since the start.

    - `healthy_seconds`: when the first 200 came; None without one.
    - `last`: what the last ping got, in words.
    - `pings`: how many were sent.
    - `exit_code`: of a process that ended by itself.
    - `ports`: where it listens instead.
    - `output`: the last lines of a process that ended.
    """

    cause: Cause
    last: str = ""
    pings: int = 0
    watched_seconds: float = 0.0
    healthy_seconds: float | None = None
    exit_code: int | None = None
    ports: tuple[int, ...] = ()
    output: tuple[str, ...] = ()


@dataclass(slots=True)
class Watch:
    """The pings so far: what the last one got, since when, and how often.

    `heard` is whether anything but a closed connection ever came back: a container engine takes connections to the port
    that it maps also while nobody listens behind it.
    """

    kind: Cause = Cause.NOT_LISTENING
    last: str = "nothing listens"
    since: float = 0.0
    times: int = 0
    pings: int = 0
    heard: bool = False

    def see(self, kind: Cause, last: str, now: float) -> None:
        """Take note of one ping."""
        self.pings += 1
        self.times = self.times + 1 if (kind, last) == (self.kind, self.last) else 1
        if self.times == 1:
            self.since = now
        self.kind, self.last = kind, last


def watch_start(running: Running, port: int, limits: Limits) -> StartUp:
    """Ask /ping until it answers 200 in time, or until it is clear that it will not."""
    started, pause, watch = time.monotonic(), FIRST_PAUSE, Watch()
    while True:
        _ping(watch, port, limits, started)
        seconds = time.monotonic() - started
        ended = running.exit_code is not None
        ports = running.ports() or frozenset()
        watch.heard |= port in ports
        cause = Cause.ENDED if ended else _conclusion(watch, seconds, limits, elsewhere=bool(ports - {port}))
        if cause is not None:
            return StartUp(
                cause=cause,
                last=watch.last,
                pings=watch.pings,
                watched_seconds=seconds,
                healthy_seconds=seconds if cause is Cause.HEALTHY else None,
                exit_code=running.wait(0) if ended else None,
                ports=tuple(sorted(ports - {port})),
                output=tuple(running.output) if ended else (),
            )
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _ping(watch: Watch, port: int, limits: Limits, started: float) -> None:
    try:
        answer = exchange(port, "GET", "/ping", seconds=limits.ping * PATIENCE)
    except NoAnswerError as error:
        kind = Cause.NOT_LISTENING if not error.connected else Cause.LATE if error.timed_out else Cause.STATUS
        watch.heard |= kind is Cause.LATE
        watch.see(kind, str(error), time.monotonic() - started)
        return
    watch.heard = True
    now = time.monotonic() - started
    if answer.status != 200:
        to = f" to {answer.headers['location']}" if "location" in answer.headers else ""
        watch.see(Cause.STATUS, f"{answer.status}{to}", now)
    elif answer.seconds > limits.ping:
        watch.see(Cause.LATE, f"200 after {limits.ping:g} s had passed", now)
    else:
        watch.see(Cause.HEALTHY, "200", now)


def _conclusion(watch: Watch, seconds: float, limits: Limits, *, elsewhere: bool) -> Cause | None:
    """Return how the start went, or None while it is open; silence may be a model that loads, too.

    Arguments:
        elsewhere: whether the service listens on another port.
    """
    settled = seconds - watch.since >= limits.settle
    if watch.kind is Cause.HEALTHY:
        return Cause.HEALTHY
    if watch.kind is Cause.NOT_LISTENING and elsewhere and settled:
        return Cause.NOT_LISTENING
    if watch.kind is Cause.STATUS and watch.heard and settled and not watch.last.startswith(LOADING):
        return Cause.STATUS
    if watch.kind is Cause.LATE and watch.last.startswith("200") and watch.times >= ENOUGH:
        return Cause.LATE
    if seconds < limits.startup * OVERTIME:
        return None
    return Cause.NEVER if watch.heard else Cause.NOT_LISTENING
