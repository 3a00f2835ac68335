"""Requests that arrive together share a call of the model, and nothing else."""

from __future__ import annotations

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.service.callers import closed_loop, post
from tests.service.poison import models
from tests.service.running import Running, running

LOADER = """
import time
from pathlib import Path
from service.contract import StrictModel

EXAMPLE_INSTANCES = ["example"]
Instance = str

class Prediction(StrictModel):
    text: str

def load(model_dir):
    return None

def predict(model, instances):
    with open("batches", "a") as file:
        print(len(instances), file=file)
    if "wait" in instances:
        Path("inside").touch()
        while not Path("go").exists():
            time.sleep(0.01)
    if "hang" in instances:
        while True:
            time.sleep(60)
    if "bad" in instances:
        raise SystemExit(1)
    return [Prediction(text=7 if text == "wrong" else text) for text in instances]
"""


def send(service: Running, text: str):
    return service.ask("/predict", json.dumps({"instances": [text]}).encode())


def send_behind_a_running_one(service: Running, folder: Path, texts: list[str]):
    """Send texts while a prediction runs; let it end when `texts` are all waiting or answered; return the replies."""
    with ThreadPoolExecutor(len(texts) + 1) as callers:
        first = callers.submit(send, service, "wait")
        while not (folder / "inside").exists():
            time.sleep(0.01)
        replies = [callers.submit(send, service, text) for text in texts]
        time.sleep(0.5)  # nothing tells from outside that a request waits
        (folder / "go").touch()
        assert first.result().status == 200
        return [reply.result() for reply in replies]


def batches(folder: Path) -> list[int]:
    return [int(line) for line in (folder / "batches").read_text().split()]


def test_what_arrives_while_a_batch_runs_is_the_next_batch_and_a_bad_item_fails_alone(tmp_path: Path):
    with running(tmp_path, LOADER, WORKERS="1") as service:
        texts = ["a", "b", "bad", "c", "wrong", "d"]
        replies = send_behind_a_running_one(service, tmp_path, texts)
        assert [reply.status for reply in replies] == [200, 200, 500, 200, 500, 200]
        good = [json.loads(reply.body)["predictions"][0]["text"] for reply in replies if reply.status == 200]
        assert good == ["a", "b", "c", "d"]
        assert max(batches(tmp_path)) > 1


def test_a_model_that_opts_out_gets_one_request_at_a_time_and_a_short_queue(tmp_path: Path):
    with running(tmp_path, LOADER + "\nBATCHING = False\n", WORKERS="1") as service:
        replies = send_behind_a_running_one(service, tmp_path, ["x"] * 24)
        assert set(batches(tmp_path)) == {1}
        refused = [reply for reply in replies if reply.status == 503]
        assert len(refused) == 24 - 16
        assert all(reply.headers["retry-after"] == "1" for reply in refused)
        assert [reply.status for reply in replies].count(200) == 16


@pytest.mark.full  # by the clock: a starved machine makes every model slow
@pytest.mark.req("2.11")
def test_a_fast_model_takes_hundreds_of_callers_at_once(tmp_path: Path):
    request = post(b'{"instances": ["x"]}')
    with running(tmp_path, models.TEXTS, WORKERS="1") as service:
        bursts = [asyncio.run(closed_loop(service.port, [request] * 300, 300)) for _ in range(20)]
        answered = [sum(outcome.status == 200 for outcome in burst) for burst in bursts]
        assert max(answered) == 300


@pytest.mark.req("2.11")
def test_a_prediction_that_hangs_gets_504_and_its_worker_is_replaced(tmp_path: Path):
    with running(tmp_path, LOADER, WORKERS="1", REQUEST_SECONDS="1") as service:
        (before,) = service.workers()
        assert send(service, "hang").status == 504
        deadline = time.monotonic() + 30
        while service.workers() in ([before], [service.service.process.pid]) and time.monotonic() < deadline:
            time.sleep(0.05)
        service.service.wait_for("/ping")
        assert send(service, "a").status == 200
        assert service.workers() != [before]
        assert service.service.process.poll() is None
