"""The role that the containers work under: no more than one endpoint needs."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Phase, Ref, Release, Step
from mldeploy.model import JSON
from mldeploy_aws.policies import allow, document, trust
from mldeploy_sagemaker.model_sources import readable_objects

NETWORK_ACTIONS = [
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
]
"""What hosting in a VPC asks for (SageMaker developer guide, "CreateModel API: Execution Role Permissions")."""


def execution_role(release: Release, logs: Step, alarms: list[str]) -> Step:
    """Return the role's step.

    Arguments:
        logs: the endpoint's log group.
        alarms: names of the alarms that SageMaker watches during an update; it does so under this role.
    """
    return Step(
        kind="AWS::IAM::Role",
        name=f"{release.resource_name}-sagemaker",
        phase=Phase.PROVISION,
        spec={
            "AssumeRolePolicyDocument": trust("sagemaker.amazonaws.com"),
            "Policies": [
                {"PolicyName": "serve", "PolicyDocument": document(*_statements(release, logs, alarms))},
            ],
        },
    )


def _statements(release: Release, logs: Step, alarms: list[str]) -> Iterator[JSON]:
    pull = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchCheckLayerAvailability"]
    write = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    yield allow(["ecr:GetAuthorizationToken"], ["*"])
    yield allow(pull, [Ref("@image-repository", "Arn")])
    yield allow(["s3:GetObject"], list(_archives(release)))
    yield allow(write, [logs.ref("Arn")])
    yield allow(["cloudwatch:PutMetricData"], ["*"])
    if alarms:  # needed for auto-rollback (developer guide, "Auto-Rollback Configuration and Monitoring")
        region = release.value("instance.region")
        yield allow(["cloudwatch:DescribeAlarms"], [f"arn:aws:cloudwatch:{region}:*:alarm:{name}" for name in alarms])
    folders = list(_written_folders(release))
    if folders:
        yield allow(["s3:PutObject"], [f"{_arn(folder).rstrip('/')}/*" for folder in folders])
    if release.value("endpoint.mode") == "async":
        yield allow(["s3:GetObject"], ["*"])  # callers name the object that a request lies in
        topics = [release.value(f"endpoint.async.{key}") for key in ("successTopic", "errorTopic")]
        if any(topics):
            yield allow(["sns:Publish"], sorted({topic for topic in topics if topic}))
    if release.value("endpoint.vpc"):
        yield allow(NETWORK_ACTIONS, ["*"])
    keys = {release.value("endpoint.kmsKeyId"), release.value("endpoint.dataCapture.kmsKeyId")} - {None}
    if keys:
        actions = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
        yield allow(actions, sorted(_key_arn(release, key) for key in keys))


def _archives(release: Release) -> Iterator[JSON]:
    """Yield the ARNs of the archives that the containers read."""
    yield readable_objects(release)
    for variant in release.value("endpoint.variants"):
        yield _arn(variant["modelDataUrl"])
    shadow = release.value("endpoint.shadow.modelDataUrl")
    if shadow:
        yield _arn(shadow)


def _written_folders(release: Release) -> Iterator[str]:
    paths = ("endpoint.dataCapture.destination", "endpoint.async.outputPath", "endpoint.async.failurePath")
    mode = release.value("endpoint.mode")
    for path in paths:
        folder = release.value(path)
        if folder and (mode == "async" or ".async." not in path):
            yield folder


def _arn(address: str) -> str:
    return f"arn:aws:s3:::{address.removeprefix('s3://')}"


def _key_arn(release: Release, key: str) -> str:
    """Return what a policy may say for a key; an alias cannot stand in one (IAM user guide, "KMS resources")."""
    if key.startswith("arn:") and ":alias/" not in key:
        return key
    name = "*" if "alias/" in key else key
    return f"arn:aws:kms:{release.value('instance.region')}:*:key/{name}"
