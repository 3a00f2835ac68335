"""Take automatic scaling away from variants for the time of a change, and give it back as it was.

SageMaker refuses to change the instance type of a variant that is registered with Application Auto Scaling, and to
remove such a variant (developer guide, "Update or delete endpoints that use automatic scaling").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from contextlib import nullcontext, suppress
from types import TracebackType
from typing import Any

from botocore.exceptions import ClientError

from mldeploy_sagemaker.scaling import DIMENSION, NAMESPACE

TARGET = ("ServiceNamespace", "ResourceId", "ScalableDimension", "MinCapacity", "MaxCapacity", "SuspendedState")
POLICY = (
    "PolicyName",
    "ServiceNamespace",
    "ResourceId",
    "ScalableDimension",
    "PolicyType",
    "StepScalingPolicyConfiguration",
    "TargetTrackingScalingPolicyConfiguration",
)
ACTION = (
    "ServiceNamespace",
    "Schedule",
    "Timezone",
    "ScheduledActionName",
    "ResourceId",
    "ScalableDimension",
    "StartTime",
    "EndTime",
    "ScalableTargetAction",
)


class ScalingPause:
    """Deregisters the variants on entry; on exit registers those that are kept, with policies and schedules."""

    def __init__(
        self, client: Any, endpoint: str, variants: Iterable[str], *, keep: Collection[str] | None = None
    ) -> None:
        self._client = client
        self._resources = [f"endpoint/{endpoint}/variant/{name}" for name in variants]
        self._kept = None if keep is None else {f"endpoint/{endpoint}/variant/{name}" for name in keep}
        self._targets: list[Mapping[str, Any]] = []
        self._policies: list[Mapping[str, Any]] = []
        self._actions: list[Mapping[str, Any]] = []

    def __enter__(self) -> None:
        """Remember what is registered, and deregister it."""
        if not self._resources:
            return
        where = {"ServiceNamespace": NAMESPACE, "ScalableDimension": DIMENSION}
        self._targets = self._client.describe_scalable_targets(**where, ResourceIds=self._resources)["ScalableTargets"]
        for target in self._targets:
            one = {**where, "ResourceId": target["ResourceId"]}
            self._policies += self._client.describe_scaling_policies(**one)["ScalingPolicies"]
            self._actions += self._client.describe_scheduled_actions(**one)["ScheduledActions"]
            self._client.deregister_scalable_target(**one)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Register again, also after a failure: the old fleet goes on serving then, if there is one."""
        with suppress(ClientError) if error is not None else nullcontext():
            self._register()

    def _register(self) -> None:
        for target in self._wanted(self._targets):
            self._client.register_scalable_target(**_picked(target, TARGET))
        for policy in self._wanted(self._policies):
            self._client.put_scaling_policy(**_picked(policy, POLICY))
        for action in self._wanted(self._actions):
            self._client.put_scheduled_action(**_picked(action, ACTION))

    def _wanted(self, found: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        return [item for item in found if self._kept is None or item["ResourceId"] in self._kept]


def _picked(found: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: found[key] for key in keys if key in found}
