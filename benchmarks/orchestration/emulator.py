"""The emulator of a measurement: a sandbox of its own, and a Redis to bind."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mldeploy_sandbox import client
from mldeploy_sandbox.client import Running
from mldeploy_sandbox.settings import PLAIN, Settings


@contextmanager
def sandbox(folder: Path, mode: str = PLAIN) -> Iterator[Running]:
    """Run a sandbox; in plain mode everything is ready as soon as it can be."""
    try:
        yield client.ensure(folder, kept=True, settings=Settings(mode=mode))
    finally:
        client.stop(folder)


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """Run a redis-server on a free port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            next(line for line in process.stdout if "Ready to accept" in line)
            yield port
        finally:
            process.terminate()
