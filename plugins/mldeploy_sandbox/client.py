"""Starts, finds and stops the sandbox of a folder. Light: imports nothing of AWS."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from mldeploy.errors import DeployError, UsageError
from mldeploy_sandbox.admin import ADMIN_PATH, TOKEN_HEADER
from mldeploy_sandbox.settings import Settings, settings_from_environment
from mldeploy_sandbox.state import ALIVE_LOCK, LOG_FILE, START_LOCK, State, hold, read_state, waiting_for

START_SECONDS = 60.0
STOP_SECONDS = 45.0
"""Longer than the 30 s between TERM and KILL that containers get."""

PAUSE_SECONDS = 0.02
TAIL_LINES = 15
FRUGAL = {"MALLOC_ARENA_MAX": "1", "MALLOC_TRIM_THRESHOLD_": "131072"}
"""Saves 30 MB in a process of many short threads, without a loss of speed
(https://www.gnu.org/software/libc/manual/html_node/Malloc-Tunable-Parameters.html)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A sandbox that answers; `started_here` is True when this call started it."""

    url: str
    token: str
    pid: int
    kept: bool
    mode: str
    started_here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What `mldeploy sandbox status` shows; `calls` counts total and mutating AWS calls."""

    url: str
    pid: int
    started: str
    kept: bool
    mode: str
    calls: Mapping[str, int]
    faults: str
    notes: Mapping[str, str]
    resources: tuple[Mapping[str, str], ...]


def ensure(folder: Path, *, kept: bool, port: int = 0, settings: Settings | None = None) -> Running:
    """Return the sandbox of a folder, started if need be; of several callers at once one starts it.

    Arguments:
        kept: it should stay until `stop`; a running one becomes kept.
        port: of a sandbox that is started now, 0 takes a free one.
        settings: of a sandbox that is started now; without them, those of the environment.

    Raises:
        UsageError: one runs in another mode than the one asked for.
        DeployError: it does not start; the last lines of its log are the details.
    """
    wanted = settings or settings_from_environment()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with waiting_for(folder, START_LOCK):
        running = find(folder)
        if running is None:
            return _start(folder, wanted, kept=kept, port=port)
        if wanted.mode not in {None, running.mode}:
            message = f"a {running.mode} sandbox runs here, not a {wanted.mode} one"
            raise UsageError(message, hint="`mldeploy sandbox down` ends it; what is in it is gone then")
        if kept and not running.kept:
            ask(running, "POST", "keep")
            return replace(running, kept=True)
        return running


def find(folder: Path) -> Running | None:
    """Return the sandbox of a folder if it runs and answers to its token."""
    state = read_state(folder)
    if state is None or not _is_alive(folder):
        return None
    running = _running(state, started_here=False)
    try:
        ask(running, "GET", "health")
    except (OSError, HTTPException, ValueError):
        return None
    return running


def status(folder: Path) -> Status | None:
    """Describe the sandbox of a folder; None when none runs."""
    running = find(folder)
    if running is None:
        return None
    document = ask(running, "GET", "status")
    return Status(**document, resources=tuple(inventory(running)))


def inventory(running: Running) -> list[dict[str, str]]:
    """List every resource in the sandbox: service, kind, name and region of each."""
    resources: list[dict[str, str]] = ask(running, "GET", "inventory")
    return resources


def calls(running: Running, *, after: int = 0) -> list[dict[str, Any]]:
    """Return the AWS calls that the sandbox has answered, without the first `after`."""
    entries: list[dict[str, Any]] = ask(running, "GET", f"calls?after={after}")
    return entries


def stop(folder: Path) -> bool:
    """Stop the sandbox of a folder and wait until it and its processes are gone; tell whether one ran."""
    if not folder.is_dir():
        return False
    with waiting_for(folder, START_LOCK):
        return _stop(folder)


def _stop(folder: Path) -> bool:
    if not _is_alive(folder):
        return False
    state = read_state(folder)
    if state is not None:
        try:
            ask(_running(state, started_here=False), "POST", "shutdown")
        except (OSError, HTTPException, ValueError):
            _signal(state.pid, signal.SIGTERM)
    if not _wait_for_end(folder, STOP_SECONDS) and state is not None:
        _signal(state.pid, signal.SIGKILL)
        _wait_for_end(folder, STOP_SECONDS)
    return True


def _start(folder: Path, settings: Settings, *, kept: bool, port: int) -> Running:
    command = [sys.executable, "-m", "mldeploy_sandbox.daemon", str(folder), "--port", str(port), *_options(settings)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")} | FRUGAL
    with (folder / LOG_FILE).open("wb") as log:
        process = subprocess.Popen(
            [*command, "--kept"] if kept else command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        state = read_state(folder)
        if state is not None and state.pid == process.pid:
            return _running(state, started_here=True)
        if process.poll() is not None:
            message = f"the sandbox ended with code {process.returncode} while it started"
            raise _failure(message, folder)
        time.sleep(PAUSE_SECONDS)
    process.kill()
    process.wait()
    message = f"the sandbox did not answer within {START_SECONDS:.0f} s"
    raise _failure(message, folder)


def _options(settings: Settings) -> list[str]:
    given = {"--mode": settings.mode, "--speed": settings.speed, "--inject": settings.inject}
    return [word for option, value in given.items() if value is not None for word in (option, str(value))]


def _failure(message: str, folder: Path) -> DeployError:
    log = folder / LOG_FILE
    tail = tuple(log.read_text(encoding="utf-8", errors="replace").splitlines()[-TAIL_LINES:])
    return DeployError(message, hint=f"the whole log is {log}", details=tail)


def _running(state: State, *, started_here: bool) -> Running:
    return Running(
        url=state.url, token=state.token, pid=state.pid, kept=state.kept, mode=state.mode, started_here=started_here
    )


def _is_alive(folder: Path) -> bool:
    """Tell by the lock that a sandbox holds while it lives; a process id could be somebody else's by now."""
    lock = hold(folder, ALIVE_LOCK)
    if lock is None:
        return True
    os.close(lock)
    return False


def _wait_for_end(folder: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while _is_alive(folder):
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE_SECONDS)
    return True


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def ask(running: Running, method: str, page: str, values: Mapping[str, str] | None = None) -> Any:
    """Ask an admin page; http.client, because it is light and follows no proxy.

    Arguments:
        values: of a POST, sent as a form.

    Raises:
        OSError, HTTPException, ValueError: no answer, not ours, or a refusal, whose words are the message.
    """
    address = urlsplit(running.url)
    connection = HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=30)
    body = urlencode(values or {}) if method == "POST" else None
    try:
        connection.request(method, f"{ADMIN_PATH}/{page}", body=body, headers={TOKEN_HEADER: running.token})
        response = connection.getresponse()
        text = response.read()
    finally:
        connection.close()
    document = json.loads(text)
    if response.status != 200:
        message = document.get("error", f"the sandbox answered {response.status} to {page}")
        raise ValueError(message)
    return document
