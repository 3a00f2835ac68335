"""The kinds that the API server serves, and those that custom resource definitions add."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

EVERYTHING = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
ASKED_ONLY = ("create",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One kind as discovery describes it; `subresources` are those that the stand-in answers."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    verbs: tuple[str, ...] = EVERYTHING
    in_all: bool = False
    custom: bool = False

    @property
    def api_version(self) -> str:
        """Group and version, as objects name them."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """The name that error messages use, such as `deployments.apps`."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


def _of(group: str, version: str, *rows: tuple[Any, ...]) -> list[Resource]:
    """Make the resources of a group from rows of plural, kind, short names, subresources and further settings."""
    return [
        Resource(
            group=group,
            version=version,
            plural=plural,
            kind=kind,
            short_names=tuple(short.split()),
            subresources=tuple(subresources.split()),
            **dict(*more),
        )
        for plural, kind, short, subresources, *more in rows
    ]


CLUSTER = {"namespaced": False}
ALL = {"in_all": True}
REVIEW = {"namespaced": False, "verbs": ASKED_ONLY}
BUILT_IN: tuple[Resource, ...] = (
    *_of(
        "",
        "v1",
        ("configmaps", "ConfigMap", "cm", ""),
        ("endpoints", "Endpoints", "ep", ""),
        ("events", "Event", "ev", ""),
        ("limitranges", "LimitRange", "limits", ""),
        ("namespaces", "Namespace", "ns", "status finalize", CLUSTER),
        ("nodes", "Node", "no", "status", CLUSTER),
        ("persistentvolumeclaims", "PersistentVolumeClaim", "pvc", "status"),
        ("pods", "Pod", "po", "status log", ALL),
        ("resourcequotas", "ResourceQuota", "quota", "status"),
        ("secrets", "Secret", "", ""),
        ("serviceaccounts", "ServiceAccount", "sa", ""),
        ("services", "Service", "svc", "status proxy", ALL),
    ),
    *_of(
        "apps",
        "v1",
        ("deployments", "Deployment", "deploy", "status scale", ALL),
        ("replicasets", "ReplicaSet", "rs", "status scale", ALL),
    ),
    *_of("authentication.k8s.io", "v1", ("selfsubjectreviews", "SelfSubjectReview", "", "", REVIEW)),
    *_of(
        "authorization.k8s.io",
        "v1",
        ("selfsubjectaccessreviews", "SelfSubjectAccessReview", "", "", REVIEW),
        ("selfsubjectrulesreviews", "SelfSubjectRulesReview", "", "", REVIEW),
        ("subjectaccessreviews", "SubjectAccessReview", "", "", REVIEW),
    ),
    *_of("autoscaling", "v2", ("horizontalpodautoscalers", "HorizontalPodAutoscaler", "hpa", "status", ALL)),
    *_of("coordination.k8s.io", "v1", ("leases", "Lease", "", "")),
    *_of("discovery.k8s.io", "v1", ("endpointslices", "EndpointSlice", "", "")),
    *_of(
        "networking.k8s.io",
        "v1",
        ("ingressclasses", "IngressClass", "", "", CLUSTER),
        ("ingresses", "Ingress", "ing", "status"),
        ("networkpolicies", "NetworkPolicy", "netpol", ""),
    ),
    *_of("policy", "v1", ("poddisruptionbudgets", "PodDisruptionBudget", "pdb", "status")),
    *_of(
        "rbac.authorization.k8s.io",
        "v1",
        ("clusterrolebindings", "ClusterRoleBinding", "", "", CLUSTER),
        ("clusterroles", "ClusterRole", "", "", CLUSTER),
        ("rolebindings", "RoleBinding", "", ""),
        ("roles", "Role", "", ""),
    ),
    *_of(
        "apiextensions.k8s.io",
        "v1",
        ("customresourcedefinitions", "CustomResourceDefinition", "crd crds", "status", CLUSTER),
    ),
)


class Resources:
    """What is served now: the built-in kinds, and those of custom resource definitions."""

    def __init__(self) -> None:
        self._custom: dict[str, tuple[Resource, ...]] = {}

    def __iter__(self) -> Iterator[Resource]:
        """Go through all of them, the built-in ones first."""
        yield from BUILT_IN
        for group in self._custom.values():
            yield from group

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """Return a resource by the words of its path; None when it is not served."""
        wanted = (group, version, plural)
        return next((each for each in self if (each.group, each.version, each.plural) == wanted), None)

    def of_kind(self, kind: str, group: str | None = None) -> Resource:
        """Return the resource of a kind.

        Raises:
            KeyError: there is none.
        """
        for each in self:
            if each.kind == kind and group in {None, each.group}:
                return each
        raise KeyError(kind)

    def define(self, definition: dict[str, Any]) -> None:
        """Serve the kinds of a CustomResourceDefinition; their fields are not checked."""
        spec = definition["spec"]
        names = spec["names"]
        self._custom[definition["metadata"]["name"]] = tuple(
            Resource(
                group=spec["group"],
                version=version["name"],
                plural=names["plural"],
                kind=names["kind"],
                namespaced=spec["scope"] == "Namespaced",
                short_names=tuple(names.get("shortNames", ())),
                subresources=("status",) if "status" in (version.get("subresources") or {}) else (),
                custom=True,
            )
            for version in spec["versions"]
            if version.get("served")
        )

    def forget(self, name: str) -> tuple[Resource, ...]:
        """Serve the kinds of a definition no more, and return them; the first of several versions is enough."""
        return self._custom.pop(name, ())[:1]
