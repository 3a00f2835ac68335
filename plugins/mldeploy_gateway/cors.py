"""Cross-origin access, decided once in release.yaml: what browsers are told by every answer of the API.

Source: https://fetch.spec.whatwg.org/#http-cors-protocol; an error without these headers is invisible to a web page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mldeploy import Problem
from mldeploy.gateway_policy import Cors, GatewayPolicy
from mldeploy.model import JSON


def cors_problems(policy: GatewayPolicy) -> Iterator[Problem]:
    """Refuse more than one origin: the headers of a REST API are constants, and the standard allows one value."""
    if policy.cors is not None and len(policy.cors.origins) > 1:
        yield Problem(
            message=f"API Gateway can name one origin, not {len(policy.cors.origins)}",
            path=("expose", "cors", "allowOrigins"),
            hint="name one origin, or '*': callers are let in by key and token, not by origin",
        )


def preflight(cors: Cors) -> JSON:
    """Return the OpenAPI operation that answers OPTIONS, which browsers send without credentials."""
    headers = {
        "Access-Control-Allow-Origin": cors.origins[0],
        "Access-Control-Allow-Methods": "POST, OPTIONS",
        "Access-Control-Allow-Headers": ", ".join(cors.headers),
        "Access-Control-Max-Age": str(cors.max_age_seconds),
    }
    return {
        "responses": {"204": {"description": "Preflight", "headers": declared(headers)}},
        "x-amazon-apigateway-integration": {
            "type": "mock",
            "requestTemplates": {"application/json": '{"statusCode": 204}'},
            "responses": {"default": {"statusCode": "204", "responseParameters": method_parameters(headers)}},
        },
    }


def gateway_responses(policy: GatewayPolicy) -> JSON:
    """Return the headers of the answers that the gateway gives by itself, such as 403."""
    constants = {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in policy.answer_headers.items()}
    return {kind: {"responseParameters": constants} for kind in ("DEFAULT_4XX", "DEFAULT_5XX")}


def declared(headers: Mapping[str, str]) -> JSON:
    """Return the OpenAPI declaration of response headers."""
    return {name: {"schema": {"type": "string"}} for name in headers}


def method_parameters(headers: Mapping[str, str]) -> dict[str, str]:
    """Return response parameters that set headers to constants."""
    return {f"method.response.header.{name}": f"'{value}'" for name, value in headers.items()}
