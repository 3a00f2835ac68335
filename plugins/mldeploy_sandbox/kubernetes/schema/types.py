"""Reads `types.json`: the fields of each kind, and how its lists and maps merge.

The marks are those of https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

TYPES_FILE = Path(__file__).with_name("types.json")
PREFIX = "io.k8s."

Schema = Mapping[str, Any]

ANYTHING: Schema = {}
"""The schema of a value that nothing is known about, such as the fields of a custom resource."""

OBJECT_META = "apimachinery.pkg.apis.meta.v1.ObjectMeta"


@cache
def definitions() -> Mapping[str, Schema]:
    """Return every definition by its name without "io.k8s."."""
    document: dict[str, Schema] = json.loads(TYPES_FILE.read_text(encoding="utf-8"))
    return document


@cache
def _kinds() -> Mapping[tuple[str, str], str]:
    return {
        (f"{gvk['group']}/{gvk['version']}".lstrip("/"), gvk["kind"]): name
        for name, schema in definitions().items()
        for gvk in schema.get("x-kubernetes-group-version-kind", ())
    }


def schema_of(api_version: str, kind: str) -> Schema:
    """Return the schema of a kind; a custom resource has known metadata and any other field."""
    name = _kinds().get((api_version, kind))
    if name is not None:
        return definitions()[name]
    text = {"type": "string"}
    return {"properties": {"apiVersion": text, "kind": text, "metadata": {"$ref": OBJECT_META}}, "open": True}


def resolved(schema: Schema) -> Schema:
    """Follow a reference; marks beside it (a list's type) stay."""
    if "$ref" not in schema:
        return schema
    return {**definitions()[schema["$ref"]], **{key: value for key, value in schema.items() if key != "$ref"}}


def field_of(schema: Schema, name: str) -> Schema | None:
    """Return the schema of a field of an object; None when it is not declared."""
    found = schema.get("properties", {}).get(name)
    if found is None:
        found = schema.get("additionalProperties")
    if found is None and (schema.get("open") or not schema.get("properties")):
        return ANYTHING
    return None if found is None else resolved(found)


def item_of(schema: Schema) -> Schema:
    """Return the schema of the items of a list."""
    return resolved(schema.get("items", ANYTHING))


def is_atomic(schema: Schema, value: Any) -> bool:
    """Tell whether a list or a map is replaced as a whole; a list of unknown type is."""
    if isinstance(value, list):
        return bool(schema.get("x-kubernetes-list-type", "atomic") == "atomic")
    return bool(schema.get("x-kubernetes-map-type") == "atomic")


def list_keys(schema: Schema) -> tuple[str, ...]:
    """Return the fields that identify an item of an associative list; none for a set."""
    return tuple(schema.get("x-kubernetes-list-map-keys", ()))
