"""The subresource `scale`: how many replicas a workload has, and nothing else of it.

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/scale-v1/
"""

from __future__ import annotations

from typing import Any

from mldeploy_sandbox.kubernetes.objects import Objects
from mldeploy_sandbox.kubernetes.patches import APPLY_PATCH, patched
from mldeploy_sandbox.kubernetes.places import Place
from mldeploy_sandbox.kubernetes.preparation import Options
from mldeploy_sandbox.kubernetes.schema.types import schema_of
from mldeploy_sandbox.kubernetes.status import bad_request
from mldeploy_sandbox.kubernetes.store import Document


def scale_of(document: Document) -> Document:
    """Return the Scale of a workload."""
    labels = document["spec"]["selector"].get("matchLabels", {})
    metadata = document["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept},
        "spec": {"replicas": document["spec"].get("replicas", 0)},
        "status": {
            "replicas": document.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        },
    }


def change_scale(objects: Objects, place: Place, kind: str, body: Any, options: Options) -> Document:
    """Replace or patch the Scale of a workload; `kind` is the media type of a patch, or empty.

    Raises:
        ApiError: the workload does not exist, or the Scale is not acceptable.
    """

    def edit(document: Document) -> Document:
        scale = scale_of(document)
        if kind == APPLY_PATCH:
            scale = {**scale, "spec": body.get("spec", {})}
        elif kind:
            scale = patched(scale, body, kind, schema_of("autoscaling/v1", "Scale"))
        else:
            scale = body
        replicas = (scale.get("spec") or {}).get("replicas", 0)
        if not isinstance(replicas, int):
            message = "json: cannot unmarshal into Go struct field ScaleSpec.spec.replicas of type int32"
            raise bad_request(message)
        version = (scale.get("metadata") or {}).get("resourceVersion", "")
        metadata = {**document["metadata"], "resourceVersion": version}
        return {**document, "metadata": metadata, "spec": {**document["spec"], "replicas": replicas}}

    return scale_of(objects.change(place, edit, options))
