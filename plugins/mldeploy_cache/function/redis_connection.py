"""One connection to Redis or Valkey that speaks as much RESP2 as a cache needs.

Why not redis-py: it imports 61 modules, 0.2 s of CPU with bytecode and 0.6 s without (a zip has none, and the folder of
a function is read-only), which the third of a CPU that 512 MB buy stretches to seconds in each cold start; and the hash
of the zip would depend on the version that the deploying machine has. Source of the protocol:
https://redis.io/docs/latest/develop/reference/protocol-spec/
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

Reply = bytes | int | None


class RedisError(Exception):
    """The server refused a command, or what it says is not RESP."""


class RedisConnection:
    """Connects on first use; a failure closes the connection and the next command makes a new one.

    `timeout` (seconds) bounds each read and write; connecting, which happens once, may take twice as long. `password`
    is called for each new connection and gives the password, or nothing where none is asked for. `certificate` (PEM) is
    the only one that is taken, whatever name it is for; without it, well-known authorities have to vouch for the host.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        timeout: float,
        tls: bool = False,
        certificate: str = "",
        password: Callable[[], bytes] = bytes,
    ) -> None:
        self._address = (host, port)
        self._timeout = timeout
        self._tls = _context(certificate) if tls else None
        self._password = password
        self._socket: socket.socket | None = None
        self._stream: BinaryIO | None = None

    def execute(self, *commands: tuple[bytes, ...]) -> list[Reply]:
        """Send commands in one go and return their replies.

        Raises:
            OSError: the server cannot be reached or does not answer in time.
            RedisError: it refuses a command.
        """
        reused = self._stream is not None
        try:
            return self._exchange(commands)
        except ConnectionError:
            self.close()
            if not reused:
                raise
            return self._exchange(commands)  # the server hung up while Lambda had frozen us
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        for part in (self._stream, self._socket):
            if part is not None:
                with suppress(OSError):
                    part.close()
        self._stream = self._socket = None

    def _exchange(self, commands: tuple[tuple[bytes, ...], ...]) -> list[Reply]:
        if self._socket is None or self._stream is None:
            password = self._password()
            self._socket = self._connect()
            self._stream = self._socket.makefile("rb")
            if password:
                return self._send(self._socket, self._stream, ((b"AUTH", password), *commands))[1:]
        return self._send(self._socket, self._stream, commands)

    @staticmethod
    def _send(connected: socket.socket, stream: BinaryIO, commands: tuple[tuple[bytes, ...], ...]) -> list[Reply]:
        connected.sendall(b"".join(map(_encode, commands)))
        replies = [_read(stream) for _ in commands]
        for reply in replies:
            if isinstance(reply, RedisError):
                raise reply
        return [reply for reply in replies if not isinstance(reply, RedisError)]

    def _connect(self) -> socket.socket:
        connected = socket.create_connection(self._address, timeout=self._timeout * 2)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls is not None:
            connected = self._tls.wrap_socket(connected, server_hostname=self._address[0])
        connected.settimeout(self._timeout)
        return connected


def _context(certificate: str) -> ssl.SSLContext:
    """Return how Redis proves who it is."""
    context = ssl.create_default_context(cadata=certificate or None)
    context.check_hostname = not certificate  # a load balancer's name is not known when the certificate is made
    return context


def _encode(command: tuple[bytes, ...]) -> bytes:
    parts = b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in command)
    return b"*%d\r\n%b" % (len(command), parts)


def _read(stream: BinaryIO) -> Reply | RedisError:
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        message = "Redis closed the connection"
        raise ConnectionResetError(message)
    kind, text = line[:1], line[1:-2]
    if kind == b"+":
        return text
    if kind == b":":
        return int(text)
    if kind == b"$":
        return _read_bulk(stream, int(text))
    if kind == b"-":
        return RedisError(text.decode(errors="replace"))
    message = "the server does not speak RESP2"
    raise RedisError(message)


def _read_bulk(stream: BinaryIO, length: int) -> bytes | None:
    if length < 0:
        return None
    data = stream.read(length + 2)
    if len(data) < length + 2:
        message = "Redis closed the connection"
        raise ConnectionResetError(message)
    return data[:-2]
