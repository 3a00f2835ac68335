"""What Kubernetes::Deployment and Kubernetes::InferenceService share: the image of the pods."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from mldeploy import Step
from mldeploy.model import JSON, content_hash
from mldeploy_eks.cluster import Manifest
from mldeploy_eks.objects import ObjectDriver

POD_RELEASE = "mldeploy/release"
"""Annotation that KServe copies to the pods: which state of the InferenceService they are made from."""


class ServingDriver(ObjectDriver):
    """Spec: Cluster, Manifest, and what goes into it: RepositoryUri, Digest."""

    def live_spec(self, step: Step, live: Manifest) -> Mapping[str, JSON]:
        """Return the live image in the step's words."""
        known = super().live_spec(step, live)
        if "Digest" not in known:
            return known
        repository, _, digest = container_of(live).get("image", "").partition("@")
        return {**known, "RepositoryUri": repository, "Digest": digest}

    def manifest(self, step: Step, live: Manifest | None) -> Manifest:
        """Return the manifest with its image; while a plan is made, one that has to be built first has no digest."""
        found: Manifest = deepcopy(step.spec["Manifest"])
        if isinstance(step.spec["Digest"], str) and isinstance(step.spec["RepositoryUri"], str):
            return with_image(found, f"{step.spec['RepositoryUri']}@{step.spec['Digest']}")
        return found if live is None else with_image(found, container_of(live)["image"])


def with_image(manifest: JSON, image: str) -> Manifest:
    """Return a manifest with the image of its first container; an InferenceService says then what its pods are, too."""
    found: Manifest = deepcopy(manifest)
    containers = _pods_of(found)["containers"]
    name = containers[0].pop("name")
    containers[0] = {"name": name, "image": image, **containers[0]}
    if predictor := found["spec"].get("predictor"):
        predictor["annotations"] = {**predictor["annotations"], POD_RELEASE: content_hash(predictor)}
    return found


def container_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the container that serves the model: the first one."""
    found: dict[str, Any] = _pods_of(manifest)["containers"][0]
    return found


def _pods_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    spec = manifest["spec"]
    found: dict[str, Any] = spec["predictor"] if "predictor" in spec else spec["template"]["spec"]
    return found
