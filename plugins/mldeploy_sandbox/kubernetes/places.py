"""Where an object is, and what a request must get right about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resource
from mldeploy_sandbox.kubernetes.status import ApiError, bad_request
from mldeploy_sandbox.kubernetes.store import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an object is: its kind, namespace (empty for cluster-wide kinds) and name; and which part of it."""

    resource: Resource
    namespace: str
    name: str
    subresource: str = ""


def not_found(resource: Resource, name: str) -> ApiError:
    """Return the error for an object that does not exist."""
    message = f'{resource.qualified} "{name}" not found'
    return ApiError(404, "NotFound", message, group=resource.group, kind=resource.plural, name=name)


def configuration_of(place: Place, patch: Any) -> Document:
    """Check what is applied; its kind and version must be there.

    Raises:
        ApiError: it is no object of the kind (400).
    """
    if not isinstance(patch, dict):
        message = "error decoding YAML: the configuration is not an object"
        raise bad_request(message)
    if patch.get("apiVersion") != place.resource.api_version:
        message = (
            "Incorrect version specified in apply patch. "
            f"Specified patch version: {patch.get('apiVersion', '')}, expected: {place.resource.api_version}"
        )
        raise bad_request(message)
    if (patch.get("metadata") or {}).get("managedFields") is not None:
        message = "metadata.managedFields must be nil"
        raise bad_request(message)
    return patch


def check_version(place: Place, document: Document, old: Document) -> None:
    """Check that a write means the object as it is now, if it says which one it means.

    Raises:
        ApiError: it was changed, or is another one of the same name (409).
    """
    wanted = document["metadata"].get("resourceVersion")
    uid = document["metadata"].get("uid", old["metadata"]["uid"])
    if wanted in {None, "", old["metadata"]["resourceVersion"]} and uid == old["metadata"]["uid"]:
        return
    why = (
        "the object has been modified; please apply your changes to the latest version and try again"
        if uid == old["metadata"]["uid"]
        else f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['metadata']['uid']}"
    )
    resource = place.resource
    message = f'Operation cannot be fulfilled on {resource.qualified} "{place.name}": {why}'
    raise ApiError(409, "Conflict", message, group=resource.group, kind=resource.plural, name=place.name)
