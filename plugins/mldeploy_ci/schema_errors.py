"""Say what does not fit a schema in which most values may have one of several forms.

jsonschema reports "is not valid under any of the given schemas" for such a value; what helps is what is wrong with it
in the form that was probably meant.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from mldeploy.suggestions import suggestion
from mldeploy.wording import TYPE_NAMES, described, quoted

FORMS = ("oneOf", "anyOf")
LONGEST_MESSAGE = 200


def innermost(error: Any) -> Iterator[Any]:
    """Yield the errors in the form of a value that was probably meant; the error itself where there are no forms."""
    if error.validator not in FORMS or not error.context:
        yield error
        return
    forms = [list(group) for _, group in groupby(error.context, key=lambda inner: inner.relative_schema_path[0])]
    meant = [form for form in forms if not any(_is_other_kind(inner) for inner in form)]
    depths = {_depth(form) for form in meant}
    if not meant or (len(meant) > 1 and depths == {0}):
        yield error
        return
    for inner in max(meant, key=lambda form: (_depth(form), -len(form))):
        yield from innermost(inner)


def message_of(error: Any) -> str:
    """Return what is wrong, without the place."""
    wanted, value = error.validator_value, error.instance
    text = str(error.message)[:LONGEST_MESSAGE]
    match error.validator:
        case "required":
            text = f"{', '.join(name for name in wanted if name not in value)} is missing"
        case "enum":
            text = f"{quoted(value)} is none of {', '.join(map(str, wanted))}"
        case "pattern":
            text = f"{quoted(value)} does not match {wanted}"
        case "type":
            names = wanted if isinstance(wanted, list) else [wanted]
            text = f"{described(value)} is not {' or '.join(TYPE_NAMES[name] for name in names)}"
        case "additionalProperties" if unknown := _unknown_keys(error):
            text = f"unknown: {', '.join(unknown)}"
        case "oneOf" | "anyOf":
            missing = sorted(set(_missing(error)))
            none = f"{quoted(value)} has none of the forms that CircleCI takes here"
            text = f"one of {', '.join(missing)} is missing" if missing else none
    return text


def hint_of(error: Any) -> str:
    """Return what to try, or nothing."""
    unknown = _unknown_keys(error) if error.validator == "additionalProperties" else []
    return suggestion(unknown[0], error.schema.get("properties", {}), listed="keys here") if unknown else ""


def _is_other_kind(error: Any) -> bool:
    """Return whether a form is for a value of another type: a text where this is a mapping."""
    return error.validator == "type" and not error.relative_path


def _depth(form: list[Any]) -> int:
    return max(_depth_of(error) for error in form)


def _depth_of(error: Any) -> int:
    inner = max((_depth_of(found) for found in error.context or ()), default=0)
    return len(error.relative_path) + inner


def _unknown_keys(error: Any) -> list[str]:
    if not isinstance(error.instance, dict):
        return []
    return [str(key) for key in error.instance if key not in error.schema.get("properties", {})]


def _missing(error: Any) -> Iterator[str]:
    """Yield the keys that the forms of a value need, if a missing key is all that is wrong."""
    for inner in error.context or ():
        if inner.validator == "required":
            yield from inner.validator_value
        elif inner.validator in FORMS:
            yield from _missing(inner)
