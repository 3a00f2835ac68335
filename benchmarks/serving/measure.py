"""One server process on one core, the load on the other: start, speed at several concurrencies, memory."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SERVER_CORE, LOAD_CORE = "0", "1"
START_SECONDS = 180
LOAD = Path(__file__).with_name("load.lua")


class NotServingError(Exception):
    """A server does not answer with 200, or not only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """What wrk saw: good answers per second, and times in milliseconds."""

    rate: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One start of one server: seconds to the first 200, speed by concurrency, resident MB of the process tree."""

    start: float
    speeds: Mapping[int, Speed]
    memory: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A command that serves on PORT, and the request that it answers."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    path: str
    body: str
    answer: str


def visit(target: Target, concurrencies: tuple[int, ...], seconds: float) -> Visit:
    """Start a server, measure it and stop it.

    Arguments:
        seconds: how long the load lasts at each concurrency; a fifth more comes first and does not count.

    Raises:
        NotServingError: it does not start, or it answers wrongly.
    """
    port = free_port()
    started = time.perf_counter()
    with served(target, port) as pid:
        wait_for_answer(target, port, pid)
        start = time.perf_counter() - started
        pressed(target, port, max(concurrencies), max(1, seconds / 5))
        speeds = {concurrency: pressed(target, port, concurrency, seconds) for concurrency in concurrencies}
        memory = sum(resident_megabytes(process) for process in descendants(pid))
    return Visit(start=start, speeds=speeds, memory=memory)


@contextmanager
def served(target: Target, port: int) -> Iterator[int]:
    """Run the server on its core during the block; yield its process id."""
    with (target.folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["taskset", "--cpu-list", SERVER_CORE, *target.command],
            cwd=target.folder,
            env=os.environ | target.environment | {"PORT": str(port), "HOST": "127.0.0.1"},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process.pid
        finally:
            processes = descendants(process.pid)
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for left in processes:
                kill(left)


def wait_for_answer(target: Target, port: int, pid: int) -> None:
    """Ask until the server answers rightly."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and Path(f"/proc/{pid}/exe").exists():
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("POST", target.path, target.body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
            if response.status == 200:
                if target.answer not in text:
                    raise NotServingError(f"answered {text[:200]}")
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.01)
    log = (target.folder / "log").read_text(errors="replace").strip().splitlines()
    raise NotServingError(" ".join(log[-2:])[-300:] or f"no answer within {START_SECONDS} s")


def pressed(target: Target, port: int, concurrency: int, seconds: float) -> Speed:
    """Let wrk ask for some seconds and return what it saw."""
    duration = f"{max(1, round(seconds))}s"
    wrk = ("wrk", "-t1", f"-c{concurrency}", f"-d{duration}", "--timeout", "10s", "--latency", "-s", str(LOAD))
    done = subprocess.run(
        ["taskset", "--cpu-list", LOAD_CORE, *wrk, f"http://127.0.0.1:{port}{target.path}"],
        env=os.environ | {"BENCHMARK_BODY": target.body},
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    seen = json.loads(line.removeprefix("RESULT "))
    if seen["bad"] > seen["answers"] / 100 or not seen["answers"]:
        raise NotServingError(f"{seen['bad']} of {seen['answers']} answers at concurrency {concurrency} were bad")
    return Speed(rate=(seen["answers"] - seen["bad"]) / seen["seconds"], p50=seen["p50"], p99=seen["p99"])


def descendants(pid: int) -> list[int]:
    """Return a process and everything below it."""
    found = [pid]
    for process in found:
        for children in Path(f"/proc/{process}/task").glob("*/children"):
            found += [int(child) for child in children.read_text().split()]
    return found


def resident_megabytes(pid: int) -> float:
    """Return the resident size of one process in MB, 0 when it has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def kill(pid: int) -> None:
    """End a process that has outlived its parent."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
