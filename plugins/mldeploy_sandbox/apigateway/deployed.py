"""What a deployment froze: the API as it was at CreateDeployment, read from moto once and independent of it.

Keys, usage plans and stage settings are not part of it; they take effect at once
(https://docs.aws.amazon.com/apigateway/latest/developerguide/updating-api.html).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from mldeploy_sandbox.apigateway.resource_policy import ResourcePolicy, read_policy

GREEDY = re.compile(r"\{([^}+]+)\+\}")
VARIABLE = re.compile(r"\{([^}+]+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationResponse:
    """How an answer of the backend becomes the method's answer; `pattern` None is the default."""

    status: str
    pattern: str | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """What stands behind a method."""

    kind: str
    uri: str
    http_method: str
    credentials: str | None
    timeout_seconds: float
    request_parameters: Mapping[str, str]
    request_templates: Mapping[str, str]
    passthrough: str
    responses: tuple[IntegrationResponse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorizer:
    """Who checks the caller's token; `header` carries it."""

    kind: str
    header: str
    provider_arns: tuple[str, ...]
    validation_expression: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of one resource."""

    resource_id: str
    resource_path: str
    http_method: str
    api_key_required: bool
    authorization_type: str
    authorizer: Authorizer | None
    scopes: tuple[str, ...]
    validates_body: bool
    validates_parameters: bool
    request_models: Mapping[str, str]
    request_parameters: Mapping[str, bool]
    integration: Integration | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayResponse:
    """How the gateway words one kind of refusal of its own."""

    status: int | None
    parameters: Mapping[str, str]
    templates: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The method that a request asks for, and the values in its path."""

    method: Method
    path_parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedApi:
    """A frozen API; `models` are schemas by name, `policy` is None where everybody may come."""

    api_id: str
    deployment_id: str
    methods: tuple[Method, ...]
    models: Mapping[str, Mapping[str, Any]]
    gateway_responses: Mapping[str, GatewayResponse]
    binary_media_types: tuple[str, ...]
    policy: ResourcePolicy | None

    def match(self, http_method: str, path: str) -> Match | None:
        """Find the method for a path: literal parts win over variables, variables over greedy ones.

        The resource is chosen first; a resource without the method is no reason to look at another one.
        """
        found: list[tuple[tuple[int, ...], str, Mapping[str, str]]] = []
        for resource_path in {method.resource_path for method in self.methods}:
            values = _path_values(resource_path, path)
            if values is not None:
                found.append((_generality(resource_path), resource_path, values))
        if not found:
            return None
        _, resource_path, values = min(found, key=lambda item: item[0])
        by_name = {method.http_method: method for method in self.methods if method.resource_path == resource_path}
        method = by_name.get(http_method) or by_name.get("ANY")
        return None if method is None else Match(method=method, path_parameters=values)


def freeze(api: Any, deployment_id: str) -> DeployedApi:
    """Read an API from moto; hold its lock."""
    return DeployedApi(
        api_id=api.id,
        deployment_id=deployment_id,
        methods=tuple(
            _method(api, resource.id, resource.get_path(), method.to_json())
            for resource in api.resources.values()
            for method in resource.resource_methods.values()
        ),
        models={name: json.loads(model.schema or "{}") for name, model in api.models.items()},
        gateway_responses={
            kind: GatewayResponse(
                status=int(response.status_code) if response.status_code else None,
                parameters=dict(response.response_parameters or {}),
                templates=dict(response.response_templates or {}),
            )
            for kind, response in api.gateway_responses.items()
        },
        binary_media_types=tuple(api.binaryMediaTypes),
        policy=read_policy(api.policy) if api.policy else None,
    )


def _method(api: Any, resource_id: str, resource_path: str, value: Mapping[str, Any]) -> Method:
    validator = api.request_validators.get(value.get("requestValidatorId"))
    authorizer = api.authorizers.get(value.get("authorizerId"))
    integration = value.get("methodIntegration")
    return Method(
        resource_id=resource_id,
        resource_path=resource_path,
        http_method=value["httpMethod"],
        api_key_required=bool(value.get("apiKeyRequired")),
        authorization_type=value.get("authorizationType") or "NONE",
        authorizer=None if authorizer is None else _authorizer(authorizer.to_json()),
        scopes=tuple(value.get("authorizationScopes") or ()),
        validates_body=bool(validator and validator.validate_request_body),
        validates_parameters=bool(validator and validator.validate_request_parameters),
        request_models=dict(value.get("requestModels") or {}),
        request_parameters=dict(value.get("requestParameters") or {}),
        integration=None if integration is None else _integration(integration),
    )


def _authorizer(value: Mapping[str, Any]) -> Authorizer:
    source = str(value.get("identitySource") or "method.request.header.Authorization")
    return Authorizer(
        kind=value["type"],
        header=source.removeprefix("method.request.header."),
        provider_arns=tuple(value.get("providerARNs", ())),
        validation_expression=value.get("identityValidationExpression"),
    )


def _integration(value: Mapping[str, Any]) -> Integration:
    responses: Iterable[Mapping[str, Any]] = (value.get("integrationResponses") or {}).values()
    return Integration(
        kind=value["type"],
        uri=value.get("uri") or "",
        http_method=value.get("httpMethod") or "",
        credentials=value.get("credentials"),
        timeout_seconds=int(value.get("timeoutInMillis") or 29_000) / 1000,
        request_parameters=dict(value.get("requestParameters") or {}),
        request_templates=dict(value.get("requestTemplates") or {}),
        passthrough=value.get("passthroughBehavior") or "WHEN_NO_MATCH",
        responses=tuple(
            IntegrationResponse(
                status=str(response["statusCode"]),
                pattern=response.get("selectionPattern") or None,
                parameters=dict(response.get("responseParameters") or {}),
                templates=dict(response.get("responseTemplates") or {}),
            )
            for response in responses
        ),
    )


def _path_values(resource_path: str, path: str) -> Mapping[str, str] | None:
    """Return the variables of a path when it belongs to a resource."""
    wanted, given = resource_path.strip("/").split("/"), path.strip("/").split("/")
    values: dict[str, str] = {}
    for index, part in enumerate(wanted):
        if greedy := GREEDY.fullmatch(part):
            rest = "/".join(given[index:])
            return {**values, greedy[1]: unquote(rest)} if rest else None
        if index >= len(given):
            return None
        if variable := VARIABLE.fullmatch(part):
            if not given[index]:
                return None
            values[variable[1]] = unquote(given[index])
        elif part != given[index]:
            return None
    return values if len(wanted) == len(given) else None


def _generality(resource_path: str) -> tuple[int, ...]:
    """Order resources: smaller is more specific."""
    return tuple(
        2 if GREEDY.fullmatch(part) else 1 if VARIABLE.fullmatch(part) else 0
        for part in resource_path.strip("/").split("/")
    )
