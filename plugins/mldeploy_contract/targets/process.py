"""A command of this machine as a target: one process group, in an environment with nothing of the user's in it."""

from __future__ import annotations

import os
import shlex
import signal
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType

import psutil

from mldeploy.errors import UsageError
from mldeploy_contract.targets.target import Running, Start
from mldeploy_sandbox.processes import Child, Processes

INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SSL_CERT_FILE", "LD_LIBRARY_PATH", "SYSTEMROOT")
"""What a process cannot do without; a container has its own."""
KEPT_LINES = 200
LONGEST_TITLE = 60


class ProcessTarget:
    """A command that is started with the argument `serve`.

    The port is free to choose: it is passed on as SAGEMAKER_BIND_TO_PORT, which containers of an inference pipeline
    get (aws/sagemaker-inference-toolkit, parameters.py), and as PORT.
    """

    def __init__(
        self,
        processes: Processes,
        command: Sequence[str],
        folder: Path,
        environment: Mapping[str, str] = MappingProxyType({}),
        *,
        title: str = "",
        fixed_port: int | None = None,
    ) -> None:
        self._processes = processes
        self._command = tuple(command)
        self._folder = folder
        self._environment = environment
        self.title = title or _shortened(shlex.join([Path(command[0]).name, *command[1:]]))
        self.fixed_port = fixed_port

    def start(self, start: Start) -> Running:
        """Start the command.

        Raises:
            UsageError: there is no such program.
        """
        lines: deque[str] = deque(maxlen=KEPT_LINES)
        command = [*self._command, *start.arguments]
        try:
            child = self._processes.start(
                command,
                name=self.title,
                environment=self._variables(start),
                folder=self._folder,
                on_line=lines.append,
            )
        except OSError as error:
            message = f"{command[0]} cannot be started: {error.strerror or error}"
            raise UsageError(message, hint="name a program that exists, with its arguments, behind `--`") from error
        return RunningProcess(child, lines)

    def _variables(self, start: Start) -> dict[str, str]:
        port = str(start.port)
        given = {
            "HOST": "127.0.0.1",
            "PORT": port,
            "SAGEMAKER_BIND_TO_PORT": port,
            "SM_MODEL_DIR": str(start.model_folder),
            "PYTHONUNBUFFERED": "1",
        }
        inherited = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {**inherited, **given, **self._environment, **start.environment}


class RunningProcess:
    """A started command."""

    def __init__(self, child: Child, lines: deque[str]) -> None:
        self._child = child
        self._lines = lines

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._child.exit_code

    @property
    def output(self) -> Sequence[str]:
        """The last lines that it wrote."""
        return tuple(self._lines)

    def wait(self, seconds: float) -> int | None:
        """Wait for its end; None when it still runs."""
        return self._child.wait(seconds)

    def terminate(self) -> None:
        """Send TERM to the first process only, as container engines do."""
        if self._child.exit_code is None:
            with suppress(ProcessLookupError):  # it may end in this very moment
                os.kill(self._child.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End the whole process group; returns when it is gone."""
        self._child.signal(signal.SIGKILL)
        self._child.wait()

    def memory(self) -> int | None:
        """Return the resident bytes of the process and what it started."""
        return resident_bytes(self._child.pid)

    def ports(self) -> frozenset[int] | None:
        """Return the TCP ports on which the process and what it started listen."""
        try:
            return frozenset(
                connection.laddr.port
                for process in process_tree(self._child.pid)
                for connection in process.net_connections("tcp")
                if connection.status == psutil.CONN_LISTEN
            )
        except psutil.Error:
            return None


def process_tree(pid: int) -> list[psutil.Process]:
    """Return a process and everything that it started and that still runs; empty when it is gone."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def resident_bytes(pid: int) -> int | None:
    """Return the memory of a process and what it started, in bytes; None when it cannot be read."""
    total = 0
    for process in process_tree(pid):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
        except psutil.Error:
            return None
    return total or None


def _shortened(text: str) -> str:
    """Return a text that fits in a line: its end, the name of a script, says more than its middle."""
    half = LONGEST_TITLE // 2
    return text if len(text) <= LONGEST_TITLE else f"{text[: half - 1]}…{text[-half:]}"
