"""What a schema allows, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generators.markdown import code

from mldeploy.model import JSON

MOST_LISTED = 12
BOUNDS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", "characters: "),
    ("minItems", "maxItems", "items: "),
    ("minProperties", "maxProperties", "keys: "),
)
ABOVE = "exclusiveMinimum"


def limits(schema: Mapping[str, JSON]) -> str:
    """Return the allowed values, bounds and form of a value; empty where all values of its type will do."""
    return "; ".join(_limits(schema))


def _limits(schema: Mapping[str, JSON]) -> Iterator[str]:
    if values := schema.get("enum"):
        many = f"{schema.get('x-noun', 'value')}: one of the {len(values)} that the schema lists"
        yield ", ".join(code(str(value)) for value in values) if len(values) <= MOST_LISTED else many
    for low, high, label in BOUNDS:
        if text := _bounds(schema.get(low), schema.get(high)):
            yield label + text
    if ABOVE in schema:
        yield f"more than {schema[ABOVE]}"
    if reason := schema.get("x-reason", schema.get("propertyNames", {}).get("x-reason")):
        yield reason
    elif "pattern" in schema:
        yield f"fits {code(schema['pattern'])}"


def _bounds(low: JSON, high: JSON) -> str:
    if low is not None and high is not None:
        return f"{low} to {high}"
    if low is not None:
        return f"at least {low}"
    return f"at most {high}" if high is not None else ""
