"""A million requests: memory, open files and threads stay where they are."""

from __future__ import annotations

import asyncio
import itertools
import statistics
from pathlib import Path

import pytest

from tests.service.callers import closed_loop, get, post
from tests.service.poison import models
from tests.service.running import Running, running

MIX = (
    *[post(b'{"instances": ["x"]}')] * 7,
    post(b'{"instances": [' + b",".join([b'"x"'] * 20) + b"]}"),
    post(b'{"instances": [NaN]}'),
    post(b'{"instances": ["a"], "unknown": 1}'),
    get("/ping"),
    get("/nowhere"),
)
CALLERS = 16


def send(service: Running, number: int) -> None:
    """Send requests, good and bad, and require an answer to each of them."""
    outcomes = asyncio.run(closed_loop(service.port, itertools.islice(itertools.cycle(MIX), number), CALLERS))
    assert {outcome.status for outcome in outcomes} <= {200, 400, 404, 422}
    assert len(outcomes) == number


def test_thousands_of_requests_leave_no_file_and_no_thread_behind(tmp_path: Path):
    with running(tmp_path, models.TEXTS) as service:
        send(service, 1_000)
        files, threads = service.open_files(), service.total("Threads")
        send(service, 4_000)
        assert service.open_files() <= files + CALLERS
        assert service.total("Threads") <= threads


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_a_million_requests_cost_no_memory(tmp_path: Path):
    part = 50_000
    with running(tmp_path, models.TEXTS) as service:
        send(service, 4 * part)  # caches and the allocator's arenas fill
        files, threads, sizes = service.open_files(), service.total("Threads"), []
        for _ in range(16):
            send(service, part)
            sizes.append(service.total("VmRSS") / 1024)
            service.output.clear()
        slope = statistics.linear_regression(range(16), sizes).slope * (100_000 / part)
        assert slope < 1, f"{slope:.2f} MB per 100,000 requests: {sizes}"
        assert service.open_files() <= files + CALLERS
        assert service.total("Threads") <= threads
