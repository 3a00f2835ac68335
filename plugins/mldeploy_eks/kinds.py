"""The kinds of Kubernetes objects that we know: where the API has them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of object.

    - `api_version`: group and version, such as `apps/v1`; the core group has no name.
    - `plural`: the word in the address.
    """

    kind: str
    api_version: str
    plural: str
    namespaced: bool = True

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.api_version.rpartition("/")[0]

    @property
    def base(self) -> str:
        """The path of the group and version."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.api_version}"

    def path(self, namespace: str, name: str = "") -> str:
        """Return the path of the objects in a namespace, or of one of them."""
        parts = [
            self.base,
            *(["namespaces", namespace] if self.namespaced else []),
            self.plural,
            *([name] * bool(name)),
        ]
        return "/".join(parts)


KINDS = {
    found.kind: found
    for found in (
        Kind(kind="Namespace", api_version="v1", plural="namespaces", namespaced=False),
        Kind(kind="ServiceAccount", api_version="v1", plural="serviceaccounts"),
        Kind(kind="Secret", api_version="v1", plural="secrets"),
        Kind(kind="Service", api_version="v1", plural="services"),
        Kind(kind="Pod", api_version="v1", plural="pods"),
        Kind(kind="Event", api_version="v1", plural="events"),
        Kind(kind="Deployment", api_version="apps/v1", plural="deployments"),
        Kind(kind="ReplicaSet", api_version="apps/v1", plural="replicasets"),
        Kind(kind="HorizontalPodAutoscaler", api_version="autoscaling/v2", plural="horizontalpodautoscalers"),
        Kind(kind="PodDisruptionBudget", api_version="policy/v1", plural="poddisruptionbudgets"),
        Kind(kind="NetworkPolicy", api_version="networking.k8s.io/v1", plural="networkpolicies"),
        Kind(kind="Ingress", api_version="networking.k8s.io/v1", plural="ingresses"),
        Kind(kind="HTTPRoute", api_version="gateway.networking.k8s.io/v1", plural="httproutes"),
        Kind(kind="ServiceMonitor", api_version="monitoring.coreos.com/v1", plural="servicemonitors"),
        Kind(kind="ScaledObject", api_version="keda.sh/v1alpha1", plural="scaledobjects"),
        Kind(kind="InferenceService", api_version="serving.kserve.io/v1beta1", plural="inferenceservices"),
        Kind(
            kind="SelfSubjectAccessReview",
            api_version="authorization.k8s.io/v1",
            plural="selfsubjectaccessreviews",
            namespaced=False,
        ),
    )
}
"""Kind → where the API has it (Kubernetes API reference v1.36; four of the groups come with add-ons)."""

MANAGED = (
    "Namespace",
    "ServiceAccount",
    "Secret",
    "Service",
    "Deployment",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "NetworkPolicy",
    "Ingress",
    "HTTPRoute",
    "ServiceMonitor",
    "ScaledObject",
    "InferenceService",
)
"""The kinds that we make objects of."""

PREFIX = "Kubernetes::"
"""What the kinds of steps begin with."""
