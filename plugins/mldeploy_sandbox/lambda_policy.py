"""Resource policies of Lambda functions: who may invoke, and the rules of AddPermission that moto lacks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.lambda_function import split_function_name, stored_function
from mldeploy_sandbox.plane import AwsError

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

Statement = Mapping[str, Any]
INVOKE_ACTIONS = frozenset({"lambda:InvokeFunction", "lambda:*", "*"})


def may_invoke(world: World, region: str, function: str, *, principal: str, source_arn: str) -> bool:
    """Tell whether a function's policy lets a service invoke it on behalf of a resource.

    Arguments:
        function: name or ARN, with its qualifier: a permission for an alias is none for the function.
        principal: such as "apigateway.amazonaws.com".
        source_arn: compared as ArnLike does
            (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).

    Raises:
        AwsError: ResourceNotFoundException.
    """
    name, qualifier = split_function_name(function)
    return any(
        statement.get("Effect", "Allow") == "Allow"
        and statement.get("Action") in INVOKE_ACTIONS
        and _is_principal(statement, principal)
        and _meets(statement, source_arn, world.account_id)
        for statement in statements(world, region, name, qualifier)
    )


def statements(world: World, region: str, name: str, qualifier: str | None) -> list[Statement]:
    """Return the policy of the function, or of one of its versions or aliases.

    All of them are kept with the unpublished function, told apart by their resource: moto's own place, the version,
    would let an alias lose its policy when it is pointed to another one.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    with world.moto.lock:
        stored_function(world, region, name, qualifier)
        found: Iterable[Statement] = stored_function(world, region, name, None).policy.statements
        wanted = _resource(world, region, name, qualifier)
        return [statement for statement in found if str(statement.get("Resource", "")).rstrip(":") == wanted]


def add_statement(world: World, region: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Add the statement that the parameters of AddPermission describe, and return it.

    Raises:
        AwsError: ResourceNotFoundException, or ResourceConflictException for an id that is taken.
    """
    name, qualifier = split_function_name(params["FunctionName"], params.get("Qualifier"))
    raw = {key: value for key, value in params.items() if key not in {"FunctionName", "Qualifier"}}
    with world.moto.lock:
        check_new_statement(statements(world, region, name, qualifier), params["StatementId"])
        policy = stored_function(world, region, name, None).policy
        added: Statement
        added, _ = policy.add_statement(json.dumps(raw), None if qualifier == "$LATEST" else qualifier)
        return added


def remove_statements(world: World, region: str, name: str, qualifier: str | None, statement_id: str = "") -> bool:
    """Remove one statement of a function, version or alias, or all of them; tell whether there was any.

    Raises:
        AwsError: ResourceNotFoundException.
    """
    with world.moto.lock:
        policy = stored_function(world, region, name, None).policy
        wanted = _resource(world, region, name, qualifier)
        removed = [
            statement
            for statement in policy.statements
            if str(statement.get("Resource", "")).rstrip(":") == wanted and statement_id in {"", statement["Sid"]}
        ]
        policy.statements[:] = [statement for statement in policy.statements if statement not in removed]
        return bool(removed)


def _resource(world: World, region: str, name: str, qualifier: str | None) -> str:
    arn = f"arn:aws:lambda:{region}:{world.account_id}:function:{name}"
    return f"{arn}:{qualifier}" if qualifier and qualifier != "$LATEST" else arn


def check_new_statement(existing: Iterable[Statement], statement_id: str) -> None:
    """Refuse a statement id twice.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html, ResourceConflictException.

    Raises:
        AwsError: ResourceConflictException.
    """
    if any(statement.get("Sid") == statement_id for statement in existing):
        code = "ResourceConflictException"
        message = (
            f"The statement id ({statement_id}) provided already exists. "
            "Please provide a new statement id, or remove the existing statement."
        )
        raise AwsError(code, message, 409)


def _is_principal(statement: Statement, principal: str) -> bool:
    allowed = statement.get("Principal")
    if isinstance(allowed, Mapping):
        allowed = allowed.get("Service")
    return allowed in {principal, "*"}


def _meets(statement: Statement, source_arn: str, account_id: str) -> bool:
    for operator, conditions in statement.get("Condition", {}).items():
        for key, value in conditions.items():
            if operator == "ArnLike" and key.lower() == "aws:sourcearn":
                met = arn_like(source_arn, value)
            else:
                met = operator == "StringEquals" and key.lower() == "aws:sourceaccount" and value == account_id
            if not met:
                return False
    return True


def arn_like(arn: str, pattern: str) -> bool:
    """Compare an ARN with a pattern, colon part by colon part; `*` and `?` do not reach over a colon."""
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(_like, parts, patterns))


def _like(text: str, pattern: str) -> bool:
    expression = "".join({"*": ".*", "?": "."}.get(character) or re.escape(character) for character in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None
