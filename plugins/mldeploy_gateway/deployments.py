"""AWS::ApiGateway::Deployment: the API as it was when the deployment was made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy import Observed, Phase, Step
from mldeploy.model import JSON, content_hash, find_refs
from mldeploy_aws.driver import found_or_none
from mldeploy_gateway.api_gateway_driver import NOT_FOUND, ApiGatewayDriver
from mldeploy_gateway.intrinsics import evaluated
from mldeploy_gateway.rest_apis import RestApiDriver


class DeploymentDriver(ApiGatewayDriver):
    """Spec: RestApiId, Body (what is deployed). Outputs: DeploymentId.

    Deployments have neither names nor tags. Ours say in the description which step they are and which document they
    hold, with all values in it: a pool that was made anew has another ARN and needs another deployment.
    """

    parents = ("RestApiId",)

    def find(self, step: Step) -> Observed | None:
        """Return the deployment of this document."""
        if next(find_refs(step.spec.get("Body")), None) is not None:
            return None
        found = self._all(step)
        if "Body" in step.spec:
            found = [deployment for deployment in found if deployment["description"] == self._description(step)]
        return Observed(outputs={"DeploymentId": found[0]["id"]}, spec=step.spec) if found else None

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Deploy the API as it is now."""
        earlier = self.find(step)
        if earlier is not None:  # made by a run whose plan could not know the values in the document
            return earlier.outputs
        answer = self.client.create_deployment(restApiId=step.spec["RestApiId"], description=self._description(step))
        return {"DeploymentId": answer["id"]}

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - all of this step go
        """Delete the deployments of this step; no stage may use them any more."""
        for deployment in self._all(step):
            self.client.delete_deployment(restApiId=step.spec["RestApiId"], deploymentId=deployment["id"])

    def candidates(self) -> Iterable[Step]:
        """Yield the deployments in the API of the release."""
        api = Step(kind="AWS::ApiGateway::RestApi", name=self.stem, phase=Phase.EXPOSE)
        for found in RestApiDriver(self.context).ours(api.name):
            deployments = self.items("get_deployments", restApiId=found["id"])
            for name in sorted({deployed_as(item) for item in deployments}):
                if name.startswith(f"{self.stem}-"):
                    place = {"RestApiId": api.ref("RestApiId")}
                    yield Step(kind="AWS::ApiGateway::Deployment", name=name, phase=Phase.EXPOSE, spec=place)

    def _all(self, step: Step) -> list[dict[str, Any]]:
        found = found_or_none(lambda: self.items("get_deployments", restApiId=step.spec["RestApiId"]), NOT_FOUND) or []
        return [deployment for deployment in found if deployed_as(deployment) == step.name]

    def _description(self, step: Step) -> str:
        return f"{step.name} {content_hash(evaluated(step.spec['Body'], self.aws.region))}"


def deployed_as(deployment: Mapping[str, Any]) -> str:
    """Return the name of the step that made a deployment; empty when none of ours did."""
    name, _, document = str(deployment.get("description") or "").partition(" ")
    return name if document else ""
