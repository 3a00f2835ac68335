"""Finds the image of a model in ECR and turns a process image into a folder and a command."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mldeploy_sandbox.archives import UnsafeArchiveError, unpacked
from mldeploy_sandbox.layers import LayerStore
from mldeploy_sandbox.plane import AwsError, Call
from mldeploy_sandbox.world import World

REFERENCE = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?"
    r"/(?P<repository>[^@:]+)(:(?P<tag>[^@]+))?(@(?P<digest>sha256:[0-9a-f]{64}))?"
)
LABEL = "io.mldeploy.builder"
PROCESS = "process"


class ImageError(Exception):
    """The image cannot be run here; the message is fit for a FailureReason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image in ECR: `specified` as the model names it, `resolved` by digest."""

    specified: str
    resolved: str
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What a process image runs: a command in a folder, with the image's own environment; `root` is the image's `/`."""

    entrypoint: tuple[str, ...]
    root: Path
    folder: Path
    environment: Mapping[str, str]


def find_image(world: World, reference: str) -> Image:
    """Look an image up in ECR.

    Raises:
        ImageError: it is not an ECR reference, or it is not there.
    """
    match = REFERENCE.fullmatch(reference)
    if match is None:
        message = f'Using non-ECR image "{reference}" without Vpc repository access mode is not supported.'
        raise ImageError(message)
    wanted = {"imageDigest": match["digest"]} if match["digest"] else {"imageTag": match["tag"] or "latest"}
    call = Call(
        service="ecr",
        operation="BatchGetImage",
        params={"repositoryName": match["repository"], "imageIds": [wanted]},
        region=match["region"],
        account_id=world.account_id,
    )
    try:
        images = world.moto.answer(call)["images"]
    except AwsError:
        images = []
    if not images or match["account"] != world.account_id:
        message = f"Requested image {reference} not found."
        raise ImageError(message)
    registry = reference.split("/", 1)[0]
    resolved = f"{registry}/{match['repository']}@{images[0]['imageId']['imageDigest']}"
    return Image(specified=reference, resolved=resolved, manifest=json.loads(images[0]["imageManifest"]))


def load_program(world: World, image: Image) -> Program:
    """Unpack a process image, which is one whose configuration says `io.mldeploy.builder=process`.

    Raises:
        ImageError: it is another kind of image, or its layers are missing or unsafe.
    """
    layers = LayerStore(world.folder)
    document = json.loads(_blob(layers, image, image.manifest.get("config", {}).get("digest", "")))
    config = document.get("config") or {}
    if (config.get("Labels") or {}).get(LABEL) != PROCESS:
        message = (
            f"This sandbox runs process images only (label {LABEL}={PROCESS}), and {image.specified} is not one. "
            "Build it with `image: {builder: process}` in release.yaml."
        )
        raise ImageError(message)
    try:
        blobs = [_blob(layers, image, layer["digest"]) for layer in image.manifest["layers"]]
        root = unpacked(blobs, world.folder / "images")
    except UnsafeArchiveError as error:
        message = f"The image {image.specified} cannot be unpacked: {error}."
        raise ImageError(message) from error
    entrypoint = config.get("Entrypoint")
    if not entrypoint:
        message = f"The image {image.specified} has no Entrypoint to run with the argument serve."
        raise ImageError(message)
    return Program(
        entrypoint=tuple(entrypoint),
        root=root,
        folder=root / config.get("WorkingDir", "").lstrip("/"),
        environment=dict(pair.split("=", 1) for pair in config.get("Env") or []),
    )


def _blob(layers: LayerStore, image: Image, digest: str) -> bytes:
    blob = layers.get(digest)
    if blob is None:
        message = f"The image {image.specified} refers to {digest or 'no configuration'}, which was never pushed."
        raise ImageError(message)
    return blob
