"""What the SageMaker plugin describes and refuses, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mldeploy.errors import ReleaseError
from mldeploy.session import Session
from tests.plugins.served_release import ARCHIVE, DIRECT, described, problems_of, release_of, step_of

GUARDED = {"strategy": "canary", "alarms": {"errorsPerMinute": 5, "latencyP99Ms": 250}}
TWO = {"count": 2}
ASYNC = {"endpoint": {"mode": "async", "async": {"outputPath": "s3://answers/here"}}, "expose": DIRECT}
SECOND = {"name": "challenger", "modelDataUrl": "s3://archives/second.tar.gz", "trafficPercent": 10}


def with_endpoint(**keys: Any) -> dict[str, Any]:
    return {"endpoint": keys}


@pytest.mark.req("4.2", "4.3")
def test_the_same_release_gives_equal_steps_and_another_one_other_names(tmp_path: Path) -> None:
    first, again = described(tmp_path, {}), described(tmp_path, {})
    isolated = described(tmp_path, with_endpoint(networkIsolation=True))
    assert first == again
    assert step_of(first, "Model").name != step_of(isolated, "Model").name
    assert step_of(first, "EndpointConfig").name != step_of(isolated, "EndpointConfig").name


@pytest.mark.req("9.4", "9.6")
def test_canary_makes_alarms_in_the_units_of_cloudwatch(tmp_path: Path) -> None:
    steps = described(tmp_path, {"deployment": GUARDED, "instance": TWO})
    alarms = {step.name: step.spec for step in steps if step.kind == "AWS::CloudWatch::Alarm"}
    assert alarms["probe-local-latency"]["Threshold"] == 250_000, "ModelLatency counts microseconds"
    assert alarms["probe-local-latency"]["Unit"] == "Microseconds"
    assert alarms["probe-local-errors"]["MetricName"] == "Invocation5XXErrors"
    assert alarms["probe-local-errors"]["Threshold"] == 5
    endpoint = step_of(steps, "Endpoint")
    assert len(endpoint.spec["RollbackAlarms"]) == 2
    policy = endpoint.settings["DeploymentConfig"]["BlueGreenUpdatePolicy"]
    assert policy["TrafficRoutingConfiguration"]["CanarySize"] == {"Type": "CAPACITY_PERCENT", "Value": 10}
    (role,) = (step for step in steps if step.kind == "AWS::IAM::Role")
    actions = [s["Action"] for s in role.spec["Policies"][0]["PolicyDocument"]["Statement"]]
    assert ["cloudwatch:DescribeAlarms"] in actions, "SageMaker looks at the alarms under this role"


def test_canary_without_an_alarm_is_refused_at_its_line(tmp_path: Path) -> None:
    file = tmp_path / "release.yaml"
    top = f"name: probe\nmodel: {{source: '{ARCHIVE}'}}\nexpose: {{gateway: api-gateway}}\n"
    file.write_text(f"{top}deployment:\n  strategy: canary\n", encoding="utf-8")
    session = Session(file, "dev", lambda _event: None)
    release = session.load()
    with pytest.raises(ReleaseError) as caught:
        session.check(release)
    errors = [problem for problem in caught.value.problems if problem.severity == "error"]
    assert [str(problem.position).rpartition("/")[2] for problem in errors] == ["release.yaml:5:13"]
    assert "alarm" in errors[0].message
    assert "errorsPerMinute" in errors[0].hint


REFUSED: list[tuple[dict[str, Any], str]] = [
    (with_endpoint(mode="serverless", vpc={"subnets": ["subnet-1"], "securityGroups": ["sg-1"]}), "endpoint.vpc"),
    (with_endpoint(mode="serverless", networkIsolation=True), "endpoint.networkIsolation"),
    (with_endpoint(mode="serverless", dataCapture={"destination": "s3://kept/here"}), "endpoint.dataCapture"),
    (with_endpoint(mode="serverless", variants=[SECOND]), "endpoint.variants"),
    (with_endpoint(mode="serverless", kmsKeyId="alias/models"), "endpoint.kmsKeyId"),
    ({**with_endpoint(mode="serverless"), "instance": {"volumeSizeInGB": 5}}, "instance.volumeSizeInGB"),
    ({**with_endpoint(mode="serverless"), "autoscaling": {"enabled": True}}, "autoscaling.enabled"),
    ({**with_endpoint(mode="serverless"), "deployment": GUARDED}, "deployment.strategy"),
    (
        with_endpoint(mode="serverless", serverless={"maxConcurrency": 2, "provisionedConcurrency": 3}),
        "endpoint.serverless.provisionedConcurrency",
    ),
    ({**with_endpoint(kmsKeyId="alias/models"), "instance": {"type": "ml.g5.xlarge"}}, "endpoint.kmsKeyId"),
    ({"instance": {"type": "ml.m5d.large", "volumeSizeInGB": 10}}, "instance.volumeSizeInGB"),
    ({**with_endpoint(mode="async"), "expose": DIRECT}, "endpoint.mode"),
    ({**ASYNC, "expose": {"gateway": "api-gateway"}}, "expose.gateway"),
    ({"expose": {"gateway": "sagemaker"}}, "expose.auth"),
    (with_endpoint(**{"async": {"outputPath": "s3://answers/here"}}), "endpoint.async"),
    (
        with_endpoint(
            variants=[
                {**SECOND, "trafficPercent": 60},
                {**SECOND, "name": "b"},
                {**SECOND, "name": "c", "trafficPercent": 40},
            ]
        ),
        "endpoint.variants",
    ),
    (with_endpoint(variants=[{**SECOND, "name": "AllTraffic"}]), "endpoint.variants"),
    (with_endpoint(variants=[SECOND], shadow={"modelDataUrl": ARCHIVE}), "endpoint.shadow"),
    ({**with_endpoint(shadow={"modelDataUrl": ARCHIVE}), "instance": {"type": "ml.inf1.xlarge"}}, "endpoint.shadow"),
    ({"deployment": {"strategy": "linear"}, "instance": TWO}, "deployment.strategy"),
    ({"deployment": {**GUARDED, "strategy": "linear", "stepPercent": 5}}, "deployment.stepPercent"),
    ({"deployment": {**GUARDED, "strategy": "rolling"}, **with_endpoint(variants=[SECOND])}, "deployment.strategy"),
    ({"deployment": GUARDED, "instance": {"type": "ml.inf1.xlarge", "count": 2}}, "deployment.strategy"),
    ({"deployment": {**GUARDED, "bakeSeconds": 900}, "instance": TWO}, "deployment.waitSeconds"),
    (
        {
            "deployment": {"alarms": {**GUARDED["alarms"], "names": list("abcdefgh")}},
            **with_endpoint(variants=[SECOND]),
        },
        "deployment.alarms",
    ),
    ({"autoscaling": {"enabled": True, "scaleToZero": True}}, "autoscaling.scaleToZero"),
    ({"autoscaling": {"enabled": True, "metric": "backlog"}}, "autoscaling.metric"),
    ({"autoscaling": {"enabled": True}, "instance": {"type": "ml.t2.medium"}}, "autoscaling.enabled"),
    ({**ASYNC, "autoscaling": {"enabled": True, "scaleToZero": True}}, "autoscaling.metric"),
    (
        {
            "autoscaling": {
                "schedules": [{"name": "a", "schedule": "rate(1 day)", "minInstances": 1, "maxInstances": 2}]
            }
        },
        "autoscaling.schedules",
    ),
]


@pytest.mark.req("3.8", "3.11", "4.5", "X5")
@pytest.mark.parametrize(
    ("config", "path"), REFUSED, ids=[f"{index}-{path}" for index, (_, path) in enumerate(REFUSED)]
)
def test_what_sagemaker_would_refuse_is_refused_before_any_call(
    tmp_path: Path, config: dict[str, Any], path: str
) -> None:
    assert path in problems_of(tmp_path, config)


def test_a_variant_takes_its_share_and_the_release_the_rest(tmp_path: Path) -> None:
    steps = described(tmp_path, with_endpoint(variants=[SECOND]))
    weights = {
        v["VariantName"]: v["InitialVariantWeight"] for v in step_of(steps, "EndpointConfig").spec["ProductionVariants"]
    }
    assert weights == {"AllTraffic": 90.0, "challenger": 10.0}
    assert {step.name.rpartition("-")[0] for step in steps if step.kind == "AWS::SageMaker::Model"} == {
        "probe-local",
        "probe-local-challenger",
    }


def test_async_that_may_sleep_is_woken_by_an_alarm_on_its_backlog(tmp_path: Path) -> None:
    scaling = {"enabled": True, "scaleToZero": True, "metric": "backlog"}
    steps = described(tmp_path, {**ASYNC, "autoscaling": scaling})
    policies = {step.name: step.spec["PolicyType"] for step in steps if step.kind.endswith("ScalingPolicy")}
    assert policies == {"probe-local-backlog": "TargetTrackingScaling", "probe-local-wake": "StepScaling"}
    alarm = step_of(steps, "Alarm")
    assert alarm.spec["MetricName"] == "HasBacklogWithoutCapacity"
    assert [ref.step for ref in alarm.spec["AlarmActions"]] == [
        "AWS::ApplicationAutoScaling::ScalingPolicy/probe-local-wake"
    ]


def test_concurrency_uses_the_metric_of_ten_seconds(tmp_path: Path) -> None:
    steps = described(tmp_path, {"autoscaling": {"enabled": True, "metric": "concurrency", "targetConcurrency": 3}})
    policy = step_of(steps, "ScalingPolicy").spec["TargetTrackingScalingPolicyConfiguration"]
    metric = policy["PredefinedMetricSpecification"]["PredefinedMetricType"]
    assert (metric, policy["TargetValue"]) == ("SageMakerVariantConcurrentRequestsPerModelHighResolution", 3.0)


@pytest.mark.parametrize(("mode", "seconds", "megabytes"), [("real-time", 60, 6), ("serverless", 60, 4)])
def test_the_mode_decides_what_a_request_may_take(tmp_path: Path, mode: str, seconds: int, megabytes: int) -> None:
    chain = release_of(tmp_path, {**with_endpoint(mode=mode), "expose": DIRECT}).chain
    assert (chain.seconds, chain.max_bytes) == (seconds, megabytes * 1024 * 1024)


def test_the_role_may_write_where_capture_and_answers_go_and_nowhere_else(tmp_path: Path) -> None:
    config = {**ASYNC, "endpoint": {**ASYNC["endpoint"], "dataCapture": {"destination": "s3://kept/here"}}}
    (role,) = (step for step in described(tmp_path, config) if step.kind == "AWS::IAM::Role")
    statements = role.spec["Policies"][0]["PolicyDocument"]["Statement"]
    (write,) = (statement for statement in statements if statement["Action"] == ["s3:PutObject"])
    assert sorted(write["Resource"]) == ["arn:aws:s3:::answers/here/*", "arn:aws:s3:::kept/here/*"]
