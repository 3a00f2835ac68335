"""AWS, HTTP and MOCK integrations: requests and answers that the gateway maps itself.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integration-settings.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.apigateway.backend import ServiceAnswer, parse_uri
from mldeploy_sandbox.apigateway.refusals import Kind, Refusal
from mldeploy_sandbox.apigateway.templates import Rendered, UnsupportedTemplateError, render
from mldeploy_sandbox.role_policy import role_allows

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.backend import Backend
    from mldeploy_sandbox.apigateway.deployed import Integration, IntegrationResponse
    from mldeploy_sandbox.apigateway.exchange import Exchange
    from mldeploy_sandbox.apigateway.expressions import Scope
    from mldeploy_sandbox.world import World

ACTIONS = {"sagemaker": "sagemaker:InvokeEndpoint", "lambda": "lambda:InvokeFunction"}
"""What the role of an integration must be allowed to do; other services are called without this check."""


class MappedIntegrations:
    """Answers for AWS, HTTP and MOCK integrations."""

    def __init__(self, world: World, backend: Backend) -> None:
        self._world = world
        self._backend = backend

    def aws(self, integration: Integration, exchange: Exchange, scope: Scope) -> Answer:
        """Call an AWS service and map its answer.

        Raises:
            Refusal: API_CONFIGURATION_ERROR, INTEGRATION_FAILURE, INTEGRATION_TIMEOUT or UNSUPPORTED_MEDIA_TYPE.
        """
        mapped = _request_parameters(integration, scope)
        uri = integration.uri
        for name, value in mapped["path"].items():
            uri = uri.replace(f"{{{name}}}", value)
        call = parse_uri(_rendered(uri, scope).text)
        action = ACTIONS.get(call.service)
        if action and not (integration.credentials and role_allows(self._world, integration.credentials, action)):
            reason = f"the role of the integration does not allow {action}: {integration.credentials}"
            raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=reason)
        headers = {"Content-Type": exchange.media_type, **mapped["header"]}
        body = _request_body(integration, exchange, scope)
        answer = self._backend.post(call, headers, body, integration.timeout_seconds, method=integration.http_method)
        return _response(integration, answer, scope)

    def http(self, integration: Integration, exchange: Exchange, scope: Scope) -> Answer:
        """Call an HTTP endpoint and map its answer; a VPC link leads where this machine leads.

        Raises:
            Refusal: INTEGRATION_FAILURE, INTEGRATION_TIMEOUT or UNSUPPORTED_MEDIA_TYPE.
        """
        mapped = _request_parameters(integration, scope)
        uri = _rendered(integration.uri, scope).text
        headers = {"Content-Type": exchange.media_type, **mapped["header"]}
        body = _request_body(integration, exchange, scope)
        answer = self._backend.fetch(uri, headers, body, integration.timeout_seconds, method=integration.http_method)
        return _response(integration, answer, scope)

    def mock(self, integration: Integration, exchange: Exchange, scope: Scope) -> Answer:
        """Answer at once: the request template names the status, the integration response gives the rest.

        Raises:
            Refusal: API_CONFIGURATION_ERROR when the template names no status.
        """
        media_type = exchange.media_type if exchange.media_type in integration.request_templates else "application/json"
        template = integration.request_templates.get(media_type, "")
        try:
            status = int(json.loads(_rendered(template, scope).text)["statusCode"])
        except (ValueError, KeyError, TypeError) as error:
            reason = "the request template of a mock integration gives no statusCode"
            raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=reason) from error
        return _response(integration, ServiceAnswer(status=status, headers={}, body=b""), scope)


def _request_parameters(integration: Integration, scope: Scope) -> Mapping[str, dict[str, str]]:
    """Return the mapped headers, query values and path values."""
    mapped: dict[str, dict[str, str]] = {"header": {}, "querystring": {}, "path": {}}
    for target, expression in integration.request_parameters.items():
        place, _, name = target.removeprefix("integration.request.").partition(".")
        value = scope.value(expression)
        if value is not None:
            mapped[place][name] = value
    return mapped


def _request_body(integration: Integration, exchange: Exchange, scope: Scope) -> bytes:
    """Apply the template for the media type, or let the body through as `passthrough` says.

    Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/integration-passthrough-behaviors.html
    """
    template = integration.request_templates.get(exchange.media_type)
    if template is not None:
        return _rendered(template, scope).text.encode()
    refused = integration.passthrough == "NEVER" or (
        integration.passthrough == "WHEN_NO_TEMPLATES" and integration.request_templates
    )
    if refused:
        raise Refusal(Kind.UNSUPPORTED_MEDIA_TYPE)
    return exchange.body


def _response(integration: Integration, answer: ServiceAnswer, scope: Scope) -> Answer:
    chosen = _chosen(integration, answer.status)
    body = answer.body.decode(errors="replace")
    answered = scope.answered(answer.headers, body)
    template = chosen.templates.get("application/json")
    headers = {"Content-Type": "application/json"}
    for target, expression in chosen.parameters.items():
        value = answered.value(expression)
        if value is not None:
            headers[target.removeprefix("method.response.header.")] = value
    if template is None:
        return Answer(status=int(chosen.status), headers=list(headers.items()), body=answer.body)
    rendered = _rendered(template, answered)
    for target, value in rendered.overrides.items():
        if target.startswith("header."):
            headers[target.removeprefix("header.")] = value
    status = int(rendered.overrides.get("status") or chosen.status)
    return Answer(status=status, headers=list(headers.items()), body=rendered.text.encode())


def _chosen(integration: Integration, status: int) -> IntegrationResponse:
    """Choose by pattern on the backend's status; else the default.

    Raises:
        Refusal: API_CONFIGURATION_ERROR when nothing fits.
    """
    for response in integration.responses:
        if response.pattern is not None and re.fullmatch(response.pattern, str(status)):
            return response
    for response in integration.responses:
        if response.pattern is None:
            return response
    reason = f"no integration response for status {status}, and no default"
    raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=reason)


def _rendered(template: str, scope: Scope) -> Rendered:
    try:
        return render(template, scope)
    except UnsupportedTemplateError as error:
        raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=str(error)) from error
