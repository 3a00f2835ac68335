"""The Lambda handler: answer from Redis, else from the endpoint.

Everything that costs time is made on first use and kept for the life of the container.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from dataclasses import replace
from functools import cache
from typing import Any

from mldeploy_cache.function.answer_cache import REDIS_TIMEOUT, AnswerCache, Found
from mldeploy_cache.function.endpoint import Endpoint
from mldeploy_cache.function.http_endpoint import HttpEndpoint
from mldeploy_cache.function.keys import cache_key
from mldeploy_cache.function.messages import Answer, Request, UnreadableError, problem, read_request, write_answer
from mldeploy_cache.function.password import Password
from mldeploy_cache.function.redis_connection import RedisConnection
from mldeploy_cache.function.settings import Settings

MAX_ANSWER_BYTES = 6_000_000
"""Lambda passes on 6 MB, wrapping included (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one event of API Gateway, or one direct invocation whose event is the body."""
    started = time.perf_counter()
    serving, request_id, found, size = _serving(), context.aws_request_id, Found.BYPASS, 0
    try:
        request = read_request(event, request_id)
        request_id, size = request.request_id, len(request.body)
        found, answer = serving.serve(request)
    except UnreadableError as error:
        answer = problem(400, f"The request cannot be read: {error}.")
    except Exception:
        _log({"event": "failure", "requestId": request_id, "traceback": traceback.format_exc()})
        answer = problem(500, "The function failed on this request.")
    milliseconds = round((time.perf_counter() - started) * 1000, 2)
    _log(
        {
            "event": "request",
            "requestId": request_id,
            "status": answer.status,
            "cache": found,
            "milliseconds": milliseconds,
            "requestBytes": size,
            "answerBytes": len(answer.body),
        }
    )
    return serving.finish(request_id, found, answer)


class Serving:
    """One configured function."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._endpoint = HttpEndpoint(settings) if settings.endpoint_url else Endpoint(settings)
        self._cache = AnswerCache(
            RedisConnection(
                settings.redis_host,
                settings.redis_port,
                timeout=REDIS_TIMEOUT,
                tls=settings.redis_tls,
                certificate=settings.redis_certificate,
                password=Password(settings.redis_secret_arn).read,
            ),
            time_to_live=settings.time_to_live,
            jitter=settings.jitter,
            lock_seconds=settings.endpoint_timeout,
        )

    def serve(self, request: Request) -> tuple[Found, Answer]:
        """Return the answer and where it came from."""
        limit = self._settings.max_body_bytes
        if len(request.body) > limit:
            detail = f"The body has {len(request.body)} bytes, {limit} are possible. "
            hint = "Send fewer instances per request, or use asynchronous inference with the input in S3."
            return Found.BYPASS, problem(413, detail + hint)
        if "no-store" in request.cache_control:
            return Found.BYPASS, self._endpoint.invoke(request)
        key = cache_key(self._settings.release, request)
        found, stored = (Found.BYPASS, None) if "no-cache" in request.cache_control else self._cache.find(key)
        if stored is not None:
            return found, stored
        answer = self._endpoint.invoke(request)
        if found is not Found.OFF:
            self._keep(key, answer)
        return found, answer

    def finish(self, request_id: str, found: Found, answer: Answer) -> dict[str, Any]:
        """Return the answer with the headers that every answer has."""
        ours = {"X-Cache": found.value, "X-Request-Id": request_id}
        headers = {**self._settings.answer_headers, **answer.headers, **ours}
        written = write_answer(replace(answer, headers=headers))
        if len(written["body"]) > MAX_ANSWER_BYTES:
            too_large = problem(
                502, f"The model's answer has {len(answer.body)} bytes; ask for less at a time.", headers
            )
            return write_answer(too_large)
        return written

    def _keep(self, key: bytes, answer: Answer) -> None:
        if answer.status == 200:
            self._cache.store(key, answer)
        else:
            self._cache.abandon(key)


@cache
def _serving() -> Serving:
    return Serving(Settings.of(os.environ))


def _log(fields: dict[str, Any]) -> None:
    """Write one JSON line; bodies and headers never appear in it."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()
