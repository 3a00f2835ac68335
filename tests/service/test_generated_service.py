"""The generated service as a process: what a platform and a hostile caller would see."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import gettempdir

import pytest

from tests.service.conftest import log_lines

GOOD = b'{"instances": ["I love it"]}'

SLOW_PREDICT = """
import time
quick_predict = predict

def predict(model, instances):
    if instances != EXAMPLE_INSTANCES:
        Path("inside").touch()
        time.sleep(1)
    return quick_predict(model, instances)
"""

SLOW_LOAD = """
import time
quick_load = load

def load(model_dir):
    while not (model_dir / "go").exists():
        time.sleep(0.02)
    return quick_load(model_dir)
"""


EVERYTHING_IMPORTED = """
import sys
import service.server, service.supervisor, service.worker, prometheus_client.values, uvicorn.lifespan.on, uvloop
from service.__main__ import main
sys.exit(main(["serve"]))
"""
"""For a user who cannot read the Python installation, as root's own may be here; in a container everybody can."""


def with_loader(root: Path, code: str) -> Path:
    """Append code to the user's model_loader.py."""
    loader = root / "model_loader.py"
    loader.write_text(f"{loader.read_text()}\n\n{code}\n")
    return root


@pytest.mark.req("1.2", "2.10")
def test_predict_and_invocations_answer_alike_for_good_and_bad_bodies(sample: Path, start):
    service = start(sample)
    service.wait_for("/ping")
    bodies = [GOOD, b"", b"nonsense", b'{"instances": [NaN]}', b'{"instances": [1e400]}', b"[" * 100_000, b'{"a": 1}']
    bodies += [b'{"instances": ["\\ud800"]}', b"\xff", b'{"instances": [' + b"1" * 5000 + b"]}"]
    for body in bodies:
        first, second = service.send("/predict", body), service.send("/invocations", body)
        assert (first.status, first.body) == (second.status, second.body)
        if body != GOOD:
            assert 400 <= first.status < 500, body[:30]
            assert first.headers["content-type"] == "application/problem+json"


def test_a_body_without_declared_length_is_cut_at_the_limit(project: Path, start):
    service = start(project)
    service.wait_for("/ping")
    host, port = service.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        try:
            for _ in range(64):
                connection.sendall(chunk)
        except OSError:
            pass  # the service may stop reading and close
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.req("2.3", "2.4")
def test_while_a_slow_model_loads_the_process_lives_and_takes_no_traffic(project: Path, start):
    service = start(with_loader(project, SLOW_LOAD))
    service.wait_for("/liveness")
    assert service.send("/ping").status == 503
    assert service.send("/readiness").status == 503
    assert json.loads(service.send("/health").body)["model"] == "loading"
    assert service.send("/predict", GOOD).status == 503
    (project / "model" / "go").touch()
    service.wait_for("/ping")
    assert service.send("/predict", GOOD).status == 200


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("def load(model_dir):\n    raise RuntimeError('weights are missing')", "weights are missing"),
        ("def load(model_dir):\n    raise SystemExit(0)", "SystemExit"),
        ("import a_module_that_is_not_installed", "ModuleNotFoundError"),
        ("def predict(model, instances):\n    return [1 / 0 for _ in instances]", "ZeroDivisionError"),
    ],
)
def test_a_model_that_cannot_be_used_ends_the_process_with_the_cause_in_the_log(project: Path, start, code, cause):
    service = start(with_loader(project, code))
    output, _ = service.process.communicate(timeout=60)
    assert service.process.returncode == 1
    assert any(cause in str(line.get("traceback")) for line in log_lines(output))


@pytest.mark.parametrize(
    "code",
    [
        "def predict(model, instances):\n    return [] if instances != EXAMPLE_INSTANCES else ['x']",
        "def predict(model, instances):\n    return [{'label': 'maybe', 'score': 0.5} for _ in instances]",
        "def predict(model, instances):\n    return [{'label': 'positive', 'score': float('nan')} for _ in instances]",
        "def predict(model, instances):\n    return [] if instances == EXAMPLE_INSTANCES else instances[9]",
    ],
)
def test_a_model_that_answers_wrongly_gives_500_without_details(project: Path, start, code):
    service = start(with_loader(project, code))
    service.wait_for("/ping")
    answer = service.send("/predict", GOOD)
    assert answer.status == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert b"love" not in answer.body
    assert service.send("/ping").status == 200


