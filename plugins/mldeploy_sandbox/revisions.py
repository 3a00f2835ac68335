"""Revision ids of Lambda functions: shown in descriptions, and asked for before a change. moto has none."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.lambda_function import split_function_name, stored_function
from mldeploy_sandbox.plane import Call, Gate, Key
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.world import World

REVISION = declare(
    "lambda-revision",
    "lambda:UpdateFunctionCode",
    "lambda:UpdateFunctionConfiguration",
    "lambda:PublishVersion",
    says="A RevisionId that is not the latest one stops a change.",
    source="https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html",
)
CHANGES = frozenset(
    {("lambda", "UpdateFunctionCode"), ("lambda", "UpdateFunctionConfiguration"), ("lambda", "PublishVersion")}
)
SHOWN = CHANGES | {("lambda", "CreateFunction"), ("lambda", "GetFunctionConfiguration"), ("lambda", "GetFunction")}
NAMESPACE = uuid.UUID("6f2d7d0e-6a53-4f0e-9d0a-5f1f6f3f9a10")
PRECONDITION = "PreconditionFailedException"


class Revisions(Gate):
    """A gate before changes of functions; the id of a function follows from what it is."""

    def __init__(self, world: World) -> None:
        self._world = world

    def before(self, call: Call) -> None:
        """Refuse a change of what somebody else has changed meanwhile.

        Raises:
            AwsError: PreconditionFailedException.
        """
        wanted = call.params.get("RevisionId")
        if wanted and (call.service, call.operation) in CHANGES and wanted != self._revision(call):
            message = (
                "The RevisionId provided does not match the latest RevisionId for the Lambda function or alias. Call "
                "the GetFunction or the GetAlias API to retrieve the latest RevisionId for your resource."
            )
            raise REVISION.refusal(PRECONDITION, message, 412)

    def changes(self, key: Key) -> bool:
        """See `Gate`."""
        return key in SHOWN

    def after(self, call: Call, result: Mapping[str, Any]) -> Mapping[str, Any]:
        """See `Gate`."""
        revision = {"RevisionId": self._revision(call)}
        if "Configuration" in result:
            return {**result, "Configuration": {**result["Configuration"], **revision}}
        return {**result, **revision}

    def _revision(self, call: Call) -> str:
        name, qualifier = split_function_name(call.params["FunctionName"], call.params.get("Qualifier"))
        with self._world.moto.lock:
            configuration = stored_function(self._world, call.region, name, qualifier).get_configuration()
        return str(uuid.uuid5(NAMESPACE, json.dumps(configuration, sort_keys=True, default=str)))
