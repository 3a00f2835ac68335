"""The supervisor keeps workers alive, and nothing keeps it alive when that is hopeless."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.service.conftest import LIGHT_LOADER
from tests.service.running import Running, running

GOOD = b'{"instances": ["I love it"]}'

DIES = """
import os
calm = predict

def predict(model, instances):
    if "die" in instances:
        os._exit(9)
    return calm(model, instances)
"""

HOLDS_THE_INTERPRETER = """
import ctypes
calm = predict

def predict(model, instances):
    if "hold" in instances:
        ctypes.PyDLL(None).sleep(600)
    return calm(model, instances)
"""

SLOW = """
import time
calm = predict

def predict(model, instances):
    if "slow" in instances:
        Path("inside").touch()
        time.sleep(20)
    return calm(model, instances)
"""


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_models(service: Running, number: int) -> None:
    """Wait until so many workers can predict; one that is still loading answers 503 when it is left alone."""
    wait_until(lambda: sum('"model loaded"' in line for line in service.output) >= number)


def ask_until_gone(service: Running, text: str) -> None:
    with suppress(OSError, HTTPException):  # the worker dies with the connection
        service.ask("/predict", json.dumps({"instances": [text]}).encode())


def test_a_killed_worker_is_replaced_while_the_other_answers(tmp_path: Path):
    with running(tmp_path, LIGHT_LOADER, WORKERS="2") as service:
        wait_for_models(service, 2)
        before = set(service.workers())
        os.kill(min(before), signal.SIGKILL)
        assert service.ask("/predict", GOOD).status == 200
        wait_until(lambda: bool(set(service.workers()) - before))


def test_a_crash_loop_ends_the_service(tmp_path: Path):
    with running(tmp_path, LIGHT_LOADER + DIES, WORKERS="1") as service:
        for _ in range(5):
            service.service.wait_for("/ping")
            ask_until_gone(service, "die")
        assert service.service.process.wait(timeout=30) == 1
    assert any("5 workers ended within 60 seconds" in line for line in service.output)


def test_a_worker_that_never_lets_go_of_the_interpreter_is_replaced(tmp_path: Path):
    with running(tmp_path, LIGHT_LOADER + HOLDS_THE_INTERPRETER, WORKERS="2", REQUEST_SECONDS="2") as service:
        wait_until(lambda: len(service.workers()) == 2)
        before = set(service.workers())
        with ThreadPoolExecutor(1) as caller:
            caller.submit(ask_until_gone, service, "hold")
            wait_until(lambda: bool(set(service.workers()) - before))
        service.service.wait_for("/ping")
        assert service.ask("/predict", GOOD).status == 200


def test_workers_end_with_their_supervisor(tmp_path: Path):
    with running(tmp_path, LIGHT_LOADER, WORKERS="2") as service:
        wait_until(lambda: len(service.workers()) == 2)
        workers = service.workers()
        service.service.process.kill()
        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers))


def test_the_second_signal_stops_at_once(tmp_path: Path):
    with running(tmp_path, LIGHT_LOADER + SLOW, WORKERS="1") as service, ThreadPoolExecutor(1) as caller:
        caller.submit(ask_until_gone, service, "slow")
        wait_until((tmp_path / "inside").exists)
        service.service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: any("Shutting down" in line for line in service.output))
        service.service.process.send_signal(signal.SIGTERM)
        assert service.service.process.wait(timeout=10) == 0


def test_metrics_are_those_of_all_workers(tmp_path: Path):
    with running(tmp_path, LIGHT_LOADER, WORKERS="2") as service:
        wait_until(lambda: len(service.workers()) == 2)
        for _ in range(10):
            assert service.ask("/predict", GOOD).status == 200
        lines = service.ask("/metrics").body.decode().splitlines()
        assert 'service_requests_total{path="/predict",status="200"} 10.0' in lines
        assert "service_request_seconds_count 10.0" in lines


@pytest.mark.parametrize(
    ("files", "cgroup", "environment", "expected"),
    [
        ({}, {}, {"WORKERS": "3"}, 3),
        ({}, {"cpu.max": "200000 100000", "memory.max": "max"}, {}, 2),
        ({}, {"cpu.max": "50000 100000", "memory.max": "max"}, {}, 1),
        ({}, {"cpu/cpu.cfs_quota_us": "200000", "cpu/cpu.cfs_period_us": "100000"}, {}, 2),
        ({"model.onnx": 10}, {"cpu.max": "200000 100000", "memory.max": "max"}, {}, 1),
        ({"model.bin": 1000}, {"cpu.max": "200000 100000", "memory.max": "7000"}, {}, 1),
        ({}, {"cpu.max": "max 100000", "memory.max": "max"}, {"CUDA_VISIBLE_DEVICES": "0,1,5"}, 3),
    ],
)
@pytest.mark.req("2.11")
def test_the_number_of_workers_follows_the_machine_and_the_model(
    project: Path, tmp_path: Path, files: dict[str, int], cgroup: dict[str, str], environment: dict[str, str], expected
):
    for name, size in files.items():
        (project / "model" / name).write_bytes(b"x" * size)
    for name, content in cgroup.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    code = (
        "import os; from pathlib import Path; from service import capacity; from service.settings import Settings\n"
        "os.sched_getaffinity = lambda _: range(8)\n"
        f"capacity.CGROUP = Path({str(tmp_path)!r})\n"
        "print(capacity.worker_count(Settings.from_environment()))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(result.stdout) == expected


@pytest.mark.parametrize(("name", "value"), [("PORT", "http"), ("MAX_BATCH", "-1"), ("REQUEST_SECONDS", "nan")])
def test_a_wrong_setting_is_named(project: Path, name: str, value: str):
    command = [sys.executable, "-m", "service", "serve"]
    environment = os.environ | {name: value}
    result = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert name in result.stderr
    assert "Traceback" not in result.stderr
