"""AWS::Lambda::Permission: a statement in the policy of a function that lets a caller in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mldeploy import Observed, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none

NOT_FOUND = "ResourceNotFoundException"


class PermissionDriver(AwsDriver):
    """Spec: FunctionName, Action, Principal, SourceArn. No outputs. The step's name is the statement's id."""

    service = "lambda"
    parents = ("FunctionName",)

    def find(self, step: Step) -> Observed | None:
        """Return the statement."""
        function = step.spec["FunctionName"]
        answer = found_or_none(lambda: self.client.get_policy(FunctionName=function), NOT_FOUND)
        statements = json.loads(answer["Policy"])["Statement"] if answer else []
        statement = next((item for item in statements if item.get("Sid") == step.name), None)
        return None if statement is None else Observed(spec={"FunctionName": function, **_spec(statement)})

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Add the statement."""
        self.client.add_permission(StatementId=step.name, **step.spec)
        return {}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Take the statement out and add it anew: statements cannot be changed."""
        self.remove(step, observed)
        return self.create(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Take the statement out."""
        key = {"FunctionName": step.spec["FunctionName"], "StatementId": step.name}
        self.client.remove_permission(**key)


def _spec(statement: Mapping[str, Any]) -> Mapping[str, JSON]:
    principal = statement["Principal"]
    return {
        "Action": statement["Action"],
        "Principal": principal["Service"] if isinstance(principal, Mapping) else principal,
        "SourceArn": statement.get("Condition", {}).get("ArnLike", {}).get("AWS:SourceArn"),
    }
