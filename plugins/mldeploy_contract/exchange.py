"""One HTTP exchange as SageMaker's router makes it: a deadline for the whole, no redirects, no retries."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; header names in lower case, times in seconds since the connection was asked for."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    connect_seconds: float = 0.0
    seconds: float = 0.0


class NoAnswerError(Exception):
    """No complete answer came; the message says what happened instead.

    `connected` is whether the port took the connection, `timed_out` whether the deadline passed.
    """

    def __init__(self, message: str, *, connected: bool, timed_out: bool = False) -> None:
        super().__init__(message)
        self.connected = connected
        self.timed_out = timed_out


class Exchange:
    """One connection with one request; `send` and `receive` are separate so that requests can be left in flight."""

    def __init__(self, port: int, seconds: float) -> None:
        self._seconds = seconds
        self._started = time.monotonic()
        self._connection = http.client.HTTPConnection(HOST, port, timeout=seconds)
        self._connect_seconds = 0.0
        self._expired = threading.Event()
        self._timer = threading.Timer(seconds, self._expire)
        self._timer.daemon = True

    def connect(self) -> None:
        """Open the connection.

        Raises:
            NoAnswerError: nobody listens.
        """
        try:
            self._connection.connect()
        except OSError as error:
            timed_out = isinstance(error, TimeoutError)
            message = f"the connection was not accepted within {self._seconds:g} s" if timed_out else "nothing listens"
            raise NoAnswerError(message, connected=False, timed_out=timed_out) from error
        self._connect_seconds = time.monotonic() - self._started
        self._timer.start()

    def send(self, method: str, path: str, body: bytes | Iterable[bytes], headers: Mapping[str, str]) -> None:
        """Send the request; a body in pieces goes out chunked.

        A server may answer before it has read everything: a connection that breaks here may still hold an answer.
        """
        try:
            self._connection.request(method, path, body, dict(headers), encode_chunked=not isinstance(body, bytes))
        except (OSError, http.client.HTTPException):
            return

    def begin(self, path: str, size: int, headers: Mapping[str, str]) -> None:
        """Send the head of a POST request whose body of `size` bytes follows by `push`."""
        self._connection.putrequest("POST", path)
        for name, value in {**headers, "Content-Length": str(size)}.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()

    def push(self, part: bytes) -> None:
        """Send a part of the body."""
        self._connection.send(part)

    def receive(self) -> Answer:
        """Read the answer.

        Raises:
            NoAnswerError: it did not come, or not completely, or not in time.
        """
        try:
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            if self._expired.is_set() or isinstance(error, TimeoutError):
                message = f"no answer within {self._seconds:g} s"
                raise NoAnswerError(message, connected=True, timed_out=True) from error
            raise NoAnswerError(_what_happened(error), connected=True) from error
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=body,
            connect_seconds=self._connect_seconds,
            seconds=time.monotonic() - self._started,
        )

    def close(self) -> None:
        """Hang up."""
        self._timer.cancel()
        self._connection.close()

    def _expire(self) -> None:
        self._expired.set()
        opened = self._connection.sock
        if opened is not None:
            try:
                opened.shutdown(socket.SHUT_RDWR)
            except OSError:  # the other side was faster
                return


def exchange(
    port: int,
    method: str,
    path: str,
    *,
    seconds: float,
    body: bytes | Iterable[bytes] = b"",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Make one request to this machine and return its answer.

    Arguments:
        seconds: for the whole exchange, from connecting to the last byte.

    Raises:
        NoAnswerError: no complete answer came in time.
    """
    one = Exchange(port, seconds)
    try:
        one.connect()
        one.send(method, path, body, headers or {})
        return one.receive()
    finally:
        one.close()


def _what_happened(error: Exception) -> str:
    if isinstance(error, http.client.RemoteDisconnected):
        return "the connection was closed without an answer"
    if isinstance(error, http.client.IncompleteRead):
        return "the connection was closed in the middle of the answer"
    if isinstance(error, http.client.HTTPException):
        return f"the answer is not HTTP ({type(error).__name__})"
    return "the connection was reset"
