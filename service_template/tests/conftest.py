"""A trained model and a running application for all tests."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.model import Model
from service.settings import Settings

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def model_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train the model once."""
    folder = tmp_path_factory.mktemp("model")
    subprocess.run([sys.executable, "train.py", "--output", str(folder)], cwd=ROOT, check=True)
    return folder


@pytest.fixture(scope="session")
def client(model_dir: Path) -> Iterator[TestClient]:
    """The application with the model loaded."""
    with TestClient(create_app(Model(Settings(sm_model_dir=model_dir)))) as client:
        wait_until_ready(client)
        yield client


def wait_until_ready(client: TestClient) -> None:
    """Poll /ping for up to a minute."""
    deadline = time.monotonic() + 60
    while client.get("/ping").status_code != 200:
        assert time.monotonic() < deadline, "the model did not load"
        time.sleep(0.05)
