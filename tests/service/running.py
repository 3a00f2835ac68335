"""A service of somebody's own model as a real process, and what the kernel knows about it and its workers."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.service.conftest import Service, with_bytecode, write_project

SECONDS = 30
"""How long an answer may take on a busy machine before it counts as a hang."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back for one request."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Running:
    """A running service; `output` grows while it runs."""

    service: Service
    output: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        """The port on 127.0.0.1."""
        return int(self.service.url.rpartition(":")[2])

    def connect(self) -> socket.socket:
        """Return a new connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=SECONDS)

    def ask(self, path: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> Reply:
        """Send one request on a connection of its own and return the whole answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        try:
            connection.request("GET" if body is None else "POST", path, body, headers or {})
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def processes(self) -> list[int]:
        """Return the ids of the process and of everything below it."""
        return descendants(self.service.process.pid)

    def workers(self) -> list[int]:
        """Return the ids of the processes that answer: those that nobody else descends from."""
        parents = {parent_of(pid) for pid in self.processes()}
        return [pid for pid in self.processes() if pid not in parents]

    def total(self, name: str) -> int:
        """Return the sum of one number in /proc/PID/status over all processes; memory is in kB."""
        return sum(status_of(pid).get(name, 0) for pid in self.processes())

    def open_files(self) -> int:
        """Return the number of open file descriptors of all processes."""
        return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in self.processes())

    def forget_peaks(self) -> None:
        """Let VmHWM, the highest resident size, start from now (proc(5), clear_refs)."""
        for pid in self.processes():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def terminate(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.service.process.send_signal(signal.SIGTERM)
        return self.service.process.wait(timeout=SECONDS)


@contextmanager
def running(folder: Path, loader: str, *, port: int | None = None, **environment: str) -> Iterator[Running]:
    """Write a project around a model_loader.py, serve it, and yield it once it is ready; killed at the end."""
    if not (folder / "service").is_dir():
        write_project(folder)
        (folder / "model").mkdir()
        (folder / "model" / "weights").write_text("1")
    (folder / "model_loader.py").write_text(loader)
    port = port or free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "serve"],
        cwd=folder,
        env=with_bytecode() | {"HOST": "127.0.0.1", "PORT": str(port), "PYTHONUNBUFFERED": "1"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    started = Running(Service(process, f"http://127.0.0.1:{port}"))
    reader = threading.Thread(target=lambda: started.output.extend(process.stdout or ()), daemon=True)
    reader.start()
    try:
        started.service.wait_for("/ping")
        yield started
    finally:
        for pid in reversed(started.processes()):
            kill(pid)
        process.wait()
        reader.join()
        if process.stdout:
            process.stdout.close()


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kill(pid: int) -> None:
    """End a process at once; it may have ended already."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def descendants(pid: int) -> list[int]:
    """Return a process and everything below it, parents first."""
    found = [pid] if Path(f"/proc/{pid}/task").is_dir() else []
    for process in found:
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:  # ended meanwhile
                continue
    return found


def parent_of(pid: int) -> int:
    """Return the id of the parent, 0 when the process has ended."""
    return status_of(pid).get("PPid", 0)


def status_of(pid: int) -> dict[str, int]:
    """Return the numbers in /proc/PID/status; nothing when the process has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    fields = (line.split(":", 1) for line in lines if ":" in line)
    return {name: int(value.split()[0]) for name, value in fields if value.split() and value.split()[0].isdigit()}
