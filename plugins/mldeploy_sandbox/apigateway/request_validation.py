"""Request validators: required parameters, and the body against a model.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-method-request-validation.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from mldeploy_sandbox.apigateway.model_document import MODEL_URL
from mldeploy_sandbox.apigateway.refusals import Kind, Refusal

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.deployed import DeployedApi, Match
    from mldeploy_sandbox.apigateway.exchange import Exchange


def validate_request(match: Match, exchange: Exchange) -> None:
    """Apply the validator of a method.

    Raises:
        Refusal: BAD_REQUEST_PARAMETERS or BAD_REQUEST_BODY.
    """
    method = match.method
    if method.validates_parameters:
        missing = sorted(
            name.rsplit(".", 1)[-1]
            for name, required in method.request_parameters.items()
            if required and not _given(name, match, exchange)
        )
        if missing:
            message = f"Missing required request parameters: [{', '.join(missing)}]"
            raise Refusal(Kind.BAD_REQUEST_PARAMETERS, message)
    if method.validates_body and exchange.media_type in method.request_models:
        _validate_body(method.request_models[exchange.media_type], exchange)


def _given(parameter: str, match: Match, exchange: Exchange) -> bool:
    place, _, name = parameter.removeprefix("method.request.").partition(".")
    if place == "header":
        return bool(exchange.header(name))
    if place == "querystring":
        return name in exchange.query
    return name in match.path_parameters


def _validate_body(model: str, exchange: Exchange) -> None:
    schema = exchange.api.models.get(model)
    if schema is None:
        return  # "Empty" and "Error" exist in every API and say nothing about a request
    try:
        body = json.loads(exchange.body or b"{}")
    except (ValueError, RecursionError) as error:
        raise Refusal(Kind.BAD_REQUEST_BODY, reason=str(error)) from error
    validator = Draft4Validator(dict(schema), registry=_registry(exchange.api))
    finding = next(validator.iter_errors(body), None)
    if finding is not None:
        raise Refusal(Kind.BAD_REQUEST_BODY, reason=finding.message[:200])


def _registry(api: DeployedApi) -> Registry[Any]:
    """Return the models of the API under the URLs by which they name each other."""
    base = MODEL_URL.replace("{api_id}", api.api_id)
    resources: Mapping[str, Resource[Any]] = {
        base + name: Resource.from_contents(dict(schema), default_specification=DRAFT4)
        for name, schema in api.models.items()
    }
    registry: Registry[Any] = Registry()
    return registry.with_resources(resources.items())
