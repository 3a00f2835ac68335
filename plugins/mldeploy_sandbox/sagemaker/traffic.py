"""How requests move to a new fleet: the steps of a DeploymentConfig.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mldeploy_sandbox.rules import declare

GUARDRAILS = declare(
    "sagemaker-deployment-guardrails",
    "sagemaker:UpdateEndpoint",
    says="Step sizes are at most half of the capacity; rolling updates have one variant with instances; serverless "
    "endpoints take no DeploymentConfig; variant names stay the same.",
    source="https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html",
)
MOST_PERCENT = 50
INVALID = "ValidationException"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """The shares of the requests that the new fleet gets one after the other, and the pause after each.

    - `alarms`: names of the alarms that stop it.
    - `seconds_until_end`: how long the old fleet is kept after the last step.
    """

    shares: tuple[float, ...] = (1.0,)
    wait_seconds: float = 0.0
    alarms: tuple[str, ...] = ()
    seconds_until_end: float = 0.0


def shift_of(deployment: Mapping[str, Any] | None, variants: Sequence[Mapping[str, Any]]) -> Shift:
    """Return the steps that a DeploymentConfig asks for."""
    if not deployment:
        return Shift()
    alarms = tuple(a["AlarmName"] for a in deployment.get("AutoRollbackConfiguration", {}).get("Alarms", []))
    rolling = deployment.get("RollingUpdatePolicy")
    if rolling:
        part = _part(rolling["MaximumBatchSize"], variants)
        return Shift(shares=_equal_steps(part), wait_seconds=rolling["WaitIntervalInSeconds"], alarms=alarms)
    policy = deployment.get("BlueGreenUpdatePolicy")
    if not policy:
        return Shift(alarms=alarms)
    routing = policy["TrafficRoutingConfiguration"]
    shares: tuple[float, ...] = (1.0,)
    if routing["Type"] == "CANARY":
        shares = (_part(routing["CanarySize"], variants), 1.0)
    elif routing["Type"] == "LINEAR":
        shares = _equal_steps(_part(routing["LinearStepSize"], variants))
    return Shift(
        shares=shares,
        wait_seconds=routing["WaitIntervalInSeconds"],
        alarms=alarms,
        seconds_until_end=policy.get("TerminationWaitInSeconds", 0),
    )


def check_deployment(
    deployment: Mapping[str, Any] | None,
    before: Sequence[Mapping[str, Any]],
    after: Sequence[Mapping[str, Any]],
) -> None:
    """Refuse a DeploymentConfig that does not go with the endpoint.

    Raises:
        AwsError: worded like SageMaker's own validation.
    """
    message = _complaint(deployment, before, after) if deployment else None
    if message is not None:
        raise GUARDRAILS.refusal(INVALID, message)


def _complaint(
    deployment: Mapping[str, Any], before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]
) -> str | None:
    if any("ServerlessConfig" in variant for variant in after):
        return "DeploymentConfig is not supported for serverless endpoints."
    if deployment.get("RollingUpdatePolicy") and deployment.get("BlueGreenUpdatePolicy"):
        return "Only one of BlueGreenUpdatePolicy and RollingUpdatePolicy can be specified."
    if deployment.get("RollingUpdatePolicy") and len(after) > 1:
        return "Rolling updates are not supported for endpoints with several production variants."
    if {variant["VariantName"] for variant in before} != {variant["VariantName"] for variant in after}:
        return "The new endpoint configuration must have the same variant names as the old one."
    percents = [size["Value"] for size in _sizes(deployment) if size["Type"] == "CAPACITY_PERCENT"]
    if any(percent > MOST_PERCENT for percent in percents):
        return f"The step size must be at most {MOST_PERCENT} percent of the capacity."
    return None


def _sizes(deployment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    routing = deployment.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    rolling = deployment.get("RollingUpdatePolicy", {})
    sizes = [routing.get("CanarySize"), routing.get("LinearStepSize"), rolling.get("MaximumBatchSize")]
    return [size for size in sizes if size]


def _part(size: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> float:
    if size["Type"] == "CAPACITY_PERCENT":
        return float(size["Value"]) / 100
    total = float(sum(variant.get("InitialInstanceCount", 1) for variant in variants))
    return min(1.0, float(size["Value"]) / total)


def _equal_steps(part: float) -> tuple[float, ...]:
    count = 1
    while count * part < 1 - 1e-9:
        count += 1
    return tuple(min(1.0, number * part) for number in range(1, count + 1))
