"""The three kinds of patches that are not an apply: JSON patch, merge patch and strategic merge patch.

https://kubernetes.io/docs/tasks/manage-kubernetes-objects/update-api-object-kubectl-patch/
"""

from __future__ import annotations

import copy
from typing import Any

from mldeploy_sandbox.kubernetes.schema.types import ANYTHING, Schema, field_of, item_of
from mldeploy_sandbox.kubernetes.status import ApiError, bad_request

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"
APPLY_PATCH = "application/apply-patch+yaml"
DIRECTIVES = ("$patch", "$retainKeys")


def patched(document: dict[str, Any], patch: Any, kind: str, schema: Schema) -> dict[str, Any]:
    """Return a changed copy of an object.

    Raises:
        ApiError: the patch cannot be read (400) or does not fit the object (422).
    """
    if kind == JSON_PATCH:
        return _json_patched(copy.deepcopy(document), patch)
    if not isinstance(patch, dict):
        message = "error decoding patch: json: cannot unmarshal into Go value of type map[string]interface {}"
        raise bad_request(message)
    if kind == MERGE_PATCH:
        return dict(_merged(document, patch))
    return dict(_strategic(document, patch, schema))


def _merged(value: Any, patch: Any) -> Any:
    """Apply RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(value) if isinstance(value, dict) else {}
    for name, child in patch.items():
        if child is None:
            result.pop(name, None)
        else:
            result[name] = _merged(result.get(name), child)
    return result


def _strategic(value: Any, patch: dict[str, Any], schema: Schema) -> Any:
    if patch.get("$patch") == "replace":
        return {name: child for name, child in patch.items() if name not in DIRECTIVES}
    result = dict(value) if isinstance(value, dict) else {}
    for name in [each for each in result if each not in patch.get("$retainKeys", result)]:
        del result[name]
    for name, child in patch.items():
        known = field_of(schema, name) or ANYTHING
        if name.startswith("$"):
            _directive(result, name, child, schema)
        elif child is None:
            result.pop(name, None)
        elif isinstance(child, dict):
            if child.get("$patch") == "delete":
                result.pop(name, None)
            else:
                result[name] = _strategic(result.get(name), child, known)
        elif isinstance(child, list) and known.get("x-kubernetes-patch-strategy", "").startswith("merge"):
            result[name] = _strategic_list(result.get(name) or [], child, known)
        else:
            result[name] = child
    return result


def _directive(result: dict[str, Any], name: str, value: list[Any], schema: Schema) -> None:
    """Follow `$deleteFromPrimitiveList/x` and `$setElementOrder/x`."""
    word, _, field = name.partition("/")
    if word == "$deleteFromPrimitiveList":
        result[field] = [each for each in result.get(field, ()) if each not in value]
    if word == "$setElementOrder" and field in result:
        key = (field_of(schema, field) or ANYTHING).get("x-kubernetes-patch-merge-key")
        order = [each[key] if key else each for each in value]
        places = {place: index for index, place in enumerate(order)}
        result[field] = sorted(result[field], key=lambda each: places.get(each[key] if key else each, len(places)))


def _strategic_list(value: list[Any], patch: list[Any], schema: Schema) -> list[Any]:
    key = schema.get("x-kubernetes-patch-merge-key")
    if key is None:
        return value + [each for each in patch if each not in value]
    if any(isinstance(each, dict) and each.get("$patch") == "replace" for each in patch):
        return [each for each in patch if "$patch" not in each]
    result = list(value)
    for item in patch:
        if key not in item:
            message = f"map: {item} does not contain declared merge key: {key}"
            raise bad_request(message)
        index = next((index for index, each in enumerate(result) if each.get(key) == item[key]), None)
        if item.get("$patch") == "delete":
            result = [each for each in result if each.get(key) != item[key]]
        elif index is None:
            result.append(item)
        else:
            result[index] = _strategic(result[index], item, item_of(schema))
    return result


def _json_patched(document: Any, operations: list[dict[str, Any]]) -> dict[str, Any]:
    """Apply RFC 6902."""
    for operation in operations:
        try:
            _operate(document, operation)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            message = (
                "the server rejected our request due to an error in our request: "
                f"{operation.get('op')} operation does not apply: doc is missing path: {operation.get('path')}"
            )
            raise ApiError(422, "Invalid", message) from error
    return dict(document)


def _operate(document: Any, operation: dict[str, Any]) -> None:
    path = operation["path"]
    match operation["op"]:
        case "add":
            _put(document, path, operation["value"], insert=True)
        case "replace":
            _look(document, path)
            _put(document, path, operation["value"], insert=False)
        case "remove":
            _take(document, path)
        case "copy":
            _put(document, path, _look(document, operation["from"]), insert=True)
        case "move":
            _put(document, path, _take(document, operation["from"]), insert=True)
        case "test":
            if _look(document, path) != operation["value"]:
                message = f"testing path {path} failed"
                raise ValueError(message)
        case _:
            message = f"unknown operation {operation['op']}"
            raise ValueError(message)


def _parts(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _look(document: Any, pointer: str) -> Any:
    for part in _parts(pointer):
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _parent(document: Any, pointer: str) -> tuple[Any, str]:
    *path, last = _parts(pointer)
    return _look(document, "".join(f"/{part.replace('~', '~0').replace('/', '~1')}" for part in path)), last


def _put(document: Any, pointer: str, value: Any, *, insert: bool) -> None:
    parent, name = _parent(document, pointer)
    if not isinstance(parent, list):
        parent[name] = value
    elif name == "-":
        parent.append(value)
    elif insert:
        parent.insert(int(name), value)
    else:
        parent[int(name)] = value


def _take(document: Any, pointer: str) -> Any:
    parent, name = _parent(document, pointer)
    return parent.pop(int(name)) if isinstance(parent, list) else parent.pop(name)
