"""Reads x-amazon-apigateway-integration.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-integration.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.apigateway.definition import Settings
from mldeploy_sandbox.apigateway.errors import bad_request

TYPES = frozenset({"AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"})
TIMEOUT_MILLISECONDS = range(50, 29_001)
"""The default quota (https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html, integration timeout)."""

DEFAULT_TIMEOUT_MILLISECONDS = 29_000
COPIED = (
    "uri",
    "credentials",
    "connectionType",
    "connectionId",
    "requestParameters",
    "requestTemplates",
    "contentHandling",
    "cacheNamespace",
    "cacheKeyParameters",
    "tlsConfig",
)


def read_integration(value: Mapping[str, Any], where: str) -> Settings:
    """Return the parameters of PutIntegration.

    Raises:
        AwsError: BadRequestException.
    """
    kind = str(value.get("type", "")).upper()
    if kind not in TYPES:
        message = f"Invalid integration type '{value.get('type')}' in {where}"
        raise bad_request(message)
    settings = {name: value[name] for name in COPIED if value.get(name) is not None}
    settings["type"] = kind
    settings["passthroughBehavior"] = str(value.get("passthroughBehavior", "when_no_match")).upper()
    settings["timeoutInMillis"] = check_timeout(value.get("timeoutInMillis"))
    if value.get("httpMethod") is not None:
        settings["integrationHttpMethod"] = str(value["httpMethod"]).upper()
    return settings


def read_integration_responses(value: Mapping[str, Any], where: str, warnings: list[str]) -> tuple[Settings, ...]:
    """Return the parameters of PutIntegrationResponse, one per response; `default` has no pattern.

    API Gateway keeps one integration response per status of the method
    (https://docs.aws.amazon.com/apigateway/latest/api/API_IntegrationResponse.html); of two, the later one stays.
    """
    found: list[Settings] = []
    for pattern, response in value.get("responses", {}).items():
        settings = {
            "statusCode": str(response["statusCode"]),
            "selectionPattern": None if pattern == "default" else pattern,
            "responseParameters": response.get("responseParameters"),
            "responseTemplates": response.get("responseTemplates"),
            "contentHandling": response.get("contentHandling"),
        }
        if any(earlier["statusCode"] == settings["statusCode"] for earlier in found):
            warnings.append(f"{where} has two integration responses for status {settings['statusCode']}; one is lost")
        found.append({name: item for name, item in settings.items() if item is not None})
    return tuple(found)


def check_timeout(milliseconds: Any) -> int:
    """Return the integration timeout.

    Raises:
        AwsError: BadRequestException, when it is out of range.
    """
    if milliseconds is None:
        return DEFAULT_TIMEOUT_MILLISECONDS
    if int(milliseconds) not in TIMEOUT_MILLISECONDS:
        shortest, longest = TIMEOUT_MILLISECONDS[0], TIMEOUT_MILLISECONDS[-1]
        message = f"Timeout should be between {shortest} ms and {longest} ms"
        raise bad_request(message)
    return int(milliseconds)
