"""The limit: a protocol that knows one kind of request, and calls the model for each, or for all that have arrived.

Nothing is validated, measured or logged.
"""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httptools
import uvloop
from models import NAME, labelled, load

model = load()
Waiting = list[tuple[Any, list[float]]]


def answer(transport: Any, prediction: dict[str, Any]) -> None:
    """Write one answer, unless the caller has gone."""
    if transport.is_closing():
        return
    body = json.dumps({"predictions": [prediction]}).encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    transport.write(head % len(body) + body)


class OneByOne:
    """Calls the model for each request."""

    def submit(self, transport: Any, row: list[float]) -> None:
        answer(transport, labelled(model.scores([row]))[0])


class InBatches:
    """Calls the model for what has arrived: a cheap one in the event loop, a dear one in a thread."""

    def __init__(self) -> None:
        self.waiting: Waiting = []
        self.busy = False
        self.thread = ThreadPoolExecutor(1) if NAME == "heavy" else None

    def submit(self, transport: Any, row: list[float]) -> None:
        self.waiting.append((transport, row))
        if not self.busy:
            self.busy = True
            asyncio.get_running_loop().call_soon(self.run)

    def run(self) -> None:
        batch, self.waiting = self.waiting, []
        self.busy = bool(batch)
        rows = [row for _, row in batch]
        if self.thread and batch:
            scored = asyncio.get_running_loop().run_in_executor(self.thread, model.scores, rows)
            scored.add_done_callback(lambda done: self.finish(batch, done.result()))
        elif batch:
            self.finish(batch, model.scores(rows))

    def finish(self, batch: Waiting, scores: list[float]) -> None:
        for (transport, _), prediction in zip(batch, labelled(scores), strict=True):
            answer(transport, prediction)
        asyncio.get_running_loop().call_soon(self.run)


class Protocol(asyncio.Protocol):
    """Reads requests of the one kind."""

    def __init__(self, way: OneByOne | InBatches) -> None:
        self.way = way
        self.body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        body, self.body = self.body, b""
        self.way.submit(self.transport, json.loads(body)["instances"][0])


async def serve() -> None:
    """Serve until killed."""
    way = InBatches() if os.environ["BATCHING"] == "1" else OneByOne()
    server = await asyncio.get_running_loop().create_server(lambda: Protocol(way), "127.0.0.1", int(os.environ["PORT"]))
    await server.serve_forever()


uvloop.run(serve())
