"""Reading request bodies without letting them fill the memory or hold up the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request

from service.messages import SMALL_BYTES
from service.problems import Problem
from service.settings import MAX_BODY_BYTES

MAX_BYTES_AT_ONCE = 8 * MAX_BODY_BYTES
"""Bytes of all the bodies that are being received or answered in this worker."""

_parser = ThreadPoolExecutor(1, thread_name_prefix="parse")
"""One large body at a time: parsing does not release the interpreter, and /ping has to get its turn."""

_bytes_at_once = 0


@asynccontextmanager
async def receive(request: Request) -> AsyncIterator[bytes]:
    """Read the body, never more than the limit, whatever Content-Length says; it counts until the context ends.

    Raises:
        Problem: 413 too large, 503 too many large bodies at once, 400 the connection was closed.
    """
    global _bytes_at_once
    if int(request.headers.get("content-length", 0)) > MAX_BODY_BYTES:
        raise _too_large()
    body = bytearray()
    counted = 0
    try:
        async for chunk in request.stream():
            body += chunk
            counted += len(chunk)
            _bytes_at_once += len(chunk)
            if counted > MAX_BODY_BYTES:
                raise _too_large()
            if _bytes_at_once > MAX_BYTES_AT_ONCE:
                raise Problem.busy("Too many large requests are under way.")
        yield bytes(body)
    except ClientDisconnect:
        raise Problem(HTTPStatus.BAD_REQUEST, "The connection closed before the body was complete.") from None
    finally:
        _bytes_at_once -= counted


def _too_large() -> Problem:
    return Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The request body is larger than {MAX_BODY_BYTES} bytes.")


async def parse(body: bytes, decode: Callable[[bytes], list[Any]]) -> list[Any]:
    """Return the instances of a body; a large one is decoded in a thread."""
    if len(body) <= SMALL_BYTES:
        return decode(body)
    return await asyncio.get_running_loop().run_in_executor(_parser, decode, body)
