"""How objects go away: at once, after a grace period, or when their finalizers are gone.

https://kubernetes.io/docs/concepts/architecture/garbage-collection/ and .../working-with-objects/finalizers/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mldeploy_sandbox.kubernetes.resources import Resource
from mldeploy_sandbox.kubernetes.status import ApiError
from mldeploy_sandbox.kubernetes.store import Document

FOREGROUND, BACKGROUND, ORPHAN = "Foreground", "Background", "Orphan"
FINALIZERS = {FOREGROUND: "foregroundDeletion", ORPHAN: "orphan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """`DeleteOptions`: `grace_seconds` None takes the pod's own."""

    propagation: str = BACKGROUND
    grace_seconds: int | None = None
    uid: str = ""
    resource_version: str = ""


def read_deletion(body: Mapping[str, Any], query: Mapping[str, str]) -> Deletion:
    """Read the options of a deletion from the request's body, else from its query.

    Raises:
        ApiError: the propagation policy is none (422).
    """
    policy = body.get("propagationPolicy") or query.get("propagationPolicy") or ""
    orphan = body.get("orphanDependents", query.get("orphanDependents"))
    if not policy and orphan is not None:
        policy = ORPHAN if str(orphan).lower() == "true" else BACKGROUND
    if policy not in {"", FOREGROUND, BACKGROUND, ORPHAN}:
        message = (
            f'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: Unsupported value: "{policy}": supported '
            'values: "Foreground", "Background", "Orphan"'
        )
        raise ApiError(422, "Invalid", message, group="meta.k8s.io", kind="DeleteOptions")
    grace = body.get("gracePeriodSeconds", query.get("gracePeriodSeconds"))
    conditions = body.get("preconditions") or {}
    return Deletion(
        propagation=policy or BACKGROUND,
        grace_seconds=None if grace is None else int(grace),
        uid=conditions.get("uid", ""),
        resource_version=conditions.get("resourceVersion", ""),
    )


def marked(resource: Resource, document: Document, deletion: Deletion) -> Document:
    """Return an object that somebody wants to be gone.

    Raises:
        ApiError: it is not the one that is meant (409).
    """
    metadata = dict(document["metadata"])
    for name, wanted, found in (
        ("UID", deletion.uid, metadata["uid"]),
        ("ResourceVersion", deletion.resource_version, metadata["resourceVersion"]),
    ):
        if wanted not in {"", found}:
            why = f"Precondition failed: {name} in precondition: {wanted}, {name} in object meta: {found}"
            message = f'Operation cannot be fulfilled on {resource.qualified} "{metadata["name"]}": {why}'
            raise ApiError(409, "Conflict", message, group=resource.group, kind=resource.plural, name=metadata["name"])
    grace = _grace(resource, document, deletion)
    if "deletionTimestamp" not in metadata:
        end = datetime.now(UTC) + timedelta(seconds=grace)
        metadata["deletionTimestamp"] = end.strftime("%Y-%m-%dT%H:%M:%SZ")
        metadata["deletionGracePeriodSeconds"] = grace
        if "generation" in metadata:
            metadata["generation"] += 1
    metadata["deletionGracePeriodSeconds"] = min(grace, metadata.get("deletionGracePeriodSeconds", grace))
    finalizer = FINALIZERS.get(deletion.propagation)
    if finalizer and finalizer not in metadata.get("finalizers", ()):
        metadata["finalizers"] = [*metadata.get("finalizers", ()), finalizer]
    result = {**document, "metadata": metadata}
    if resource.kind == "Namespace":
        result["status"] = {**document.get("status", {}), "phase": "Terminating"}
    return result


def finished(document: Document) -> bool:
    """Tell whether nothing holds an object any more that should be gone."""
    metadata = document["metadata"]
    held = metadata.get("finalizers") or (document["kind"] == "Namespace" and document["spec"].get("finalizers"))
    return "deletionTimestamp" in metadata and not held and metadata.get("deletionGracePeriodSeconds", 0) == 0


def _grace(resource: Resource, document: Document, deletion: Deletion) -> int:
    """Return the seconds that a pod on a node has; everything else has none."""
    spec = document.get("spec", {})
    if resource.kind != "Pod" or not spec.get("nodeName") or document["status"].get("phase") in {"Failed", "Succeeded"}:
        return 0
    if deletion.grace_seconds is not None:
        return deletion.grace_seconds
    return int(spec.get("terminationGracePeriodSeconds", 30))
