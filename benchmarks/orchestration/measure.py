"""One command against the emulator: seconds, calls, and when it noticed that the endpoint was ready."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from slow_proxy import Detour

from mldeploy_sandbox import client
from mldeploy_sandbox.client import Running

REGION = "eu-central-1"
DEPLOYER, WATCHER = "deployer", "watcher"
WATCH_SECONDS = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one command cost.

    - `wall`, `cpu`: seconds of the whole process, interpreter start included; `megabytes`: its largest resident set.
    - `calls`, `changes`: AWS calls in all, and those that change something.
    - `late`: seconds from the endpoint being in service until the command asked and was told; None without a wait.
    """

    wall: float
    cpu: float
    megabytes: float
    calls: int
    changes: int
    late: float | None
    error: str = ""


def measured(running: Running, command: Sequence[str | Path], folder: Path, detour: Detour) -> Run:
    """Run a command to its end; a failing one keeps its last line as the error."""
    before, passed = len(client.calls(running)), len(detour.calls)
    output = folder.parent / "output.log"  # a file more in the folder would be another image
    with ready_time(running) as ready, output.open("wb") as log:
        begin = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**environment(), "AWS_ENDPOINT_URL": detour.url},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
    calls = [call for call in client.calls(running)[before:] if call["caller"] == DEPLOYER]
    return Run(
        wall=wall,
        cpu=usage.ru_utime + usage.ru_stime,
        megabytes=usage.ru_maxrss / 1024,
        calls=len(detour.calls) - passed,
        changes=sum(detour.calls[passed:]),
        late=lateness(calls, ready),
        error=last_line(output) if process.returncode else "",
    )


def environment() -> dict[str, str]:
    """Return the variables of a machine that knows nothing of us or of AWS."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLDEPLOY_"))}
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": DEPLOYER,
        "AWS_SECRET_ACCESS_KEY": DEPLOYER,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
        "PYTHONDONTWRITEBYTECODE": "",
    }


@contextmanager
def ready_time(running: Running) -> Iterator[list[datetime]]:
    """Write down, while the block runs, when an endpoint came into service."""
    keys = {"aws_access_key_id": WATCHER, "aws_secret_access_key": WATCHER}
    sagemaker = boto3.client("sagemaker", endpoint_url=running.url, region_name=REGION, **keys)
    found: list[datetime] = []
    stopped = threading.Event()

    def busy() -> bool:
        endpoints = sagemaker.list_endpoints()["Endpoints"]
        return not endpoints or any(endpoint["EndpointStatus"] != "InService" for endpoint in endpoints)

    def watch() -> None:
        was_busy = False
        while not stopped.wait(WATCH_SECONDS):
            is_busy = busy()
            if was_busy and not is_busy:
                found[:] = [datetime.now(UTC)]
            was_busy = is_busy

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        stopped.set()
        thread.join()


def lateness(calls: Sequence[Mapping[str, Any]], ready: Sequence[datetime]) -> float | None:
    """Return how long after the endpoint was ready the deployer asked about it."""
    if not ready:
        return None
    asked = (datetime.fromisoformat(call["time"]) for call in calls if call["operation"] == "DescribeEndpoint")
    return next(((moment - ready[0]).total_seconds() for moment in asked if moment >= ready[0]), None)


def last_line(path: Path) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in path.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1][:160] if lines else "no output"
