"""Application Auto Scaling's view of endpoints: moto keeps targets and policies, here is what it lacks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mldeploy_sandbox.plane import Call
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.sagemaker.records import EndpointRecord
from mldeploy_sandbox.world import World

SERVICE = "application-autoscaling"
VARIANT_COUNT = "sagemaker:variant:DesiredInstanceCount"
INVALID = "ValidationException"
NOT_FOUND = "ObjectNotFoundException"
BURSTABLE = "ml.t2."

TARGET = declare(
    "application-autoscaling-target",
    "application-autoscaling:RegisterScalableTarget",
    says="The endpoint variant exists and can scale, and the least capacity is not more than the most.",
    source="https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html",
)
SLEEP = declare(
    "application-autoscaling-zero",
    "application-autoscaling:RegisterScalableTarget",
    says="Only variants of async endpoints may have a least capacity of 0.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-autoscale.html",
)
SCALED_VARIANT = declare(
    "sagemaker-scaled-variant",
    "sagemaker:UpdateEndpoint",
    says="A variant that is registered with Application Auto Scaling keeps its instance type, and is not removed.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html",
)
ORDER = declare(
    "application-autoscaling-order",
    "application-autoscaling:PutScalingPolicy",
    "application-autoscaling:PutScheduledAction",
    "application-autoscaling:DeleteScalingPolicy",
    "application-autoscaling:DeregisterScalableTarget",
    says="A scalable target is registered before it gets policies and schedules; what is not there cannot be deleted.",
    source="https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScalingPolicy.html",
)


class Scaling:
    """Answers what concerns scalable targets, and remembers the tags and activities that moto does not keep."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tags: dict[str, dict[str, str]] = {}
        self._activities: list[dict[str, Any]] = []

    def register(self, call: Call) -> Mapping[str, Any]:
        """Answer RegisterScalableTarget; a capacity outside the bounds is corrected at once, as an activity."""
        params = call.params
        if params.get("MinCapacity", 0) > params.get("MaxCapacity", params.get("MinCapacity", 0)):
            message = "Maximum capacity cannot be less than minimum capacity"
            raise TARGET.refusal(INVALID, message)
        is_variant = params["ServiceNamespace"] == "sagemaker" and params["ScalableDimension"] == VARIANT_COUNT
        variant = self._checked_variant(call) if is_variant else None
        answer = self._world.moto.answer(call)
        arn = self._arn(call)
        self._tags.setdefault(arn, {}).update(params.get("Tags", {}))
        if variant is not None:
            self._correct(call, variant)
        return {**answer, "ScalableTargetARN": arn}

    def put_policy(self, call: Call) -> Mapping[str, Any]:
        """Answer PutScalingPolicy; a policy that is put again keeps its ARN, which moto makes anew."""
        self._check_registered(call)
        with self._world.moto.lock:
            policies = self._world.backend(SERVICE, call.region).policies
            before = next((key for key, policy in policies.items() if _is_policy(policy, call)), None)
            arn = policies[before].policy_arn if before is not None else None
            answer = self._world.moto.answer(call)
            if arn is not None:
                policies[before].policy_arn = arn
        return answer if arn is None else {**answer, "PolicyARN": arn}

    def describe_policies(self, call: Call) -> Mapping[str, Any]:
        """Answer DescribeScalingPolicies; moto does not look at PolicyNames."""
        answer = self._world.moto.answer(call)
        names = call.params.get("PolicyNames")
        if not names:
            return answer
        return {"ScalingPolicies": [policy for policy in answer["ScalingPolicies"] if policy["PolicyName"] in names]}

    def delete_policy(self, call: Call) -> Mapping[str, Any]:
        """Answer DeleteScalingPolicy."""
        with self._world.moto.lock:
            policies = self._world.backend(SERVICE, call.region).policies.values()
            known = any(_is_policy(policy, call) for policy in policies)
        if not known:
            message = f"No scaling policy found for resource ID: {call.params['ResourceId']}"
            raise ORDER.refusal(NOT_FOUND, message)
        return self._world.moto.answer(call)

    def deregister(self, call: Call) -> Mapping[str, Any]:
        """Answer DeregisterScalableTarget: policies and schedules go with the target.

        Source: https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DeregisterScalableTarget.html
        """
        self._check_registered(call)
        answer = self._world.moto.answer(call)
        with self._world.moto.lock:
            _forget(self._world.backend(SERVICE, call.region), call.params["ResourceId"])
        return answer

    def put_schedule(self, call: Call) -> Mapping[str, Any]:
        """Answer PutScheduledAction."""
        self._check_registered(call)
        return self._world.moto.answer(call)

    def list_tags(self, call: Call) -> Mapping[str, Any]:
        """Answer ListTagsForResource."""
        return {"Tags": dict(self._tags.get(call.params["ResourceARN"], {}))}

    def tag(self, call: Call) -> Mapping[str, Any]:
        """Answer TagResource."""
        self._tags.setdefault(call.params["ResourceARN"], {}).update(call.params["Tags"])
        return {}

    def untag(self, call: Call) -> Mapping[str, Any]:
        """Answer UntagResource."""
        kept = self._tags.get(call.params["ResourceARN"], {})
        for key in call.params["TagKeys"]:
            kept.pop(key, None)
        return {}

    def activities(self, call: Call) -> Mapping[str, Any]:
        """Answer DescribeScalingActivities, newest first."""
        wanted = call.params.get("ResourceId")
        found = [activity for activity in self._activities if wanted in (None, activity["ResourceId"])]
        return {"ScalingActivities": found[::-1]}

    def _arn(self, call: Call) -> str:
        with self._world.moto.lock:
            targets = self._world.backend(SERVICE, call.region).targets[call.params["ScalableDimension"]]
            return str(targets[call.params["ResourceId"]].arn)

    def _checked_variant(self, call: Call) -> dict[str, Any]:
        resource = call.params["ResourceId"]
        parts = resource.split("/")
        if len(parts) != 4 or parts[0] != "endpoint" or parts[2] != "variant":
            message = f"Unsupported resource ID '{resource}': it should look like endpoint/NAME/variant/NAME"
            raise TARGET.refusal(INVALID, message)
        with self._world.moto.lock:
            store = self._world.backend("sagemaker", call.region)
            endpoint = store.endpoints.get(parts[1])
            variants = {item["VariantName"]: item for item in endpoint.production_variants} if endpoint else {}
        found: dict[str, Any] | None = variants.get(parts[3])
        if endpoint is None or found is None:
            message = f"No endpoint variant found for resource ID: {resource}"
            raise TARGET.refusal(INVALID, message)
        if _types(store, endpoint).get(parts[3], "").startswith(BURSTABLE):
            message = f"The instance type of {resource} does not support automatic scaling"
            raise TARGET.refusal(INVALID, message)
        if call.params.get("MinCapacity") == 0 and "AsyncInferenceConfig" not in endpoint.extras:
            message = f"Minimum capacity of {resource} must be at least 1"
            raise SLEEP.refusal(INVALID, message)
        return found

    def _correct(self, call: Call, variant: dict[str, Any]) -> None:
        before = variant.get("DesiredInstanceCount")
        with self._world.moto.lock:
            target = self._world.backend(SERVICE, call.region).targets[VARIANT_COUNT][call.params["ResourceId"]]
            least, most = target.min_capacity, target.max_capacity
            if before is None or least <= before <= most:
                return
            after = min(max(before, least), most)
            variant |= {"DesiredInstanceCount": after, "CurrentInstanceCount": after}
        self._activities.append(_activity(call, before, after, self._world.clock.now()))

    def _check_registered(self, call: Call) -> None:
        with self._world.moto.lock:
            targets = self._world.backend(SERVICE, call.region).targets.get(call.params["ScalableDimension"], {})
            known = call.params["ResourceId"] in targets
        if not known:
            message = f"No scalable target registered for resource ID: {call.params['ResourceId']}"
            raise ORDER.refusal(NOT_FOUND, message)


