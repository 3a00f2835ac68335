"""Makes `types.json`: what Kubernetes' own OpenAPI document says about the kinds that the stand-in serves.

    python -m mldeploy_sandbox.kubernetes.schema.condense DEFINITIONS.json

The input is `_definitions.json` of one release from the package `kubernetes-validate`, which holds the schemas of
https://github.com/kubernetes/kubernetes/tree/master/api/openapi-spec with all `x-kubernetes-` extensions. Only facts
stay: names, types, required fields, and how lists and maps merge.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from mldeploy_sandbox.kubernetes.schema.types import PREFIX, TYPES_FILE

KINDS = (
    "api.core.v1.ConfigMap",
    "api.core.v1.Endpoints",
    "api.core.v1.Event",
    "api.core.v1.LimitRange",
    "api.core.v1.Namespace",
    "api.core.v1.Node",
    "api.core.v1.PersistentVolumeClaim",
    "api.core.v1.Pod",
    "api.core.v1.ResourceQuota",
    "api.core.v1.Secret",
    "api.core.v1.Service",
    "api.core.v1.ServiceAccount",
    "api.apps.v1.Deployment",
    "api.apps.v1.ReplicaSet",
    "api.authentication.v1.SelfSubjectReview",
    "api.authorization.v1.SelfSubjectAccessReview",
    "api.authorization.v1.SelfSubjectRulesReview",
    "api.authorization.v1.SubjectAccessReview",
    "api.autoscaling.v1.Scale",
    "api.autoscaling.v2.HorizontalPodAutoscaler",
    "api.coordination.v1.Lease",
    "api.discovery.v1.EndpointSlice",
    "api.networking.v1.Ingress",
    "api.networking.v1.IngressClass",
    "api.networking.v1.NetworkPolicy",
    "api.policy.v1.PodDisruptionBudget",
    "api.rbac.v1.ClusterRole",
    "api.rbac.v1.ClusterRoleBinding",
    "api.rbac.v1.Role",
    "api.rbac.v1.RoleBinding",
    "apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition",
    "apimachinery.pkg.apis.meta.v1.DeleteOptions",
)
KEPT = ("required", "format", "x-kubernetes-list-map-keys", "x-kubernetes-list-type", "x-kubernetes-map-type")
MERGE = ("x-kubernetes-patch-merge-key", "x-kubernetes-patch-strategy", "x-kubernetes-group-version-kind")
SPECIAL = {
    "apimachinery.pkg.util.intstr.IntOrString": {"x-kubernetes-int-or-string": True},
    "apimachinery.pkg.api.resource.Quantity": {"x-kubernetes-int-or-string": True, "format": "quantity"},
}


def condense(definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the definitions that the kinds need, under names without the common prefix."""
    result: dict[str, Any] = {}
    waiting = list(KINDS)
    while waiting:
        name = waiting.pop()
        if name not in result:
            needed: list[str] = []
            result[name] = SPECIAL.get(name) or _without_prose(definitions[PREFIX + name], needed)
            waiting += needed
    return dict(sorted(result.items()))


def _without_prose(schema: dict[str, Any], needed: list[str]) -> dict[str, Any]:
    short = {key: schema[key] for key in (*KEPT, *MERGE) if key in schema}
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1].removeprefix(PREFIX)
        needed.append(name)
        short["$ref"] = name
    kind = schema.get("type")
    if kind is not None:
        short["type"] = kind[0] if isinstance(kind, list) else kind
    if "properties" in schema:
        short["properties"] = {key: _without_prose(value, needed) for key, value in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            short[key] = _without_prose(schema[key], needed)
    return short


if __name__ == "__main__":
    document = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))["$defs"]
    text = json.dumps(condense(document), separators=(",", ":"), sort_keys=True)
    TYPES_FILE.write_text(f"{text}\n", encoding="utf-8")
