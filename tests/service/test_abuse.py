"""Raw sockets: what a broken or hostile client does below HTTP. The service answers others meanwhile and forgets it."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.service.poison import models
from tests.service.running import Running, running

GOOD = b'{"instances": ["x"]}'
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
WITH_LENGTH = HEAD + b"Content-Length: %d\r\n" % len(GOOD)
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PING = b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n"
MANY = 100

MALFORMED = {
    "not HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
    "no method": b" / HTTP/1.1\r\n\r\n",
    "an unknown version": b"GET /ping HTTP/9.9\r\nHost: x\r\n\r\n",
    "a space in a header name": b"GET /ping HTTP/1.1\r\nHost : x\r\n\r\n",
    "a header without a name": b"GET /ping HTTP/1.1\r\n: x\r\n\r\n",
    "a zero byte in a header": b"GET /ping HTTP/1.1\r\nHost: x\x00y\r\n\r\n",
    "a negative length": HEAD + b"Content-Length: -1\r\n\r\n",
    "a length of letters": HEAD + b"Content-Length: ten\r\n\r\n",
    "a length with a sign": HEAD + b"Content-Length: +20\r\n\r\n" + GOOD,
    "a length beyond 64 bits": HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
    "two lengths": WITH_LENGTH + b"Content-Length: 5\r\n\r\n" + GOOD,
    "a length and chunks": WITH_LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk size of letters": CHUNKED + b"zz\r\n" + GOOD + b"\r\n0\r\n\r\n",
    "a negative chunk size": CHUNKED + b"-5\r\n" + GOOD + b"\r\n0\r\n\r\n",
    "a chunk size beyond 64 bits": CHUNKED + b"f" * 30 + b"\r\n" + GOOD,
    "a chunk longer than announced": CHUNKED + b"5\r\n" + GOOD + b"\r\n0\r\n\r\n",
    "headers of a megabyte": b"GET /ping HTTP/1.1\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
    "a path of a megabyte": b"GET /" + b"x" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
}
"""What no server may answer with 2xx (RFC 9112, sections 2.2, 5.1, 6.3 and 7.1)."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("abused"), models.TEXTS) as started:
        yield started


def everything(connection: socket.socket) -> bytes:
    """Read until the other side closes; a reset counts as closing."""
    received = b""
    try:
        while more := connection.recv(65_536):
            received += more
    except ConnectionResetError:
        pass
    return received


def statuses(received: bytes) -> list[int]:
    """Return the status codes of the answers in a byte stream."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", received)]


def push(connection: socket.socket, data: bytes) -> None:
    """Send as much as the other side takes."""
    with suppress(BrokenPipeError, ConnectionResetError):
        connection.sendall(data)


def no_more(connection: socket.socket) -> None:
    """Close our side only; the other one may have gone already."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)


@pytest.mark.parametrize("data", MALFORMED.values(), ids=[name.replace(" ", "-") for name in MALFORMED])
def test_malformed_http_is_refused_or_cut_off(data: bytes, service: Running):
    with service.connect() as connection:
        push(connection, data)
        push(connection, b"\r\n\r\n")
        no_more(connection)
        received = everything(connection)
    first, rest = received.partition(b"\r\n\r\n")[::2]
    if received:
        assert 400 <= statuses(first)[0] < 500
        assert b"application/problem+json" in first.lower()
        assert json.loads(rest)["status"] == statuses(first)[0]
    assert service.ask("/ping").status == 200


def test_a_body_that_is_smuggled_behind_another_is_not_answered(service: Running):
    """A length and chunks in one request: either is refused, or nothing after it is read (RFC 9112, 6.1 and 11.2)."""
    with service.connect() as connection:
        push(connection, WITH_LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + PING)
        no_more(connection)
        assert len(statuses(everything(connection))) <= 1


def test_requests_in_one_packet_are_answered_in_order(service: Running):
    request = WITH_LENGTH + b"\r\n" + GOOD
    last = b"GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with service.connect() as connection:
        connection.sendall(PING + request * 50 + PING + last)
        assert statuses(everything(connection)) == [200, *[200] * 50, 200, 404]


def test_a_request_that_arrives_byte_by_byte_is_answered(service: Running):
    with service.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in WITH_LENGTH + b"Connection: close\r\n\r\n" + GOOD:
            connection.sendall(bytes([byte]))
        assert statuses(everything(connection)) == [200]


def test_chunks_with_extensions_and_trailers_are_answered(service: Running):
    body = b"".join(b'1;name="value"\r\n%c\r\n' % byte for byte in GOOD)
    with service.connect() as connection:
        connection.sendall(CHUNKED.replace(b"Host", b"Connection: close\r\nHost") + body + b"0\r\nX-Later: 1\r\n\r\n")
        assert statuses(everything(connection)) == [200]


def test_expect_100_continue_is_answered_before_the_body_is_sent(service: Running):
    with service.connect() as connection:
        connection.sendall(WITH_LENGTH + b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        assert statuses(connection.recv(65_536))[0] == 100
        connection.sendall(GOOD)
        assert statuses(everything(connection))[-1] == 200


def test_clients_that_stop_half_way_hold_nothing_up_and_leave_nothing_behind(service: Running):
    service.ask("/ping")
    before = service.open_files()
    started = (b"", b"POST /pre", HEAD, HEAD + b"X-Slow: ", WITH_LENGTH + b"\r\n", WITH_LENGTH + b"\r\n" + GOOD[:-1])
    waiting = []
    for number in range(MANY):
        connection = service.connect()
        connection.sendall(started[number % len(started)])
        waiting.append(connection)
    for _ in range(20):
        assert service.ask("/predict", GOOD, {"Content-Type": "application/json"}).status == 200
    for connection in waiting:
        connection.close()
    wait_until(lambda: service.open_files() <= before + 5)


def test_clients_that_do_not_wait_for_their_answer_leave_nothing_behind(service: Running):
    service.ask("/ping")
    before = service.open_files()
    for number in range(MANY):
        with service.connect() as connection:
            if number % 2:  # a reset instead of an orderly end
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            connection.sendall((WITH_LENGTH + b"\r\n" + GOOD) * 3)
    wait_until(lambda: service.open_files() <= before + 5)
    assert service.ask("/predict", GOOD, {"Content-Type": "application/json"}).status == 200
    assert not any("Traceback" in line for line in service.output)


@pytest.mark.full
def test_a_client_that_sends_one_byte_now_and_then_is_cut_off(service: Running):
    """Slowloris: a request has to be complete within a minute, however busily its bytes trickle."""
    deadline = time.monotonic() + 90
    with service.connect() as connection:
        connection.sendall(HEAD)
        connection.settimeout(1)
        while time.monotonic() < deadline:
            try:
                connection.sendall(b"X-Slow: 1\r\n")
                connection.recv(65_536)  # an answer or the end
                return
            except TimeoutError:
                continue
            except OSError:
                return
    pytest.fail("the connection is still open after 90 s")


def wait_until(condition) -> None:
    """Wait for something that has to become true soon.

    Raises:
        AssertionError: it has not after 20 s.
    """
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