def check_scaled_variants(
    world: World, call: Call, record: EndpointRecord, variants: Sequence[Mapping[str, Any]]
) -> None:
    """Refuse an update that changes the instance type of a registered variant, or removes it."""
    before = _types(world.backend("sagemaker", call.region), record)
    after = {variant["VariantName"]: variant for variant in variants}
    for resource in _targets(world, call.region, record.endpoint_name):
        name = resource.rsplit("/", 1)[-1]
        old, new = before.get(name), after.get(name, {}).get("InstanceType")
        if name not in after or (old is not None and old != new):
            message = (
                f"Cannot update endpoint: variant {name} is registered with Application Auto Scaling, and its instance "
                f"type would change from {old} to {new}. Deregister the scalable target {resource} first."
            )
            raise SCALED_VARIANT.refusal(INVALID, message)


def deregister(world: World, region: str, endpoint: str) -> None:
    """Forget the scalable targets, policies and schedules of an endpoint; hold `moto.lock`."""
    store = world.backend(SERVICE, region)
    for resource in _targets(world, region, endpoint):
        store.targets[VARIANT_COUNT].pop(resource, None)
        _forget(store, resource)


def _forget(store: Any, resource: str) -> None:
    """Drop the policies and schedules of a resource; hold `moto.lock`."""
    for key in [key for key, policy in store.policies.items() if policy.resource_id == resource]:
        del store.policies[key]
    store.scheduled_actions = [one for one in store.scheduled_actions if one.resource_id != resource]


def _is_policy(policy: Any, call: Call) -> bool:
    return bool(policy.policy_name == call.params["PolicyName"] and policy.resource_id == call.params["ResourceId"])


def _types(store: Any, record: EndpointRecord) -> dict[str, str]:
    """Return variant → instance type of the live configuration."""
    config = store.endpoint_configs.get(record.endpoint_config_name)
    variants = config.response_object["ProductionVariants"] if config else []
    return {item["VariantName"]: item["InstanceType"] for item in variants if "InstanceType" in item}


def _targets(world: World, region: str, endpoint: str) -> list[str]:
    registered = world.backend(SERVICE, region).targets.get(VARIANT_COUNT, {})
    return [resource for resource in registered if resource.startswith(f"endpoint/{endpoint}/variant/")]


def _activity(call: Call, before: int, after: int, now: datetime) -> dict[str, Any]:
    return {
        "ActivityId": str(uuid.uuid4()),
        "ServiceNamespace": call.params["ServiceNamespace"],
        "ResourceId": call.params["ResourceId"],
        "ScalableDimension": call.params["ScalableDimension"],
        "Description": f"Setting desired instance count to {after}.",
        "Cause": f"the registered bounds do not include {before}",
        "StartTime": now,
        "EndTime": now,
        "StatusCode": "Successful",
        "StatusMessage": f"Successfully set desired instance count to {after}.",
    }
