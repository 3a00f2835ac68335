"""AWS::ECR::Repository."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none


class RepositoryDriver(AwsDriver):
    """Spec: ImageTagMutability, ImageScanningConfiguration. Outputs: RepositoryName, RepositoryUri, Arn."""

    service = "ecr"

    def find(self, step: Step) -> Observed | None:
        """Return the repository."""
        answer = found_or_none(
            lambda: self.client.describe_repositories(repositoryNames=[step.name]), "RepositoryNotFoundException"
        )
        if answer is None:
            return None
        repository = answer["repositories"][0]
        tags = self.client.list_tags_for_resource(resourceArn=repository["repositoryArn"])["tags"]
        return Observed(
            outputs=_outputs(repository),
            spec={
                "ImageTagMutability": repository["imageTagMutability"],
                "ImageScanningConfiguration": {"ScanOnPush": repository["imageScanningConfiguration"]["scanOnPush"]},
            },
            owned=self.owns(tags),
            drift=self.tag_drift(tags),
        )

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the repository."""
        answer = self.client.create_repository(
            repositoryName=step.name,
            tags=self.tag_list(),
            imageTagMutability=step.spec["ImageTagMutability"],
            imageScanningConfiguration={"scanOnPush": step.spec["ImageScanningConfiguration"]["ScanOnPush"]},
        )
        return _outputs(answer["repository"])

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:
        """Put mutability and scanning."""
        self.client.put_image_tag_mutability(
            repositoryName=step.name, imageTagMutability=step.spec["ImageTagMutability"]
        )
        scan = step.spec["ImageScanningConfiguration"]["ScanOnPush"]
        self.client.put_image_scanning_configuration(
            repositoryName=step.name, imageScanningConfiguration={"scanOnPush": scan}
        )
        return observed.outputs

    def put_tags(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the ARN is enough
        """Put our tags."""
        self.client.tag_resource(resourceArn=observed.outputs["Arn"], tags=self.tag_list())

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the repository; ECR refuses while images that are not ours lie in it."""
        self.client.delete_repository(repositoryName=step.name)

    def candidates(self) -> Iterable[Step]:
        """Yield the repository of the release's name."""
        yield self.perhaps("AWS::ECR::Repository", self.stem, Phase.BUILD)


def _outputs(repository: Mapping[str, JSON]) -> Mapping[str, JSON]:
    return {
        "RepositoryName": repository["repositoryName"],
        "RepositoryUri": repository["repositoryUri"],
        "Arn": repository["repositoryArn"],
    }
