"""The process as SageMaker starts it: `python -m service serve`."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent


@contextmanager
def serving(model_dir: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {"HOST": "127.0.0.1", "PORT": str(port), "SM_MODEL_DIR": str(model_dir), **environment}
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve"],
        cwd=ROOT,
        env=os.environ | settings,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.communicate()


def wait_for_ping(process: subprocess.Popen[str], url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"{url}/ping", timeout=5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the service did not get ready")


def test_serves_and_stops_on_sigterm_with_logs_in_json(model_dir: Path) -> None:
    with serving(model_dir, MODEL_VERSION="v1") as (process, url):
        wait_for_ping(process, url)
        request = urllib.request.Request(
            f"{url}/invocations", b'{"instances": ["good"]}', {"Content-Type": "application/json", "X-Request-Id": "r1"}
        )
        with urllib.request.urlopen(request, timeout=10) as response:
            assert response.headers["X-Model-Version"] == "v1"
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert process.returncode in {0, -signal.SIGTERM}
    lines = [json.loads(line) for line in output.splitlines()]
    access = [line for line in lines if line.get("request_id") == "r1"]
    assert [(line["path"], line["status"]) for line in access] == [("/invocations", 200)]


def test_a_changed_model_ends_the_process_with_the_cause(model_dir: Path, tmp_path: Path) -> None:
    broken = shutil.copytree(model_dir, tmp_path / "model")
    (broken / "model.json").write_text("{}")
    with serving(broken) as (process, _):
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    failed = [json.loads(line) for line in output.splitlines() if "traceback" in line]
    assert "does not match the sha256" in failed[0]["traceback"]


def test_docker_health_check_without_a_service_fails() -> None:
    command = [sys.executable, "-m", "service", "health"]
    assert subprocess.run(command, cwd=ROOT, env=os.environ | {"PORT": "1"}, check=False).returncode == 1


def test_unknown_arguments_are_refused() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "service", "train"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 2
    assert "usage" in result.stderr
