"""Automatic scaling of the release's own variant, as steps.

Sources: SageMaker developer guide, "Automatic scaling of Amazon SageMaker AI models" and "Autoscale an asynchronous
endpoint".
"""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Phase, Release, Step
from mldeploy.model import JSON
from mldeploy_sagemaker.variants import MAIN

PREDEFINED = {
    "invocations": "SageMakerVariantInvocationsPerInstance",
    "concurrency": "SageMakerVariantConcurrentRequestsPerModelHighResolution",
}
TARGETS = {
    "invocations": "targetInvocationsPerInstancePerMinute",
    "concurrency": "targetConcurrency",
    "backlog": "targetBacklog",
}
"""Value of `autoscaling.metric` → the key that says what to aim at."""


def scaling_steps(release: Release, endpoint: Step) -> Iterator[Step]:
    """Yield the scalable target with its policies, schedules and, where it may sleep, what wakes it."""
    scaling = release.value("autoscaling")
    target = Step(
        kind="AWS::ApplicationAutoScaling::ScalableTarget",
        name=f"endpoint/{release.resource_name}/variant/{MAIN}",
        phase=Phase.PROVISION,
        spec={
            "EndpointName": endpoint.ref("EndpointName"),
            "MinCapacity": 0 if scaling["scaleToZero"] else scaling["minInstances"],
            "MaxCapacity": scaling["maxInstances"],
        },
        settings={"ScheduledBounds": [[s["minInstances"], s["maxInstances"]] for s in scaling["schedules"]]},
    )
    yield target
    yield _tracking(release, target)
    yield from (_schedule(release, target, schedule) for schedule in scaling["schedules"])
    if scaling["scaleToZero"] or any(schedule["minInstances"] == 0 for schedule in scaling["schedules"]):
        yield from _waking(release, target)


def _tracking(release: Release, target: Step) -> Step:
    """Return the policy that keeps a metric level."""
    metric = release.value("autoscaling.metric")
    return Step(
        kind="AWS::ApplicationAutoScaling::ScalingPolicy",
        name=f"{release.resource_name}-{metric}",
        phase=Phase.PROVISION,
        spec={
            "ResourceId": target.ref("ResourceId"),
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": float(release.value(f"autoscaling.{TARGETS[metric]}")),
                **_specification(release, metric),
                "ScaleInCooldown": release.value("autoscaling.scaleInCooldownSeconds"),
                "ScaleOutCooldown": release.value("autoscaling.scaleOutCooldownSeconds"),
            },
        },
    )


def _specification(release: Release, metric: str) -> dict[str, JSON]:
    if metric in PREDEFINED:
        return {"PredefinedMetricSpecification": {"PredefinedMetricType": PREDEFINED[metric]}}
    return {
        "CustomizedMetricSpecification": {
            "MetricName": "ApproximateBacklogSizePerInstance",
            "Namespace": "AWS/SageMaker",
            "Dimensions": [{"Name": "EndpointName", "Value": release.resource_name}],
            "Statistic": "Average",
        }
    }


def _schedule(release: Release, target: Step, schedule: JSON) -> Step:
    return Step(
        kind="AWS::ApplicationAutoScaling::ScheduledAction",
        name=f"{release.resource_name}-{schedule['name']}",
        phase=Phase.PROVISION,
        spec={
            "ResourceId": target.ref("ResourceId"),
            "Schedule": schedule["schedule"],
            "Timezone": schedule["timezone"],
            "ScalableTargetAction": {"MinCapacity": schedule["minInstances"], "MaxCapacity": schedule["maxInstances"]},
        },
    )


def _waking(release: Release, target: Step) -> Iterator[Step]:
    """Yield what starts the first instance: target tracking cannot divide a backlog by no instances."""
    policy = Step(
        kind="AWS::ApplicationAutoScaling::ScalingPolicy",
        name=f"{release.resource_name}-wake",
        phase=Phase.PROVISION,
        spec={
            "ResourceId": target.ref("ResourceId"),
            "PolicyType": "StepScaling",
            "StepScalingPolicyConfiguration": {
                "AdjustmentType": "ChangeInCapacity",
                "MetricAggregationType": "Average",
                "Cooldown": release.value("autoscaling.scaleOutCooldownSeconds"),
                "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
            },
        },
    )
    yield policy
    yield Step(
        kind="AWS::CloudWatch::Alarm",
        name=f"{release.resource_name}-backlog",
        phase=Phase.PROVISION,
        spec={
            "Namespace": "AWS/SageMaker",
            "MetricName": "HasBacklogWithoutCapacity",
            "Statistic": "Average",
            "Dimensions": [{"Name": "EndpointName", "Value": release.resource_name}],
            "Period": 60,
            "EvaluationPeriods": 2,
            "DatapointsToAlarm": 2,
            "Threshold": 1.0,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "TreatMissingData": "missing",
            "AlarmActions": [policy.ref("PolicyArn")],
        },
    )
