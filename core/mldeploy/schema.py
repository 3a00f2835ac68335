"""The schema of release.yaml: the core's keys and those of the loaded plugins, merged into one closed object."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from mldeploy.entry_points import declared
from mldeploy.errors import PluginError
from mldeploy.resources import data_folder

if TYPE_CHECKING:
    from mldeploy.model import JSON

CORE = "the core"
ENTRY_POINTS = "mldeploy"
NOT_IN_OVERLAYS = ("name", "type", "environments")
"""Keys that identify a release and so are the same everywhere."""


@cache
def shipped_fragment(name: str) -> Mapping[str, JSON]:
    """Return the JSON Schema fragment `schemas/<name>.json` that is shipped with mldeploy; do not change it."""
    found: Mapping[str, JSON] = json.loads((data_folder("schemas") / f"{name}.json").read_text("utf-8"))
    return found


def base_schema() -> Mapping[str, JSON]:
    """Return the schema of the keys that belong to the core."""
    return shipped_fragment("base")


def built_in_plugins() -> list[str]:
    """Return the names of the plugins that come with mldeploy."""
    return sorted(name for name, found in declared(ENTRY_POINTS).items() if found.distribution == "mldeploy")


def composed_schema(fragments: Iterable[tuple[str, Mapping[str, JSON]]], *, closed: bool = True) -> dict[str, JSON]:
    """Merge the fragments of plugins into the core's schema.

    The result is one object: `allOf` with `unevaluatedProperties` would name the wrong keys in its errors. Every
    environment takes the same keys as the file, except those that identify the release, and requires none.

    Arguments:
        fragments: (plugin name, JSON Schema object); `properties`, `required` and `$defs` are used.
        closed: refuse unknown keys; not when a plugin that might own them is missing.

    Raises:
        PluginError: two plugins own the same key, and do not mean the same by it.
    """
    merged: dict[str, Any] = {**base_schema(), "additionalProperties": not closed}
    owners = {section: dict.fromkeys(merged.get(section, {}), CORE) for section in ("properties", "$defs")}
    for plugin, fragment in fragments:
        for section, known in owners.items():
            shared = merged.get(section, {})
            own = [key for key, value in fragment.get(section, {}).items() if shared.get(key) != value]
            _refuse_second_owner(plugin, own, known)
            merged[section] = {**merged.get(section, {}), **fragment.get(section, {})}
            known.update(dict.fromkeys(fragment.get(section, {}), plugin))
        merged["required"] = [*merged["required"], *fragment.get("required", ())]
    overlay = {
        "description": "What differs in this environment.",
        "type": "object",
        "additionalProperties": not closed,
        "properties": {k: _partial(v) for k, v in merged["properties"].items() if k not in NOT_IN_OVERLAYS},
    }
    environments = {**merged["properties"]["environments"], "additionalProperties": overlay}
    return {**merged, "properties": {**merged["properties"], "environments": environments}}


def schema_text(schema: Mapping[str, JSON]) -> str:
    """Return a schema as the text of a file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def resolved(schema: Mapping[str, JSON], root: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Return a schema with its `$ref` into `#/$defs` replaced by what it refers to; its own keywords win."""
    while isinstance(reference := schema.get("$ref"), str) and reference.startswith("#/$defs/"):
        target = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
        schema = {**target, **{keyword: value for keyword, value in schema.items() if keyword != "$ref"}}
    return schema


def subschema(path: Iterable[str | int], root: Mapping[str, JSON]) -> Mapping[str, JSON]:
    """Return the schema of the value at a path; empty where the schema says nothing about it."""
    found = root
    for key in path:
        found = resolved(found, root)
        inner = found.get("items") if isinstance(key, int) else found.get("properties", {}).get(key)
        if inner is None:
            inner = found.get("additionalProperties")
        found = inner if isinstance(inner, Mapping) else {}
    return resolved(found, root)


def _refuse_second_owner(plugin: str, keys: Iterable[str], owners: Mapping[str, str]) -> None:
    for key in keys:
        if key in owners:
            message = f"'{owners[key]}' and '{plugin}' both own '{key}' of release.yaml"
            raise PluginError(message, hint="load one of the two; a plugin's own keys should carry its name")


def _partial(schema: Mapping[str, JSON]) -> dict[str, JSON]:
    """Return a schema for a part of a value: what is missing comes from the rest of the file."""
    kept = {key: value for key, value in schema.items() if key not in {"required", "default", "x-environments"}}
    if isinstance(kept.get("properties"), Mapping):
        kept["properties"] = {key: _partial(value) for key, value in kept["properties"].items()}
    return kept
