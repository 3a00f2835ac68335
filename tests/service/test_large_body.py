"""A gigabyte is refused without being kept."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.service.poison import models
from tests.service.poison.json_documents import MAX_BODY_BYTES
from tests.service.running import Running, running

HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
GIGABYTE = 1_000_000_000
MEGABYTE = b" " * 1_000_000
SAMPLE = 30_000_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("large"), models.TEXTS) as started:
        yield started


def refused(service: Running, head: bytes, part: bytes, size: int) -> bytes:
    """Send so many bytes in equal parts, or as much as the service takes, and return what it says."""
    with service.connect() as connection:
        try:
            connection.sendall(head)
            for _ in range(size // len(part)):
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            pass  # it has stopped reading
        try:
            return connection.recv(65_536)
        except ConnectionResetError:
            return b""


@pytest.mark.parametrize("size", [SAMPLE, pytest.param(GIGABYTE, marks=pytest.mark.full)], ids=["sample", "gigabyte"])
@pytest.mark.parametrize(
    ("head", "part"),
    [
        (HEAD + b"Content-Length: %d\r\n\r\n" % GIGABYTE, MEGABYTE),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"%x\r\n%b\r\n" % (len(MEGABYTE), MEGABYTE)),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % GIGABYTE, MEGABYTE),
        pytest.param(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n" * 200_000, marks=pytest.mark.full),
        (HEAD + b"X-Endless: ", MEGABYTE),
    ],
    ids=["declared", "in-chunks", "in-one-chunk", "in-chunks-of-a-byte", "in-a-header"],
)
def test_a_huge_request_is_refused_without_being_kept(head: bytes, part: bytes, size: int, service: Running):
    good = b'{"instances": ["x"]}'.ljust(MAX_BODY_BYTES)
    assert service.ask("/predict", good, {"Content-Type": "application/json"}).status == 200
    service.forget_peaks()
    before = service.total("VmHWM")
    answer = refused(service, head, part, size)
    assert answer[9:12] in {b"413", b"400", b"431", b""}, answer[:200]
    assert service.total("VmHWM") - before < 2 * MAX_BODY_BYTES / 1024
    assert service.ask("/ping").status == 200


def test_a_declared_gigabyte_is_refused_before_it_is_sent(service: Running):
    with service.connect() as connection:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % GIGABYTE)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413")
        connection.shutdown(socket.SHUT_WR)
