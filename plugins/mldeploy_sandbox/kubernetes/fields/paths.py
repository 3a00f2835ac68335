"""Paths of fields, as `metadata.managedFields` writes them.

A path is a tuple of elements: `f:name` for a field, `k:{…}` for an item of an associative list, `v:…` for one of a set
(https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.36/#fieldsv1-v1-meta).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Set
from typing import Any

Path = tuple[str, ...]
Fields = frozenset[Path]

KEY_DEFAULTS = {"protocol": "TCP"}
"""Values of list keys that may be left out (the types' `default`)."""


def compact(value: Any) -> str:
    """Return JSON as path elements hold it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def item_element(item: Any, keys: tuple[str, ...]) -> str:
    """Return the element of a list item: by its keys, or by its value in a set."""
    if not keys:
        return f"v:{compact(item)}"
    named = {key: item.get(key, KEY_DEFAULTS.get(key)) for key in keys}
    return f"k:{compact({key: value for key, value in named.items() if value is not None})}"


def to_fields_v1(paths: Iterable[Path]) -> dict[str, Any]:
    """Return the tree that `fieldsV1` holds."""
    known = set(paths)
    tree: dict[str, Any] = {}
    for path in sorted(known):
        node = tree
        for element in path:
            node = node.setdefault(element, {})
    for path in known:
        node = tree
        for element in path:
            node = node[element]
        if node:
            node["."] = {}
    return tree


def from_fields_v1(tree: Mapping[str, Any]) -> Fields:
    """Read `fieldsV1`."""
    found: set[Path] = set()
    waiting: list[tuple[Path, Mapping[str, Any]]] = [((), tree)]
    while waiting:
        path, node = waiting.pop()
        if path and (not node or "." in node):
            found.add(path)
        waiting += [((*path, element), child) for element, child in node.items() if element != "."]
    return frozenset(found)


def shown(path: Path) -> str:
    """Return a path as error messages write it, such as `.spec.containers[name="service"].image`."""
    text = ""
    for element in path:
        kind, rest = element[0], element[2:]
        if kind == "f":
            text += f".{rest}"
        elif kind == "v":
            text += f"[={rest}]"
        else:
            text += f"[{','.join(f'{key}={compact(value)}' for key, value in json.loads(rest).items())}]"
    return text


def below(paths: Set[Path], prefix: Path) -> bool:
    """Tell whether any path lies at or below a prefix."""
    return any(path[: len(prefix)] == prefix for path in paths)
