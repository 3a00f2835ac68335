"""What can be sent and asked for, by the kind of model."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest

from tests.service.conftest import LIGHT_LOADER
from tests.service.running import Running, running

NUMBERS = """
from typing import Annotated
from pydantic import Field

Instance = Annotated[list[float], Field(min_length=2, max_length=2)]
Prediction = float
EXAMPLE_INSTANCES = [[1.0, 2.0]]

def load(model_dir):
    return None

def predict(model, instances):
    return [sum(instance) for instance in instances]
"""

RECORDS = """
from service.contract import StrictModel

class Instance(StrictModel):
    name: str
    age: int

class Prediction(StrictModel):
    text: str

EXAMPLE_INSTANCES = [Instance(name="x", age=1)]

def load(model_dir):
    return None

def predict(model, instances):
    return [Prediction(text=f"{item.name} is {item.age}") for item in instances]

def stream(model, instances):
    for item in instances:
        for word in (item.name, str(item.age)):
            if word == "broken":
                raise RuntimeError(word)
            yield Prediction(text=word)
"""


def serving(factory: pytest.TempPathFactory, loader: str) -> Iterator[Running]:
    with running(factory.mktemp("types"), loader, WORKERS="1") as service:
        yield service


@pytest.fixture(scope="module")
def numbers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from serving(tmp_path_factory, NUMBERS)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    yield from serving(tmp_path_factory, RECORDS)


def described_by_command(service: Running) -> bytes:
    command = [sys.executable, "-m", "service", "openapi"]
    folder = Path(f"/proc/{service.service.process.pid}/cwd").readlink()
    return subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout


def ask(service: Running, body: bytes, content_type: str, accept: str = "*/*"):
    return service.ask("/invocations", body, {"Content-Type": content_type, "Accept": accept})


def npy(*rows: list[float], dtype: str = "float64") -> bytes:
    file = io.BytesIO()
    numpy.save(file, numpy.array(rows, dtype=dtype))
    return file.getvalue()


@pytest.mark.req("2.12")
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"instances": [[1, 2], [3.5, 4]]}', "application/json"),
        (b"[[1, 2], [3.5, 4]]", "application/json; charset=utf-8"),
        (b"1,2\r\n3.5, 4\r\n", "text/csv"),
        (b"[1, 2]\n\n[3.5, 4]", "application/x-ndjson"),
        (npy([1, 2], [3.5, 4]), "application/x-npy"),
        (npy([1, 2], [3.5, 4], dtype="float32"), "application/x-npy"),
    ],
)
def test_every_type_of_request_gives_the_same_answer(numbers: Running, body: bytes, content_type: str):
    reply = ask(numbers, body, content_type)
    assert (reply.status, json.loads(reply.body)) == (200, {"predictions": [3.0, 7.5]})


@pytest.mark.req("2.12")
def test_every_type_of_response_has_the_same_values(numbers: Running):
    body = b"[[1, 2], [3.5, 4]]"
    assert ask(numbers, body, "application/json", "text/csv").body == b"3.0\r\n7.5\r\n"
    assert ask(numbers, body, "application/json", "application/jsonlines").body == b"3.0\n7.5\n"
    array = ask(numbers, body, "application/json", "text/csv;q=0.5, application/x-npy")
    assert array.headers["content-type"] == "application/x-npy"
    assert numpy.load(io.BytesIO(array.body), allow_pickle=False).tolist() == [3.0, 7.5]


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"1,2,3", "text/csv", 422),
        (b"1,nan", "text/csv", 422),
        (b"1,1e400", "text/csv", 422),
        (b"1,1_000", "text/csv", 422),
        (b"\xff,1", "text/csv", 400),
        (b'"1,2', "text/csv", 400),
        (b"", "text/csv", 422),
        (b"[1, 2]\n[NaN, 1]", "application/jsonlines", 422),
        (b"[1, 2], [3, 4]", "application/jsonlines", 400),
        (npy([1.0, float("inf")]), "application/x-npy", 422),
        (npy([1, 2, 3]), "application/x-npy", 422),
        (npy([1, 2])[:-1], "application/x-npy", 400),
        (npy([1, 2]) + b"x", "application/x-npy", 400),
        (b"\x93NUMPY\x01\x00", "application/x-npy", 400),
        (b"<a/>", "application/xml", 415),
    ],
)
def test_what_does_not_fit_is_refused(numbers: Running, body: bytes, content_type: str, status: int):
    reply = ask(numbers, body, content_type)
    assert reply.status == status
    assert reply.headers["content-type"] == "application/problem+json"


def test_an_array_of_python_objects_is_not_unpickled(numbers: Running):
    file = io.BytesIO()
    numpy.save(file, numpy.array([{"a": 1}], dtype=object), allow_pickle=True)
    assert ask(numbers, file.getvalue(), "application/x-npy").status == 400


def test_objects_are_rows_under_a_row_of_names(records: Running):
    reply = ask(records, b'age,name\n41,"Miller, Ann"\n', "text/csv", "text/csv")
    assert (reply.status, reply.body) == (200, b'text\r\n"Miller, Ann is 41"\r\n')


def test_a_model_of_objects_has_no_arrays_and_says_so(records: Running):
    reply = ask(records, npy([1, 2]), "application/x-npy")
    assert reply.status == 415
    assert b"not possible for the instances of this model" in reply.body
    assert ask(records, b'[{"name": "a", "age": 1}]', "application/json", "application/x-npy").status == 406


@pytest.mark.req("2.12")
def test_a_model_that_yields_is_streamed(records: Running):
    body = b'[{"name": "Ann", "age": 41}]'
    lines = ask(records, body, "application/json", "application/jsonlines")
    assert lines.headers["transfer-encoding"] == "chunked"
    assert lines.body == b'{"text":"Ann"}\n{"text":"41"}\n'
    events = ask(records, body, "application/json", "text/event-stream")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert events.body == b'data: {"text":"Ann"}\n\ndata: {"text":"41"}\n\n'


def test_a_stream_that_fails_at_once_is_a_500(records: Running):
    reply = ask(records, b'[{"name": "broken", "age": 1}]', "application/json", "text/event-stream")
    assert reply.status == 500
    assert b"RuntimeError" not in reply.body


def test_types_inside_of_an_instance_are_part_of_the_description(records: Running):
    document = json.loads(records.ask("/openapi.json").body)
    assert document == json.loads(described_by_command(records))
    content = document["paths"]["/predict"]["post"]["requestBody"]["content"]
    items = content["application/json"]["schema"]["anyOf"][0]["properties"]["instances"]["items"]
    assert items["$ref"].rpartition("/")[2] in document["components"]["schemas"]


def test_secrets_that_the_users_code_logs_are_masked(tmp_path: Path):
    code = """
import logging
calm = predict

def predict(model, instances):
    logging.warning("calling with Authorization: Bearer abcdef123456 and x-api-key=s3cret-canary")
    logging.warning({"token": "canary-token"})
    return calm(model, instances)
"""
    with running(tmp_path, LIGHT_LOADER + code, WORKERS="1") as service:
        service.terminate()
    output = "".join(service.output)
    assert "calling with" in output
    assert not [secret for secret in ("abcdef123456", "s3cret-canary", "canary-token") if secret in output]
