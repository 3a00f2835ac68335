"""The variables of a container, from the pod's specification and from what it refers to.

https://kubernetes.io/docs/tasks/inject-data-application/
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any

from mldeploy_sandbox.kubernetes.controllers.access import Access
from mldeploy_sandbox.kubernetes.store import Document

REFERENCE = re.compile(r"\$(\$|\(([^)]*)\))")


class ConfigError(Exception):
    """A container cannot be made, because something that it refers to is not there."""


def container_variables(access: Access, pod: Document, container: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables of a container.

    Raises:
        ConfigError: a Secret or ConfigMap, or a key of one, is missing.
    """
    variables: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        for kind, reference in (("Secret", source.get("secretRef")), ("ConfigMap", source.get("configMapRef"))):
            if reference is not None:
                data = _data(access, kind, pod, reference) or {}
                variables |= {f"{source.get('prefix', '')}{key}": value for key, value in data.items()}
    for variable in container.get("env", ()):
        value = expanded(variable.get("value", ""), variables)
        if "valueFrom" in variable:
            found = _value_from(access, pod, variable["valueFrom"])
            if found is None:
                continue
            value = found
        variables[variable["name"]] = value
    return variables


def expanded(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by a variable; `$$` stands for `$`, and an unknown name stays as it is."""
    return REFERENCE.sub(lambda match: "$" if match[1] == "$" else variables.get(match[2], match[0]), text)


def _value_from(access: Access, pod: Document, source: Mapping[str, Any]) -> str | None:
    for kind, name in (("Secret", "secretKeyRef"), ("ConfigMap", "configMapKeyRef")):
        if name in source:
            return _key(access, kind, pod, source[name])
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"])
    return ""


def _key(access: Access, kind: str, pod: Document, reference: Mapping[str, Any]) -> str | None:
    data = _data(access, kind, pod, reference)
    if data is not None and reference["key"] in data:
        return data[reference["key"]]
    if reference.get("optional"):
        return None
    place = f"{pod['metadata']['namespace']}/{reference['name']}"
    message = f"couldn't find key {reference['key']} in {kind} {place}"
    raise ConfigError(message)


def _data(access: Access, kind: str, pod: Document, reference: Mapping[str, Any]) -> dict[str, str] | None:
    found = access.find(kind, pod["metadata"]["namespace"], reference.get("name", ""))
    if found is None:
        if reference.get("optional"):
            return None
        message = f'{kind.lower()} "{reference.get("name", "")}" not found'
        raise ConfigError(message)
    if kind == "ConfigMap":
        return dict(found.get("data") or {})
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in (found.get("data") or {}).items()}


def _field(pod: Document, path: str) -> str:
    match = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if match:
        return str(pod["metadata"].get(match[1], {}).get(match[2], ""))
    found: Any = pod
    for name in path.split("."):
        found = found.get(name, "") if isinstance(found, Mapping) else ""
    return str(found)
