"""Four routes, four meanings."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.model import Model
from service.settings import Settings

ROUTES = ("/liveness", "/readiness", "/ping", "/health")


def statuses(client: TestClient) -> dict[str, int]:
    return {route: client.get(route).status_code for route in ROUTES}


def test_ready(client: TestClient) -> None:
    assert statuses(client) == {"/liveness": 200, "/readiness": 200, "/ping": 200, "/health": 200}
    assert client.get("/ping").content == b""
    assert client.get("/health").json()["model"] == "ready"


def test_loading(model_dir: Path) -> None:
    client = TestClient(create_app(Model(Settings(sm_model_dir=model_dir))))  # not entered: nothing is loaded
    assert statuses(client) == {"/liveness": 200, "/readiness": 503, "/ping": 503, "/health": 200}
    assert client.get("/health").json()["model"] == "loading"
    assert client.post("/predict", json={"instances": ["good"]}).status_code == 503


def test_draining(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client.app.state.model, "draining", True)
    assert statuses(client) == {"/liveness": 200, "/readiness": 503, "/ping": 200, "/health": 200}
    assert client.post("/predict", json={"instances": ["good"]}).status_code == 200


def test_metrics(client: TestClient) -> None:
    client.post("/predict", json={"instances": ["good"]})
    assert 'service_requests_total{path="/predict",status="200"}' in client.get("/metrics").text
