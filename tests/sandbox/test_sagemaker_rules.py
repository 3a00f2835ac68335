"""What SageMaker refuses and moto would take."""

from __future__ import annotations

import hashlib
import json
import urllib.request

import pytest
from botocore.exceptions import ClientError
from running_sandbox import REGISTRY, Sandbox, tar_gz


def model(sandbox: Sandbox, **changes) -> None:
    container = {"Image": changes.pop("image", None) or sandbox.push(), **changes.pop("container", {})}
    arguments = {"ModelName": "rules", "ExecutionRoleArn": sandbox.role(), "PrimaryContainer": container} | changes
    sandbox.client("sagemaker").create_model(**arguments)


def test_names_that_exist_are_refused(sandbox):
    sandbox.configure("twice")
    sagemaker = sandbox.client("sagemaker")
    with pytest.raises(ClientError, match=r'Cannot create already existing model "arn:aws:sagemaker:.*:model/twice"'):
        model(sandbox, ModelName="twice")
    with pytest.raises(ClientError, match="Cannot create already existing endpoint configuration"):
        sandbox.client("sagemaker").create_endpoint_config(
            EndpointConfigName="twice",
            ProductionVariants=[
                {"VariantName": "a", "ModelName": "twice", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            ],
        )
    sagemaker.create_endpoint(EndpointName="twice", EndpointConfigName="twice")
    with pytest.raises(ClientError, match="Cannot create already existing endpoint"):
        sagemaker.create_endpoint(EndpointName="twice", EndpointConfigName="twice")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"ExecutionRoleArn": "arn:aws:iam::123456789012:role/nobody"}, "Could not assume role"),
        ({"image": f"{REGISTRY}/services:absent"}, "Requested image .* not found"),
        ({"image": f"{REGISTRY}/services@sha256:{'0' * 64}"}, "Requested image .* not found"),
        ({"image": "docker.io/library/python:3"}, "non-ECR image"),
        ({"container": {"ModelDataUrl": "s3://absent/model.tar.gz"}}, "Could not find model data"),
    ],
)
def test_create_model_looks_at_what_it_is_given(sandbox, changes, message):
    with pytest.raises(ClientError, match=message):
        model(sandbox, **changes)


def test_role_must_trust_sagemaker(sandbox):
    iam = sandbox.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    arn = iam.create_role(RoleName="for-lambda", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    with pytest.raises(ClientError, match=r"allows principal 'sagemaker\.amazonaws\.com'"):
        model(sandbox, ExecutionRoleArn=arn)


def test_describe_gives_back_what_was_created_and_nothing_else(sandbox):
    name = sandbox.configure("faithful", InstanceType="ml.inf2.xlarge", RoutingConfig={"RoutingStrategy": "RANDOM"})
    sagemaker = sandbox.client("sagemaker")
    found = sagemaker.describe_model(ModelName=name)
    assert set(found) - {"ResponseMetadata"} == {
        "ModelName",
        "PrimaryContainer",
        "ExecutionRoleArn",
        "CreationTime",
        "ModelArn",
        "EnableNetworkIsolation",
    }
    config = sagemaker.describe_endpoint_config(EndpointConfigName=name)
    assert "DataCaptureConfig" not in config
    assert config["ProductionVariants"][0]["RoutingConfig"] == {"RoutingStrategy": "RANDOM"}


def test_layer_with_a_path_outside_fails_the_endpoint(sandbox):
    image = sandbox.push(layer=tar_gz({"../escape.py": "print()"}))
    config = sandbox.configure("escape", image=image)
    sandbox.client("sagemaker").create_endpoint(EndpointName="escape", EndpointConfigName=config)
    reason = sandbox.wait_for("escape", "Failed")["FailureReason"]
    assert "'../escape.py' leads out of the folder" in reason
    assert not list(sandbox.folder.rglob("escape.py"))


def test_wrong_layer_digest_is_refused(sandbox):
    sandbox.push()
    ecr = sandbox.client("ecr")
    upload = ecr.initiate_layer_upload(repositoryName="services")["uploadId"]
    ecr.upload_layer_part(
        repositoryName="services", uploadId=upload, partFirstByte=0, partLastByte=2, layerPartBlob=b"abc"
    )
    with pytest.raises(ClientError) as caught:
        ecr.complete_layer_upload(repositoryName="services", uploadId=upload, layerDigests=[f"sha256:{'0' * 64}"])
    assert caught.value.response["Error"]["Code"] == "InvalidLayerException"


def test_scalable_target_needs_its_endpoint_and_ordered_limits(sandbox):
    scaling = sandbox.client("application-autoscaling")
    target = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": "endpoint/scaling/variant/AllTraffic",
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
    }
    with pytest.raises(ClientError, match="No endpoint variant found"):
        scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    sandbox.deploy("scaling")
    with pytest.raises(ClientError, match="Maximum capacity cannot be less"):
        scaling.register_scalable_target(**target, MinCapacity=3, MaxCapacity=2)
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=2)
    config = sandbox.configure("scaling-2", InstanceType="ml.m5.xlarge")
    with pytest.raises(ClientError, match="Deregister the scalable target"):
        sandbox.client("sagemaker").update_endpoint(EndpointName="scaling", EndpointConfigName=config)


def test_images_are_named_by_the_digest_of_their_manifest(sandbox):
    process, docker = sandbox.push(), sandbox.push(label="docker")
    assert process != docker
    ecr = sandbox.client("ecr")
    digest = process.rsplit("@", 1)[1]
    image = ecr.batch_get_image(repositoryName="services", imageIds=[{"imageDigest": digest}])["images"][0]
    assert digest == f"sha256:{hashlib.sha256(image['imageManifest'].encode()).hexdigest()}"
    for again in ({}, {"imageTag": image["imageId"]["imageTag"]}):
        with pytest.raises(ecr.exceptions.ImageAlreadyExistsException):
            ecr.put_image(repositoryName="services", imageManifest=image["imageManifest"], **again)
    broken = image["imageManifest"].replace(json.loads(image["imageManifest"])["config"]["digest"], "sha256:0")
    with pytest.raises(ecr.exceptions.LayersNotFoundException):
        ecr.put_image(repositoryName="services", imageManifest=broken)


def test_layers_can_be_downloaded_again(sandbox):
    digest = sandbox.push_blob(b"a layer")["digest"]
    url = sandbox.client("ecr").get_download_url_for_layer(repositoryName="services", layerDigest=digest)
    assert urllib.request.urlopen(url["downloadUrl"]).read() == b"a layer"
