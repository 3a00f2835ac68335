"""What callers of /predict and /invocations get."""

from __future__ import annotations

import json

import pytest
from fastapi.testclient import TestClient

from service.settings import MAX_BODY_BYTES

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("I love this camera, it works perfectly.", "positive"),
        ("What a waste of money, it broke after a day.", "negative"),
        ("The food is not good.", "negative"),
    ],
)
def test_predicts_the_label(client: TestClient, text: str, label: str) -> None:
    prediction = client.post("/predict", json={"instances": [text]}).json()["predictions"][0]
    assert prediction["label"] == label
    assert 0.5 <= prediction["score"] <= 1


def test_answers_in_the_order_of_the_request(client: TestClient) -> None:
    instances = ["wonderful", "terrible", "excellent"]
    predictions = client.post("/predict", json={"instances": instances}).json()["predictions"]
    assert [item["label"] for item in predictions] == ["positive", "negative", "positive"]


@pytest.mark.parametrize("body", [b'{"instances": ["good"]}', b'{"instances": []}', b"{", b'{"instances": [NaN]}'])
def test_both_paths_answer_alike(client: TestClient, body: bytes) -> None:
    first = client.post("/predict", content=body, headers=JSON)
    second = client.post("/invocations", content=body, headers=JSON)
    assert (first.status_code, first.content) == (second.status_code, second.content)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"hello", 400),
        (b"\xff\xfe", 400),
        (b'{"instances": ["\\ud800"]}', 400),
        (b'{"instances": ' + b"[" * 100_000, 400),
        (b"[]", 422),
        (b'{"instances": ["good"], "instances": ["bad"]}', 400),
        (b"{}", 422),
        (b'{"instances": "good"}', 422),
        (b'{"instances": []}', 422),
        (b'{"instances": [""]}', 422),
        (b'{"instances": [NaN]}', 422),
        (b'{"instances": [1e400]}', 422),
        (b'{"instances": [true]}', 422),
        (b'{"instances": ["good"], "secret-key": 1}', 422),
        (json.dumps({"instances": ["x" * 5001]}).encode(), 422),
        (json.dumps({"instances": ["x"] * 1001}).encode(), 422),
        (b" " * (MAX_BODY_BYTES + 1), 413),
    ],
)
def test_bad_bodies_are_explained_without_being_repeated(client: TestClient, body: bytes, status: int) -> None:
    response = client.post("/predict", content=body, headers=JSON)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status
    assert response.json()["detail"]
    assert "secret-key" not in response.text


def test_errors_say_where(client: TestClient) -> None:
    response = client.post("/predict", json={"instances": ["good", 1]})
    assert [error["location"] for error in response.json()["errors"]] == ["/instances/1"]


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b'["wonderful", "terrible"]'),
        ("text/csv", b"wonderful\nterrible\n"),
        ("application/jsonlines", b'"wonderful"\n"terrible"\n'),
    ],
)
def test_other_forms_of_request_and_response(client: TestClient, content_type: str, body: bytes) -> None:
    response = client.post("/predict", content=body, headers={"Content-Type": content_type})
    assert [item["label"] for item in response.json()["predictions"]] == ["positive", "negative"]
    rows = client.post("/predict", content=body, headers={"Content-Type": content_type, "Accept": "text/csv"})
    assert [row.partition(",")[0] for row in rows.text.split()] == ["label", "positive", "negative"]


def test_other_types_are_refused(client: TestClient) -> None:
    response = client.post("/predict", content=b"x", headers={"Content-Type": "application/x-npy"})
    assert response.status_code == 415
    assert "application/json" in response.json()["detail"]
    response = client.post("/predict", json={"instances": ["good"]}, headers={"Accept": "image/png"})
    assert response.status_code == 406


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/predict", 405), ("GET", "/nowhere", 404)])
def test_wrong_requests_get_problems_too(client: TestClient, method: str, path: str, status: int) -> None:
    response = client.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


def test_answers_carry_request_id_and_model_version(client: TestClient) -> None:
    response = client.post("/predict", json={"instances": ["good"]}, headers={"X-Request-Id": "abc-1"})
    assert response.headers["x-request-id"] == "abc-1"
    assert len(response.headers["x-model-version"]) == 64


def test_a_dangerous_request_id_is_replaced(client: TestClient) -> None:
    response = client.get("/liveness", headers={"X-Request-Id": "a b\tc"})
    assert "\t" not in response.headers["x-request-id"]


def test_the_api_is_documented(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    schema = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert schema["anyOf"][0]["properties"]["instances"]["maxItems"] == 1000
