"""Decodes objects as the API server does: unknown fields are named and dropped, wrong types are refused.

https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.kubernetes.fields.paths import KEY_DEFAULTS, compact
from mldeploy_sandbox.kubernetes.schema.types import Schema, field_of, is_atomic, item_of, list_keys, resolved

GO_TYPES = {"string": str, "boolean": bool, "integer": int, "number": (int, float), "object": dict, "array": list}
JSON_NAMES = {str: "string", bool: "bool", int: "number", float: "number", dict: "object", list: "array"}


class WrongTypeError(Exception):
    """A value is not of the type that its field has."""


def known_part(value: Any, schema: Schema, unknown: list[str], path: str = "") -> Any:
    """Return a value without null and without fields that its type does not have; their paths go to `unknown`.

    Raises:
        WrongTypeError: a value is of the wrong type.
    """
    _check_type(value, schema, path)
    if isinstance(value, dict):
        return _known_fields(value, schema, unknown, path)
    if isinstance(value, list):
        items = item_of(schema)
        return [known_part(item, items, unknown, f"{path}[{index}]") for index, item in enumerate(value)]
    return value


def _known_fields(value: Mapping[str, Any], schema: Schema, unknown: list[str], path: str) -> dict[str, Any]:
    result = {}
    for name, child in value.items():
        place = f"{path}.{name}" if path else name
        known = field_of(schema, name)
        if known is None:
            unknown.append(place)
        elif child is not None and not _is_omitted(name, child, schema, known):
            result[name] = known_part(child, known, unknown, place)
    return result


def _is_omitted(name: str, value: Any, schema: Schema, known: Schema) -> bool:
    """Tell whether an empty list or map is as good as none: those that are not required are written `omitempty`."""
    holds_many = known.get("type") == "array" or "additionalProperties" in known
    return holds_many and value in ([], {}) and name not in schema.get("required", ())


def _check_type(value: Any, schema: Schema, path: str) -> None:
    wanted = schema.get("type")
    if wanted is None or value is None:
        return
    if not isinstance(value, GO_TYPES[wanted]) or (wanted != "boolean" and isinstance(value, bool)):  # type: ignore[arg-type]
        kind = JSON_NAMES.get(type(value), "value")
        message = f"json: cannot unmarshal {kind} into Go struct field {path} of type {wanted}"
        raise WrongTypeError(message)


def undeclared(value: Any, schema: Schema, path: str = "") -> str:
    """Return what keeps an applied configuration from being typed, in structured-merge-diff's words; or nothing."""
    if isinstance(value, dict):
        for name, child in value.items():
            known = field_of(schema, name)
            problem = f"{path}.{name}: field not declared in schema" if known is None else ""
            problem = problem or (undeclared(child, known, f"{path}.{name}") if known is not None else "")
            if problem:
                return problem
    if isinstance(value, list):
        return _undeclared_in_list(value, schema, path)
    return ""


def _undeclared_in_list(value: list[Any], schema: Schema, path: str) -> str:
    keys = () if is_atomic(schema, value) else list_keys(schema)
    seen: set[str] = set()
    for index, item in enumerate(value):
        missing = [key for key in keys if key not in item and key not in KEY_DEFAULTS]
        if missing:
            return (
                f"{path}: element {index}: associative list with keys has an element that omits key field "
                f'"{missing[0]}" (and doesn\'t have default value)'
            )
        place = ",".join(f"{key}={compact(item.get(key, KEY_DEFAULTS.get(key)))}" for key in keys)
        if keys and place in seen:
            return f"{path}: duplicate entries for key [{place}]"
        seen.add(place)
        problem = undeclared(item, item_of(schema), f"{path}[{place}]" if keys else f"{path}[{index}]")
        if problem:
            return problem
    return ""


def missing_fields(value: Any, schema: Schema, path: str = "") -> list[str]:
    """Return the paths of required fields that are not there."""
    whole = resolved(schema)
    found: list[str] = []
    if isinstance(value, dict):
        found += [f"{path}.{name}".lstrip(".") for name in whole.get("required", ()) if name not in value]
        for name, child in value.items():
            known = field_of(whole, name)
            found += missing_fields(child, known, f"{path}.{name}") if known is not None else []
    elif isinstance(value, list):
        for index, item in enumerate(value):
            found += missing_fields(item, item_of(whole), f"{path}[{index}]")
    return found
