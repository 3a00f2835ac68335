"""Move requests from one version of a function to another in steps, and back as soon as something is wrong.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mldeploy import DeployError
from mldeploy_aws.alarm_specs import alarms_on

if TYPE_CHECKING:
    from mldeploy import Context, Step

SERVER_ERROR = 500
SLACK_SECONDS = 60
"""What one look at the alarms may take beyond the time in which they are watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasShift:
    """One alias on its way from the version `old` to the version `new`.

    - `step`: of the alias. Settings: Shares (parts of the requests that `new` gets one after the other), BakeSeconds
      (how long the alarms are watched after each), Requests (events that `new` has to answer before it gets any).
      Spec: RollbackAlarms (names).
    - `lambda_`, `cloudwatch`: clients.
    """

    context: Context
    step: Step
    lambda_: Any = field(repr=False)
    cloudwatch: Any = field(repr=False)
    old: str
    new: str

    def run(self) -> None:
        """Try the new version, then give it a share after the other; all of them is left to the caller.

        An alarm that is on already cannot judge the new version, and would take the repair back as well: then nothing
        is shifted in steps.

        Raises:
            DeployError: the new version failed a request, or an alarm went on; the old one gets all requests again.
            PendingError: interrupted; the share stays as it is, and the next run begins again.
        """
        self._try_out()
        on = alarms_on(self.cloudwatch, self._alarms)
        if on:
            self._say(f"{', '.join(on)} is on already and cannot judge this version: moving all at once")
            return
        for share in self.step.settings["Shares"]:
            self._route({self.new: share})
            self._say(f"version {self.new} gets {share:.0%} of the requests")
            on = self._baked()
            if on:
                self._route({})
                message = f"version {self.new} is taken back after {share:.0%} of the requests: {', '.join(on)} went on"
                hint = f"version {self.old} gets all requests again; the log group /aws/lambda/{self._name} tells more"
                raise DeployError(message, hint=hint)

    @property
    def _alarms(self) -> Sequence[str]:
        names: Sequence[str] = self.step.spec["RollbackAlarms"]
        return names

    @property
    def _name(self) -> str:
        return str(self.step.spec["FunctionName"])

    def _try_out(self) -> None:
        """Send the release's own requests to the version itself, which nobody else can reach yet."""
        for number, event in enumerate(self.step.settings["Requests"], start=1):
            answer = self.lambda_.invoke(
                FunctionName=self._name, Qualifier=self.new, Payload=json.dumps(event).encode()
            )
            wrong = _failure(answer, json.loads(answer["Payload"].read()))
            if wrong:
                message = f"version {self.new} gets no requests: it answers number {number} of verify.requests {wrong}"
                raise DeployError(message, hint=f"version {self.old} still gets all requests; fix it and run again")

    def _route(self, weights: Mapping[str, float]) -> None:
        self.lambda_.update_alias(
            FunctionName=self._name,
            Name=self.step.spec["Name"],
            FunctionVersion=self.old,
            RoutingConfig={"AdditionalVersionWeights": dict(weights)},
        )

    def _baked(self) -> list[str]:
        """Watch the alarms for a while; return those that went on."""
        seconds = self.step.settings["BakeSeconds"]
        end = time.monotonic() + seconds

        def look() -> list[str] | None:
            over = time.monotonic() >= end
            on = alarms_on(self.cloudwatch, self._alarms)
            return on if on or over else None

        return self.context.wait(look, seconds=seconds + SLACK_SECONDS, what=f"version {self.new} of {self._name}")

    def _say(self, text: str) -> None:
        self.context.progress(self.step.id, text)


def _failure(answer: Mapping[str, Any], payload: Any) -> str:
    """Return how an invocation failed; nothing when it did not."""
    if answer.get("FunctionError"):
        return f"with {payload.get('errorType', 'an error')}: {payload.get('errorMessage', '')}"
    if payload["statusCode"] >= SERVER_ERROR:
        return f"with status {payload['statusCode']}: {payload['body']}"
    return ""
