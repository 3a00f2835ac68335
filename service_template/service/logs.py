"""One JSON object per line on standard output: what CloudWatch, Loki and jq can search."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from contextvars import ContextVar
from functools import lru_cache

from service.redaction import redact

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered; empty outside of requests."""

PIPE_BUFFER_BYTES = 4096
"""A write of up to this many bytes to a pipe is not mixed with those of other workers (PIPE_BUF on Linux, pipe(7))."""

_access_lines: list[str] = []


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; `extra={"fields": {...}}` adds keys."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. Newlines and control characters of the message are escaped by JSON, secrets are masked."""
        line = {
            "time": timestamp(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identifier := request_id.get():
            line["request_id"] = identifier
        line |= getattr(record, "fields", {})
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return redact(json.dumps(line, default=str))


def timestamp(seconds: float) -> str:
    """Return a Unix time in ISO 8601 with milliseconds, in UTC."""
    return _millisecond(int(seconds * 1000))


@lru_cache(maxsize=2)  # a busy service writes many lines per millisecond
def _millisecond(milliseconds: int) -> str:
    return f"{_whole_second(milliseconds // 1000)}.{milliseconds % 1000:03d}+00:00"


@lru_cache(maxsize=2)
def _whole_second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def configure() -> None:
    """Send every logger, uvicorn's too, through the JSON formatter."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.raiseExceptions = False  # a closed standard output must not stop the service


def access(method: str, path: str, status: int, seconds: float, identifier: str) -> None:
    """Note that a request was answered; bodies and headers are never in it. Written out by `flush`.

    `method` and `path` may be what a caller made up, the identifier has been checked.
    """
    _access_lines.append(
        f'{{"time": "{timestamp(time.time())}", "level": "INFO", "logger": "access", "message": "request", '
        f'"request_id": "{identifier}", {_target(method, path[:200])}, '
        f'"status": {status}, "milliseconds": {seconds * 1000:.2f}}}\n'
    )


@lru_cache(maxsize=64)
def _target(method: str, path: str) -> str:
    return f'"method": {json.dumps(method)}, "path": {json.dumps(redact(path))}'


def flush() -> None:
    """Write the access log lines in as few writes as stay whole when several workers share a pipe."""
    if not _access_lines:
        return
    lines = "".join(_access_lines).encode()
    _access_lines.clear()
    try:
        while lines:
            end = lines.rfind(b"\n", 0, PIPE_BUFFER_BYTES) + 1 or lines.find(b"\n") + 1
            os.write(sys.stdout.fileno(), lines[:end])
            lines = lines[end:]
    except (OSError, ValueError):  # nobody reads standard output any more
        return
