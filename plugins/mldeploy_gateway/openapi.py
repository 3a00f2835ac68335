"""The API as an OpenAPI 3 document with API Gateway's extensions.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mldeploy import Ref, Release, Step
from mldeploy.gateway_policy import GatewayPolicy
from mldeploy.model import JSON
from mldeploy_gateway.cors import declared, gateway_responses, preflight
from mldeploy_gateway.integrations import (
    FORWARDED_HEADERS,
    address_integration,
    endpoint_integration,
    function_integration,
)
from mldeploy_gateway.names import scopes_of
from mldeploy_gateway.request_schemas import REQUEST, request_schemas
from mldeploy_gateway.resource_policies import EXTENSION, source_address_policy

KEY_SCHEME = "api_key"
TOKEN_SCHEME = "cognito"  # noqa: S105 - the name of a scheme
BINARY_TYPES = ["application/octet-stream", "application/x-npy", "image/*"]
ANSWERS = {
    "200": "Predictions",
    "400": "The request cannot be read",
    "413": "The request is too large",
    "422": "The request has another shape",
    "424": "Replaced by the status that the model's service gave",
    "502": "The model failed",
    "503": "The model is busy",
    "504": "The model did not answer in time",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What callers can do: the method of a path, its name, and whether it comes with a body."""

    name: str
    path: str
    method: str
    has_body: bool


def operations(document: Mapping[str, JSON]) -> tuple[Operation, ...]:
    """Return the operations of a document; preflights are none."""
    return tuple(
        Operation(name=item["operationId"], path=path, method=method.upper(), has_body="requestBody" in item)
        for path, methods in document["paths"].items()
        for method, item in methods.items()
        if method != "options"
    )


def document(
    release: Release,
    policy: GatewayPolicy,
    *,
    pool: Step | None,
    role: Step | None,
    allowed_cidrs: Sequence[str] = (),
) -> JSON:
    """Return the document of a release; values that are known later are refs.

    Arguments:
        pool: the user pool whose tokens let callers in; None lets anyone in who has a key.
        role: lets the gateway call the endpoint; None when the function of the cache or an address is called.
        allowed_cidrs: from where requests may come; empty stands for everywhere.
    """
    path: dict[str, JSON] = {"post": _predict(release, policy, pool=pool, role=role)}
    found: dict[str, JSON] = {
        "openapi": "3.0.1",
        "info": {"title": release.resource_name, "version": "1"},
        "paths": {"/predict": path},
        "components": {
            "schemas": request_schemas(release),
            "securitySchemes": _schemes(policy, pool),
        },
        "x-amazon-apigateway-request-validators": {
            "body": {"validateRequestBody": True, "validateRequestParameters": False}
        },
        "x-amazon-apigateway-binary-media-types": BINARY_TYPES,
    }
    if allowed_cidrs:
        found[EXTENSION] = source_address_policy(allowed_cidrs)
    if policy.answer_headers:
        found["x-amazon-apigateway-gateway-responses"] = gateway_responses(policy)
    if policy.cors is not None:
        path["options"] = preflight(policy.cors)
    return found


def _predict(release: Release, policy: GatewayPolicy, *, pool: Step | None, role: Step | None) -> JSON:
    headers = {**policy.answer_headers, "Content-Type": ""}
    scopes = scopes_of(release.resource_name, policy)
    return {
        "operationId": "predict",
        "parameters": [{"name": name, "in": "header", "schema": {"type": "string"}} for name in FORWARDED_HEADERS],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{REQUEST}"}}},
        },
        "responses": {status: {"description": text, "headers": declared(headers)} for status, text in ANSWERS.items()},
        "security": _security(policy, pool, scopes),
        "x-amazon-apigateway-request-validator": "body",
        "x-amazon-apigateway-integration": {
            **_integration(release, policy, role),
            "timeoutInMillis": int(policy.timeout_seconds * 1000),
        },
    }


def _integration(release: Release, policy: GatewayPolicy, role: Step | None) -> JSON:
    """Return what is called: the endpoint through AWS or by its address, or the function of the cache."""
    if role is not None:
        return endpoint_integration(policy, role)
    return function_integration() if release.value("cache.enabled") else address_integration(release, policy)


def _security(policy: GatewayPolicy, pool: Step | None, scopes: list[str]) -> JSON:
    """Return what a caller has to show: all of it, although OpenAPI reads a list as alternatives.

    API Gateway itself exports a method with a key and an authorizer in this form.
    """
    found: list[JSON] = []
    if policy.asks_for_key:
        found.append({KEY_SCHEME: []})
    if pool is not None:
        found.append({TOKEN_SCHEME: scopes})
    return found


def _schemes(policy: GatewayPolicy, pool: Step | None) -> JSON:
    found: dict[str, JSON] = {}
    if policy.asks_for_key:
        found[KEY_SCHEME] = {"type": "apiKey", "name": "x-api-key", "in": "header"}
    if pool is not None:
        found[TOKEN_SCHEME] = {
            "type": "apiKey",
            "name": "Authorization",
            "in": "header",
            "x-amazon-apigateway-authtype": "cognito_user_pools",
            "x-amazon-apigateway-authorizer": {
                "type": "cognito_user_pools",
                "providerARNs": [Ref(pool.id, "Arn")],
            },
        }
    return found
