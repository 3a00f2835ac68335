"""The OpenAPI documents that kubectl asks for before it sends anything.

https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
"""

from __future__ import annotations

from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resource, Resources
from mldeploy_sandbox.kubernetes.schema.types import PREFIX, definitions

QUERY = [
    {"name": name, "in": "query", "schema": {"type": "string", "uniqueItems": True}}
    for name in ("dryRun", "fieldManager", "fieldValidation")
]


def document_list(resources: Resources) -> dict[str, Any]:
    """Answer `/openapi/v3`: where the document of each group and version is."""
    places = {_place(each) for each in resources}
    return {"paths": {place: {"serverRelativeURL": f"/openapi/v3/{place}?hash=1"} for place in sorted(places)}}


def document(place: str, resources: Resources) -> dict[str, Any] | None:
    """Answer `/openapi/v3/apis/GROUP/VERSION`; None when nothing is served there."""
    found = [each for each in resources if _place(each) == place]
    if not found:
        return None
    schemas = {PREFIX + name: _absolute(schema) for name, schema in definitions().items()}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "v1.36.0"},
        "paths": {path: operations for each in found for path, operations in _paths(place, each).items()},
        "components": {"schemas": schemas},
    }


def _place(resource: Resource) -> str:
    return f"apis/{resource.api_version}" if resource.group else f"api/{resource.version}"


def _paths(place: str, resource: Resource) -> dict[str, Any]:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    middle = "/namespaces/{namespace}" if resource.namespaced else ""
    base = f"/{place}{middle}/{resource.plural}"
    operation = {"parameters": QUERY, "x-kubernetes-group-version-kind": kind, "responses": {"200": {}}}
    return {
        base: {"post": operation | {"x-kubernetes-action": "post"}},
        f"{base}/{{name}}": {"patch": operation | {"x-kubernetes-action": "patch"}},
    }


def _absolute(schema: Any) -> Any:
    """Return a schema whose references point into the document."""
    if isinstance(schema, dict):
        return {
            key: f"#/components/schemas/{PREFIX}{value}"
            if key == "$ref" and isinstance(value, str)
            else _absolute(value)
            for key, value in schema.items()
        }
    return [_absolute(each) for each in schema] if isinstance(schema, list) else schema
