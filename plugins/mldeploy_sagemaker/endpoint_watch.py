"""Wait for an endpoint to settle, and tell meanwhile what it does: status, share of the traffic, container output."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mldeploy import DeployError
from mldeploy_aws.log_source import CloudWatchLogs

if TYPE_CHECKING:
    from mldeploy import Context, Step

IN_SERVICE = "InService"
FAILED = "Failed"
ROLLBACK_FAILED = "UpdateRollbackFailed"
STABLE = {IN_SERVICE, FAILED, "OutOfService", ROLLBACK_FAILED}
"""Every other status passes by itself (SageMaker API reference, DescribeEndpoint: EndpointStatus)."""

DEFAULT_SECONDS = 1800
LOG_EVERY_SECONDS = 5.0
MOST_LOG_LINES = 1000


class EndpointWatch:
    """Watches one endpoint from now on.

    - `started`: seconds since 1970; only log streams that began later are told, those of the new containers.
    - `seconds`: the step's own deadline for one wait.
    """

    def __init__(self, context: Context, step: Step, describe: Callable[[], Mapping[str, Any] | None]) -> None:
        self.started = time.time()
        self.seconds = float(step.settings.get("WaitSeconds") or DEFAULT_SECONDS)
        self._context = context
        self._step = step
        self._describe = describe
        self._said = ""
        self._lines_told = 0
        self._next_look = time.monotonic() + LOG_EVERY_SECONDS

    def settled(self) -> Mapping[str, Any]:
        """Wait until the endpoint is in a state that lasts, and return its description.

        Raises:
            DeployError: somebody deleted it.
            PendingError: the deadline passed, or the run was interrupted.
        """
        return self._context.wait(self._look, seconds=self.seconds, what=f"endpoint {self._step.name}")

    def _look(self) -> Mapping[str, Any] | None:
        found = self._describe()
        if found is None:
            message = f"endpoint {self._step.name} disappeared"
            raise DeployError(message, hint="somebody deleted it; run again to make it")
        self._say(_told(found))
        if found["EndpointStatus"] in STABLE:
            return found
        if time.monotonic() >= self._next_look:
            self._tell_log()
        return None

    def _tell_log(self) -> None:
        self._next_look = time.monotonic() + LOG_EVERY_SECONDS
        group = self._step.settings.get("LogGroupName")
        if not group:
            return
        lines = CloudWatchLogs(self._context).tail(group, MOST_LOG_LINES, since=self.started)
        for line in lines[self._lines_told :]:
            self._context.progress(self._step.id, f"log: {line}")
        self._lines_told = max(self._lines_told, len(lines))

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            self._context.progress(self._step.id, text)


def _told(found: Mapping[str, Any]) -> str:
    """Return the status, and how far an update in steps has come."""
    variants = (found.get("PendingDeploymentSummary") or {}).get("ProductionVariants", [])
    stages = {status["Status"] for variant in variants for status in variant.get("VariantStatus", [])}
    return ", ".join([found["EndpointStatus"], *sorted(stages)])
