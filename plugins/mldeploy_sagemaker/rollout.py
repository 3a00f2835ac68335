"""How a new release takes over: SageMaker's DeploymentConfig, and the alarms that stop it.

Source: SageMaker developer guide, "Deployment guardrails for updating models in production".
"""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Phase, Release, Step
from mldeploy.model import JSON
from mldeploy_aws.alarm_specs import alarm_spec
from mldeploy_sagemaker.variants import MAIN

ALL_AT_ONCE = "all-at-once"
SHORTEST_SECONDS = 600
"""The least MaximumExecutionTimeoutInSeconds in the service model."""

MICROSECONDS_PER_MILLISECOND = 1000


def alarm_steps(release: Release) -> list[Step]:
    """Return the alarms that we make for the endpoint: answers with 5xx, and slow answers."""
    return list(_alarms(release))


def alarm_names(release: Release) -> list[str]:
    """Return the names of all alarms that can stop an update: ours and the user's."""
    return [*(step.name for step in alarm_steps(release)), *release.value("deployment.alarms.names")]


def deployment_config(release: Release) -> JSON:
    """Return DeploymentConfig without its alarms; None for SageMaker's own way (all at once, no rollback by alarm)."""
    strategy, bake = release.value("deployment.strategy"), release.value("deployment.bakeSeconds")
    longest = max(SHORTEST_SECONDS, release.value("deployment.waitSeconds"))
    step = {"Type": "CAPACITY_PERCENT", "Value": release.value("deployment.stepPercent")}
    if strategy == "rolling":
        return {
            "RollingUpdatePolicy": {
                "MaximumBatchSize": step,
                "WaitIntervalInSeconds": bake,
                "MaximumExecutionTimeoutInSeconds": longest,
            }
        }
    if strategy == ALL_AT_ONCE and not alarm_names(release):
        return None
    routing: dict[str, JSON] = {"Type": strategy.upper().replace("-", "_"), "WaitIntervalInSeconds": bake}
    if strategy != ALL_AT_ONCE:
        routing["CanarySize" if strategy == "canary" else "LinearStepSize"] = step
    policy = {"TrafficRoutingConfiguration": routing, "MaximumExecutionTimeoutInSeconds": longest}
    return {"BlueGreenUpdatePolicy": policy}


def _alarms(release: Release) -> Iterator[Step]:
    alarms = release.value("deployment.alarms")
    variants = [MAIN, *(variant["name"] for variant in release.value("endpoint.variants"))]
    for variant in variants:
        if "errorsPerMinute" in alarms:
            metric = {"MetricName": "Invocation5XXErrors", "Statistic": "Sum"}
            yield _alarm(release, variant, "errors", {**metric, "Threshold": float(alarms["errorsPerMinute"])})
        if "latencyP99Ms" in alarms:  # ModelLatency counts microseconds (developer guide, "invocation metrics")
            metric = {"MetricName": "ModelLatency", "ExtendedStatistic": "p99", "Unit": "Microseconds"}
            most = float(alarms["latencyP99Ms"]) * MICROSECONDS_PER_MILLISECOND
            yield _alarm(release, variant, "latency", {**metric, "Threshold": most})


def _alarm(release: Release, variant: str, what: str, metric: JSON) -> Step:
    name = release.resource_name
    return Step(
        kind="AWS::CloudWatch::Alarm",
        name=f"{name}-{what}" if variant == MAIN else f"{name}-{variant}-{what}",
        phase=Phase.PROVISION,
        spec=alarm_spec("AWS/SageMaker", metric, {"EndpointName": name, "VariantName": variant}),
    )
