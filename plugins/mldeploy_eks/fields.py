"""Which fields of a live object are ours, and how they differ from what we want.

The API server writes into every object who applied or changed which field: `metadata.managedFields`, a tree with `f:`
before names, `k:` before the keys of list items and `v:` before values of sets (Kubernetes documentation, "Server-Side
Apply", and https://github.com/kubernetes-sigs/structured-merge-diff).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from mldeploy_eks.cluster import MANAGER

NOT_COMPARED = ("apiVersion", "kind")
LONGEST_VALUE = 80


def differences(wanted: Mapping[str, Any], live: Mapping[str, Any]) -> Iterator[str]:
    """Yield in words what of a manifest is not so in the live object, and what we once applied and want no more."""
    for key in wanted:
        if key not in NOT_COMPARED:
            yield from _different(wanted[key], live.get(key), key, live)
    yield from (f"{path}: no longer wanted" for path in _left_over(applied_fields(live), wanted, ""))


def applied_fields(live: Mapping[str, Any], manager: str = MANAGER) -> Mapping[str, Any]:
    """Return the tree of the fields that a manager applied."""
    entries = live.get("metadata", {}).get("managedFields") or []
    found = (entry for entry in entries if entry.get("manager") == manager and entry.get("operation") == "Apply")
    return next((entry.get("fieldsV1") or {} for entry in found if not entry.get("subresource")), {})


def applied_manifest(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return what we have applied to an object, with its values as they are now."""
    found = _picked(applied_fields(live), live)
    named = {key: live["metadata"][key] for key in ("name", "namespace") if key in live["metadata"]}
    return {**{key: live[key] for key in NOT_COMPARED}, **found, "metadata": {**found.get("metadata", {}), **named}}


def managers_of(live: Mapping[str, Any], *path: str) -> list[str]:
    """Return who else than we owns a field that is reached by names alone, such as `spec`, `replicas`."""
    found = []
    for entry in live.get("metadata", {}).get("managedFields") or []:
        tree = entry.get("fieldsV1") or {}
        for name in path:
            tree = tree.get(f"f:{name}") if isinstance(tree, Mapping) else None
        if tree is not None and entry.get("manager") != MANAGER:
            found.append(str(entry.get("manager")))
    return sorted(set(found))


def _different(wanted: Any, live: Any, path: str, whole: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(wanted, Mapping):
        found = live if isinstance(live, Mapping) else {}
        if not wanted and not isinstance(live, Mapping):
            yield f"{path}: {_short(live)} → {{}}"
        for key, value in wanted.items():
            yield from _different(value, found.get(key), f"{path}.{key}", whole)
    elif isinstance(wanted, list) and all(isinstance(item, Mapping) for item in wanted):
        items = live if isinstance(live, list) else []
        for number, item in enumerate(wanted):
            yield from _different(item, _same_item(item, number, items), f"{path}[{item.get('name', number)}]", whole)
    elif not _same(wanted, live):
        owners = managers_of(whole, *path.split("."))
        by = f" (changed by {', '.join(owners)})" if owners else ""
        yield f"{path}: {_short(live)} → {_short(wanted)}{by}"


def _same_item(wanted: Mapping[str, Any], number: int, items: list[Any]) -> Any:
    """Return the live item that a wanted one stands for: that of the same name, or mount path, else of its place."""
    for key in ("name", "mountPath"):
        if key in wanted:
            return next((item for item in items if isinstance(item, Mapping) and item.get(key) == wanted[key]), None)
    return items[number] if number < len(items) else None


def _same(wanted: Any, live: Any) -> bool:
    """Compare values; quantities may be written in several ways: 0.5 is 500m."""
    if wanted == live:
        return True
    if isinstance(wanted, str | int | float) and isinstance(live, str | int | float):
        from lightkube.utils.quantity import parse_quantity  # noqa: PLC0415 - an optional dependency

        try:
            return bool(parse_quantity(str(wanted)) == parse_quantity(str(live)))
        except ValueError:
            return False
    return False


def _left_over(fields: Mapping[str, Any], wanted: Any, path: str) -> Iterator[str]:
    """Yield the paths of applied fields that a manifest does not have."""
    for key, inner in fields.items():
        sort, _, text = key.partition(":")
        if sort == "f":
            here = f"{path}.{text}" if path else text
            if not isinstance(wanted, Mapping) or text not in wanted:
                yield here
            else:
                yield from _left_over(inner, wanted[text], here)
        elif sort == "k":
            item = _item_of(json.loads(text), wanted)
            here = f"{path}[{text}]"
            yield from [here] if item is None else _left_over(inner, item, here)
        elif sort == "v" and isinstance(wanted, list) and json.loads(text) not in wanted:
            yield f"{path}[{text}]"


def _picked(fields: Mapping[str, Any], value: Any) -> Any:
    """Return the part of a value that a tree of fields names; a leaf of the tree stands for all of its value."""
    if isinstance(value, Mapping) and any(key.startswith("f:") for key in fields):
        inner = {key[2:]: below for key, below in fields.items() if key.startswith("f:")}
        return {name: _picked(inner[name], found) for name, found in value.items() if name in inner}
    items = {text[2:]: below for text, below in fields.items() if text.startswith("k:")}
    if isinstance(value, list) and items:
        chosen = [(_item_of(json.loads(keys), value), below) for keys, below in items.items()]
        return [_picked(below, item) for item, below in chosen if item is not None]
    return value


def _item_of(keys: Mapping[str, Any], wanted: Any) -> Any:
    """Return the item of a list that has the keys; those that it leaves out have the server's defaults."""
    items = wanted if isinstance(wanted, list) else []
    return next((item for item in items if all(item.get(key, value) == value for key, value in keys.items())), None)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
