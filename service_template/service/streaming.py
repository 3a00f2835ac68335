"""Answers that are sent while the model makes them, when model_loader.py has a generator `stream(model, instances)`."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator
from typing import Any

from fastapi.responses import StreamingResponse

import model_loader
from service import content_types
from service.json_lines import encode_line
from service.model import Model
from service.problems import Problem

log = logging.getLogger(__name__)

EVENTS = "text/event-stream"
STREAMED = [content_types.JSON_LINES, EVENTS] if hasattr(model_loader, "stream") else []
OFFERED = [*content_types.WRITABLE, *(name for name in STREAMED if name not in content_types.WRITABLE)]

MAX_STREAMS = 8
"""Streams at the same time in one worker; each has a thread."""

AHEAD = 16
"""Parts that the model may be ahead of the caller."""

_free = threading.Semaphore(MAX_STREAMS)


class Stream:
    """One run of the user's generator in a thread; reading it waits for the next part."""

    def __init__(self, model: Model, instances: list[Any]) -> None:
        self._seconds = model.settings.request_seconds
        self._loop = asyncio.get_running_loop()
        self._parts: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self._closed = False
        self._hang = model.report_hang
        threading.Thread(target=self._run, args=(model, instances), name="stream", daemon=True).start()

    async def next(self) -> bytes | None:
        """Return the next part, None at the end; raises what the model raised, or TimeoutError."""
        try:
            part = await asyncio.wait_for(self._parts.get(), self._seconds)
        except TimeoutError:
            self._hang()
            raise
        self._room.release()
        if isinstance(part, Exception):
            raise part
        return part

    def close(self) -> None:
        """End the generator at its next part."""
        self._closed = True
        self._room.release()

    def _run(self, model: Model, instances: list[Any]) -> None:
        """The body of the thread."""
        last: Exception | None = None
        try:
            for part in model.stream(instances):
                if not self._room.acquire(timeout=self._seconds) or self._closed:  # nobody reads
                    break
                self._put(encode_line(part))
        except BaseException as error:  # the user's code may raise anything, SystemExit included
            log.exception("the model failed")
            last = RuntimeError(type(error).__name__)
        finally:
            _free.release()
            self._put(last)

    def _put(self, part: bytes | Exception | None) -> None:
        self._loop.call_soon_threadsafe(self._parts.put_nowait, part)


async def respond(model: Model, instances: list[Any], media_type: str) -> StreamingResponse:
    """Return a response that is sent part by part.

    The status is decided by the first part: a model that fails before it gets 500. A later failure cuts the connection,
    which is how HTTP tells that an answer is not complete (RFC 9112, 8).

    Raises:
        Problem: 503 too many streams, 504 no first part in time, 500 the model failed.
    """
    if not _free.acquire(blocking=False):
        raise Problem.busy("Too many streams are under way.")
    stream = Stream(model, instances)
    try:
        first = await stream.next()
    except TimeoutError:
        raise Problem(504, "The model took too long.") from None
    except Exception:
        raise Problem(500, "The model failed on this request.") from None
    return StreamingResponse(_send(stream, first, media_type), headers={"content-type": media_type})


async def _send(stream: Stream, part: bytes | None, media_type: str) -> AsyncIterator[bytes]:
    try:
        while part is not None:
            yield part if media_type != EVENTS else b"data: " + part + b"\n"
            part = await stream.next()
    finally:
        stream.close()