@pytest.mark.req("2.11")
def test_ping_answers_while_all_prediction_threads_are_busy(project: Path, start):
    service = start(with_loader(project, SLOW_PREDICT))
    service.wait_for("/ping")
    with ThreadPoolExecutor(6) as callers:
        waiting = [callers.submit(service.send, "/predict", GOOD) for _ in range(6)]
        pings = 0
        while not any(answer.done() for answer in waiting):
            assert service.send("/ping").status == 200
            pings += 1
        assert pings >= 5
        assert {answer.result().status for answer in waiting} == {200}


def test_sigterm_finishes_running_requests(project: Path, start):
    service = start(with_loader(project, SLOW_PREDICT))
    service.wait_for("/ping")
    with ThreadPoolExecutor(1) as caller:
        answer = caller.submit(service.send, "/predict", GOOD)
        while not (project / "inside").exists():
            assert service.process.poll() is None
        service.process.send_signal(signal.SIGTERM)
        assert answer.result().status == 200
    service.process.communicate(timeout=30)


def test_draining_refuses_readiness_while_requests_are_still_answered(project: Path, start):
    service = start(project, DRAIN_SECONDS="30")
    service.wait_for("/readiness")
    service.process.send_signal(signal.SIGTERM)
    service.wait_for("/readiness", 503)
    assert service.send("/predict", GOOD).status == 200
    assert service.send("/ping").status == 200
    service.process.send_signal(signal.SIGTERM)
    service.process.communicate(timeout=30)


def test_logs_are_json_and_ids_cannot_forge_lines(project: Path, start):
    service = start(project)
    service.wait_for("/ping")
    kept = service.send("/predict", GOOD, X_Request_Id="order-7")
    sagemaker = service.send("/invocations", GOOD, X_Amzn_SageMaker_Inference_Id="inference-7")
    replaced = service.send("/predict", GOOD, X_Request_Id='x", "level": "FATAL')
    service.process.send_signal(signal.SIGTERM)
    output, _ = service.process.communicate(timeout=30)
    assert (kept.headers["x-request-id"], sagemaker.headers["x-request-id"]) == ("order-7", "inference-7")
    ids = [line.get("request_id") for line in log_lines(output)]
    assert {"order-7", "inference-7", replaced.headers["x-request-id"]} <= set(ids)
    assert not any("love" in line for line in output.splitlines())


def test_the_model_version_is_the_hash_of_the_folder_unless_told(project: Path, start, tmp_path: Path):
    plain, told = start(project), start(project, MODEL_VERSION="2026-11-22")
    versions = [service.wait_for("/ping").headers["x-model-version"] for service in (plain, told)]
    assert len(versions[0]) == 64
    assert versions[1] == "2026-11-22"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give rights away")
def test_started_as_root_the_process_becomes_another_user(project: Path, start):
    for folder in (project, *project.parents):
        if folder.owner() == "root" and folder.is_relative_to(gettempdir()) and folder != Path(gettempdir()):
            folder.chmod(0o755)  # pytest's are for root only; a container's are for all
    service = start(project, command=("-c", EVERYTHING_IMPORTED), RUN_AS_UID="10001")
    service.wait_for("/ping")
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    for process in (service.process.pid, *children):
        status = Path(f"/proc/{process}/status").read_text()
        assert "Uid:\t10001\t10001\t10001\t10001" in status
        assert "Groups:\t\n" in status or "Groups:\t \n" in status


def test_the_health_command_is_cheap_and_tells_whether_a_service_answers(project: Path, start):
    service = start(project)
    service.wait_for("/liveness")
    port = service.url.rpartition(":")[2]
    code = "import sys; from service.__main__ import main; sys.exit(main(['health']) or 'uvicorn' in sys.modules)"
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, cwd=project, env=os.environ | {"PORT": port}, check=False).returncode == 0
