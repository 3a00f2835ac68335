"""mldeploy::ModelImage: the service's image with the model as one more layer.

Pods need no access to S3 then, and one digest says which code answers with which model. The layers below are in the
repository already, so that only the model is sent, and no container engine is needed.
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from mldeploy import DeployError, Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy.model_files import model_digest, model_paths
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_container.layers import CONFIG, LAYER, MANIFEST, Blob, folder_layer, push_blob
from mldeploy_container.repositories import RepositoryDriver

GONE = ("RepositoryNotFoundException", "ImageNotFoundException")
MODEL_FOLDER = "opt/ml/model"
"""Where the service looks for its model (SageMaker's place, kept everywhere)."""
TAG = "model-"
DOWNLOAD_SECONDS = 60


class ModelImageDriver(AwsDriver):
    """Spec: RepositoryName, RepositoryUri, BaseDigest, Source (a folder), Sha256. Outputs: RepositoryUri, Digest."""

    service = "ecr"
    parents = ("RepositoryName", "RepositoryUri")

    def find(self, step: Step) -> Observed | None:
        """Return the image with our tag."""
        image = found_or_none(lambda: self._described(step), *GONE)
        return None if image is None else Observed(outputs=_outputs(step, image["imageDigest"]))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Push the model's layer, and an image that puts it on top of the service's.

        Raises:
            DeployError: the model on this machine is not the one that was meant.
        """
        folder, repository = Path(step.spec["Source"]), step.spec["RepositoryName"]
        if model_digest(folder) != step.spec["Sha256"]:
            message = f"the model in {folder} is not the one that {step.name} was made from"
            raise DeployError(message, hint="check that version out (git) and run `mldeploy run` there")
        manifest = self._base(step)
        with TemporaryFile() as file:
            layer, diff_id = folder_layer(folder, model_paths(folder), MODEL_FOLDER, file)
            push_blob(self.client, repository, layer, file)
        config = self._config(step, manifest["config"]["digest"], diff_id)
        manifest["layers"].append(layer.descriptor(LAYER))
        manifest["config"] = config.descriptor(CONFIG)
        self.client.put_image(
            repositoryName=repository,
            imageManifest=json.dumps(manifest, sort_keys=True),
            imageManifestMediaType=MANIFEST,
            imageTag=_tag(step),
        )
        return self.outputs_of(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the tag is enough
        """Delete the image by our tag."""
        repository = step.spec["RepositoryName"]
        wanted = [{"imageTag": _tag(step)}]
        found_or_none(lambda: self.client.batch_delete_image(repositoryName=repository, imageIds=wanted), *GONE)

    def candidates(self) -> Iterable[Step]:
        """Yield the images with models in the repository of this release alone."""
        own = Step(kind="AWS::ECR::Repository", name=self.stem, phase=Phase.BUILD)
        repository = RepositoryDriver(self.context).find(own)
        if repository is None or not repository.owned:
            return
        place = {key: repository.outputs[key] for key in self.parents}
        pages = self.client.get_paginator("describe_images").paginate(repositoryName=self.stem)
        for tag in (tag for page in pages for image in page["imageDetails"] for tag in image.get("imageTags", [])):
            if tag.startswith(TAG):
                name = f"{self.stem}-{tag.removeprefix(TAG)}"
                yield Step(kind="mldeploy::ModelImage", name=name, phase=Phase.BUILD, spec=place)

    def _described(self, step: Step) -> Mapping[str, Any]:
        wanted = [{"imageTag": _tag(step)}]
        answer = self.client.describe_images(repositoryName=step.spec["RepositoryName"], imageIds=wanted)
        found: Mapping[str, Any] = answer["imageDetails"][0]
        return found

    def _base(self, step: Step) -> dict[str, Any]:
        answer = self.client.batch_get_image(
            repositoryName=step.spec["RepositoryName"],
            imageIds=[{"imageDigest": step.spec["BaseDigest"]}],
            acceptedMediaTypes=[MANIFEST],
        )
        if not answer["images"]:
            message = f"the service's image {step.spec['BaseDigest']} is not in {step.spec['RepositoryName']}"
            raise DeployError(message, hint="run again; it is built and pushed first")
        found: dict[str, Any] = json.loads(answer["images"][0]["imageManifest"])
        return found

    def _config(self, step: Step, digest: str, diff_id: str) -> Blob:
        """Push the image's configuration with one more layer in it."""
        repository = step.spec["RepositoryName"]
        answer = self.client.get_download_url_for_layer(repositoryName=repository, layerDigest=digest)
        with urllib.request.urlopen(answer["downloadUrl"], timeout=DOWNLOAD_SECONDS) as download:  # noqa: S310 - ECR's
            config = json.load(download)
        config["rootfs"]["diff_ids"].append(diff_id)
        if config.get("history"):
            config["history"].append({"created_by": f"mldeploy: the model in /{MODEL_FOLDER}"})
        with TemporaryFile() as file:
            file.write(json.dumps(config, sort_keys=True).encode())
            blob = Blob.of(file)
            push_blob(self.client, repository, blob, file)
        return blob


def _tag(step: Step) -> str:
    return f"{TAG}{step.name.rpartition('-')[2]}"


def _outputs(step: Step, digest: str) -> Mapping[str, JSON]:
    return {"RepositoryUri": step.spec["RepositoryUri"], "Digest": digest}
