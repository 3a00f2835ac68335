"""A small JSON Schema validator for the keywords that fragments usually use, to keep `jsonschema` out of good runs.

It only says yes or no; what is wrong is explained by `jsonschema` (`schema_problems.py`), with which it agrees on
every schema that it supports (tests/release/test_fast_validation.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mldeploy.model import JSON

Schema = Mapping[str, "JSON"]
Check = Callable[["JSON", "JSON", Schema, Schema], bool]
"""(value, what the keyword says, the schema it stands in, the whole schema) → whether the value fits."""

ANNOTATIONS = frozenset(
    {
        "$comment",
        "$defs",
        "$schema",
        "default",
        "deprecated",
        "description",
        "examples",
        "format",
        "title",
        "readOnly",
        "writeOnly",
    }
)


class UnsupportedKeywordError(Exception):
    """A schema uses a keyword that only `jsonschema` knows."""


def fits(value: JSON, schema: Schema | bool, root: Schema) -> bool:
    """Return whether JSON data fits a schema.

    Arguments:
        root: the whole schema, in which `$ref` looks things up.

    Raises:
        UnsupportedKeywordError: the answer depends on a keyword that is not supported here.
    """
    if isinstance(schema, bool):
        return schema
    return all(_check(keyword)(value, argument, schema, root) for keyword, argument in schema.items())


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """Compile a pattern of a schema, in which `$` matches at the very end only, as ECMA-262 says and Python does not.

    Without this a name could end in a line break and so smuggle a line into a generated file.
    """
    at_end = pattern.endswith("$") and not pattern.endswith(r"\$")
    return re.compile(rf"{pattern[:-1]}\Z" if at_end else pattern)


def _check(keyword: str) -> Check:
    if keyword in ANNOTATIONS or keyword.startswith("x-"):
        return _always
    if keyword not in CHECKS:
        raise UnsupportedKeywordError(keyword)
    return CHECKS[keyword]


def _always(_value: JSON, _argument: JSON, _schema: Schema, _root: Schema) -> bool:
    return True


def _type(value: JSON, argument: JSON, _schema: Schema, _root: Schema) -> bool:
    names = [argument] if isinstance(argument, str) else argument
    return any(TYPES[name](value) for name in names)


def comparable(value: JSON) -> Hashable:
    """Return something equal for values that are equal in JSON: 1 and 1.0 are, 1 and true are not."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return ("array", *map(comparable, value))
    if isinstance(value, dict):
        return frozenset((key, comparable(item)) for key, item in value.items())
    return value  # type: ignore[no-any-return] # JSON is Any; null, numbers and texts remain


def all_different(values: list[JSON]) -> bool:
    """Return whether no two values are equal in JSON."""
    return len(set(map(comparable, values))) == len(values)


def _ref(value: JSON, argument: JSON, _schema: Schema, root: Schema) -> bool:
    target = root.get("$defs", {}).get(str(argument).removeprefix("#/$defs/"))
    if target is None:
        raise UnsupportedKeywordError(argument)
    return fits(value, target, root)


def _properties(value: JSON, argument: JSON, _schema: Schema, root: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    return all(fits(value[key], inner, root) for key, inner in argument.items() if key in value)


def _additional_properties(value: JSON, argument: JSON, schema: Schema, root: Schema) -> bool:
    if not isinstance(value, dict):
        return True
    if "patternProperties" in schema:
        keyword = "patternProperties"
        raise UnsupportedKeywordError(keyword)
    known = schema.get("properties", {})
    return all(fits(item, argument, root) for key, item in value.items() if key not in known)


def _property_names(value: JSON, argument: JSON, _schema: Schema, root: Schema) -> bool:
    return not isinstance(value, dict) or all(fits(key, argument, root) for key in value)


def _items(value: JSON, argument: JSON, schema: Schema, root: Schema) -> bool:
    if "prefixItems" in schema:
        keyword = "prefixItems"
        raise UnsupportedKeywordError(keyword)
    return not isinstance(value, list) or all(fits(item, argument, root) for item in value)


def _unique_items(value: JSON, argument: JSON, _schema: Schema, _root: Schema) -> bool:
    return not argument or not isinstance(value, list) or all_different(value)


def _is_number(value: JSON) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


TYPES: dict[str, Callable[[JSON], bool]] = {
    "array": lambda value: isinstance(value, list),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(value),
    "null": lambda value: value is None,
    "number": _is_number,
    "object": lambda value: isinstance(value, dict),
    "string": lambda value: isinstance(value, str),
}
CHECKS: dict[str, Check] = {
    "$ref": _ref,
    "type": _type,
    "enum": lambda value, allowed, _schema, _root: comparable(value) in map(comparable, allowed),
    "const": lambda value, allowed, _schema, _root: comparable(value) == comparable(allowed),
    "pattern": lambda v, pattern, _schema, _root: not isinstance(v, str) or compiled(pattern).search(v) is not None,
    "minLength": lambda value, least, _schema, _root: not isinstance(value, str) or len(value) >= least,
    "maxLength": lambda value, most, _schema, _root: not isinstance(value, str) or len(value) <= most,
    "minimum": lambda value, least, _schema, _root: not _is_number(value) or value >= least,
    "maximum": lambda value, most, _schema, _root: not _is_number(value) or value <= most,
    "exclusiveMinimum": lambda value, bound, _schema, _root: not _is_number(value) or value > bound,
    "exclusiveMaximum": lambda value, bound, _schema, _root: not _is_number(value) or value < bound,
    "required": lambda value, keys, _schema, _root: not isinstance(value, dict) or all(key in value for key in keys),
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "propertyNames": _property_names,
    "minProperties": lambda value, least, _schema, _root: not isinstance(value, dict) or len(value) >= least,
    "maxProperties": lambda value, most, _schema, _root: not isinstance(value, dict) or len(value) <= most,
    "items": _items,
    "minItems": lambda value, least, _schema, _root: not isinstance(value, list) or len(value) >= least,
    "maxItems": lambda value, most, _schema, _root: not isinstance(value, list) or len(value) <= most,
    "uniqueItems": _unique_items,
}
