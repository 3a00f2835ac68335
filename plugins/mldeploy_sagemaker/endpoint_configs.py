"""AWS::SageMaker::EndpointConfig; it cannot be changed, so its name holds a hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON
from mldeploy_sagemaker.lookup import SageMakerDriver


class EndpointConfigDriver(SageMakerDriver):
    """Spec: parameters of CreateEndpointConfig. Outputs: EndpointConfigArn."""

    arn_key = "EndpointConfigArn"

    def find(self, step: Step) -> Observed | None:
        """Return the configuration."""
        found = self.described(lambda: self.client.describe_endpoint_config(EndpointConfigName=step.name))
        if found is None:
            return None
        arn = found["EndpointConfigArn"]
        tags = self.tags_of(arn)
        return Observed(outputs={"EndpointConfigArn": arn}, owned=self.owns(tags), drift=self.tag_drift(tags))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Create the configuration."""
        answer = self.client.create_endpoint_config(EndpointConfigName=step.name, Tags=self.tag_list(), **step.spec)
        return {"EndpointConfigArn": answer["EndpointConfigArn"]}

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the configuration."""
        self.client.delete_endpoint_config(EndpointConfigName=step.name)

    def candidates(self) -> Iterable[Step]:
        """Yield the configurations whose names begin with the name of the release."""
        stem = f"{self.context.name}-{self.context.env}-"
        for page in self.client.get_paginator("list_endpoint_configs").paginate(NameContains=stem):
            for config in page["EndpointConfigs"]:
                name = config["EndpointConfigName"]
                if name.startswith(stem):
                    yield Step(kind="AWS::SageMaker::EndpointConfig", name=name, phase=Phase.PROVISION)
