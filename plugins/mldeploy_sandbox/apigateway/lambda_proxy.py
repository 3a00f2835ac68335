"""AWS_PROXY integrations: the request as a Lambda event, and the function's result as the answer.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.apigateway.backend import parse_uri
from mldeploy_sandbox.apigateway.refusals import Kind, Refusal
from mldeploy_sandbox.lambda_policy import may_invoke
from mldeploy_sandbox.plane import AwsError
from mldeploy_sandbox.role_policy import role_allows

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.backend import Backend
    from mldeploy_sandbox.apigateway.deployed import Integration, Match, Method
    from mldeploy_sandbox.apigateway.exchange import Caller, Exchange
    from mldeploy_sandbox.world import World

FUNCTION_PATH = re.compile(r"/2015-03-31/functions/(?P<function>[^/]+)/invocations")
RESULT_KEYS = frozenset({"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"})
REMAPPED = frozenset({"authorization", "connection", "content-length", "date", "host", "server", "www-authenticate"})
"""Headers of the function that come out as x-amzn-Remapped-…
(https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html)."""


class LambdaProxy:
    """Invokes functions for methods."""

    def __init__(self, world: World, backend: Backend) -> None:
        self._world = world
        self._backend = backend

    def answer(self, match: Match, integration: Integration, exchange: Exchange, caller: Caller) -> Answer:
        """Return what the function answered.

        Raises:
            Refusal: API_CONFIGURATION_ERROR when the gateway may not invoke it, INTEGRATION_FAILURE when it failed or
                its result is malformed, INTEGRATION_TIMEOUT.
        """
        call = parse_uri(integration.uri)
        found = FUNCTION_PATH.fullmatch(call.path)
        if found is None or call.service != "lambda":
            raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=f"not the URI of a function: {integration.uri}")
        self._check_permission(call.region, found["function"], integration, match.method, exchange)
        event = json.dumps(proxy_event(match, exchange, caller)).encode()
        answer = self._backend.post(call, {"Content-Type": "application/json"}, event, integration.timeout_seconds)
        if answer.status >= 300 or "x-amz-function-error" in {name.lower() for name in answer.headers}:
            raise Refusal(Kind.INTEGRATION_FAILURE, reason=answer.body.decode(errors="replace")[:500])
        return read_result(answer.body, exchange)

    def _check_permission(
        self, region: str, function: str, integration: Integration, method: Method, exchange: Exchange
    ) -> None:
        """Let the gateway invoke by the integration's role or by the function's own policy."""
        if integration.credentials is not None:
            allowed = role_allows(self._world, integration.credentials, "lambda:InvokeFunction")
        else:
            arn = source_arn(method, exchange)
            try:
                principal = "apigateway.amazonaws.com"
                allowed = may_invoke(self._world, region, function, principal=principal, source_arn=arn)
            except AwsError as error:
                raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=error.message) from error
        if not allowed:
            reason = "Execution failed due to configuration error: Invalid permissions on Lambda function"
            raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=reason)


def source_arn(method: Method, exchange: Exchange) -> str:
    """Return the ARN of a method, by which permissions are given.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/arn-format-reference.html
    """
    stage = exchange.stage
    path = re.sub(r"\{[^}]+\}", "*", method.resource_path)
    return (
        f"arn:aws:execute-api:{stage.region}:{stage.account_id}:{stage.api_id}/{stage.name}/{method.http_method}{path}"
    )


def proxy_event(match: Match, exchange: Exchange, caller: Caller) -> dict[str, Any]:
    """Return the event in payload format 1.0."""
    headers = {**exchange.headers, "X-Forwarded-For": exchange.source_ip, "X-Forwarded-Proto": "https"}
    binary = is_binary(exchange.media_type, exchange.api.binary_media_types)
    text = base64.b64encode(exchange.body).decode() if binary else exchange.body.decode(errors="replace")
    return {
        "resource": match.method.resource_path,
        "path": exchange.path,
        "httpMethod": exchange.http_method,
        "headers": headers or None,
        "multiValueHeaders": {name: [value] for name, value in headers.items()} or None,
        "queryStringParameters": {name: values[-1] for name, values in exchange.query.items()} or None,
        "multiValueQueryStringParameters": {name: list(values) for name, values in exchange.query.items()} or None,
        "pathParameters": dict(match.path_parameters) or None,
        "stageVariables": dict(exchange.stage.variables) or None,
        "requestContext": exchange.context(match.method, caller),
        "body": text if exchange.body else None,
        "isBase64Encoded": binary and bool(exchange.body),
    }


def read_result(payload: bytes, exchange: Exchange) -> Answer:
    """Turn a function's result into an answer.

    Raises:
        Refusal: INTEGRATION_FAILURE; the log says "Malformed Lambda proxy response".
    """
    try:
        result = json.loads(payload)
        if not isinstance(result, dict) or result.keys() - RESULT_KEYS:
            raise TypeError
        status = int(result.get("statusCode", 200))
        body = result.get("body") or ""
        content = body.encode()
        if result.get("isBase64Encoded") and _wants_binary(exchange):
            content = base64.b64decode(content)
        return Answer(status=status, headers=_result_headers(result), body=content)
    except (TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise Refusal(Kind.INTEGRATION_FAILURE, reason="Malformed Lambda proxy response") from error


def is_binary(media_type: str, binary_media_types: tuple[str, ...]) -> bool:
    """Tell whether the API treats a media type as binary; `*/*` and `image/*` are patterns."""
    kind = media_type.split("/", maxsplit=1)[0]
    return any(pattern in {media_type, f"{kind}/*", "*/*"} for pattern in binary_media_types)


def _wants_binary(exchange: Exchange) -> bool:
    """Look at the first media type that the caller accepts, as API Gateway does."""
    accepted = (exchange.header("Accept") or "*/*").split(",")[0].split(";")[0].strip()
    return is_binary(accepted, exchange.api.binary_media_types)


def _result_headers(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = [(name, str(value)) for name, value in (result.get("headers") or {}).items() if value is not None]
    for name, values in (result.get("multiValueHeaders") or {}).items():
        pairs = [pair for pair in pairs if pair[0].lower() != name.lower()] + [(name, str(value)) for value in values]
    named = [(f"x-amzn-Remapped-{name}" if name.lower() in REMAPPED else name, value) for name, value in pairs]
    if not any(name.lower() == "content-type" for name, _ in named):
        named.append(("Content-Type", "application/json"))
    return named
