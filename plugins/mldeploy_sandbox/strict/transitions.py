"""States that take time: functions are Pending, updates in progress, caches creating, network interfaces lingering."""

from __future__ import annotations

import copy
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.plane import Call, Gate, Key
from mldeploy_sandbox.rules import Rule, declare

FUNCTION_STATES = "https://docs.aws.amazon.com/lambda/latest/dg/functions-states.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """After one of `begun_by`, a thing is in a state of its own for some sandbox seconds.

    - `name`: the member of all inputs with the thing's name.
    - `shown_by`: operation → path to the description in its output; "*" stands for every item of a list.
    - `state`: what the description says meanwhile.
    - `refused`: operations that have to wait; `code`, `status` and `message` are AWS's answer.
    """

    rule: Rule
    begun_by: frozenset[Key]
    name: str
    seconds: float
    shown_by: Mapping[Key, tuple[str, ...]]
    state: Mapping[str, str]
    refused: frozenset[Key]
    code: str
    status: int
    message: str


def _functions(*operations: str) -> frozenset[Key]:
    return frozenset(("lambda", operation) for operation in operations)


FUNCTION_SHOWN: Mapping[Key, tuple[str, ...]] = {
    ("lambda", "CreateFunction"): (),
    ("lambda", "GetFunction"): ("Configuration",),
    ("lambda", "GetFunctionConfiguration"): (),
    ("lambda", "UpdateFunctionCode"): (),
    ("lambda", "UpdateFunctionConfiguration"): (),
}
FUNCTION_CHANGES = _functions("UpdateFunctionCode", "UpdateFunctionConfiguration", "PublishVersion")
IN_PROGRESS = "The operation cannot be performed at this time. {what} for resource: {name}"

TRANSITIONS = (
    Transition(
        rule=declare(
            "lambda-pending",
            "lambda:CreateFunction",
            "lambda:Invoke",
            *(f"{service}:{operation}" for service, operation in sorted(FUNCTION_CHANGES)),
            says="Strict mode: a new function is Pending for 5 s; it can neither be invoked nor changed.",
            source=FUNCTION_STATES,
        ),
        begun_by=_functions("CreateFunction"),
        name="FunctionName",
        seconds=5,
        shown_by=FUNCTION_SHOWN,
        state={"State": "Pending", "StateReason": "The function is being created.", "StateReasonCode": "Creating"},
        refused=FUNCTION_CHANGES | _functions("Invoke"),
        code="ResourceConflictException",
        status=409,
        message=IN_PROGRESS.format(what="The function is currently in the following state: Pending", name="{name}"),
    ),
    Transition(
        rule=declare(
            "lambda-update-in-progress",
            *(f"{service}:{operation}" for service, operation in sorted(FUNCTION_CHANGES)),
            says="Strict mode: an update takes 3 s (LastUpdateStatus InProgress) and keeps other changes out.",
            source=FUNCTION_STATES,
        ),
        begun_by=_functions("UpdateFunctionCode", "UpdateFunctionConfiguration"),
        name="FunctionName",
        seconds=3,
        shown_by=FUNCTION_SHOWN,
        state={"LastUpdateStatus": "InProgress"},
        refused=FUNCTION_CHANGES,
        code="ResourceConflictException",
        status=409,
        message=IN_PROGRESS.format(what="An update is in progress", name="{name}"),
    ),
    Transition(
        rule=declare(
            "elasticache-creating",
            "elasticache:CreateReplicationGroup",
            "elasticache:ModifyReplicationGroup",
            "elasticache:DeleteReplicationGroup",
            says="Strict mode: a replication group is creating for 10 minutes and cannot be changed meanwhile.",
            source="https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DeleteReplicationGroup.html",
        ),
        begun_by=frozenset({("elasticache", "CreateReplicationGroup")}),
        name="ReplicationGroupId",
        seconds=600,
        shown_by={("elasticache", "DescribeReplicationGroups"): ("ReplicationGroups", "*")},
        state={"Status": "creating"},
        refused=frozenset(
            {("elasticache", "ModifyReplicationGroup"), ("elasticache", "DeleteReplicationGroup")},
        ),
        code="InvalidReplicationGroupState",
        status=400,
        message="Replication group {name} is not in available state.",
    ),
)


class Transitions(Gate):
    """A gate that shows and enforces states that last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._until: dict[tuple[str, str, str], float] = {}

    def before(self, call: Call) -> None:
        """Refuse what has to wait.

        Raises:
            AwsError: in the words of the service.
        """
        for transition in TRANSITIONS:
            if (call.service, call.operation) in transition.refused:
                name = call.params[transition.name]
                if self._lasts(transition, call.region, name):
                    message = transition.message.format(name=name)
                    raise transition.rule.refusal(transition.code, message, transition.status)

    def changes(self, key: Key) -> bool:
        """See `Gate`."""
        return any(key in transition.begun_by or key in transition.shown_by for transition in TRANSITIONS)

    def after(self, call: Call, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Gate`."""
        key, shown = (call.service, call.operation), copy.deepcopy(dict(result))
        for transition in TRANSITIONS:
            if key in transition.begun_by:
                with self._lock:
                    place = (transition.rule.id, call.region, _bare(call.params[transition.name]))
                    self._until[place] = self._clock.monotonic() + transition.seconds
            for description in _descriptions(shown, transition.shown_by.get(key)):
                if self._lasts(transition, call.region, description.get(transition.name, "")):
                    description.update(transition.state)
        return shown

    def _lasts(self, transition: Transition, region: str, name: str) -> bool:
        until = self._until.get((transition.rule.id, region, _bare(name)), 0.0)
        return self._clock.monotonic() < until


def _bare(name: str) -> str:
    """Return the name of what may be given as an ARN or with a qualifier (`function:name:alias`)."""
    return name.split(":function:", 1)[-1].split(":", 1)[0]


def _descriptions(result: Any, path: tuple[str, ...] | None) -> list[dict[str, Any]]:
    if path is None:
        return []
    found = [result]
    for part in path:
        found = [item for one in found for item in (one if part == "*" else [one.get(part, {})])]
    return found
