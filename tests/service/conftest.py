"""A project as `init` writes it, and its service as a real process."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mldeploy.scaffold.files import template_files

for needed in ("fastapi", "uvicorn", "sklearn"):
    pytest.importorskip(needed)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Service:
    process: subprocess.Popen[str]
    url: str

    def send(self, path: str, body: bytes | None = None, **headers: str) -> Answer:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        kind = {"Content-Type": "application/json"} if body is not None else {}
        request = urllib.request.Request(self.url + path, body, kind | names)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, response.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, {k.lower(): v for k, v in error.headers.items()}, error.read())

    def wait_for(self, path: str, status: int = 200, seconds: float = 60) -> Answer:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                answer = self.send(path)
            except OSError:
                answer = None
            if answer is not None and answer.status == status:
                return answer
            time.sleep(0.02)
        raise AssertionError(f"{path} never answered {status}; exit code {self.process.poll()}")


def with_bytecode() -> dict[str, str]:
    """Return the environment for children; importing scikit-learn without cached bytecode takes seconds."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


LIGHT_LOADER = """
from pathlib import Path
from typing import Literal
from service.contract import StrictModel

Instance = str
EXAMPLE_INSTANCES = ["example"]

class Prediction(StrictModel):
    label: Literal["negative", "positive"]
    score: float

def load(model_dir):
    return None

def predict(model, instances):
    return [Prediction(label="positive", score=1) for _ in instances]
"""
"""Somebody's own model, which starts faster than the sample's scikit-learn."""


def write_project(root: Path) -> Path:
    for path, content in template_files({"name": "demo", "environment": "dev", "mldeploy_version": "0"}):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A freshly written project with its model trained."""
    root = write_project(tmp_path_factory.mktemp("sample"))
    subprocess.run([sys.executable, "train.py", "--output", "model"], cwd=root, env=with_bytecode(), check=True)
    return root


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a light model, to change as a test likes."""
    root = write_project(tmp_path / "project")
    (root / "model_loader.py").write_text(LIGHT_LOADER)
    (root / "model").mkdir()
    (root / "model" / "weights").write_text("1")
    return root


@pytest.fixture
def start() -> Iterator[Callable[..., Service]]:
    """Start the service of a project; everything started is killed at the end."""
    processes: list[subprocess.Popen[str]] = []

    def start(root: Path, command: tuple[str, ...] = ("-m", "service", "serve"), **environment: str) -> Service:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, *command],
            cwd=root,
            env=with_bytecode() | {"HOST": "127.0.0.1", "PORT": str(port), "PYTHONUNBUFFERED": "1"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        processes.append(process)
        return Service(process, f"http://127.0.0.1:{port}")

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def log_lines(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]
