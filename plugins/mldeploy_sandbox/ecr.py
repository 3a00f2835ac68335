"""ECR's layers: moto counts them, this plane keeps their bytes and checks their digests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.ecr_scans import ImageScans
from mldeploy_sandbox.layers import LayerStore, digest_of
from mldeploy_sandbox.plane import AwsError, Call, Operation, WsgiApp
from mldeploy_sandbox.rules import Rule, declare
from mldeploy_sandbox.world import World

LAYERS_PATH = "/_layers"
REFERENCE = "https://docs.aws.amazon.com/AmazonECR/latest/APIReference"

LAYER_DIGEST = declare(
    "ecr-layer-digest",
    "ecr:CompleteLayerUpload",
    says="The bytes of a layer have the digest that the caller names, and a repository has each layer once.",
    source=f"{REFERENCE}/API_CompleteLayerUpload.html",
)
MANIFEST = declare(
    "ecr-manifest",
    "ecr:PutImage",
    says="A manifest is JSON, has the digest that the caller names, and refers to layers that were pushed.",
    source=f"{REFERENCE}/API_PutImage.html",
)
IMAGE_TAKEN = declare(
    "ecr-image-taken",
    "ecr:PutImage",
    says="The same image with the same tag is pushed once.",
    source=f"{REFERENCE}/API_PutImage.html",
)
TAG_TAKEN = declare(
    "ecr-tag-immutable",
    "ecr:PutImage",
    says="In a repository with immutable tags, a tag stays where it is.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html",
)
LAYER_MISSING = declare(
    "ecr-layer-missing",
    "ecr:GetDownloadUrlForLayer",
    says="Only layers that were pushed can be fetched.",
    source=f"{REFERENCE}/API_GetDownloadUrlForLayer.html",
)


class EcrPlane:
    """The operations around layers and manifests that moto lacks or does too kindly."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._layers = LayerStore(world.folder)
        self._scans = ImageScans(world)

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Return the operations of this plane."""
        return {
            ("ecr", "CompleteLayerUpload"): self._complete_layer_upload,
            ("ecr", "GetDownloadUrlForLayer"): self._get_download_url_for_layer,
            ("ecr", "PutImage"): self._put_image,
            **self._scans.operations(),
        }

    def routes(self) -> Mapping[str, WsgiApp]:
        """Return the page that the download URLs lead to."""
        return {LAYERS_PATH: self._download}

    def close(self) -> None:
        """Do nothing: there is no process to stop."""

    def _complete_layer_upload(self, call: Call) -> Mapping[str, Any]:
        """Check the digest, keep the bytes, and let moto do the accounting.

        Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CompleteLayerUpload.html
        """
        with self._world.moto.lock:
            repository = self._repository(call)
            upload = repository.uploads.get(call.params["uploadId"])
            if upload is not None:
                blob = bytes(upload.layer_parts)
                _check_layer(digest_of(blob), call.params["layerDigests"], repository)
                self._layers.put(blob)
            return self._world.moto.answer(call)

    def _get_download_url_for_layer(self, call: Call) -> Mapping[str, Any]:
        digest = call.params["layerDigest"]
        with self._world.moto.lock:
            _check_blobs([digest], self._repository(call), LAYER_MISSING)
        return {"downloadUrl": f"{self._world.base_url}{LAYERS_PATH}/{digest}", "layerDigest": digest}

    def _put_image(self, call: Call) -> Mapping[str, Any]:
        """Check a manifest as ECR does; moto takes any, and makes up digests of its own.

        Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
        """
        manifest = call.params["imageManifest"]
        digest = digest_of(manifest.encode())
        if call.params.get("imageDigest", digest) != digest:
            code, message = "ImageDigestDoesNotMatchException", f"The digest of the manifest is {digest}"
            raise MANIFEST.refusal(code, message)
        with self._world.moto.lock:
            repository = self._repository(call)
            _check_blobs(_blobs(manifest), repository, MANIFEST)
            _check_image(digest, call.params.get("imageTag"), repository)
            answer = self._world.moto.answer(replace(call, params=call.params | {"imageDigest": digest}))
            self._scans.pushed(call, repository, digest)
            return answer

    def _repository(self, call: Call) -> Any:
        name = call.params["repositoryName"]
        repository = self._world.backend("ecr", call.region).repositories.get(name)
        if repository is None:
            code = "RepositoryNotFoundException"
            message = f"The repository with name '{name}' does not exist in the registry with id '{call.account_id}'"
            raise AwsError(code, message)
        return repository

    def _download(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        blob = self._layers.get(environ["PATH_INFO"].rsplit("/", 1)[-1])
        headers = [("Content-Type", "application/octet-stream")]
        answer = Answer(status=404 if blob is None else 200, headers=headers, body=blob or b"")
        return answer.send(start_response)


def _check_layer(digest: str, wanted: list[str], repository: Any) -> None:
    if digest not in wanted:
        code = "InvalidLayerException"
        message = f"The layer digest {digest} of the uploaded bytes does not match the digest {wanted[0]}"
        raise LAYER_DIGEST.refusal(code, message)
    if digest in repository.layers:
        code = "LayerAlreadyExistsException"
        message = f"The image layer with digest '{digest}' already exists in the repository '{repository.name}'"
        raise LAYER_DIGEST.refusal(code, message)


def _check_blobs(digests: list[str], repository: Any, rule: Rule) -> None:
    missing = [digest for digest in digests if digest not in repository.layers]
    if missing:
        code = "LayersNotFoundException"
        message = f"The layers '{', '.join(missing)}' do not exist in the repository with name '{repository.name}'"
        raise rule.refusal(code, message)


def _check_image(digest: str, tag: str | None, repository: Any) -> None:
    same = [image for image in repository.images if image.get_image_digest() == digest]
    if same and (tag is None or tag in same[0].image_tags):
        code = "ImageAlreadyExistsException"
        message = f"Image with digest '{digest}' and tag '{tag}' already exists in the repository '{repository.name}'"
        raise IMAGE_TAKEN.refusal(code, message)
    if repository.is_tag_immutable() and any(tag in image.image_tags for image in repository.images):
        code = "ImageTagAlreadyExistsException"
        message = (
            f"The image tag '{tag}' already exists in the '{repository.name}' repository and cannot be overwritten"
        )
        raise TAG_TAKEN.refusal(code, message)


def _blobs(manifest: str) -> list[str]:
    """Return the digests that a manifest of one image refers to; an index refers to none.

    Raises:
        AwsError: it is not a manifest.
    """
    try:
        document = json.loads(manifest)
        parts = [document["config"], *document["layers"]] if "layers" in document else []
        return [part["digest"] for part in parts]
    except (ValueError, KeyError, TypeError) as error:
        code, message = "InvalidParameterException", "Invalid parameter at 'ImageManifest': it is not an image manifest"
        raise MANIFEST.refusal(code, message) from error


def plane(world: World) -> EcrPlane:
    """Make the plane of a sandbox."""
    return EcrPlane(world)
