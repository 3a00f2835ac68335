"""CloudWatch alarms of the user's own, which stop new pods while they get a part of the requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mldeploy import DeployError
from mldeploy_aws.alarm_specs import alarms_on

if TYPE_CHECKING:
    from mldeploy import Context, Step

PROPERTY = "RollbackAlarms"
"""The property of the step with their names; absent where nothing is weighed, or no alarm is named."""


class TakeoverAlarms:
    """The alarms of one takeover. One that is on already cannot judge the new pods, and is left out of it."""

    def __init__(self, context: Context, step: Step) -> None:
        self._context = context
        self._step = step
        self._names: list[str] = list(step.spec.get(PROPERTY, ()))
        self._percent = 0

    def leave_out_those_on(self) -> None:
        """Look which alarms can judge the new pods; say which cannot.

        Raises:
            DeployError: one does not exist.
        """
        on = self._on()
        if on:
            text = f"{', '.join(on)} is on already and cannot judge the new pods: watching them without it"
            self._context.progress(self._step.id, text)
            self._names = [name for name in self._names if name not in on]

    def share(self, percent: int) -> None:
        """Take note of the part of the requests that the new pods are about to get.

        Before the first one, what went on while they started is no fault of theirs.
        """
        if not self._percent:
            self.leave_out_those_on()
        self._percent = percent

    def check(self) -> None:
        """Look at the alarms, once the new pods get requests.

        Raises:
            DeployError: one went on.
        """
        on = self._on() if self._percent else []
        if on:
            message = f"{', '.join(on)} went on while new pods had {self._percent} % of the requests"
            raise DeployError(message, hint="look at what the alarm measures, and at `mldeploy logs`")

    def _on(self) -> list[str]:
        if not self._names:
            return []
        return alarms_on(self._context.provider("aws").client("cloudwatch"), self._names)
