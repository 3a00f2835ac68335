"""SageMaker that answers: models and configurations in moto, endpoints and invocations here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from mldeploy_sandbox.plane import Operation, WsgiApp
from mldeploy_sandbox.sagemaker.asynchronous import invoke_endpoint_async
from mldeploy_sandbox.sagemaker.endpoints import Endpoints
from mldeploy_sandbox.sagemaker.models import create_endpoint_config, create_model
from mldeploy_sandbox.sagemaker.runtime import invoke_endpoint, not_offered
from mldeploy_sandbox.sagemaker.scaling import Scaling
from mldeploy_sandbox.world import World


class SageMakerPlane:
    """SageMaker's control plane and runtime."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._endpoints = Endpoints(world)
        self._scaling = Scaling(world)

    def operations(self) -> Mapping[tuple[str, str], Operation]:
        """Return the operations of this plane."""
        return {
            ("sagemaker", "CreateModel"): partial(create_model, self._world),
            ("sagemaker", "CreateEndpointConfig"): partial(create_endpoint_config, self._world),
            ("sagemaker", "CreateEndpoint"): self._endpoints.create,
            ("sagemaker", "UpdateEndpoint"): self._endpoints.update,
            ("sagemaker", "UpdateEndpointWeightsAndCapacities"): self._endpoints.update_weights,
            ("sagemaker", "DeleteEndpoint"): self._endpoints.delete,
            ("sagemaker-runtime", "InvokeEndpoint"): partial(invoke_endpoint, self._endpoints, self._world),
            ("sagemaker-runtime", "InvokeEndpointAsync"): partial(invoke_endpoint_async, self._endpoints, self._world),
            ("sagemaker-runtime", "InvokeEndpointWithResponseStream"): not_offered,
            ("application-autoscaling", "RegisterScalableTarget"): self._scaling.register,
            ("application-autoscaling", "DeregisterScalableTarget"): self._scaling.deregister,
            ("application-autoscaling", "DeleteScalingPolicy"): self._scaling.delete_policy,
            ("application-autoscaling", "DescribeScalingPolicies"): self._scaling.describe_policies,
            ("application-autoscaling", "DescribeScalingActivities"): self._scaling.activities,
            ("application-autoscaling", "ListTagsForResource"): self._scaling.list_tags,
            ("application-autoscaling", "PutScalingPolicy"): self._scaling.put_policy,
            ("application-autoscaling", "PutScheduledAction"): self._scaling.put_schedule,
            ("application-autoscaling", "TagResource"): self._scaling.tag,
            ("application-autoscaling", "UntagResource"): self._scaling.untag,
        }

    def routes(self) -> Mapping[str, WsgiApp]:
        """Return no page: everything here is an AWS call."""
        return {}

    def close(self) -> None:
        """Stop every endpoint."""
        self._endpoints.close()


def plane(world: World) -> SageMakerPlane:
    """Make the plane of a sandbox."""
    return SageMakerPlane(world)
