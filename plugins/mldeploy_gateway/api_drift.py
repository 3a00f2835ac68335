"""What somebody has changed in a live API by hand, as far as one read of its resources shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy.model import JSON

INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"


def differences(document: Mapping[str, JSON], resources: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the methods that are missing, added, or let in and call others than the document says."""
    wanted, live = _wanted(document), _live(resources)
    return sorted(name for name in wanted.keys() | live.keys() if wanted.get(name) != live.get(name))


def _wanted(document: Mapping[str, JSON]) -> dict[str, JSON]:
    schemes = document["components"]["securitySchemes"]
    found = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            requirements = dict(item for entry in operation.get("security", []) for item in entry.items())
            authorizer = next((name for name in requirements if AUTHORIZER in schemes[name]), None)
            integration = operation[INTEGRATION]
            found[f"{method.upper()} {path}"] = {
                "authorization": "NONE" if authorizer is None else "COGNITO_USER_POOLS",
                "scopes": sorted(requirements.get(authorizer, [])) if authorizer else [],
                "key": any(AUTHORIZER not in schemes[name] for name in requirements),
                "type": integration["type"].upper(),
                "uri": integration.get("uri"),
            }
    return found


def _live(resources: Iterable[Mapping[str, Any]]) -> dict[str, JSON]:
    found = {}
    for resource in resources:
        for name, method in (resource.get("resourceMethods") or {}).items():
            integration = method.get("methodIntegration", {})
            found[f"{name} {resource['path']}"] = {
                "authorization": method.get("authorizationType", "NONE"),
                "scopes": sorted(method.get("authorizationScopes") or []),
                "key": bool(method.get("apiKeyRequired")),
                "type": integration.get("type"),
                "uri": integration.get("uri"),
            }
    return found
