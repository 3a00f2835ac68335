"""Objects as sets of fields: which fields a value has, and how two values merge.

The rules are those of https://kubernetes.io/docs/reference/using-api/server-side-apply/#merge-strategy.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

from mldeploy_sandbox.kubernetes.fields.paths import Path, item_element
from mldeploy_sandbox.kubernetes.schema.types import ANYTHING, Schema, field_of, is_atomic, item_of, list_keys


def fields_of(value: Any, schema: Schema, path: Path = (), *, with_maps: bool = False) -> dict[Path, Any]:
    """Return the fields of a value that can be owned, with their values; items of lists count as fields too.

    Arguments:
        with_maps: a map such as the labels is a field itself, too, as it is for writers that do not apply.
    """
    if isinstance(value, dict) and value and not is_atomic(schema, value):
        found: dict[Path, Any] = {path: None} if with_maps and "additionalProperties" in schema else {}
        for name, child in value.items():
            known = field_of(schema, name) or ANYTHING
            found |= fields_of(child, known, (*path, f"f:{name}"), with_maps=with_maps)
        return found
    if isinstance(value, list) and value and not is_atomic(schema, value):
        found = {}
        for item in value:
            place = (*path, item_element(item, list_keys(schema)))
            found[place] = None
            found |= fields_of(item, item_of(schema), place, with_maps=with_maps) if isinstance(item, dict) else {}
        return found
    return {path: value} if path else {}


def merged(live: Any, applied: Any, schema: Schema) -> Any:
    """Return a live value with an applied one laid over it."""
    if isinstance(live, dict) and isinstance(applied, dict) and not is_atomic(schema, applied):
        result = dict(live)
        for name, value in applied.items():
            known = field_of(schema, name) or ANYTHING
            result[name] = merged(live[name], value, known) if name in live else value
        return result
    if isinstance(live, list) and isinstance(applied, list) and not is_atomic(schema, applied):
        keys, items = list_keys(schema), item_of(schema)
        wanted = {item_element(item, keys): item for item in applied}
        before = {item_element(item, keys): item for item in live}
        kept = [merged(item, wanted[place], items) if place in wanted else item for place, item in before.items()]
        return kept + [item for place, item in wanted.items() if place not in before]
    return applied


def without(value: Any, schema: Schema, removed: Set[Path], kept: Set[Path], path: Path = ()) -> Any:
    """Return a value without some fields; a map or list that loses its last one goes too, unless it is `kept`."""
    if isinstance(value, dict):
        return _map_without(value, schema, removed, kept, path)
    if isinstance(value, list) and not is_atomic(schema, value):
        keys, items = list_keys(schema), item_of(schema)
        places = [(item, (*path, item_element(item, keys))) for item in value]
        return [without(item, items, removed, kept, place) for item, place in places if place not in removed]
    return value


def _map_without(
    value: Mapping[str, Any], schema: Schema, removed: Set[Path], kept: Set[Path], path: Path
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, child in value.items():
        place = (*path, f"f:{name}")
        if place in removed:
            continue
        rest = without(child, field_of(schema, name) or ANYTHING, removed, kept, place)
        emptied = isinstance(child, dict | list) and bool(child) and not rest
        if not emptied or place in kept:
            result[name] = rest
    return result
