"""Application Auto Scaling of an endpoint's variant: target, policies and schedules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from mldeploy import Observed, Phase, Ref, Step
from mldeploy.model import JSON
from mldeploy_aws.driver import AwsDriver, found_or_none
from mldeploy_sagemaker.lookup import MISSING

NAMESPACE = "sagemaker"
DIMENSION = "sagemaker:variant:DesiredInstanceCount"


class ScalableTargetDriver(AwsDriver):
    """Spec: EndpointName, MinCapacity, MaxCapacity. Outputs: ResourceId. The step's name is the resource id.

    Settings: ScheduledBounds [[least, most]], what schedules may have set the bounds to.
    """

    service = "application-autoscaling"

    def find(self, step: Step) -> Observed | None:
        """Return the registration; bounds that a schedule of ours has set are no difference."""
        targets = self.client.describe_scalable_targets(
            ServiceNamespace=NAMESPACE, ResourceIds=[step.name], ScalableDimension=DIMENSION
        )["ScalableTargets"]
        if not targets:
            return None
        live = {key: targets[0][key] for key in ("MinCapacity", "MaxCapacity")}
        if list(live.values()) in step.settings.get("ScheduledBounds", []):
            live = {key: step.spec[key] for key in live}
        return Observed(outputs={"ResourceId": step.name}, spec={"EndpointName": step.name.split("/")[1], **live})

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Register the variant."""
        self.client.register_scalable_target(
            ServiceNamespace=NAMESPACE,
            ResourceId=step.name,
            ScalableDimension=DIMENSION,
            MinCapacity=step.spec["MinCapacity"],
            MaxCapacity=step.spec["MaxCapacity"],
        )
        return {"ResourceId": step.name}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - registering again updates
        """Register again: the same call updates."""
        return self.create(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Deregister; policies, schedules and their alarms go with it."""
        self.client.deregister_scalable_target(
            ServiceNamespace=NAMESPACE, ResourceId=step.name, ScalableDimension=DIMENSION
        )

    def candidates(self) -> Iterable[Step]:
        """Yield the targets of the release's endpoint, unless that is somebody else's; they go before it."""
        endpoint = {"EndpointName": Ref(f"AWS::SageMaker::Endpoint/{self.stem}", "EndpointName")}
        pages = self.client.get_paginator("describe_scalable_targets").paginate(
            ServiceNamespace=NAMESPACE, ScalableDimension=DIMENSION
        )
        for name in (target["ResourceId"] for page in pages for target in page["ScalableTargets"]):
            if name.startswith(f"endpoint/{self.stem}/") and not self._endpoint_is_foreign():
                kind = "AWS::ApplicationAutoScaling::ScalableTarget"
                yield Step(kind=kind, name=name, phase=Phase.PROVISION, spec=endpoint)

    def _endpoint_is_foreign(self) -> bool:
        client = self.aws.client("sagemaker")
        found = found_or_none(
            lambda: client.describe_endpoint(EndpointName=self.stem), "ValidationException", text=MISSING
        )
        return found is not None and not self.owns(client.list_tags(ResourceArn=found["EndpointArn"])["Tags"])


class ScalingRuleDriver(AwsDriver):
    """Base of what belongs to a scalable target and carries no tags: it is ours when it is named like the release."""

    service = "application-autoscaling"
    parents = ("ResourceId",)
    kind: ClassVar[str]
    operation: ClassVar[str]
    """The paginated operation that lists all of them."""
    listed: ClassVar[tuple[str, str]]
    """The keys of the list and of the name in its answer."""

    def candidates(self) -> Iterable[Step]:
        """Yield those on the release's endpoint that have names of the release; they go before their target."""
        pages = self.client.get_paginator(self.operation).paginate(ServiceNamespace=NAMESPACE)
        items, name = self.listed
        for found in (item for page in pages for item in page[items]):
            resource = found["ResourceId"]
            if resource.startswith(f"endpoint/{self.stem}/") and found[name].startswith(f"{self.stem}-"):
                target = Ref(f"AWS::ApplicationAutoScaling::ScalableTarget/{resource}", "ResourceId")
                yield Step(kind=self.kind, name=found[name], phase=Phase.PROVISION, spec={"ResourceId": target})


class ScalingPolicyDriver(ScalingRuleDriver):
    """Spec: ResourceId, PolicyType and its configuration. Outputs: PolicyArn."""

    kind = "AWS::ApplicationAutoScaling::ScalingPolicy"
    operation = "describe_scaling_policies"
    listed = ("ScalingPolicies", "PolicyName")

    def find(self, step: Step) -> Observed | None:
        """Return the policy."""
        policies = self.client.describe_scaling_policies(
            ServiceNamespace=NAMESPACE,
            PolicyNames=[step.name],
            ResourceId=step.spec["ResourceId"],
            ScalableDimension=DIMENSION,
        )["ScalingPolicies"]
        if not policies:
            return None
        return Observed(outputs={"PolicyArn": policies[0]["PolicyARN"]}, spec=as_asked(policies[0], step.spec))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Put the policy."""
        spec = {"PolicyType": "TargetTrackingScaling", **step.spec}
        answer: Mapping[str, Any] = self.client.put_scaling_policy(
            PolicyName=step.name, ServiceNamespace=NAMESPACE, ScalableDimension=DIMENSION, **spec
        )
        return {"PolicyArn": answer["PolicyARN"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - putting again updates
        """Put again: the same call updates."""
        return self.create(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the policy."""
        self.client.delete_scaling_policy(
            PolicyName=step.name,
            ServiceNamespace=NAMESPACE,
            ResourceId=step.spec["ResourceId"],
            ScalableDimension=DIMENSION,
        )


class ScheduledActionDriver(ScalingRuleDriver):
    """Spec: ResourceId, Schedule, Timezone, ScalableTargetAction. Outputs: ResourceId."""

    kind = "AWS::ApplicationAutoScaling::ScheduledAction"
    operation = "describe_scheduled_actions"
    listed = ("ScheduledActions", "ScheduledActionName")

    def find(self, step: Step) -> Observed | None:
        """Return the schedule."""
        actions = self.client.describe_scheduled_actions(
            ServiceNamespace=NAMESPACE,
            ScheduledActionNames=[step.name],
            ResourceId=step.spec["ResourceId"],
            ScalableDimension=DIMENSION,
        )["ScheduledActions"]
        if not actions:
            return None
        return Observed(outputs={"ResourceId": step.spec["ResourceId"]}, spec=as_asked(actions[0], step.spec))

    def create(self, step: Step) -> Mapping[str, JSON]:
        """Put the schedule."""
        self.client.put_scheduled_action(
            ServiceNamespace=NAMESPACE, ScheduledActionName=step.name, ScalableDimension=DIMENSION, **step.spec
        )
        return {"ResourceId": step.spec["ResourceId"]}

    def update(self, step: Step, observed: Observed) -> Mapping[str, JSON]:  # noqa: ARG002 - putting again updates
        """Put again: the same call updates."""
        return self.create(step)

    def remove(self, step: Step, observed: Observed) -> None:  # noqa: ARG002 - the name is enough
        """Delete the schedule."""
        self.client.delete_scheduled_action(
            ServiceNamespace=NAMESPACE,
            ScheduledActionName=step.name,
            ResourceId=step.spec["ResourceId"],
            ScalableDimension=DIMENSION,
        )


def as_asked(live: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the live values of the keys that are wanted, at every depth: AWS fills in defaults of its own."""
    return {
        key: as_asked(live[key], value) if isinstance(value, Mapping) and isinstance(live[key], Mapping) else live[key]
        for key, value in wanted.items()
        if key in live
    }
