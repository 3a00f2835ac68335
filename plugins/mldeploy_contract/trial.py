"""One examination under way: the service as it runs now, and the requests that rules send to it."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from mldeploy.errors import UsageError
from mldeploy_contract.example import GUESS, Example
from mldeploy_contract.exchange import HOST, Answer, Exchange, NoAnswerError, exchange
from mldeploy_contract.limits import Limits
from mldeploy_contract.load import Load, press
from mldeploy_contract.shutdown import Shutdown, shut_down
from mldeploy_contract.startup import Cause, StartUp, watch_start
from mldeploy_contract.targets.target import SERVE, Start
from mldeploy_sandbox.processes import free_port

if TYPE_CHECKING:
    from mldeploy_contract.model_folder import ModelFolder
    from mldeploy_contract.targets.target import Running, Target

INVOCATIONS = "/invocations"
MOMENT_SECONDS = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Under which conditions a service is examined.

    - `example`: a request that it should answer.
    - `concurrency`: how many callers there are at the same time.
    - `environment`: variables that the service gets, as from `Environment` of CreateModel.
    - `time_scale`: what SageMaker's times were multiplied with to get `limits`.
    """

    limits: Limits = field(default_factory=Limits)
    example: Example = GUESS
    concurrency: int = 8
    environment: Mapping[str, str] = field(default_factory=dict)
    time_scale: float = 1.0


class Trial:
    """Starts, asks and stops one target; what rules share is measured once."""

    def __init__(self, target: Target, model_folder: ModelFolder, conditions: Conditions) -> None:
        self.conditions = conditions
        self.model_folder = model_folder
        self.start_up = StartUp(cause=Cause.NEVER)
        self.port = target.fixed_port or free_port()
        self._target = target
        self._running: Running | None = None
        self._stopped: Shutdown | None = None

    @property
    def limits(self) -> Limits:
        """The limits that hold here."""
        return self.conditions.limits

    @property
    def alive(self) -> bool:
        """Whether the service runs."""
        return self._running is not None and self._running.exit_code is None

    def survives(self) -> bool:
        """Return whether the service still runs in a moment: a connection breaks before its process is gone."""
        return self.running.wait(MOMENT_SECONDS) is None

    @property
    def running(self) -> Running:
        """The service that was started last.

        Raises:
            RuntimeError: none was.
        """
        if self._running is None:
            message = "the service was not started"
            raise RuntimeError(message)
        return self._running

    @property
    def ended_by_itself(self) -> bool:
        """Whether the service is gone without having been stopped."""
        return self._running is not None and not self.alive and self._stopped is None

    def begin(self) -> StartUp:
        """Start the service as SageMaker does and watch it until it is healthy, or clearly will not be.

        Raises:
            UsageError: it cannot be started, or somebody else has the port.
        """
        if not self._target.fixed_port and self._taken_port():
            self.port = free_port()  # another program was quicker
        seen = self._attempt(self.limits)
        self.start_up = self._explained(seen) if seen.cause is Cause.ENDED else seen
        return self.start_up

    def restart(self) -> StartUp:
        """Start the service once more, in the same place; what is left of the one before is ended."""
        self.running.kill()
        return StartUp(cause=Cause.PORT_HELD) if self.port_is_open() else self._attempt(self.limits)

    def stop(self) -> Shutdown:
        """Stop the service with requests under way, as SageMaker does; later calls return what the first one saw."""
        if self._stopped is None:
            self._stopped = shut_down(self)
        return self._stopped

    def close(self) -> None:
        """End whatever still runs, at once, and give the model folder back."""
        if self._running is not None:
            self._running.kill()
            self._running = None
        self.model_folder.allow_writing(allowed=True)

    def port_is_open(self) -> bool:
        """Whether anybody takes connections on the service's port."""
        with socket.socket() as probe:
            probe.settimeout(self.limits.ping)
            return probe.connect_ex((HOST, self.port)) == 0

    def ping(self) -> Answer:
        """Ask /ping within its limit.

        Raises:
            NoAnswerError: no complete answer came in time.
        """
        return exchange(self.port, "GET", "/ping", seconds=self.limits.ping)

    def invoke(self, body: bytes | Iterable[bytes] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send the example, or another body, to /invocations.

        Arguments:
            headers: added to those of the example; an empty value takes one away.

        Raises:
            NoAnswerError: no complete answer came in time.
        """
        example = self.conditions.example
        merged = {**example.headers, **(headers or {})}
        return exchange(
            self.port,
            "POST",
            INVOCATIONS,
            seconds=self.limits.invocation,
            body=example.body if body is None else body,
            headers={name: value for name, value in merged.items() if value},
        )

    def open_invocation(self) -> Exchange:
        """Open a connection for a request that is sent in parts."""
        one = Exchange(self.port, self.limits.invocation + self.limits.stop)
        one.connect()
        return one

    @cached_property
    def usual(self) -> Answer | NoAnswerError:
        """What the service answers to the example, or how it fails to."""
        try:
            return self.invoke()
        except NoAnswerError as error:
            return error

    @cached_property
    def load(self) -> Load:
        """What happened while all callers sent requests and /ping was asked."""
        return press(self)

    def _attempt(self, limits: Limits, *, arguments: tuple[str, ...] = (SERVE,), read_only: bool = True) -> StartUp:
        """Start the service, also in ways in which SageMaker would not."""
        if self._running is not None:
            self._running.kill()
        self._refuse_taken_port()
        self._stopped = None
        self.model_folder.allow_writing(allowed=not read_only)
        start = Start(
            port=self.port,
            model_folder=self.model_folder.path,
            arguments=arguments,
            environment=self.conditions.environment,
            read_only=read_only,
        )
        self._running = self._target.start(start)
        return watch_start(self._running, self.port, limits)

    def _explained(self, seen: StartUp) -> StartUp:
        """Try a start that ended again under easier conditions; what helps is the cause."""
        brief = replace(self.limits, startup=self.limits.settle)
        if self._attempt(brief, read_only=False).cause is Cause.HEALTHY:
            cause = Cause.MODEL_FOLDER
        elif self._attempt(brief, arguments=()).cause is Cause.HEALTHY:
            cause = Cause.ARGUMENT
        else:
            cause = Cause.ENDED
        self.close()
        return replace(seen, cause=cause)

    def _refuse_taken_port(self) -> None:
        if reason := self._taken_port():
            message = f"port {self.port} of this machine is taken: {reason}"
            raise UsageError(message, hint="stop who listens there, or name another port with --port")

    def _taken_port(self) -> str:
        """Return why the port cannot be had; nothing when it can."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                return error.strerror or str(error)
        return ""
