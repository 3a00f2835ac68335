"""Answers in Redis: found, stored, waited for; and never a reason to fail."""

from __future__ import annotations

import json
import random
import time
from enum import StrEnum

from mldeploy_cache.function.messages import Answer
from mldeploy_cache.function.redis_connection import RedisConnection, RedisError

REDIS_TIMEOUT = 0.05
MAX_STORED_BYTES = 1_048_576
FAILURES_TO_OPEN = 2
OPEN_SECONDS = 5.0
PATIENCE = 0.5
"""Seconds to wait for somebody else's answer to the same request."""
PAUSE = 0.02
MARK = "mldeploy-answer-1"


class Found(StrEnum):
    """How the cache took part; the value of the header X-Cache."""

    HIT = "HIT"
    MISS = "MISS"
    BYPASS = "BYPASS"
    OFF = "OFF"


class AnswerCache:
    """Fails open: when Redis does not answer, every method behaves as if nothing were stored.

    After two failures in a row Redis is left alone for five seconds, so that an outage costs most requests nothing.
    """

    def __init__(self, connection: RedisConnection, *, time_to_live: float, jitter: float, lock_seconds: float) -> None:
        self._connection = connection
        self._time_to_live = time_to_live
        self._jitter = jitter
        self._lock_milliseconds = b"%d" % (lock_seconds * 1000)
        self._failures = 0
        self._left_alone_until = 0.0

    def find(self, key: bytes) -> tuple[Found, Answer | None]:
        """Return the stored answer.

        On a miss the first to ask holds a lock and should `store` or `abandon`; others wait a moment for its answer.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            replies = self._try((b"GET", key))
            if replies is None:
                return Found.OFF, None
            answer = _decoded(replies[0])
            claimed = False
            if answer is None:
                claimed, answer = self._claim(key)
            if answer is not None:
                return Found.HIT, answer
            if claimed or time.monotonic() >= deadline:
                return Found.MISS, None
            time.sleep(PAUSE)

    def store(self, key: bytes, answer: Answer) -> None:
        """Keep an answer for about the time to live, and let go of the lock."""
        value = _encode(answer)
        if len(value) > MAX_STORED_BYTES:
            self.abandon(key)
            return
        seconds = self._time_to_live * random.uniform(1 - self._jitter, 1 + self._jitter)
        self._try((b"SET", key, value, b"EX", b"%d" % max(1, round(seconds))), (b"DEL", _lock(key)))

    def abandon(self, key: bytes) -> None:
        """Let go of the lock without an answer."""
        self._try((b"DEL", _lock(key)))

    def _claim(self, key: bytes) -> tuple[bool, Answer | None]:
        """Return whether it is ours to ask the endpoint, also when Redis has just gone away, and what is stored by now.

        The holder before us may have stored its answer and let go of the lock since we looked.
        """
        lock = (b"SET", _lock(key), b"1", b"NX", b"PX", self._lock_milliseconds)
        replies = self._try(lock, (b"GET", key))
        if replies is None:
            return True, None
        claimed, answer = replies[0] is not None, _decoded(replies[1])
        if claimed and answer is not None:
            self.abandon(key)
        return claimed, answer

    def _try(self, *commands: tuple[bytes, ...]) -> list[bytes | int | None] | None:
        if time.monotonic() < self._left_alone_until:
            return None
        try:
            replies = self._connection.execute(*commands)
        except (OSError, RedisError, ValueError):
            self._failures += 1
            if self._failures >= FAILURES_TO_OPEN:
                self._left_alone_until = time.monotonic() + OPEN_SECONDS
            return None
        self._failures = 0
        return replies


def _lock(key: bytes) -> bytes:
    return key + b":lock"


def _encode(answer: Answer) -> bytes:
    return json.dumps([MARK, answer.status, answer.content_type]).encode() + b"\n" + answer.body


def _decoded(value: bytes | int | None) -> Answer | None:
    """Return a stored answer; None for what is not one."""
    if not isinstance(value, bytes):
        return None
    head, newline, body = value.partition(b"\n")
    try:
        mark, status, content_type = json.loads(head)
    except (ValueError, TypeError, RecursionError):
        return None
    if not newline or mark != MARK or status != 200 or not isinstance(content_type, str):
        return None
    return Answer(status=status, body=body, content_type=content_type)
