"""What a schema fragment has to keep to, beyond being a JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import jsonschema

from mldeploy.model import JSON


def faults(fragment: JSON) -> Iterator[str]:
    """Yield what is wrong with a fragment that a plugin gives for `mldeploy_schema`."""
    if not isinstance(fragment, Mapping) or fragment.get("type") != "object":
        yield 'a fragment is an object schema: {"type": "object", "properties": {…}}'
        return
    try:
        jsonschema.Draft202012Validator.check_schema(fragment)
    except jsonschema.SchemaError as error:
        yield f"not a JSON Schema: {error.message} at {error.json_path}"
        return
    for section in ("properties", "$defs"):
        for key, schema in fragment.get(section, {}).items():
            yield from _faults_below(key, schema, fragment, described=section == "$defs")


def _faults_below(path: str, schema: JSON, root: Mapping[str, JSON], *, described: bool = False) -> Iterator[str]:
    """Yield the faults of one schema; only keys of release.yaml need a description of their own."""
    if not isinstance(schema, Mapping):
        return
    if not described and not schema.get("description") and "$ref" not in schema:
        yield f"{path} has no description"
    if "properties" in schema and schema.get("additionalProperties") not in (False, *_schemas(schema)):
        yield f"{path} is open: say additionalProperties: false, so that misspelt keys are found"
    if "default" in schema:
        yield from _default_faults(path, schema, root)
    for key, inner in schema.get("properties", {}).items():
        yield from _faults_below(f"{path}.{key}", inner, root)
    if "items" in schema:
        yield from _faults_below(f"{path}[]", schema["items"], root, described=True)


def _schemas(schema: Mapping[str, JSON]) -> tuple[JSON, ...]:
    found = schema.get("additionalProperties")
    return (found,) if isinstance(found, Mapping) else ()


def _default_faults(path: str, schema: Mapping[str, JSON], root: Mapping[str, JSON]) -> Iterator[str]:
    whole = {"$defs": root.get("$defs", {}), **schema}
    for value in (schema["default"], *schema.get("x-environments", {}).values()):
        for error in jsonschema.Draft202012Validator(whole).iter_errors(value):
            yield f"the default of {path} does not fit: {error.message}"
