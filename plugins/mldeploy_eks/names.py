"""Names and labels of what a release has in a cluster."""

from __future__ import annotations

from collections.abc import Mapping

from mldeploy.model import JSON

NAME_LABEL = "mldeploy/name"
ENVIRONMENT_LABEL = "mldeploy/environment"
"""The two labels by which an object is known as ours; they say what the tags of AWS resources say."""
MANAGED_BY = "app.kubernetes.io/managed-by"
INSTANCE = "app.kubernetes.io/instance"
"""https://kubernetes.io/docs/concepts/overview/working-with-objects/common-labels/"""


def namespace_of(config: Mapping[str, JSON]) -> str:
    """Return the namespace that release.yaml names."""
    return str(config.get("eks", {}).get("namespace") or "default")


def cluster_name(config: Mapping[str, JSON], name: str, env: str) -> str:
    """Return the name of the cluster: `eks.cluster`, else that of the release in its environment."""
    return str(config.get("eks", {}).get("cluster") or f"{name}-{env}")


def is_named_by_file(config: Mapping[str, JSON]) -> bool:
    """Return whether a kubeconfig says which cluster it is; EKS may not know it then."""
    settings = config.get("eks", {})
    return bool(settings.get("kubeconfig") or settings.get("context"))


def labels_of(name: str, env: str) -> dict[str, str]:
    """Return the labels of every object of a release."""
    return {
        "app.kubernetes.io/name": name,
        INSTANCE: f"{name}-{env}",
        MANAGED_BY: "mldeploy",
        NAME_LABEL: name,
        ENVIRONMENT_LABEL: env,
    }


def selector_of(name: str, env: str) -> dict[str, str]:
    """Return the labels that choose the pods of a release; they can never change (Deployment, `spec.selector`)."""
    return {"app.kubernetes.io/name": name, INSTANCE: f"{name}-{env}"}


def marks_of(name: str, env: str) -> dict[str, str]:
    """Return the labels that choose everything of a release, the pods of a canary too."""
    return {NAME_LABEL: name, ENVIRONMENT_LABEL: env}


def selector_text(name: str, env: str) -> str:
    """Return the same as the text of a label selector."""
    return ",".join(f"{key}={value}" for key, value in marks_of(name, env).items())


def owns(manifest: Mapping[str, JSON], name: str, env: str) -> bool:
    """Return whether an object carries the labels of a release."""
    labels = manifest.get("metadata", {}).get("labels") or {}
    return bool(labels.get(NAME_LABEL) == name and labels.get(ENVIRONMENT_LABEL) == env)
