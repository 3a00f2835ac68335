"""Restarts and killed workers under load: whatever the model has worked on is answered."""

from __future__ import annotations

import http.client
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.service.poison import models
from tests.service.running import SECONDS, Running, free_port, running

CALLERS = 8
WORKERS = 2
KILLS_OF_ONE_SERVICE = 4
"""The fifth death within a minute is a crash loop, which ends the service."""

REMEMBERS = """
import os, time
remembered = os.open("predicted", os.O_CREAT | os.O_APPEND | os.O_WRONLY)
silent = predict

def predict(model, instances):
    time.sleep(0.002)
    os.write(remembered, "".join(f"{name}\\n" for name in instances if name != "example").encode())
    return silent(model, instances)
"""
"""The model writes down what it has predicted."""


@dataclass(slots=True)
class Load:
    """Callers that ask one after the other, and try again elsewhere when the connection is gone, as a gateway does."""

    port: int
    answered: set[str] = field(default_factory=set)
    unanswered: list[str] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def call(self, caller: int) -> None:
        """Ask until stopped; each attempt has a name of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        attempt = 0
        while not self.stopped.is_set():
            attempt += 1
            name = f"{caller}-{attempt}"
            try:
                status = ask(connection, name)
            except (OSError, http.client.HTTPException):
                self.unanswered.append(name)
                connection.close()
                self.stopped.wait(0.02)
                continue
            if status == 200:
                self.answered.add(name)
            elif status != 503:
                self.wrong.append(status)


def ask(connection: http.client.HTTPConnection, name: str) -> int:
    """Send one text and return the status."""
    body = f'{{"instances": ["{name}"]}}'
    connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.status


@contextmanager
def load(port: int) -> Iterator[Load]:
    """Keep callers busy during the block."""
    under_way = Load(port)
    callers = [threading.Thread(target=under_way.call, args=(number,)) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    try:
        yield under_way
    finally:
        under_way.stopped.set()
        for caller in callers:
            caller.join()


def lost(folder: Path, under_way: Load) -> set[str]:
    """Return what the model has predicted and nobody was told."""
    return set((folder / "predicted").read_text().split()) - under_way.answered


def more_answers(under_way: Load, number: int) -> None:
    """Wait until so many more requests have been answered."""
    wanted = len(under_way.answered) + number
    deadline = time.monotonic() + SECONDS
    while len(under_way.answered) < wanted:
        assert time.monotonic() < deadline, "the service has not recovered"
        time.sleep(0.01)


def loaded_models(service: Running, number: int) -> None:
    """Wait until so many workers, the killed ones included, have loaded the model and say so in the log."""
    deadline = time.monotonic() + SECONDS
    while sum('"model loaded"' in line for line in service.output) < number:
        assert time.monotonic() < deadline, "a worker is not replaced"
        time.sleep(0.02)


def restart(folder: Path, times: int) -> None:
    """Stop a service by SIGTERM and start the next one on its port, again and again, under load."""
    port = free_port()
    with load(port) as under_way:
        for _ in range(times):
            with running(folder, models.TEXTS + REMEMBERS, port=port) as service:
                more_answers(under_way, 20)
                assert service.terminate() in {0, -signal.SIGTERM}
    assert not under_way.wrong
    assert not lost(folder, under_way)


def kill_workers(folder: Path, kills: int) -> None:
    """Kill one worker after the other of a service under load."""
    with (
        running(folder, models.TEXTS + REMEMBERS, WORKERS=str(WORKERS)) as service,
        load(service.port) as under_way,
    ):
        for killed in range(kills):
            loaded_models(service, WORKERS + killed)
            kill_one(service, under_way)
        loaded_models(service, WORKERS + kills)
        more_answers(under_way, 20)
        assert service.terminate() in {0, -signal.SIGTERM}
    assert not under_way.wrong
    assert lost(folder, under_way) <= set(under_way.unanswered)
    assert len(lost(folder, under_way)) <= CALLERS * kills


def kill_one(service: Running, under_way: Load) -> None:
    """Kill a worker: only what it had under way gets no answer, and the other one goes on."""
    victim, _other = service.workers()
    before = len(under_way.unanswered)
    os.kill(victim, signal.SIGKILL)
    more_answers(under_way, 20)
    assert len(under_way.unanswered) - before <= CALLERS


@pytest.mark.parametrize("times", [2, pytest.param(100, marks=[pytest.mark.full, pytest.mark.timeout(1800)])])
def test_restarts_under_load_lose_no_answer(times: int, tmp_path: Path):
    restart(tmp_path, times)


def test_killed_workers_lose_only_what_they_had_under_way(tmp_path: Path):
    kill_workers(tmp_path, kills=2)


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_a_hundred_killed_workers_lose_only_what_they_had_under_way(tmp_path: Path):
    for number in range(100 // KILLS_OF_ONE_SERVICE):
        kill_workers(tmp_path / str(number), KILLS_OF_ONE_SERVICE)
