from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mldeploy_cache.function.handler import Serving
from mldeploy_cache.function.settings import Settings
from tests.cache_function.stub_endpoint import StubEndpoint


class RedisProcess:
    """A real redis-server on loopback that a test may kill."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("needs redis-server")
        command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "Ready to accept connections" in line:
                break

    def ask(self, *words: str) -> bytes:
        command = ["redis-cli", "-p", str(self.port), *words]
        return subprocess.run(command, capture_output=True, check=True).stdout.strip()

    def stored(self) -> list[str]:
        return self.ask("KEYS", "*").decode().split()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisProcess]:
    server = RedisProcess(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[StubEndpoint]:
    """A stand-in for SageMaker's runtime that botocore is pointed at."""
    server = StubEndpoint()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    for name, value in {
        "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": address,
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_REGION": "eu-central-1",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def settings(redis: RedisProcess) -> Settings:
    return Settings(
        endpoint_name="sentiment-dev",
        release="sentiment-dev-1a2b3c4d:1",
        redis_host="127.0.0.1",
        redis_port=redis.port,
        redis_tls=False,
        time_to_live=60,
        jitter=0.1,
        endpoint_timeout=5,
        max_body_bytes=6_291_456,
    )


@pytest.fixture
def function(settings: Settings, endpoint: StubEndpoint, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Serving]:
    """Start a container of the function; keyword arguments change its settings.

    It is patient with Redis: on a busy machine 50 ms may pass without a fault of anybody.
    """
    monkeypatch.setattr("mldeploy_cache.function.handler.REDIS_TIMEOUT", 5.0)

    def start(**changes: object) -> Serving:
        return Serving(replace(settings, **changes))  # type: ignore[arg-type]

    return start
