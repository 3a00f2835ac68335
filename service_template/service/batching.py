"""Micro-batching without a clock: what arrives while one batch runs is the next batch.

An idle model answers a single request at once, a busy one gets full batches, and nothing has to be tuned.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from queue import SimpleQueue
from typing import Any

from service.problems import Problem

WATCH_SECONDS = 0.1
ALWAYS_WAITING = 16
"""Requests that may wait however many instances they have, and however slow the model is."""

SHORT_SECONDS = 0.05
"""More than one batch may wait if the model is so fast that it begins with the last of it within this time."""

MEMORY = 0.8
"""How much a batch counts when the next one has ended: the measured pace follows a change within about ten batches."""

Answer = bytes | Problem


class Job:
    """The instances of one request on their way through the model.

    `encode` turns predictions into a response body, in the model's thread. `deliver` gets the answer, in the event
    loop, exactly once.
    """

    __slots__ = ("arrived", "deliver", "encode", "instances", "request_id")

    def __init__(
        self,
        instances: list[Any],
        encode: Callable[[list[Any]], bytes],
        deliver: Callable[[Answer], None],
        arrived: float | None = None,
        request_id: str = "",
    ) -> None:
        self.instances = instances
        self.encode = encode
        self.deliver: Callable[[Answer], None] | None = deliver
        self.arrived = time.monotonic() if arrived is None else arrived
        self.request_id = request_id

    def answer(self, answer: Answer) -> None:
        """Deliver an answer unless there already was one."""
        if self.deliver is not None:
            deliver, self.deliver = self.deliver, None
            deliver(answer)


class Batcher:
    """Runs batches one after another in a thread; all methods but `renew` belong to the event loop.

    - `predict` gets jobs and returns one answer for each.
    - `max_batch`: instances per batch; a request with more is a batch of its own.
    - `max_queue`: instances that may wait when the model is fast; one batch may wait always.
    - `seconds`: a job that is not answered by then gets 504. A batch that runs longer than that hangs: its thread is
      left behind, a new one goes on with the others, and `on_hang` is called.
    """

    def __init__(
        self,
        predict: Callable[[list[Job]], list[Answer]],
        *,
        max_batch: int,
        max_queue: int,
        seconds: float,
        on_hang: Callable[[], None],
    ) -> None:
        self.max_batch = max_batch
        self.max_queue = max_queue
        self.seconds = seconds
        self.waiting: deque[Job] = deque()
        self._predict = predict
        self._on_hang = on_hang
        self._running: list[Job] = []
        self._instances = 0  # that wait
        self._seconds = SHORT_SECONDS  # of the last batches, and their instances: a slow model until it is measured
        self._predicted = 1.0
        self._since = 0.0
        self._scheduled = False
        self._loop = asyncio.get_running_loop()
        self._new_thread()
        self._watch()

    def check(self) -> None:
        """Raise the Problem 503 when no more requests can wait: what is accepted is to be answered soon.

        How long a request would wait is what the running batch has taken so far, and what waits at the measured pace.
        """
        if len(self.waiting) < ALWAYS_WAITING or self._instances < min(self.max_batch, self.max_queue):
            return
        running = time.monotonic() - self._since if self._running else 0.0
        wait = running + self._instances * self._seconds / self._predicted
        if self._instances >= self.max_queue or wait > SHORT_SECONDS:
            raise Problem.busy("Too many requests are waiting.")

    def submit(self, job: Job) -> None:
        """Take a job. All jobs that arrive in one turn of the event loop share a batch."""
        self.waiting.append(job)
        self._instances += len(job.instances)
        if not self._running and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._start)

    def renew(self) -> None:
        """Note that the running batch has begun another prediction; called from the model's thread."""
        self._since = time.monotonic()

    def abandon(self, problem: Problem) -> None:
        """Give every job under way the same answer."""
        for job in (*self._running, *self.waiting):
            job.answer(problem)
        self.waiting.clear()
        self._instances = 0

    def close(self) -> None:
        """End the thread once it is idle, and the watch."""
        self._inbox.put([])
        self._timer.cancel()

    def _new_thread(self) -> None:
        self._inbox: SimpleQueue[list[Job]] = SimpleQueue()
        threading.Thread(target=self._serve, args=(self._inbox,), name="predict", daemon=True).start()

    def _serve(self, inbox: SimpleQueue[list[Job]]) -> None:
        """Run batches until an empty one comes; the body of the model's thread."""
        while batch := inbox.get():
            answers = self._predict(batch)
            self._loop.call_soon_threadsafe(self._finish, inbox, batch, answers)

    def _start(self) -> None:
        """Make a batch of what waits and hand it to the thread."""
        self._scheduled = False
        batch: list[Job] = []
        size = 0
        while self.waiting and (not batch or size + len(self.waiting[0].instances) <= self.max_batch):
            job = self._next()
            if job.deliver is not None:
                batch.append(job)
                size += len(job.instances)
        self._running = batch
        if batch:
            self._since = time.monotonic()
            self._inbox.put(batch)

    def _next(self) -> Job:
        """Take the job that has waited longest."""
        job = self.waiting.popleft()
        self._instances -= len(job.instances)
        return job

    def _finish(self, inbox: SimpleQueue[list[Job]], batch: list[Job], answers: list[Answer]) -> None:
        """Deliver the answers of a batch and start the next one."""
        if inbox is self._inbox:  # else this thread was left behind and has come back
            self._measure(batch)
            self._loop.call_soon(self._start)
        for job, answer in zip(batch, answers, strict=True):
            job.answer(answer)

    def _measure(self, batch: list[Job]) -> None:
        """Let the batch that has just ended count in the pace."""
        self._seconds = MEMORY * self._seconds + time.monotonic() - self._since
        self._predicted = MEMORY * self._predicted + sum(len(job.instances) for job in batch)

    def _watch(self) -> None:
        """Answer what is late, and leave a thread that does not come back."""
        late = time.monotonic() - self.seconds
        for job in (*self._running, *self.waiting):
            if job.arrived < late:
                job.answer(Problem(HTTPStatus.GATEWAY_TIMEOUT, f"There was no answer within {self.seconds:g} seconds."))
        while self.waiting and self.waiting[0].deliver is None:
            self._next()
        if self._running and self._since < late:
            self._inbox.put([])
            self._new_thread()
            self._start()
            self._on_hang()
        self._timer = self._loop.call_later(WATCH_SECONDS, self._watch)
