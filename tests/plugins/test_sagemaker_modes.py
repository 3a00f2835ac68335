"""Serverless and async endpoints, capture, shadow and encryption: planned, applied, seen, changed and taken away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from mldeploy.deployment import Deployment
from tests.plugins.served_release import ARCHIVE, BUCKET, DIRECT, ENDPOINT, ServedRelease
from tests.sandbox.running_sandbox import eventually

ASYNC = {
    "mode": "async",
    "async": {"outputPath": f"s3://{BUCKET}/answers", "failurePath": f"s3://{BUCKET}/failures"},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRelease]:
    served = ServedRelease(tmp_path_factory.mktemp("modes"))
    yield served
    served.close()


@pytest.fixture(autouse=True)
def emptied(served: ServedRelease) -> Iterator[None]:
    yield
    served.deployment().destroy()
    assert served.left() == []


def run(served: ServedRelease, endpoint: dict[str, Any], **more: Any) -> Deployment:
    """Deploy without a gateway, and check that nothing is left to change."""
    config = {"endpoint": endpoint, "expose": DIRECT, **more}
    opened = served.run(config)
    assert served.deployment(config).plan().mutations == ()
    return opened


def objects(served: ServedRelease, folder: str) -> list[str]:
    found = served.sandbox.client("s3").list_objects_v2(Bucket=BUCKET, Prefix=folder)
    return [item["Key"] for item in found.get("Contents", [])]


@pytest.mark.req("4.1", "5.12")
def test_serverless_answers_callers_that_sign_and_changes_its_memory(served: ServedRelease) -> None:
    opened = run(served, {"mode": "serverless", "serverless": {"maxConcurrency": 2}})
    caller = opened.context.provider("caller")
    answer = caller.send(b'{"instances": []}', {"content-type": "application/json"})
    assert (answer.status, json.loads(answer.body)["body"]) == (200, '{"instances": []}')
    assert caller.url.endswith(f"/endpoints/{ENDPOINT}/invocations")
    assert caller.send(b"fail", {"content-type": "text/plain"}).status == 500
    variant = served.endpoint()["ProductionVariants"][0]
    assert variant["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    run(served, {"mode": "serverless", "serverless": {"memorySizeInMB": 4096}})
    assert served.endpoint()["ProductionVariants"][0]["CurrentServerlessConfig"]["MemorySizeInMB"] == 4096


@pytest.mark.req("F4")
def test_async_takes_requests_from_s3_and_may_sleep(served: ServedRelease) -> None:
    topic = served.sandbox.client("sns").create_topic(Name="answers")["TopicArn"]
    settings = {**ASYNC, "async": {**ASYNC["async"], "successTopic": topic}}  # type: ignore[dict-item]
    scaling = {"enabled": True, "scaleToZero": True, "maxInstances": 2, "metric": "backlog"}
    opened = run(served, settings, autoscaling=scaling)
    caller = opened.context.provider("caller")
    answer = caller.send(b"a large request", {"content-type": "text/plain"})
    assert (answer.status, json.loads(answer.body)["body"]) == (200, "a large request")
    failed = caller.send(b"fail", {"content-type": "text/plain"})
    assert failed.status == 500
    assert b"out of cheese" in failed.body
    assert objects(served, "answers") + objects(served, "failures") == [], "the caller takes its objects away"
    policies = served.sandbox.client("application-autoscaling").describe_scaling_policies(ServiceNamespace="sagemaker")
    wake = next(policy for policy in policies["ScalingPolicies"] if policy["PolicyName"] == "probe-local-wake")
    alarms = served.sandbox.client("cloudwatch").describe_alarms(AlarmNames=["probe-local-backlog"])["MetricAlarms"]
    assert alarms[0]["AlarmActions"] == [wake["PolicyARN"]]


@pytest.mark.req("9.5", "F3", "F2")
def test_a_shadow_sees_the_requests_and_the_sample_is_kept(served: ServedRelease) -> None:
    shadow = {"modelDataUrl": f"s3://{BUCKET}/second.tar.gz", "trafficPercent": 100}
    capture = {"destination": f"s3://{BUCKET}/captured", "samplingPercentage": 100}
    run(served, {"shadow": shadow, "dataCapture": capture})
    answer = served.sandbox.invoke(ENDPOINT, b"a text", ContentType="application/json")
    assert answer["model"] == "model.tar.gz", "the shadow's answers are seen by nobody"
    (shadowed,) = served.endpoint()["ShadowProductionVariants"]
    assert shadowed["VariantName"] == "Shadow"
    (kept,) = eventually(lambda: objects(served, "captured"))
    line = json.loads(served.sandbox.client("s3").get_object(Bucket=BUCKET, Key=kept)["Body"].read())
    assert line["captureData"]["endpointInput"]["data"] == "a text"
    run(served, {})
    assert "DataCaptureConfig" not in served.endpoint(), "what we switched on and took out is switched off"


@pytest.mark.req("4.7", "X5", "X6")
def test_network_and_key_reach_the_live_resources(served: ServedRelease) -> None:
    ec2 = served.sandbox.client("ec2")
    network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=network, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="models", Description="models", VpcId=network)["GroupId"]
    vpc = {"subnets": [subnet], "securityGroups": [group]}
    run(served, {"vpc": vpc, "kmsKeyId": "alias/models", "networkIsolation": True})
    sagemaker = served.sandbox.client("sagemaker")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=served.endpoint()["EndpointConfigName"])
    model = sagemaker.describe_model(ModelName=config["ProductionVariants"][0]["ModelName"])
    assert config["KmsKeyId"] == "alias/models"
    assert model["VpcConfig"] == {"Subnets": [subnet], "SecurityGroupIds": [group]}
    assert model["EnableNetworkIsolation"] is True
    assert model["PrimaryContainer"]["ModelDataUrl"] == ARCHIVE
