"""Reads a request: which object it is about, what it wants to do, and how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from werkzeug.wrappers import Request

from mldeploy_sandbox.kubernetes.authorization import Attempt
from mldeploy_sandbox.kubernetes.patches import APPLY_PATCH
from mldeploy_sandbox.kubernetes.preparation import IGNORE, STRICT, WARN, Options
from mldeploy_sandbox.kubernetes.resources import Resource, Resources
from mldeploy_sandbox.kubernetes.status import ApiError, bad_request

VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
TRUE = ("true", "1", "t", "True")
BODY_BYTES = 3 * 1024 * 1024
"""Limit of a request (k8s.io/apiserver `MaxRequestBodyBytes`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a path names; `rest` is what follows `proxy/`."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    rest: str = ""


def find_target(path: str, resources: Resources) -> Target | None:
    """Read the path of a resource; None for a path that names none."""
    parts = [part for part in path.split("/") if part]
    if parts[:1] == ["api"] and len(parts) >= 3:
        group, version, rest = "", parts[1], parts[2:]
    elif parts[:1] == ["apis"] and len(parts) >= 4:
        group, version, rest = parts[1], parts[2], parts[3:]
    else:
        return None
    namespace = ""
    if rest[0] == "namespaces" and len(rest) >= 3 and (group or rest[2] not in {"status", "finalize"}):
        namespace, rest = rest[1], rest[2:]
    resource = resources.find(group, version, rest[0])
    if resource is None or (namespace and not resource.namespaced):
        return None
    name, subresource = (*rest[1:3], "", "")[:2]
    if resource.namespaced and name and not namespace:
        return None
    if subresource and subresource not in resource.subresources:
        return None
    trailing = "/" if path.endswith("/") and len(rest) > 3 else ""
    return Target(
        resource=resource,
        namespace=namespace,
        name=name,
        subresource=subresource,
        rest="/".join(rest[3:]) + trailing,
    )


def attempt_of(request: Request, target: Target) -> Attempt:
    """Return what a request wants to do, as access rules name it."""
    if request.method in {"GET", "HEAD"}:
        verb = "get" if target.name else "watch" if is_watch(request) else "list"
    elif request.method == "DELETE":
        verb = "delete" if target.name else "deletecollection"
    else:
        verb = VERBS.get(request.method, request.method.lower())
    plural = target.resource.plural
    return Attempt(
        verb=verb,
        group=target.resource.group,
        resource=f"{plural}/{target.subresource}" if target.subresource else plural,
        namespace=target.namespace or (target.name if plural == "namespaces" else ""),
        name=target.name,
    )


def is_watch(request: Request) -> bool:
    """Tell whether a list request wants to be told of changes."""
    return request.args.get("watch", "") in TRUE


def read_body(request: Request) -> Any:
    """Return the body, JSON or YAML; an empty one is None.

    Raises:
        ApiError: it cannot be read (400) or is too large (413).
    """
    body = request.get_data()
    if len(body) > BODY_BYTES:
        message = f"Request entity too large: limit is {BODY_BYTES}"
        raise ApiError(413, "RequestEntityTooLarge", message)
    if not body:
        return None
    kind = request.mimetype
    if "protobuf" in kind or "cbor" in kind:
        message = "the body of the request was in an unknown format - accepted media types include: "
        raise ApiError(415, "UnsupportedMediaType", f"{message}application/json, application/yaml")
    try:
        return yaml.safe_load(body) if "yaml" in kind and body.lstrip()[:1] != b"{" else json.loads(body)
    except (ValueError, yaml.YAMLError) as error:
        message = f"couldn't get version/kind; json parse error: {error}"
        raise bad_request(message) from error


def read_options(request: Request) -> Options:
    """Read how a write is meant.

    Raises:
        ApiError: a parameter has a value that it cannot have (422), or an apply does not say by whom.
    """
    query: Mapping[str, str] = request.args
    validation = query.get("fieldValidation") or WARN
    if validation not in {STRICT, WARN, IGNORE}:
        message = (
            f'fieldValidation: Unsupported value: "{validation}": supported values: "", "Ignore", "Strict", "Warn"'
        )
        raise ApiError(422, "Invalid", message)
    dry_run = query.get("dryRun", "")
    if dry_run not in {"", "All"}:
        message = f'dryRun: Unsupported value: "{dry_run}": supported values: "All"'
        raise ApiError(422, "Invalid", message)
    manager, is_apply = query.get("fieldManager", ""), request.mimetype == APPLY_PATCH
    if is_apply and not manager:
        message = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
        raise ApiError(422, "Invalid", message, group="meta.k8s.io", kind="PatchOptions")
    if "force" in query and request.method == "PATCH" and not is_apply:
        message = 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch'
        raise ApiError(422, "Invalid", message, group="meta.k8s.io", kind="PatchOptions")
    return Options(
        manager=manager or request.headers.get("User-Agent", "unknown").partition("/")[0],
        force=query.get("force", "") in TRUE,
        validation=validation,
        dry_run=bool(dry_run),
    )
