"""The Lambda plane: functions really run; moto keeps their code, configuration, aliases and policies."""

from __future__ import annotations

import base64
import json
import threading
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox import lambda_rules
from mldeploy_sandbox.lambda_function import FunctionVersion, read_function, split_function_name, stored_function
from mldeploy_sandbox.lambda_metrics import NAMESPACE, FunctionMetrics, Invoked
from mldeploy_sandbox.lambda_policy import add_statement, remove_statements, statements
from mldeploy_sandbox.lambda_pool import Workers
from mldeploy_sandbox.lambda_runtime import Invocation, Outcome
from mldeploy_sandbox.plane import AwsError, Call, Operation, Plane, WsgiApp
from mldeploy_sandbox.role_policy import role_allows

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

MAX_REQUEST_BYTES = 6_291_456
MAX_EVENT_BYTES = 1_048_576
"""Synchronous and asynchronous payload (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""

LOG_TAIL_BYTES = 4096


class LambdaPlane:
    """Answers for Lambda what moto lacks: invocations, versions, and the rules."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._workers = Workers(world)
        self._metrics = FunctionMetrics()
        world.measured[NAMESPACE] = self._metrics.measure
        self._published: dict[tuple[str, str], int] = {}

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """See `Plane`."""
        handlers = {
            "AddPermission": self._add_permission,
            "CreateFunction": self._create_function,
            "DeleteAlias": self._delete_alias,
            "DeleteFunction": self._delete_function,
            "GetPolicy": self._get_policy,
            "Invoke": self._invoke,
            "PublishVersion": self._publish_version,
            "RemovePermission": self._remove_permission,
            "UpdateFunctionCode": self._update_function_code,
            "UpdateFunctionConfiguration": self._update_function_configuration,
        }
        return {("lambda", name): handler for name, handler in handlers.items()}

    def routes(self) -> Mapping[str, WsgiApp]:
        """See `Plane`."""
        return {}

    def close(self) -> None:
        """See `Plane`."""
        self._workers.close()

    def _invoke(self, call: Call) -> Mapping[str, Any]:
        name, qualifier = split_function_name(call.params["FunctionName"], call.params.get("Qualifier"))
        function = read_function(self._world, call.region, name, qualifier)
        if not function.runtime.startswith("python"):
            code, message = "NotImplemented", f"the sandbox runs Python functions only, not {function.runtime}"
            raise AwsError(code, message, 501)
        kind = call.params.get("InvocationType", "RequestResponse")
        if kind == "DryRun":
            return {"StatusCode": 204}
        invocation = self._invocation(call, function, qualifier)
        if kind == "Event":
            threading.Thread(target=self._run, args=(function, invocation), name=f"event for {name}").start()
            return {"StatusCode": 202}
        outcome, lines = self._run(function, invocation)
        answer = {"StatusCode": 200, "ExecutedVersion": function.version, "Payload": outcome.payload}
        if outcome.failed:
            answer["FunctionError"] = "Unhandled"
        if call.params.get("LogType") == "Tail":
            tail = "".join(f"{line}\n" for line in lines).encode()[-LOG_TAIL_BYTES:]
            answer["LogResult"] = base64.b64encode(tail).decode()
        return answer

    def _invocation(self, call: Call, function: FunctionVersion, qualifier: str | None) -> Invocation:
        event = call.params.get("Payload") or b"{}"
        limit = MAX_EVENT_BYTES if call.params.get("InvocationType") == "Event" else MAX_REQUEST_BYTES
        if len(event) > limit:
            code = "RequestTooLargeException"
            message = f"Request must be smaller than {limit} bytes for the InvokeFunction operation"
            raise AwsError(code, message, 413)
        try:
            json.loads(event)
        except ValueError as error:
            code, message = "InvalidRequestContentException", f"Could not parse request body into json: {error}"
            raise AwsError(code, message) from error
        arn = f"arn:aws:lambda:{call.region}:{call.account_id}:function:{function.name}"
        context = call.params.get("ClientContext")
        return Invocation(
            request_id=str(uuid.uuid4()),
            function_arn=f"{arn}:{qualifier}" if qualifier else arn,
            event=event,
            timeout_seconds=function.timeout_seconds,
            client_context=base64.b64decode(context).decode() if context else None,
        )

    def _run(self, function: FunctionVersion, invocation: Invocation) -> tuple[Outcome, tuple[str, ...]]:
        begin = self._world.clock.monotonic()
        with self._workers.borrow(function) as worker:
            run = worker.run(invocation)
        self._measure(function, invocation, begin, failed=run.outcome.failed)
        self._world.log(
            function.log_group,
            worker.log_stream,
            run.lines,
            region=function.region,
            create=role_allows(self._world, function.role, "logs:CreateLogGroup"),
        )
        return run.outcome, run.lines

    def _measure(self, function: FunctionVersion, invocation: Invocation, begin: float, *, failed: bool) -> None:
        now = self._world.clock.monotonic()
        self._metrics.record(
            Invoked(
                time=now,
                region=function.region,
                function=function.name,
                resource=invocation.function_arn.partition(":function:")[2],
                version=function.version,
                milliseconds=(now - begin) * 1000,
                failed=failed,
            )
        )

    def _create_function(self, call: Call) -> Mapping[str, Any]:
        lambda_rules.check_creation(call.params)
        answer = {**self._world.moto.answer(_without_publish(call)), "LastUpdateStatus": "Successful"}
        return self._published_if_asked(call, answer)

    def _update_function_code(self, call: Call) -> Mapping[str, Any]:
        lambda_rules.check_code(call.params)
        answer = self._world.moto.answer(_without_publish(call))
        self._workers.stop(answer["FunctionName"], call.region)
        return self._published_if_asked(call, answer)

    def _update_function_configuration(self, call: Call) -> Mapping[str, Any]:
        lambda_rules.check_configuration(call.params)
        answer = self._world.moto.answer(call)
        self._workers.stop(answer["FunctionName"], call.region)
        return answer

    def _delete_function(self, call: Call) -> Mapping[str, Any]:
        name, _ = split_function_name(call.params["FunctionName"], call.params.get("Qualifier"))
        answer = self._world.moto.answer(call)
        self._workers.stop(name, call.region)
        return answer

    def _published_if_asked(self, call: Call, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        if not call.params.get("Publish"):
            return answer
        return self._publish_version(_with(call, {"FunctionName": call.params["FunctionName"]}))

    def _publish_version(self, call: Call) -> Mapping[str, Any]:
        """Publish what changed, under a number that was never used, not even by a version that is gone."""
        name, _ = split_function_name(call.params["FunctionName"])
        with self._world.moto.lock:
            backend = self._world.backend("lambda", call.region)
            function = stored_function(self._world, call.region, name, None)
            versions = list(backend.list_versions_by_function(name))[1:]
            if versions and lambda_rules.same_version(function.get_configuration(), versions[-1].get_configuration()):
                return _configuration(versions[-1])
            expected = call.params.get("CodeSha256")
            if expected and expected != function.code_sha_256:
                code = "InvalidParameterValueException"
                message = f"CodeSHA256 ({expected}) is different from current CodeSHA256 in $LATEST"
                raise AwsError(code, message)
            function.code_or_config_updated = True
            published = backend.publish_version(name, call.params.get("Description", ""))
            number = self._published.get((call.region, name), 0) + 1
            self._published[(call.region, name)] = number
            published.set_version(number)
            return _configuration(published)

    def _add_permission(self, call: Call) -> Mapping[str, Any]:
        return {"Statement": json.dumps(add_statement(self._world, call.region, call.params))}

    def _remove_permission(self, call: Call) -> Mapping[str, Any]:
        name, qualifier = split_function_name(call.params["FunctionName"], call.params.get("Qualifier"))
        if not remove_statements(self._world, call.region, name, qualifier, call.params["StatementId"]):
            code, message = "ResourceNotFoundException", "No policy is associated with the given resource."
            raise AwsError(code, message, 404)
        return {}

    def _delete_alias(self, call: Call) -> Mapping[str, Any]:
        """Delete an alias, and its policy with it."""
        name, _ = split_function_name(call.params["FunctionName"])
        answer = self._world.moto.answer(call)
        remove_statements(self._world, call.region, name, call.params["Name"])
        return answer

    def _get_policy(self, call: Call) -> Mapping[str, Any]:
        name, qualifier = split_function_name(call.params["FunctionName"], call.params.get("Qualifier"))
        with self._world.moto.lock:
            found = statements(self._world, call.region, name, qualifier)
            revision = stored_function(self._world, call.region, name, qualifier).policy.revision
        if not found:
            code, message = "ResourceNotFoundException", "The resource you requested does not exist."
            raise AwsError(code, message, 404)
        document = {"Version": "2012-10-17", "Id": "default", "Statement": found}
        return {"Policy": json.dumps(document), "RevisionId": revision}


def plane(world: World) -> Plane:
    """Make the Lambda plane of a sandbox."""
    return LambdaPlane(world)


def _without_publish(call: Call) -> Call:
    return _with(call, {name: value for name, value in call.params.items() if name != "Publish"})


def _with(call: Call, params: dict[str, Any]) -> Call:
    return Call(
        service=call.service,
        operation=call.operation,
        params=params,
        region=call.region,
        account_id=call.account_id,
    )


def _configuration(function: Any) -> dict[str, Any]:
    """Return a version's configuration without moto's empty values."""
    found = function.get_configuration().items()
    return {name: value for name, value in found if value is not None}
