"""Rules of endpoint configurations, updates in steps, and what Application Auto Scaling tells."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_sandbox import Sandbox, eventually

PLACE = {"InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
ONE = [{"VariantName": "one", "ModelName": "plain", **PLACE}]
SERVERLESS = [
    {"VariantName": "one", "ModelName": "plain", "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1}}
]
SHADOW = [{"VariantName": "copy", "ModelName": "plain", **PLACE}]
OUTPUT = {"OutputConfig": {"S3OutputPath": "s3://answers/here"}}
CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 50,
    "DestinationS3Uri": "s3://kept/here",
    "CaptureOptions": [{"CaptureMode": "Input"}],
}


@pytest.fixture(scope="module", autouse=True)
def _model(sandbox: Sandbox) -> None:
    sandbox.configure("plain")


@pytest.mark.parametrize(
    "config",
    [
        {"ProductionVariants": [*SERVERLESS, {**ONE[0], "VariantName": "two"}]},
        {"ProductionVariants": SERVERLESS, "DataCaptureConfig": CAPTURE},
        {"ProductionVariants": SERVERLESS, "KmsKeyId": "alias/models"},
        {"ProductionVariants": SERVERLESS, "ShadowProductionVariants": SHADOW},
        {"ProductionVariants": [{**ONE[0], "InstanceType": "ml.g5.xlarge", "VolumeSizeInGB": 10}]},
        {"ProductionVariants": [{**ONE[0], "InstanceType": "ml.g5.xlarge"}], "KmsKeyId": "alias/models"},
        {"ProductionVariants": [*ONE, {**ONE[0], "VariantName": "two"}], "ShadowProductionVariants": SHADOW},
        {"ProductionVariants": ONE, "ShadowProductionVariants": SHADOW, "AsyncInferenceConfig": OUTPUT},
        {"ProductionVariants": [*ONE, *ONE]},
    ],
)
def test_parts_that_do_not_go_together_are_refused(sandbox: Sandbox, config: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        sandbox.client("sagemaker").create_endpoint_config(EndpointConfigName="refused", **config)


def test_a_canary_bakes_on_the_clock_of_the_sandbox_and_refuses_halves_too_large(sandbox: Sandbox) -> None:
    sagemaker = sandbox.client("sagemaker")
    name = sandbox.deploy("baked", environment={"VERSION": "1"})
    config = sandbox.configure("baked-2", environment={"VERSION": "2"})
    update = {"EndpointName": name, "EndpointConfigName": config}
    with pytest.raises(ClientError, match="at most 50 percent"):
        sagemaker.update_endpoint(**update, DeploymentConfig=_canary(60))
    sagemaker.update_endpoint(**update, DeploymentConfig=_canary(50))

    def baking() -> bool:
        return "PendingDeploymentSummary" in sagemaker.describe_endpoint(EndpointName=name)

    eventually(baking)
    seen = {sandbox.invoke(name)["version"] for _ in range(40)}
    assert seen == {"1", "2"}, "both fleets answer while the canary bakes"
    assert sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Updating"
    for _ in range(2):
        sandbox.advance(3600)
    assert sandbox.wait_for(name, "InService")["EndpointConfigName"] == "baked-2"
    assert {sandbox.invoke(name)["version"] for _ in range(10)} == {"2"}


def test_targets_have_tags_and_corrections_are_activities(sandbox: Sandbox) -> None:
    name = sandbox.deploy("scaled")
    autoscaling = sandbox.client("application-autoscaling")
    where = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{name}/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    with pytest.raises(ClientError, match="ValidationException"):
        autoscaling.register_scalable_target(**where, MinCapacity=0, MaxCapacity=2)
    arn = autoscaling.register_scalable_target(**where, MinCapacity=3, MaxCapacity=5, Tags={"team": "search"})[
        "ScalableTargetARN"
    ]
    assert autoscaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "search"}
    (activity,) = autoscaling.describe_scaling_activities(ServiceNamespace="sagemaker")["ScalingActivities"]
    assert activity["Description"] == "Setting desired instance count to 3."
    variant = sandbox.client("sagemaker").describe_endpoint(EndpointName=name)["ProductionVariants"][0]
    assert variant["DesiredInstanceCount"] == 3
    with pytest.raises(ClientError, match="ObjectNotFoundException"):
        autoscaling.delete_scaling_policy(PolicyName="none", **where)


def test_a_serverless_endpoint_takes_four_megabytes(sandbox: Sandbox) -> None:
    sandbox.client("sagemaker").create_endpoint_config(EndpointConfigName="small", ProductionVariants=SERVERLESS)
    sandbox.client("sagemaker").create_endpoint(EndpointName="small", EndpointConfigName="small")
    sandbox.wait_for("small", "InService")
    assert sandbox.invoke("small", b"x" * 1000)["body"] == "x" * 1000
    with pytest.raises(ClientError, match="4194304"):
        sandbox.invoke("small", b"x" * (4 * 1024 * 1024 + 1))


def _canary(percent: int) -> dict[str, Any]:
    routing = {
        "Type": "CANARY",
        "WaitIntervalInSeconds": 3600,
        "CanarySize": {"Type": "CAPACITY_PERCENT", "Value": percent},
    }
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}
