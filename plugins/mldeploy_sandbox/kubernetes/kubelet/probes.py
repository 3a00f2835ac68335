"""Asks a container how it is: HTTP, TCP, or a command.

https://kubernetes.io/docs/tasks/configure-pod-container/configure-liveness-readiness-startup-probes/
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

GOOD = range(200, 400)
FIRST_PAUSE = 0.05
"""Until a container is ready it is asked often, so that nobody waits for the next period; failures count once each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """Where a container runs: how its ports map to the loopback, and what its commands see."""

    port_of: Callable[[Any], int]
    environment: Mapping[str, str]
    folder: Path


def ask(probe: Mapping[str, Any], around: Surroundings) -> str:
    """Probe once; return why it failed, or nothing."""
    seconds = float(probe.get("timeoutSeconds", 1))
    try:
        if "httpGet" in probe:
            return _http(probe["httpGet"], around, seconds)
        if "exec" in probe:
            return _command(probe["exec"].get("command", []), around, seconds)
        handler = probe.get("tcpSocket") or probe.get("grpc") or {}
        with socket.create_connection(("127.0.0.1", around.port_of(handler.get("port"))), seconds):
            return ""
    except (OSError, urllib3.exceptions.HTTPError) as error:
        return _words(error)


def _http(handler: Mapping[str, Any], around: Surroundings, seconds: float) -> str:
    scheme = handler.get("scheme", "HTTP").lower()
    url = f"{scheme}://127.0.0.1:{around.port_of(handler['port'])}{handler.get('path', '/')}"
    headers = {each["name"]: each["value"] for each in handler.get("httpHeaders", ())}
    headers = {"User-Agent": "kube-probe/1.36", "Accept": "*/*", "Connection": "close"} | headers
    with urllib3.PoolManager(cert_reqs="CERT_NONE", retries=False) as pool:
        answer = pool.request("GET", url, headers=headers, timeout=seconds, redirect=False)
    return "" if answer.status in GOOD else f"HTTP probe failed with statuscode: {answer.status}"


def _command(command: list[str], around: Surroundings, seconds: float) -> str:
    try:
        done = subprocess.run(
            command,
            env=dict(around.environment),
            cwd=around.folder,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"command timed out: {command!r} timed out after {seconds:g}s"
    return "" if done.returncode == 0 else (done.stdout + done.stderr).decode(errors="replace").strip()


def _words(error: Exception) -> str:
    if isinstance(error, urllib3.exceptions.TimeoutError | TimeoutError):
        return "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"
    if isinstance(error, urllib3.exceptions.NewConnectionError | ConnectionRefusedError):
        return "dial tcp: connect: connection refused"
    return str(error)


class Tally:
    """Counts the answers to one probe, and says when they are enough."""

    def __init__(self, probe: Mapping[str, Any]) -> None:
        self.probe = probe
        self.period = float(probe.get("periodSeconds", 10))
        self._passed = self._failed = 0

    def passed(self) -> bool:
        """Count a success; tell whether there are enough in a row."""
        self._failed = 0
        self._passed += 1
        return self._passed >= int(self.probe.get("successThreshold", 1))

    def failed(self) -> bool:
        """Count a failure; tell whether there are enough in a row."""
        self._passed = 0
        self._failed += 1
        return self._failed >= int(self.probe.get("failureThreshold", 3))
