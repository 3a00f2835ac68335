"""What the objects of the cache's Redis are called, and how its pods are told apart from those of the model."""

from __future__ import annotations

from mldeploy import Release
from mldeploy_eks.names import INSTANCE, labels_of

COMPONENT = "app.kubernetes.io/component"


def redis_name(release: Release) -> str:
    """Return the name of every object of Redis."""
    return f"{release.resource_name}-redis"


def redis_labels(release: Release) -> dict[str, str]:
    """Return the labels of every object of Redis; services and budgets of the model do not choose them."""
    return {**labels_of(release.name, release.env), INSTANCE: redis_name(release), COMPONENT: "cache"}


def redis_selector(release: Release) -> dict[str, str]:
    """Return the labels that choose its pod."""
    return {INSTANCE: redis_name(release), COMPONENT: "cache"}
