"""Reads OpenAPI 3 documents with API Gateway's extensions.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from mldeploy_sandbox.apigateway.definition import ApiDefinition, MethodDefinition, Settings
from mldeploy_sandbox.apigateway.errors import bad_request
from mldeploy_sandbox.apigateway.integration_document import read_integration, read_integration_responses
from mldeploy_sandbox.apigateway.model_document import SchemaReader
from mldeploy_sandbox.apigateway.security_document import SecurityReader

HTTP_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch"})
ANY_METHOD = "x-amazon-apigateway-any-method"
VALIDATOR = "x-amazon-apigateway-request-validator"
PATH_PART = re.compile(r"\{[a-zA-Z0-9._\-:]+\+?\}|[a-zA-Z0-9._\-:]+")
PARAMETER_PLACES = {"query": "querystring", "header": "header", "path": "path"}


def read_document(body: bytes) -> ApiDefinition:
    """Read an OpenAPI 3 document in JSON or YAML.

    Raises:
        AwsError: BadRequestException; nothing was changed.
    """
    document = _parse(body)
    version = str(document.get("openapi", ""))
    if not version.startswith("3."):
        message = "Invalid OpenAPI input: only OpenAPI 3 documents are supported by the sandbox"
        raise bad_request(message)
    if not document.get("info", {}).get("title"):
        message = "Unable to create API from OpenAPI input: info.title is missing"
        raise bad_request(message)
    return _Reader(document).read()


def _parse(body: bytes) -> dict[str, Any]:
    try:
        document = yaml.safe_load(body)
    except yaml.YAMLError as error:
        message = f"Invalid OpenAPI input: {error}"
        raise bad_request(message) from error
    if not isinstance(document, dict):
        message = "Invalid OpenAPI input: the document is not an object"
        raise bad_request(message)
    return document


class _Reader:
    """Reads one document; warnings gather while it goes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._warnings: list[str] = []
        self._schemas = SchemaReader(document.get("components", {}).get("schemas", {}), self._warnings)
        self._security = SecurityReader(document, self._warnings)
        self._validators: Mapping[str, Any] = document.get("x-amazon-apigateway-request-validators", {})

    def read(self) -> ApiDefinition:
        paths: Mapping[str, Any] = self._document.get("paths", {})
        methods = [method for path, item in paths.items() for method in self._methods(path, item)]
        return ApiDefinition(
            name=str(self._document["info"]["title"]),
            api_settings=self._api_settings(),
            models=self._schemas.models(),
            authorizers=self._security.authorizers(),
            validators=tuple(self._validator(name, value) for name, value in self._validators.items()),
            gateway_responses=tuple(self._gateway_responses()),
            methods=tuple(methods),
            paths=tuple(_checked_path(path) for path in paths),
            warnings=tuple(self._warnings),
        )

    def _api_settings(self) -> Settings:
        info = self._document["info"]
        policy = self._document.get("x-amazon-apigateway-policy")
        found = {
            "description": info.get("description"),
            "version": info.get("version"),
            "binaryMediaTypes": self._document.get("x-amazon-apigateway-binary-media-types"),
            "apiKeySource": self._document.get("x-amazon-apigateway-api-key-source"),
            "minimumCompressionSize": self._document.get("x-amazon-apigateway-minimum-compression-size"),
            "policy": None if policy is None else json.dumps(policy),
        }
        return {name: value for name, value in found.items() if value is not None}

    def _validator(self, name: str, value: Mapping[str, Any]) -> Settings:
        return {
            "name": name,
            "validateRequestBody": bool(value.get("validateRequestBody")),
            "validateRequestParameters": bool(value.get("validateRequestParameters")),
        }

    def _gateway_responses(self) -> Iterator[Settings]:
        for kind, value in self._document.get("x-amazon-apigateway-gateway-responses", {}).items():
            found = {
                "responseType": kind,
                "statusCode": None if value.get("statusCode") is None else str(value["statusCode"]),
                "responseParameters": value.get("responseParameters"),
                "responseTemplates": value.get("responseTemplates"),
            }
            yield {name: item for name, item in found.items() if item is not None}

    def _methods(self, path: str, item: Mapping[str, Any]) -> Iterator[MethodDefinition]:
        shared = item.get("parameters", [])
        for name, operation in item.items():
            if name in HTTP_METHODS or name == ANY_METHOD:
                yield self._method(path, "ANY" if name == ANY_METHOD else name.upper(), operation, shared)

    def _method(self, path: str, http_method: str, operation: Mapping[str, Any], shared: Any) -> MethodDefinition:
        where = f"{http_method} {path}"
        access = self._security.access(operation, where)
        validator = operation.get(VALIDATOR, self._document.get(VALIDATOR))
        if validator is not None and validator not in self._validators:
            message = f"Invalid request validator '{validator}' in {where}"
            raise bad_request(message)
        settings = {
            **access.settings,
            "operationName": operation.get("operationId"),
            "requestParameters": self._parameters([*shared, *operation.get("parameters", [])]),
            "requestModels": self._schemas.content_models(operation.get("requestBody", {}).get("content", {})),
        }
        integration = operation.get("x-amazon-apigateway-integration")
        return MethodDefinition(
            path=path,
            http_method=http_method,
            settings={name: value for name, value in settings.items() if value not in (None, {})},
            authorizer=access.authorizer,
            validator=validator,
            responses=self._responses(operation, where),
            integration=None if integration is None else read_integration(integration, where),
            integration_responses=()
            if integration is None
            else read_integration_responses(integration, where, self._warnings),
        )

    def _parameters(self, parameters: list[Mapping[str, Any]]) -> dict[str, bool]:
        found = {}
        for given in parameters:
            parameter = self._resolved(given, "parameters")
            place = PARAMETER_PLACES.get(parameter.get("in", ""))
            if place is None:
                self._warnings.append(
                    f"Parameter '{parameter.get('name')}' in '{parameter.get('in')}' is not supported"
                )
                continue
            required = bool(parameter.get("required")) or place == "path"
            found[f"method.request.{place}.{parameter['name']}"] = required
        return found

    def _responses(self, operation: Mapping[str, Any], where: str) -> dict[str, Settings]:
        found: dict[str, Settings] = {}
        for status, given in operation.get("responses", {}).items():
            if not re.fullmatch(r"[1-5]\d\d", str(status)):
                self._warnings.append(f"Response '{status}' of {where} is not supported and was ignored")
                continue
            response = self._resolved(given, "responses")
            headers = {f"method.response.header.{name}": False for name in response.get("headers", {})}
            models = self._schemas.content_models(response.get("content", {}))
            settings = {"responseParameters": headers, "responseModels": models}
            found[str(status)] = {name: value for name, value in settings.items() if value}
        return found

    def _resolved(self, value: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
        """Follow a reference into components."""
        reference = value.get("$ref")
        if reference is None:
            return value
        components: Mapping[str, Mapping[str, Any]] = self._document.get("components", {}).get(kind, {})
        name = str(reference).removeprefix(f"#/components/{kind}/")
        if name not in components:
            message = f"Invalid OpenAPI input: '{reference}' does not exist"
            raise bad_request(message)
        return components[name]


def _checked_path(path: str) -> str:
    parts = path.split("/")[1:]
    if not path.startswith("/") or (path != "/" and not all(PATH_PART.fullmatch(part) for part in parts)):
        message = (
            f"Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces: {path}"
        )
        raise bad_request(message)
    return path
