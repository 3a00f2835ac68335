"""Child processes of the sandbox: started, watched line by line, and never left behind."""

from __future__ import annotations

import logging
import os
import random
import signal
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 30.0
"""Between TERM and KILL, as SageMaker gives a container
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html)."""

PORTS = range(20000, 32768)
ATTEMPTS = 500
_given: deque[int] = deque(maxlen=256)

REAPER = Path(__file__).with_name("reaper.py")


class Child:
    """One running program with its own process group; its output goes to a callback, line by line."""

    def __init__(
        self,
        popen: subprocess.Popen[bytes],
        name: str,
        on_line: Callable[[str], None],
        on_end: Callable[[Child], None],
    ) -> None:
        self.name = name
        self._popen = popen
        self._on_line = on_line
        self._on_end = on_end
        self._reader = threading.Thread(target=self._read, name=f"output of {name}", daemon=True)

    def follow(self) -> None:
        """Pass the output on, line by line, and say when the program has ended."""
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its group."""
        return self._popen.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._popen.poll()

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for the end, and for the last line of output; None when it still runs."""
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        self._reader.join(timeout=1)
        return code

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the whole process group; nothing happens when it is gone."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return

    def _read(self) -> None:
        assert self._popen.stdout is not None  # noqa: S101 - started with a pipe
        with self._popen.stdout as output:
            for line in output:
                self._pass_on(line.decode(errors="replace").rstrip("\r\n"))
        self._popen.wait()
        self._on_end(self)

    def _pass_on(self, line: str) -> None:
        try:
            self._on_line(line)
        except Exception:  # a reader that stops would block the program at its next line
            log.exception("%s: a line of output is lost", self.name)


class Processes:
    """Starts programs and makes sure that they end before, or right after, the sandbox does.

    A reaper process watches a pipe: when the sandbox is gone, however it died, it ends what is left. That also holds
    for the children's own children, which PR_SET_PDEATHSIG does not reach.
    """

    def __init__(self) -> None:
        self._children: set[Child] = set()
        self._closed = False
        self._lock = threading.Lock()
        self._reaper: subprocess.Popen[bytes] | None = None

    def start(
        self,
        arguments: Sequence[str],
        *,
        name: str,
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
    ) -> Child:
        """Start a program; stdout and stderr lines go to `on_line`, called from a thread of their own.

        Arguments:
            environment: the complete environment, nothing is inherited.

        Raises:
            OSError: the program cannot be started, or the sandbox is shutting down.
        """
        with self._lock:
            if self._closed:
                message = "the sandbox is shutting down"
                raise OSError(message)
            popen = subprocess.Popen(
                list(arguments),
                env=dict(environment),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._tell_reaper(f"+{popen.pid}")
            child = Child(popen, name, on_line, self._forget)
            self._children.add(child)
        child.follow()
        return child

    def named(self, beginning: str) -> list[Child]:
        """Return the running programs whose names begin like this."""
        with self._lock:
            return [child for child in self._children if child.name.startswith(beginning)]

    def stop(self, child: Child, *, patience: float = PATIENCE_SECONDS) -> None:
        """End a program: TERM, and KILL after `patience` seconds; what it started goes with it."""
        with self._lock:
            if child not in self._children:
                return
        child.signal(signal.SIGTERM)
        child.wait(patience)
        child.signal(signal.SIGKILL)
        child.wait()

    def close(self) -> None:
        """End everything, all at once; nothing can be started any more."""
        with self._lock:
            self._closed = True
            children = list(self._children)
        stoppers = [threading.Thread(target=self.stop, args=(child,)) for child in children]
        for stopper in stoppers:
            stopper.start()
        for stopper in stoppers:
            stopper.join()
        with self._lock:
            if self._reaper is not None and self._reaper.stdin is not None:
                self._reaper.stdin.close()
                self._reaper.wait()
                self._reaper = None

    def _forget(self, child: Child) -> None:
        with self._lock:
            self._children.discard(child)
            if not self._closed:
                self._tell_reaper(f"-{child.pid}")

    def _tell_reaper(self, line: str) -> None:
        """Pass a line on; a reaper that somebody ended is replaced and told everything."""
        lines = [line]
        if self._reaper is None or self._reaper.poll() is not None:
            command = [sys.executable, "-I", "-S", str(REAPER)]
            self._reaper = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
            lines = [*(f"+{child.pid}" for child in self._children), line]
        assert self._reaper.stdin is not None  # noqa: S101 - started with a pipe
        self._reaper.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self._reaper.stdin.flush()


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on, and that was not handed out a moment ago.

    It lies below the range from which systems take the ports of outgoing connections (32768 on Linux), so that it is
    still free when a slow program binds to it seconds later.

    Raises:
        OSError: none was found.
    """
    for port in random.sample(PORTS, ATTEMPTS):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _given:
            _given.append(port)
            return port
    message = f"no free port found between {PORTS.start} and {PORTS.stop} on 127.0.0.1"
    raise OSError(message)
