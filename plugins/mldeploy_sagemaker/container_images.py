"""Whether SageMaker can run an image: its manifest, and the processor that it was built for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mldeploy import DeployError
from mldeploy_aws.driver import found_or_none

READABLE = "application/vnd.docker.distribution.manifest.v2+json"
"""The manifest that hosting reads; OCI ones are refused (aws/amazon-sagemaker-feedback issue 180)."""

ARM_FAMILIES = ("m6g", "m6gd", "m8g", "c6g", "c6gd", "c6gn", "c7g", "c8g", "r6g", "r6gd", "r7gd", "r8g", "p6e-gb200")
"""Families with Graviton and Grace processors among the hosting types (EC2 instance type pages)."""

PROCESS = {"io.mldeploy.builder": "process"}
"""The label of an image that the sandbox runs on this machine, whatever its processor."""


GONE = (
    "RepositoryNotFoundException",
    "ImageNotFoundException",
    "LayerInaccessibleException",
    "LayersNotFoundException",
)
SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image in ECR: the media type of its manifest, and its architecture as Docker writes it (empty: unknown)."""

    media_type: str
    architecture: str


def image_of(ecr: Any, reference: str) -> Image | None:
    """Look an image up by `registry/repository@digest`; None when it is not there."""
    repository, _, digest = reference.partition("/")[2].partition("@")
    answer = found_or_none(
        lambda: ecr.batch_get_image(repositoryName=repository, imageIds=[{"imageDigest": digest}]), *GONE
    )
    images = answer["images"] if answer else []
    if not images:
        return None
    manifest: Mapping[str, Any] = json.loads(images[0]["imageManifest"])
    media_type = manifest.get("mediaType") or images[0].get("imageManifestMediaType", "")
    return Image(media_type=media_type, architecture=_architecture(ecr, repository, manifest))


def architecture_of(instance_type: str) -> str:
    """Return the architecture of an instance type, as Docker writes it."""
    return "arm64" if instance_type.split(".")[1] in ARM_FAMILIES else "amd64"


def unreadable(image: Image, instance_types: Iterable[str]) -> str | None:
    """Return why SageMaker could not run an image on one of the instance types; None when it can."""
    if image.media_type and image.media_type != READABLE:
        return f"its manifest is of type {image.media_type}, and SageMaker reads {READABLE} only"
    for kind in instance_types:
        wanted = architecture_of(kind)
        if image.architecture and image.architecture != wanted:
            return f"it was built for {image.architecture}, and {kind} is {wanted}"
    return None


def refuse_unreadable(ecr: Any, reference: str, instance_types: Iterable[str]) -> None:
    """Stop before SageMaker is asked to run what it cannot.

    Raises:
        DeployError: the image cannot be run.
    """
    image = image_of(ecr, reference)
    reason = unreadable(image, instance_types) if image is not None else None
    if reason is not None:
        message = f"SageMaker cannot run the image {reference}: {reason}"
        hint = "build with `docker build --platform linux/amd64 --provenance=false`, or choose a fitting instance.type"
        raise DeployError(message, hint=hint)


def _architecture(ecr: Any, repository: str, manifest: Mapping[str, Any]) -> str:
    """Return the architecture that the image's configuration names; empty when it cannot be read or does not count."""
    digest = manifest.get("config", {}).get("digest")
    if not digest:
        return ""
    answer = found_or_none(
        lambda: ecr.get_download_url_for_layer(repositoryName=repository, layerDigest=digest), *GONE, "NotImplemented"
    )
    if answer is None:
        return ""
    from urllib.request import urlopen  # noqa: PLC0415 - drivers are imported by every plan

    with urlopen(answer["downloadUrl"], timeout=SECONDS) as blob:  # noqa: S310 - ECR gives the address
        config = json.load(blob)
    labels = (config.get("config") or {}).get("Labels") or {}
    return "" if labels.items() >= PROCESS.items() else str(config.get("architecture", ""))
