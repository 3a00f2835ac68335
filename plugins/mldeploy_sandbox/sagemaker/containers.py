"""One production variant at work: a process that is started, pinged, called and stopped as SageMaker does."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3

from mldeploy_sandbox.processes import Child, free_port
from mldeploy_sandbox.sagemaker.images import Program
from mldeploy_sandbox.workload_environment import workload_environment
from mldeploy_sandbox.world import World

log = logging.getLogger(__name__)

PING_SECONDS = 2.0
INVOCATION_SECONDS = 60.0
"""Limits of a ping and of an invocation
(https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html)."""

PING_EVERY_SECONDS = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 1.0
RESTART_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0)


class PingError(Exception):
    """The process ended or did not answer its ping in time; the message says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What a container runs and for whom.

    - `weight`: InitialVariantWeight of its variant.
    - `most_at_once`: MaxConcurrency of a serverless variant.
    """

    endpoint: str
    variant: str
    region: str
    program: Program
    model_folder: Path | None
    environment: Mapping[str, str]
    startup_seconds: float
    weight: float = 1.0
    most_at_once: int | None = None


class Container:
    """The process behind one variant; restarted when it dies in service."""

    def __init__(self, world: World, task: Task) -> None:
        self.task = task
        self.instance_id = f"i-{secrets.token_hex(8)}"
        self._world = world
        self._port = free_port()
        self._pool = urllib3.HTTPConnectionPool(
            "127.0.0.1", self._port, maxsize=32, retries=False, headers={"Connection": "close"}
        )
        self._child: Child | None = None
        self._stopping = threading.Event()
        self._starting = threading.Lock()
        self._busy = 0
        self._idle = threading.Condition()
        self._watcher = threading.Thread(target=self._watch, name=f"watch {task.endpoint}", daemon=True)

    @property
    def log_group(self) -> str:
        """The group that SageMaker writes container output to."""
        return f"/aws/sagemaker/Endpoints/{self.task.endpoint}"

    @property
    def log_stream(self) -> str:
        """The stream of this variant and instance."""
        return f"{self.task.variant}/{self.instance_id}"

    def start(self) -> None:
        """Start the process and wait until it answers its ping.

        Raises:
            PingError: it never did; the process is gone.
        """
        try:
            self._start_process()
            self._wait_for_ping()
        except (OSError, PingError) as error:
            self._say(f"[sandbox] {error}")
            self.stop()
            raise PingError(str(error)) from error
        self._watcher.start()

    def invoke(self, body: bytes, headers: Mapping[str, str]) -> urllib3.BaseHTTPResponse:
        """Send one request to /invocations.

        Raises:
            urllib3.exceptions.HTTPError: no answer within the limit, or no connection.
        """
        return self._pool.request(
            "POST",
            "/invocations",
            body=body,
            headers={**self._pool.headers, **headers},
            timeout=INVOCATION_SECONDS,
            redirect=False,
        )

    @property
    def is_full(self) -> bool:
        """Whether a serverless variant works on more requests than it may."""
        with self._idle:
            return self.task.most_at_once is not None and self._busy > self.task.most_at_once

    def begin(self) -> None:
        """Count a request in, so that `drain` waits for it."""
        with self._idle:
            self._busy += 1

    def finish(self) -> None:
        """Count a request out."""
        with self._idle:
            self._busy -= 1
            self._idle.notify_all()

    def drain(self) -> None:
        """Wait until no request is under way, for as long as a request may take."""
        with self._idle:
            self._idle.wait_for(lambda: self._busy == 0, INVOCATION_SECONDS)

    def stop(self) -> None:
        """End the process: TERM, and KILL after 30 s; returns when its last line is in the log."""
        with self._starting:
            self._stopping.set()
        if self._child is not None:
            self._world.processes.stop(self._child)
        if self._watcher.is_alive():
            self._watcher.join()
        self._pool.close()

    def _start_process(self) -> None:
        program = self.task.program
        with self._starting:
            if self._stopping.is_set():
                return
            self._child = self._world.processes.start(
                (*program.entrypoint, "serve"),
                name=f"{self.task.endpoint}/{self.task.variant}",
                environment=self._environment(),
                folder=program.folder,
                on_line=self._say,
            )

    def _environment(self) -> dict[str, str]:
        task = self.task
        model = {} if task.model_folder is None else {"SM_MODEL_DIR": str(task.model_folder)}
        own = workload_environment(
            self._world.base_url, task.region, self._port, task.program.environment, task.environment
        )
        return own | model

    def _wait_for_ping(self) -> None:
        deadline, pause = time.monotonic() + self.task.startup_seconds, FIRST_PAUSE
        while not self._ping():
            code = self._child.exit_code if self._child else None
            if code is not None:
                message = f"the process ended with code {code} before it answered GET /ping"
                raise PingError(message)
            if time.monotonic() > deadline:
                message = f"GET /ping gave no 200 within {self.task.startup_seconds:.0f} s"
                raise PingError(message)
            if self._stopping.wait(pause):
                message = "stopped while starting"
                raise PingError(message)
            pause = min(pause * 1.5, LONGEST_PAUSE)

    def _ping(self) -> bool:
        if self._world.faults.broken("ping-fail", self.task.endpoint):
            return False
        try:
            return bool(self._pool.request("GET", "/ping", timeout=PING_SECONDS, redirect=False).status == 200)
        except urllib3.exceptions.HTTPError:
            return False

    def _watch(self) -> None:
        """Ping every few seconds while in service, and start the process again when it ends."""
        restarts = 0
        while not self._stopping.is_set() and self._child is not None:
            code = self._child.wait(PING_EVERY_SECONDS)
            if self._stopping.is_set():
                return
            if code is None:
                if not self._ping():
                    self._say("[sandbox] GET /ping gave no 200 within 2 s")
                continue
            self._say(f"[sandbox] the process ended with code {code} and is started again")
            if self._stopping.wait(RESTART_PAUSES[min(restarts, len(RESTART_PAUSES) - 1)]):
                return
            restarts += 1
            try:
                self._start_process()
            except OSError as error:
                self._say(f"[sandbox] it cannot be started: {error}")

    def _say(self, line: str) -> None:
        self._world.log(self.log_group, self.log_stream, [line], region=self.task.region)
