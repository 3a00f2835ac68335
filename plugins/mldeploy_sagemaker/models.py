"""AWS::SageMaker::Model; it cannot be changed, so its name holds a hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_sagemaker.container_images import refuse_unreadable
from mldeploy_sagemaker.lookup import SageMakerDriver


class ModelDriver(SageMakerDriver):
    """Spec: ExecutionRoleArn, PrimaryContainer, VpcConfig, EnableNetworkIsolation. Outputs: ModelArn."""

    arn_key = "ModelArn"

    def find(self, step: Step) -> Observed | None:
        """Return the model."""
        found = self.described(lambda: self.client.describe_model(ModelName=step.name))
        if found is None:
            return None
        arn = found["ModelArn"]
        tags = self.tags_of(arn)
        return Observed(outputs={"ModelArn": arn}, owned=self.owns(tags), drift=self.tag_drift(tags))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the model.

        Raises:
            DeployError: SageMaker could not run its image: a manifest that it does not read, or another processor.
        """
        instance_types = step.settings.get("InstanceTypes", [])
        refuse_unreadable(self.aws.client("ecr"), step.spec["PrimaryContainer"]["Image"], instance_types)
        answer = self.client.create_model(ModelName=step.name, Tags=self.tag_list(), **step.spec)
        return {"ModelArn": answer["ModelArn"]}

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the model."""
        self.client.delete_model(ModelName=step.name)

    def candidates(self) -> Iterable[Step]:
        """Yield the models whose names begin with the name of the release."""
        stem = f"{self.context.name}-{self.context.env}-"
        for page in self.client.get_paginator("list_models").paginate(NameContains=stem):
            for model in page["Models"]:
                if model["ModelName"].startswith(stem):
                    yield Step(kind="AWS::SageMaker::Model", name=model["ModelName"], phase=Phase.PROVISION)
