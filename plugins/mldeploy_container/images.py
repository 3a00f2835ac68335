"""mldeploy::Image: built from the project's files, pushed to ECR, known by its digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import DeployError, Observed, Phase, RefusedError, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_container.context_files import PROCESS, context_files, image_files, sha256_of
from mldeploy_container.engines import SCHEMA_2, build_and_push
from mldeploy_container.repositories import RepositoryDriver

GONE = ("RepositoryNotFoundException", "ImageNotFoundException")


class ImageDriver(AwsDriver):
    """Spec: ContextSha256, RepositoryName, RepositoryUri, Builder. Outputs: ImageUri, Digest.

    A process image has Environment, too; others have Dockerfile, Platform and BuildArguments.
    The tag is the hash in the step's name; what is deployed is the digest.
    """

    service = "ecr"
    parents = ("RepositoryName", "RepositoryUri")

    def find(self, step: Step) -> Observed | None:
        """Return the image with our tag."""
        image = found_or_none(lambda: self._described(step), *GONE)
        if image is None:
            return None
        digest = image["imageDigest"]
        return Observed(outputs={"ImageUri": f"{step.spec['RepositoryUri']}@{digest}", "Digest": digest})

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Build and push.

        Raises:
            DeployError: the files are not those that the step was made from (a rollback to an image that is gone).
            RefusedError: it would be a process image, and AWS cannot start one.
        """
        if step.spec["Builder"] == PROCESS and not self.aws.emulated:
            message = "AWS cannot start a process image; only a sandbox can"
            raise RefusedError(message, hint="take image.builder out of release.yaml, or say docker or buildah")
        if sha256_of(self.context.root, image_files(self.context.root, step.spec)) != step.spec["ContextSha256"]:
            message = f"image {step.name} is gone, and the project's files are no longer those it was built from"
            raise DeployError(message, hint="check that version out (git) and run `mldeploy run` there")
        if step.spec["Builder"] == PROCESS:
            from mldeploy_container.process_image import push_process_image  # noqa: PLC0415

            push_process_image(self.client, step, self.context.root, context_files(self.context.root), _tag(step))
        else:
            build_and_push(self.aws, self.context, step, _tag(step))
            self._require_schema_2(step)
        return self.outputs_of(step)

    def _require_schema_2(self, step: Step) -> None:
        """Take an image that SageMaker would refuse out of the repository again, so that the next run builds anew."""
        pushed = self._described(step)["imageManifestMediaType"]
        if pushed != SCHEMA_2:
            self.remove(step, Observed(outputs={}))
            message = f"the image was pushed as {pushed}, which SageMaker refuses; it takes {SCHEMA_2}"
            hint = "build with buildah, or switch docker's containerd image store off (it pushes OCI manifests)"
            raise DeployError(message, hint=hint)

    def _described(self, step: Step) -> Mapping[str, Any]:
        wanted = [{"imageTag": _tag(step)}]
        answer = self.client.describe_images(repositoryName=step.spec["RepositoryName"], imageIds=wanted)
        found: Mapping[str, Any] = answer["imageDetails"][0]
        return found

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the tag is enough
        """Delete the image by our tag."""
        found_or_none(
            lambda: self.client.batch_delete_image(
                repositoryName=step.spec["RepositoryName"], imageIds=[{"imageTag": _tag(step)}]
            ),
            *GONE,
        )

    def candidates(self) -> Iterable[Step]:
        """Yield the images in the repository of this release alone; one that release.yaml names may be shared."""
        own = Step(kind="AWS::ECR::Repository", name=self.stem, phase=Phase.BUILD)
        repository = RepositoryDriver(self.context).find(own)
        if repository is None or not repository.owned:
            return
        place = {key: repository.outputs[key] for key in self.parents}
        pages = self.client.get_paginator("describe_images").paginate(repositoryName=self.stem)
        for tag in (tag for page in pages for image in page["imageDetails"] for tag in image.get("imageTags", [])):
            yield Step(kind="mldeploy::Image", name=f"{self.stem}-{tag}", phase=Phase.BUILD, spec=place)


def _tag(step: Step) -> str:
    return step.name.rpartition("-")[2]
