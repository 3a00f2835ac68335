"""Reads security schemes and requirements: authorizers, scopes and API keys.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-authorizer.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.apigateway.definition import Settings
from mldeploy_sandbox.apigateway.errors import bad_request

AUTHORIZER = "x-amazon-apigateway-authorizer"
AUTHORIZER_TYPES = {"cognito_user_pools": "COGNITO_USER_POOLS", "token": "TOKEN", "request": "REQUEST"}
AUTHORIZATION_TYPES = {"COGNITO_USER_POOLS": "COGNITO_USER_POOLS", "TOKEN": "CUSTOM", "REQUEST": "CUSTOM"}
COPIED = (
    "authorizerUri",
    "authorizerCredentials",
    "authorizerResultTtlInSeconds",
    "identityValidationExpression",
    "providerARNs",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What a method asks of its caller: parameters of PutMethod, and the name of the authorizer if there is one."""

    settings: Settings
    authorizer: str | None


class SecurityReader:
    """Reads the security of one document."""

    def __init__(self, document: Mapping[str, Any], warnings: list[str]) -> None:
        self._default: list[Mapping[str, list[str]]] = document.get("security", [])
        self._schemes: Mapping[str, Any] = document.get("components", {}).get("securitySchemes", {})
        self._warnings = warnings

    def authorizers(self) -> tuple[Settings, ...]:
        """Return the parameters of CreateAuthorizer."""
        return tuple(_authorizer(name, scheme) for name, scheme in self._schemes.items() if AUTHORIZER in scheme)

    def access(self, operation: Mapping[str, Any], where: str) -> Access:
        """Return what an operation asks for; its own `security` replaces that of the document."""
        settings: dict[str, Any] = {"authorizationType": "NONE", "apiKeyRequired": False}
        authorizer = None
        for requirement in operation.get("security", self._default):
            for name, scopes in requirement.items():
                scheme = self._schemes.get(name)
                if scheme is None:
                    message = f"Unknown security scheme '{name}' in {where}"
                    raise bad_request(message)
                if AUTHORIZER in scheme:
                    authorizer = name
                    settings["authorizationType"] = AUTHORIZATION_TYPES[_kind(name, scheme)]
                    settings["authorizationScopes"] = list(scopes) or None
                elif scheme.get("x-amazon-apigateway-authtype") == "awsSigv4":
                    settings["authorizationType"] = "AWS_IAM"
                elif scheme.get("type") == "apiKey" and str(scheme.get("name")).lower() == "x-api-key":
                    settings["apiKeyRequired"] = True
                else:
                    self._warnings.append(f"Security scheme '{name}' of {where} is not supported and was ignored")
        return Access(settings=settings, authorizer=authorizer)


def _authorizer(name: str, scheme: Mapping[str, Any]) -> Settings:
    value = scheme[AUTHORIZER]
    settings = {key: value[key] for key in COPIED if value.get(key) is not None}
    header = f"method.request.header.{scheme.get('name', 'Authorization')}"
    return {
        "name": name,
        "type": _kind(name, scheme),
        "authType": scheme.get("x-amazon-apigateway-authtype", value["type"]),
        "identitySource": value.get("identitySource", header),
        **settings,
    }


def _kind(name: str, scheme: Mapping[str, Any]) -> str:
    value = scheme[AUTHORIZER]
    kind = AUTHORIZER_TYPES.get(str(value.get("type", "")).lower())
    if kind is None:
        message = f"Invalid authorizer type '{value.get('type')}' of '{name}'"
        raise bad_request(message)
    if kind == "COGNITO_USER_POOLS" and not value.get("providerARNs"):
        message = f"Authorizer '{name}' needs providerARNs"
        raise bad_request(message)
    return kind
