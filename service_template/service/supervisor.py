"""The first process: it listens, forks the workers, replaces those that die or hang, and hands signals on.

It imports neither the model nor the web framework, so it stays small and cannot be broken by them.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import time
from collections import deque

from service import logs
from service.board import Board, Door
from service.capacity import worker_count
from service.counters import counters
from service.exits import LOAD_FAILED, STOP_SIGNAL
from service.settings import Settings

log = logging.getLogger("supervisor")

BACKLOG = 2048
CRASHES, CRASH_SECONDS = 5, 60
"""So many deaths within so many seconds are a crash loop: the service gives up, and the platform replaces it."""

STOP_SECONDS = 27
"""SageMaker and Kubernetes kill a container 30 seconds after SIGTERM; workers are done after 25."""

SILENT_SECONDS = 5
"""A worker on a busy machine may be this late to report."""

TICK_SECONDS = 0.5
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)


class Supervisor:
    """Keeps one worker in every slot until it is told to stop."""

    def __init__(self, settings: Settings, listener: socket.socket, metrics_dir: str) -> None:
        self.settings = settings
        self.listener = listener
        self.metrics_dir = metrics_dir
        self.board = Board(worker_count(settings))
        counters.share(self.board.slots)
        self.lifeline = os.pipe()
        self.workers: dict[int, int] = {}
        self.deaths: deque[float] = deque(maxlen=CRASHES)
        self.stop_deadline = 0.0
        self.exit_code = 0
        self._ever_ready = False

    def run(self) -> int:
        """Serve until a signal, a model that cannot be loaded or a crash loop; return the exit code."""
        wakeup = self._catch_signals()
        for slot in range(self.board.slots):
            self._start(slot)
        while self.workers:
            select.select([wakeup], [], [], TICK_SECONDS)
            for number in self._read_signals(wakeup):
                if number in (signal.SIGTERM, signal.SIGINT):
                    self.stop()
            self._reap()
            self._check()
        return self.exit_code

    def stop(self) -> None:
        """Tell the workers to end: the first time lets them finish what they have, the second ends them at once."""
        if not self.stop_deadline:
            self.stop_deadline = time.monotonic() + self.settings.drain_seconds + STOP_SECONDS
        self._signal_workers(STOP_SIGNAL)

    def _catch_signals(self) -> int:
        """Turn signals into bytes on a pipe, so that none is lost between two looks; return its reading end."""
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        signal.set_wakeup_fd(writing)
        for number in SIGNALS:
            signal.signal(number, lambda *_: None)
        return reading

    def _read_signals(self, wakeup: int) -> bytes:
        try:
            return os.read(wakeup, 512)
        except BlockingIOError:
            return b""

    def _start(self, slot: int) -> None:
        """Fork a worker into a slot."""
        self.board.write(slot, Door.CLOSED)
        process = os.fork()
        if process:
            self.workers[process] = slot
            return
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            os.close(self.lifeline[1])
            from service import worker  # only in the child: the heavy imports

            code = worker.run(self.settings, slot, self.board, self.listener, self.lifeline[0], self.metrics_dir)
        except Exception:
            log.exception("the worker cannot start")
            code = LOAD_FAILED
        finally:
            logs.flush()
            os._exit(code)  # never return into the supervisor's code, whatever happened

    def _reap(self) -> None:
        """Take note of processes that ended; as process 1 these may be others' children too."""
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                return
            if process in self.workers:
                self._replace(self.workers.pop(process), os.waitstatus_to_exitcode(status))

    def _replace(self, slot: int, code: int) -> None:
        """Start a successor, unless the service is stopping or there is no point in it."""
        self.board.write(slot, Door.CLOSED)
        if self.stop_deadline:
            return
        log.error("worker %d ended with %d", slot, code)
        now = time.monotonic()
        self.deaths.append(now)
        if code == LOAD_FAILED and not self._ever_ready:
            self._give_up("the model cannot be used")
        elif len(self.deaths) == CRASHES and now - self.deaths[0] < CRASH_SECONDS:
            self._give_up(f"{CRASHES} workers ended within {CRASH_SECONDS} seconds")
        else:
            self._start(slot)

    def _give_up(self, reason: str) -> None:
        log.critical("stopping: %s", reason)
        self.exit_code = 1
        self.stop()

    def _check(self) -> None:
        """Kill workers whose event loop has stood still (code that never releases the interpreter), or that linger."""
        self._ever_ready = self._ever_ready or Door.READY in self.board.doors()
        if self.stop_deadline and self.stop_deadline - STOP_SECONDS <= time.monotonic():
            self.listener.close()  # the drain is over: refuse new connections instead of letting them wait
        if self.stop_deadline and self.stop_deadline <= time.monotonic():
            self._signal_workers(signal.SIGKILL)
        for process, slot in self.workers.items():
            if self.board.silent_seconds(slot) > max(self.settings.request_seconds, SILENT_SECONDS):
                log.error("worker %d does not react", slot)
                os.kill(process, signal.SIGKILL)

    def _signal_workers(self, number: int) -> None:
        for process in self.workers:
            os.kill(process, number)


def run(settings: Settings) -> int:
    """Serve until a signal comes; return 0 then, or 1 when the model cannot be used or workers keep dying."""
    logs.configure()
    drop_privileges(settings.run_as_uid)
    metrics_dir = make_metrics_dir()
    try:
        with listen(settings) as listener:
            return Supervisor(settings, listener, metrics_dir).run()
    except OSError as error:
        log.critical("cannot listen on %s:%d: %s", settings.host, settings.port, error.strerror)
        return 1
    finally:
        remove_metrics_dir(metrics_dir)


def listen(settings: Settings) -> socket.socket:
    """Return the listening socket, which all workers share: none of them takes waiting connections to its grave."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    listener.setblocking(False)
    return listener


def make_metrics_dir() -> str:
    """Return a new folder in which the workers share their metrics; empty when nothing can be written here.

    Importing tempfile and shutil, which do this elsewhere, would cost this process 1 MB of memory.
    """
    temporary = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - mkdir refuses what is there, and links
    metrics_dir = f"{temporary}/service-metrics-{os.getpid()}-{time.time_ns()}"
    try:
        os.mkdir(metrics_dir, 0o700)
    except OSError:
        log.warning("no temporary folder is writable: /metrics shows your own metrics of one worker only")
        return ""
    return metrics_dir


def remove_metrics_dir(metrics_dir: str) -> None:
    """Remove the folder and the files of the workers in it; a leftover in a temporary folder fails nobody."""
    if not metrics_dir:
        return
    try:
        with os.scandir(metrics_dir) as files:
            for file in files:
                os.unlink(file)
        os.rmdir(metrics_dir)
    except OSError as error:
        log.warning("the folder %s stays: %s", metrics_dir, error.strerror)


def drop_privileges(uid: int) -> None:
    """Continue as this user when started as root.

    SageMaker expects containers to start as root, so the image has no USER; the process gives the rights away before it
    loads the model and listens.
    """
    if uid and os.getuid() == 0:
        os.setgroups([])
        os.setgid(uid)
        os.setuid(uid)
