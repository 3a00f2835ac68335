"""The gateway's own answers: kinds, default words, and how an API rewords them.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.apigateway.expressions import Scope
from mldeploy_sandbox.apigateway.templates import UnsupportedTemplateError, render

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.deployed import DeployedApi, GatewayResponse

DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'


@dataclass(frozen=True, slots=True)
class Wording:
    """Status, message and x-amzn-ErrorType of a kind of refusal."""

    status: int
    message: str
    error_type: str


class Kind(Enum):
    """Kinds of refusals; the names are API Gateway's response types."""

    ACCESS_DENIED = Wording(403, "Access Denied", "AccessDeniedException")
    API_CONFIGURATION_ERROR = Wording(500, "Internal server error", "InternalServerErrorException")
    BAD_REQUEST_BODY = Wording(400, "Invalid request body", "BadRequestException")
    BAD_REQUEST_PARAMETERS = Wording(400, "Missing required request parameters", "BadRequestException")
    INTEGRATION_FAILURE = Wording(502, "Internal server error", "InternalServerErrorException")
    INTEGRATION_TIMEOUT = Wording(504, "Endpoint request timed out", "InternalServerErrorException")
    INVALID_API_KEY = Wording(403, "Forbidden", "ForbiddenException")
    MISSING_AUTHENTICATION_TOKEN = Wording(403, "Missing Authentication Token", "MissingAuthenticationTokenException")
    QUOTA_EXCEEDED = Wording(429, "Limit Exceeded", "LimitExceededException")
    REQUEST_TOO_LARGE = Wording(413, "Request Too Long", "RequestTooLargeException")
    THROTTLED = Wording(429, "Too Many Requests", "TooManyRequestsException")
    UNAUTHORIZED = Wording(401, "Unauthorized", "UnauthorizedException")
    UNSUPPORTED_MEDIA_TYPE = Wording(415, "Unsupported Media Type", "BadRequestException")


class Refusal(Exception):  # noqa: N818 - a regular answer of the gateway, not a failure of ours
    """Ends the way of a request; `reason` is for the log only."""

    def __init__(self, kind: Kind, message: str | None = None, *, reason: str = "") -> None:
        super().__init__(reason or kind.value.message)
        self.kind = kind
        self.message = message if message is not None else kind.value.message
        self.reason = reason


def word(refusal: Refusal, api: DeployedApi, scope: Scope) -> Answer:
    """Return the answer, in the words of the API where it has its own.

    A response of the kind wins over DEFAULT_4XX or DEFAULT_5XX. The status stays when only the words are replaced.
    """
    status = refusal.kind.value.status
    custom = api.gateway_responses.get(refusal.kind.name) or api.gateway_responses.get(f"DEFAULT_{status // 100}XX")
    error = {
        "message": refusal.message,
        "messageString": json.dumps(refusal.message),
        "responseType": refusal.kind.name,
    }
    worded = scope.with_context(error=error)
    headers = {"Content-Type": "application/json", "x-amzn-ErrorType": refusal.kind.value.error_type}
    template = DEFAULT_TEMPLATE
    if custom is not None:
        status = custom.status or status
        template = custom.templates.get("application/json", DEFAULT_TEMPLATE)
        headers |= _headers(custom, worded)
    return Answer(status=status, headers=list(headers.items()), body=_body(template, worded).encode())


def _body(template: str, scope: Scope) -> str:
    """Fill in a template; one that we cannot fill must not hide the refusal."""
    try:
        return render(template, scope).text
    except UnsupportedTemplateError:
        return render(DEFAULT_TEMPLATE, scope).text


def _headers(custom: GatewayResponse, scope: Scope) -> dict[str, str]:
    prefix = "gatewayresponse.header."
    values = {name.removeprefix(prefix): scope.value(expression) for name, expression in custom.parameters.items()}
    return {name: value for name, value in values.items() if value is not None}
