"""The short way for ordinary predictions gives the same answers as the documented route."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.service.running import Running, running

LOADER = """
from service.contract import StrictModel

EXAMPLE_INSTANCES = ["example"]
Instance = str

class Prediction(StrictModel):
    text: str
    length: int

def load(model_dir):
    return None

def predict(model, instances):
    if "fail" in instances:
        raise RuntimeError
    return [Prediction(text=instance, length=len(instance)) for instance in instances]
"""

TEXTS = st.text(max_size=20) | st.just("fail")
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
BODIES = st.one_of(
    st.builds(lambda texts: json.dumps({"instances": texts}).encode(), st.lists(TEXTS, max_size=4)),
    st.builds(lambda texts: json.dumps(texts, ensure_ascii=False).encode(), st.lists(TEXTS, max_size=4)),
    st.builds(lambda value: json.dumps({"instances": value}).encode(), JSON_VALUES),
    st.builds(lambda value: json.dumps(value).encode(), JSON_VALUES),
    st.binary(max_size=40),
)
ROUTE = {"Accept": "application/json;q=1"}
"""An Accept header that means the same as none, and that the short way leaves to the route."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("lane"), LOADER, WORKERS="1") as service:
        yield service


def answer(connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str]):
    """Return status, headers in their order, and body; the date differs."""
    connection.request("POST", path, body, {"X-Request-Id": "1", "Content-Type": "application/json"} | headers)
    response = connection.getresponse()
    return response.status, [item for item in response.getheaders() if item[0] != "date"], response.read()


@pytest.mark.req("2.10")
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES, path=st.sampled_from(["/predict", "/invocations"]))
def test_both_ways_answer_byte_for_byte_alike(service: Running, body: bytes, path: str):
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=30)
    try:
        assert answer(connection, path, body, {}) == answer(connection, path, body, ROUTE)
    finally:
        connection.close()


def test_pipelined_requests_are_answered_in_order_whichever_way_they_go(service: Running):
    requests = []
    for number in range(6):
        body = json.dumps([str(number)]).encode()
        accept = b"Accept: application/json;q=1\r\n" if number % 2 else b""
        last = b"Connection: close\r\n" if number == 5 else b""
        head = b"POST /predict HTTP/1.1\r\nHost: x\r\n%b%bContent-Length: %d\r\n\r\n" % (accept, last, len(body))
        requests.append(head + body)
    with service.connect() as connection:
        connection.sendall(b"".join(requests))
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    assert [part[:1] for part in received.split(b'"text":"')[1:]] == [b"0", b"1", b"2", b"3", b"4", b"5"]
