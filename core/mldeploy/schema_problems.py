"""Find everything in a release that does not fit its schema; loaded only when something does not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jsonschema import Draft202012Validator, ValidationError, validators

from mldeploy.explanations import Misfit, explain
from mldeploy.fast_validation import all_different, compiled

if TYPE_CHECKING:
    from mldeploy.errors import Position, Problem
    from mldeploy.model import JSON
    from mldeploy.yaml.positions import KeyPath


def find_problems(value: JSON, schema: Mapping[str, JSON], keys: Mapping[KeyPath, Position]) -> list[Problem]:
    """Return everything that does not fit, with paths; empty when the value is fine.

    Arguments:
        keys: where keys are, for problems with the key itself; other problems get no position here.
    """
    errors: Iterator[Any] = _Validator(schema).iter_errors(value)
    return [problem for error in errors for problem in explain(_misfit(error), schema, keys)]


def _misfit(error: Any) -> Misfit:
    about_key = "propertyNames" in error.absolute_schema_path
    path = tuple(error.absolute_path)
    return Misfit(
        keyword=error.validator,
        argument=error.validator_value,
        value=error.instance,
        schema=error.schema,
        path=(*path, error.instance) if about_key else path,
        about_key=about_key,
    )


def _pattern(_validator: Any, pattern: str, value: JSON, _schema: Any) -> Iterator[ValidationError]:
    if isinstance(value, str) and not compiled(pattern).search(value):
        yield ValidationError(f"does not match {pattern}")


def _unique_items(_validator: Any, wanted: JSON, value: JSON, _schema: Any) -> Iterator[ValidationError]:
    if wanted and isinstance(value, list) and not all_different(value):
        yield ValidationError("an item is there twice")


def _required(_validator: Any, keys: list[str], value: JSON, _schema: Any) -> Iterator[ValidationError]:
    """Report all missing keys at once; `jsonschema` names each one only in its message."""
    if isinstance(value, dict) and not all(key in value for key in keys):
        yield ValidationError("keys are missing")


_extend: Any = validators.extend
_Validator: Any = _extend(
    Draft202012Validator, {"pattern": _pattern, "uniqueItems": _unique_items, "required": _required}
)
