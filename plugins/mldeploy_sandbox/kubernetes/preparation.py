"""Makes an object fit to be kept: decoded, with system fields, defaults, and the part that a write may change."""

from __future__ import annotations

import copy
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resource
from mldeploy_sandbox.kubernetes.rules.decoding import WrongTypeError, known_part
from mldeploy_sandbox.kubernetes.rules.defaults import DEFAULTS
from mldeploy_sandbox.kubernetes.schema.types import schema_of
from mldeploy_sandbox.kubernetes.status import bad_request
from mldeploy_sandbox.kubernetes.store import Document

SUFFIX_LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Letters of generated names (k8s.io/apimachinery/pkg/util/rand): no vowels, so no words."""

SYSTEM_FIELDS = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation")
COUNTED = ("Deployment", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "ReplicaSet")
"""Built-in kinds whose generation grows when their specification changes."""

STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a write is meant (the query parameters of the request); `warnings` is filled while it is answered."""

    manager: str
    force: bool = False
    validation: str = WARN
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)


def now() -> str:
    """Return the time as objects hold it (RFC 3339, seconds)."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def random_suffix(length: int = 5) -> str:
    """Return the end of a generated name."""
    return "".join(random.choices(SUFFIX_LETTERS, k=length))


def decoded(resource: Resource, body: Any, options: Options) -> Document:
    """Check that a body is an object of a kind, and take what the kind has.

    Raises:
        ApiError: another kind, a wrong type, or with `fieldValidation=Strict` an unknown field (400).
    """
    if not isinstance(body, dict):
        message = "the body of the request is not an object"
        raise bad_request(message)
    kind, version = body.get("kind", resource.kind), body.get("apiVersion", resource.api_version)
    if (kind, version) != (resource.kind, resource.api_version):
        message = (
            f"the object provided is unrecognized (must be of type {resource.kind}): {version}, Kind={kind} does not "
            f"match {resource.api_version}, Kind={resource.kind}"
        )
        raise bad_request(message)
    unknown: list[str] = []
    what = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}'
    try:
        document: Document = known_part(body, schema_of(resource.api_version, resource.kind), unknown)
    except WrongTypeError as error:
        message = f"{what}: {error}"
        raise bad_request(message) from error
    named = [f'unknown field "{path}"' for path in unknown]
    if named and options.validation == STRICT:
        message = f"{what}: strict decoding error: {', '.join(named)}"
        raise bad_request(message)
    if options.validation == WARN:
        options.warnings.extend(named)
    document |= {"apiVersion": resource.api_version, "kind": resource.kind}
    document.setdefault("metadata", {})
    return document


def placed(resource: Resource, document: Document, namespace: str, name: str = "") -> Document:
    """Put namespace and name of the request's path into an object.

    Raises:
        ApiError: it says something else (400).
    """
    metadata = {key: value for key, value in document["metadata"].items() if key != "namespace"}
    said = document["metadata"].get("namespace", namespace)
    if resource.namespaced and said != namespace:
        message = "the namespace of the provided object does not match the namespace sent on the request"
        raise bad_request(message)
    if name and metadata.get("name", name) != name:
        message = f"the name of the object ({metadata['name']}) does not match the name on the URL ({name})"
        raise bad_request(message)
    if name:
        metadata["name"] = name
    elif not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = metadata["generateName"] + random_suffix()
    if resource.namespaced:
        metadata["namespace"] = namespace
    return {**document, "metadata": metadata}


def with_defaults(document: Document) -> Document:
    """Return a copy with the values that the API server fills in."""
    result = copy.deepcopy(document)
    fill = DEFAULTS.get(document["kind"])
    if fill is not None:
        fill(result)
    return result


def new_object(resource: Resource, document: Document) -> Document:
    """Give a new object its system fields; a status cannot be created, except with what defaults say."""
    metadata = {key: value for key, value in document["metadata"].items() if key not in SYSTEM_FIELDS}
    metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": now()}
    metadata.pop("resourceVersion", None)
    if resource.custom or resource.kind in COUNTED:
        metadata["generation"] = 1
    kept = {key: value for key, value in document.items() if key != "status" or "status" not in resource.subresources}
    if resource.kind == "Namespace":
        kept["spec"] = {"finalizers": ["kubernetes"]}  # the namespace controller takes it off when all is gone
    if "status" in resource.subresources and not resource.custom:
        kept["status"] = {}
    return {**kept, "metadata": metadata}


def changed_object(resource: Resource, new: Document, old: Document, subresource: str) -> Document:
    """Combine what a write may change with what it may not: the status, or everything but the status."""
    if subresource == "status":
        result = {**old, "status": new.get("status", {})}
        kept = ("managedFields", "annotations", "labels") if resource.custom else ("managedFields",)
        return {
            **result,
            "metadata": old["metadata"] | {key: new["metadata"][key] for key in kept if key in new["metadata"]},
        }
    result = dict(new)
    if "status" in resource.subresources:
        result.pop("status", None)
        result |= {"status": old["status"]} if "status" in old else {}
    system = {key: old["metadata"][key] for key in SYSTEM_FIELDS if key in old["metadata"]}
    own = {key: value for key, value in new["metadata"].items() if key not in SYSTEM_FIELDS}
    result["metadata"] = own | system
    if "generation" in system and _content(result) != _content(old):
        result["metadata"]["generation"] = system["generation"] + 1
    return result


def _content(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of an object that its generation counts."""
    return {key: value for key, value in document.items() if key not in {"metadata", "status"}}


def same(new: Document, old: Document) -> bool:
    """Tell whether nothing but times of managers differs: such a write makes no new version."""

    def timeless(document: Document) -> Document:
        managed = [{**entry, "time": ""} for entry in document["metadata"].get("managedFields", ())]
        metadata = {key: value for key, value in document["metadata"].items() if key != "resourceVersion"}
        return {**document, "metadata": {**metadata, "managedFields": managed}}

    return timeless(new) == timeless(old)
