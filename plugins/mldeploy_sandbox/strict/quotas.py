"""Instance quotas enforced: what an endpoint wants on top of what runs must fit."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from mldeploy_sandbox.plane import Call, Gate
from mldeploy_sandbox.quotas import SUFFIX
from mldeploy_sandbox.rules import declare
from mldeploy_sandbox.world import World

INSTANCE_QUOTA = declare(
    "sagemaker-instance-quota",
    "sagemaker:CreateEndpoint",
    "sagemaker:UpdateEndpoint",
    says=(
        "Strict mode: endpoints may use as many instances of a type as the quota says (0 with accelerators); an update "
        "needs room for both fleets, a rolling one for one batch."
    ),
    source=(
        "https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpoint.html#API_CreateEndpoint_Errors, "
        "https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green.html"
    ),
)
EXCEEDED = "ResourceLimitExceeded"
OPERATIONS = frozenset({("sagemaker", "CreateEndpoint"), ("sagemaker", "UpdateEndpoint")})


class InstanceQuotas(Gate):
    """A gate before endpoints."""

    def __init__(self, world: World) -> None:
        self._world = world

    def before(self, call: Call) -> None:
        """Refuse what does not fit.

        Raises:
            AwsError: ResourceLimitExceeded.
        """
        if (call.service, call.operation) not in OPERATIONS:
            return
        with self._world.moto.lock:
            wanted = self._instances(call.region, call.params["EndpointConfigName"])
            running: Counter[str] = Counter()
            for endpoint in self._world.backend("sagemaker", call.region).endpoints.values():
                running.update(self._instances(call.region, endpoint.endpoint_config_name))
        for kind, count in wanted.items():
            self._check(kind, running[kind], _batch(call.params.get("DeploymentConfig") or {}, count))

    def _instances(self, region: str, config_name: str) -> Counter[str]:
        """Count the instances of a configuration by type; none when it does not exist."""
        config = self._world.backend("sagemaker", region).endpoint_configs.get(config_name)
        counted: Counter[str] = Counter()
        for variant in _variants(config.response_object if config else {}):
            if "InstanceType" in variant:
                counted[variant["InstanceType"]] += variant.get("InitialInstanceCount", 1)
        return counted

    def _check(self, kind: str, running: int, more: int) -> None:
        name = f"{kind}{SUFFIX}"
        quota = self._world.quotas.value(name)
        if running + more > quota:
            message = (
                f"The account-level service limit '{name}' is {quota:.0f} Instances, with current utilization of "
                f"{running} Instances and a request delta of {more} Instances. Please use AWS Service Quotas to "
                "request an increase for this quota."
            )
            raise INSTANCE_QUOTA.refusal(EXCEEDED, message)


def _variants(config: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    return [*config.get("ProductionVariants", []), *config.get("ShadowProductionVariants", [])]


def _batch(deployment: Mapping[str, Any], count: int) -> int:
    """Return how many of `count` new instances run beside the old ones at a time."""
    size = (deployment.get("RollingUpdatePolicy") or {}).get("MaximumBatchSize")
    if not size:
        return count
    batch = size["Value"] if size["Type"] == "INSTANCE_COUNT" else math.ceil(count * size["Value"] / 100)
    return min(count, int(batch))
