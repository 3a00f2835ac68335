"""A worker: one process that runs one version of a function, one event at a time, under AWS's runtime client."""

from __future__ import annotations

import sys
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mldeploy_sandbox.identity import WORKLOAD_KEY_ID, client_environment
from mldeploy_sandbox.lambda_code import runtime_libraries, unpack
from mldeploy_sandbox.lambda_runtime import Invocation, Outcome, RuntimeApi, failure

if TYPE_CHECKING:
    from mldeploy_sandbox.lambda_function import FunctionVersion
    from mldeploy_sandbox.world import World

BOOTSTRAP = Path(__file__).with_name("lambda_bootstrap.py")
OUTPUT_SECONDS = 1.0
"""How long to wait for lines that were printed before the outcome was posted."""

INIT_SECONDS = 10.0
"""The init phase has its own limit (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """An invocation that is over: its outcome and the log lines that CloudWatch gets."""

    outcome: Outcome
    lines: tuple[str, ...]


class Worker:
    """One execution environment."""

    def __init__(self, world: World, function: FunctionVersion) -> None:
        self.function = function
        self.idle_since = time.monotonic()
        self.log_stream = f"{datetime.now(UTC):%Y/%m/%d}/[{function.version}]{uuid.uuid4().hex}"
        self._world = world
        self._lines: list[str] = []
        self._output_ended = threading.Event()
        self._request_id = ""
        self._runtime = RuntimeApi()
        self._created = time.monotonic()
        self._init_milliseconds: float | None = None
        store = world.folder / "lambda"
        folder = unpack(function.code, store)
        self._child = world.processes.start(
            [sys.executable, "-S", "-P", str(BOOTSTRAP), function.handler],
            name=f"lambda {function.name}",
            environment=self._environment(folder, store),
            folder=folder,
            on_line=self._take_line,
        )
        threading.Thread(target=self._watch, name=f"end of lambda {function.name}", daemon=True).start()

    @property
    def usable(self) -> bool:
        """False, for good, when it must not get another event."""
        return self._child.exit_code is None and not self._runtime.broken

    def run(self, invocation: Invocation) -> Run:
        """Give the event to the handler and wait for its end or the function's timeout."""
        if self._init_milliseconds is None:
            self._runtime.waiting.wait(INIT_SECONDS)
            self._init_milliseconds = init = (time.monotonic() - self._created) * 1000
        else:
            init = None
        self._request_id = invocation.request_id
        begin = time.monotonic()
        self._runtime.give(invocation)
        outcome = self._runtime.outcome(invocation.timeout_seconds)
        milliseconds = (time.monotonic() - begin) * 1000
        memory = peak_memory_megabytes(self._child.pid) or self.function.memory_megabytes
        remarks: tuple[str, ...] = ()
        if outcome is None:
            outcome, remarks = self._timed_out(invocation)
            self.stop()
        self._output_ended.wait(OUTPUT_SECONDS)
        self._output_ended.clear()
        report = self._report(invocation, milliseconds, memory, init)
        return Run(outcome=outcome, lines=(*self._begin(invocation), *self._drain(), *remarks, *report))

    def stop(self) -> None:
        """End the process now."""
        self._world.processes.stop(self._child, patience=0)

    def _watch(self) -> None:
        code = self._child.wait()
        reason = f"exit status {code}" if code is None or code >= 0 else f"signal: {-code}"
        message = f"RequestId: {self._request_id} Error: Runtime exited with error: {reason}"
        self._runtime.report(failure("Runtime.ExitError", message))
        self._output_ended.set()
        self._runtime.close()

    def _take_line(self, line: str) -> None:
        """Take a line of output; the part after NUL is the mark that lambda_bootstrap sets."""
        text, mark, _ = line.partition("\0")
        if text or not mark:
            self._lines.append(text)
        if mark:
            self._output_ended.set()

    def _timed_out(self, invocation: Invocation) -> tuple[Outcome, tuple[str, ...]]:
        text = f"Task timed out after {self.function.timeout_seconds:.2f} seconds"
        message = f"RequestId: {invocation.request_id} Error: {text}"
        now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
        return failure("Sandbox.Timedout", message), (f"{now} {invocation.request_id} {text}",)

    def _begin(self, invocation: Invocation) -> tuple[str, ...]:
        return (f"START RequestId: {invocation.request_id} Version: {self.function.version}",)

    def _drain(self) -> list[str]:
        """Take the lines printed so far, which may belong to the init phase."""
        taken = self._lines[:]
        del self._lines[: len(taken)]
        return taken

    def _report(self, invocation: Invocation, milliseconds: float, memory: int, init: float | None) -> tuple[str, ...]:
        parts = [
            f"REPORT RequestId: {invocation.request_id}",
            f"Duration: {milliseconds:.2f} ms",
            f"Billed Duration: {int(milliseconds) + 1} ms",
            f"Memory Size: {self.function.memory_megabytes} MB",
            f"Max Memory Used: {memory} MB",
        ]
        if init is not None:
            parts.append(f"Init Duration: {init:.2f} ms")
        return f"END RequestId: {invocation.request_id}", "\t".join(parts)

    def _environment(self, folder: Path, store: Path) -> dict[str, str]:
        """Return the variables of a runtime.

        Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
        """
        layers = [str(unpack(layer, store) / "python") for layer in self.function.layers]
        bundle = self._world.folder / "tls" / "bundle.pem"
        return {
            **client_environment(self._world.base_url, self.function.region, WORKLOAD_KEY_ID),
            **({"SSL_CERT_FILE": str(bundle)} if bundle.exists() else {}),
            **self.function.environment,
            "AWS_REGION": self.function.region,
            "AWS_DEFAULT_REGION": self.function.region,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self.function.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": self.function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": self.function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(self.function.memory_megabytes),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": self.function.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": self.log_stream,
            "AWS_LAMBDA_RUNTIME_API": self._runtime.address,
            "LAMBDA_TASK_ROOT": str(folder),
            "LANG": "en_US.UTF-8",
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "PYTHONPATH": ":".join([str(folder), *layers, str(runtime_libraries(store))]),
            "PYTHONUNBUFFERED": "1",
            "TZ": ":UTC",
            "_HANDLER": self.function.handler,
        }


def peak_memory_megabytes(pid: int) -> int | None:
    """Return the most memory that a process has held so far; None where /proc does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return max(1, int(line.split()[1]) // 1024)
    return None
