"""Callers for load: many keep-alive connections in one event loop, in a closed or an open loop."""

from __future__ import annotations

import asyncio
import math
import random
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

PAUSE_SECONDS = 0.1
CONTENT_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer to one request; `seconds` counts from the moment at which it was due, and status 0 means no answer."""

    status: int
    seconds: float
    head: bytes = b""


@dataclass(slots=True, eq=False)
class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    waiting: asyncio.Future[Outcome] | None = None
    received: bytes = b""
    due: float = 0.0
    transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way to send."""
        self.transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        """Collect until the answer is whole."""
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = CONTENT_LENGTH.search(head)
        if end and (length is None or len(body) >= int(length[1])):
            self.received = b""
            self.finish(Outcome(int(head[9:12]), time.monotonic() - self.due, head.lower()))

    def connection_lost(self, _error: Exception | None) -> None:
        """A request under way gets no answer."""
        self.transport = None
        self.finish(Outcome(0, time.monotonic() - self.due))

    def finish(self, outcome: Outcome) -> None:
        """Hand the answer over."""
        if self.waiting and not self.waiting.done():
            self.waiting.set_result(outcome)

    async def ask(self, request: bytes, due: float) -> Outcome:
        """Send a request and return its outcome."""
        self.waiting = asyncio.get_running_loop().create_future()
        self.due = due
        if self.transport is None:
            return Outcome(0, 0)
        self.transport.write(request)
        return await self.waiting


@dataclass(slots=True)
class Pool:
    """Connections to one port; opens another one when all are busy."""

    port: int
    idle: list[Connection] = field(default_factory=list)

    async def ask(self, request: bytes, due: float | None = None) -> Outcome:
        """Send a request on an idle or a new connection."""
        due = due or time.monotonic()
        connection = await self.connection()
        outcome = await connection.ask(request, due)
        self.idle.append(connection)
        return outcome

    async def connection(self) -> Connection:
        """Return an idle connection that is still open, or a new one."""
        while self.idle:
            connection = self.idle.pop()
            if connection.transport and not connection.transport.is_closing():
                return connection
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, "127.0.0.1", self.port))[1]

    def close(self) -> None:
        """Close what is idle."""
        for connection in self.idle:
            if connection.transport:
                connection.transport.close()


def post(body: bytes) -> bytes:
    """Return a whole request to /predict."""
    head = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


def get(path: str) -> bytes:
    """Return a whole GET request."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


async def closed_loop(port: int, requests: Iterable[bytes], callers: int, seconds: float = math.inf) -> list[Outcome]:
    """Send requests from several callers, each waiting for its answer before the next; for so many seconds at most.

    A caller that is refused waits a moment, as Retry-After asks it to.
    """
    pool, outcomes, remaining = Pool(port), [], iter(requests)
    end = time.monotonic() + seconds

    async def caller() -> None:
        for request in remaining:
            outcomes.append(await pool.ask(request))
            if outcomes[-1].status == 503:
                await asyncio.sleep(PAUSE_SECONDS)
            if time.monotonic() > end:
                return

    await asyncio.gather(*(caller() for _ in range(callers)))
    pool.close()
    return outcomes


async def open_loop(port: int, request: bytes, rate: float, seconds: float) -> list[Outcome]:
    """Send requests at random moments, `rate` per second on average, whether or not earlier ones are answered."""
    pool, moments, due = Pool(port), random.Random(7), time.monotonic()
    end, sent = due + seconds, []
    while (due := due + moments.expovariate(rate)) < end:
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        sent.append(asyncio.ensure_future(pool.ask(request, due)))
    outcomes = list(await asyncio.gather(*sent))
    pool.close()
    return outcomes


def percentile(outcomes: Iterable[Outcome], share: float) -> float:
    """Return the time, in seconds, within which this share of the outcomes came."""
    times = sorted(outcome.seconds for outcome in outcomes)
    return times[min(len(times) - 1, int(len(times) * share))]
