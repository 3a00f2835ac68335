"""The public discovery document of the Apigee API as a checker of requests and answers.

google-api-python-client carries it. Where it is not installed nothing is checked, and the tests that need it skip.
"""

from __future__ import annotations

import functools
import importlib.util
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema

PACKAGE = "googleapiclient"
UNLISTED = {
    "organizations.environments.list",
    "organizations.apis.revisions.list",
    "organizations.environments.targetservers.list",
    "organizations.keyvaluemaps.list",
    "organizations.environments.keyvaluemaps.list",
    "organizations.apis.keyvaluemaps.list",
}
"""Methods that answer with a bare JSON array, which a discovery document cannot describe
(https://cloud.google.com/apigee/docs/reference/apis/apigee/rest lists them)."""

FORMS = {"organizations.apis.create"}
"""Methods that take a file."""


@functools.cache
def document() -> dict[str, Any] | None:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / "discovery_cache" / "documents" / "apigee.v1.json"
    return json.loads(path.read_text())


@functools.cache
def methods() -> dict[str, dict[str, Any]]:
    found = document()
    return {} if found is None else {method["id"].removeprefix("apigee."): method for method in _methods(found)}


def _methods(resource: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from resource.get("methods", {}).values()
    for child in resource.get("resources", {}).values():
        yield from _methods(child)


@functools.cache
def _schemas() -> dict[str, Any]:
    found = document()
    assert found is not None
    return {name: _closed(schema) for name, schema in found["schemas"].items()}


def _closed(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a JSON Schema that allows no property which the document does not name."""
    closed: dict[str, Any] = {}
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    if schema.get("type") not in (None, "any"):
        closed["type"] = schema["type"]
    if "enum" in schema:
        closed["enum"] = schema["enum"]
    if "items" in schema:
        closed["items"] = _closed(schema["items"])
    if "properties" in schema:
        closed["properties"] = {name: _closed(value) for name, value in schema["properties"].items()}
        closed["additionalProperties"] = False
    if "additionalProperties" in schema:
        closed["additionalProperties"] = _closed(schema["additionalProperties"])
    return closed


@functools.cache
def _validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": _schemas()})


def check_call(method: str, path: str, query: Mapping[str, str], body: Any, answer: Any) -> None:
    """Fail when a successful call or its answer does not fit the document."""
    if document() is None:
        return
    called = _find(method, path)
    if called is None:
        assert isinstance(answer, list), f"{method} {path} is no method of the API"
        return
    assert set(query) <= set(called["parameters"]), f"{called['id']}: unknown parameters in {sorted(query)}"
    if body is not None:
        _check(called, "request", body)
    _check(called, "response", answer)


def _find(method: str, path: str) -> dict[str, Any] | None:
    for candidate in methods().values():
        pattern = re.sub(r"\{\w+\}", "[^/:]+", candidate["flatPath"])
        if candidate["httpMethod"] == method and re.fullmatch(pattern, path.strip("/")):
            return candidate
    return None


def _check(called: Mapping[str, Any], side: str, value: Any) -> None:
    name = called.get(side, {}).get("$ref", "GoogleProtobufEmpty")
    if name == "GoogleApiHttpBody":  # any content: the revision, or its archive
        name = "GoogleCloudApigeeV1ApiProxyRevision"
    problems = [f"{error.json_path}: {error.message}" for error in _validator(name).iter_errors(value)]
    assert not problems, f"{called['id']}: the {side} is no {name}: {problems}"
