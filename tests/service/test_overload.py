"""Five times more requests than the model can answer: what is accepted is quick, the rest is refused at once."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.service.callers import Outcome, closed_loop, get, open_loop, percentile, post
from tests.service.poison import models
from tests.service.running import Running, running

GOOD = post(b'{"instances": ["x"]}')
OVERLOAD = 5
CALLERS = 64
ONE_BY_ONE = """
import time
BATCHING = False
instant = predict

def predict(model, instances):
    time.sleep(0.02 * len(instances))
    return instant(model, instances)
"""
IN_BATCHES = """
import time
instant = predict

def predict(model, instances):
    time.sleep(0.1 + 0.005 * len(instances))
    return instant(model, instances)
"""


@dataclass(frozen=True, slots=True)
class Storm:
    """What happened to predictions and to pings meanwhile."""

    predictions: list[Outcome]
    pings: list[Outcome]

    def of(self, status: int) -> list[Outcome]:
        return [outcome for outcome in self.predictions if outcome.status == status]


@pytest.fixture(scope="module", params=[ONE_BY_ONE, IN_BATCHES], ids=["one-by-one", "in-batches"])
def slow(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service whose model sleeps: it is slow, and the measurement has the processor for itself."""
    with running(tmp_path_factory.mktemp("slow"), models.TEXTS + request.param, WORKERS="1") as service:
        yield service


def capacity(service: Running, seconds: float) -> float:
    """Return the good answers per second while the model always has something to do."""
    outcomes = asyncio.run(closed_loop(service.port, itertools.repeat(GOOD), CALLERS, seconds))
    return sum(outcome.status == 200 for outcome in outcomes) / seconds


async def storm(service: Running, rate: float, seconds: float) -> Storm:
    """Send predictions at a rate, and fifty pings a second beside them."""
    predictions, pings = await asyncio.gather(
        open_loop(service.port, GOOD, rate, seconds), open_loop(service.port, get("/ping"), 50, seconds)
    )
    return Storm(predictions, pings)


def test_an_overloaded_service_answers_or_refuses_and_pings(slow: Running):
    rate = OVERLOAD * capacity(slow, 0.5)
    seen = asyncio.run(storm(slow, rate, 2))
    assert set(Counter(outcome.status for outcome in seen.predictions)) == {200, 503}
    for refusal in seen.of(503):
        assert b"retry-after: " in refusal.head
        assert b"application/problem+json" in refusal.head
    assert {outcome.status for outcome in seen.pings} == {200}
    assert slow.ask("/predict", b'{"instances": ["x"]}', {"Content-Type": "application/json"}).status == 200


@pytest.mark.full
@pytest.mark.req("2.11")
def test_a_minute_of_overload_costs_neither_speed_nor_throughput(slow: Running):
    most = capacity(slow, 5)
    normal = asyncio.run(storm(slow, 0.8 * most, 20))
    seen = asyncio.run(storm(slow, OVERLOAD * most, 60))
    assert len(normal.of(503)) <= 0.01 * len(normal.predictions)
    assert percentile(seen.of(200), 0.99) <= 2 * percentile(normal.of(200), 0.99)
    assert len(seen.of(200)) >= 0.9 * most * 60
    assert percentile(seen.pings, 0.99) < 0.1
    assert percentile(seen.of(503), 0.99) < 0.05
