"""Grants of the kinds that several plugins use, and of the doors that every run opens."""

from __future__ import annotations

from mldeploy import Release
from mldeploy_permissions.grants import Grant

ALARM = "arn:aws:cloudwatch:{region}:{account}:alarm:{name}"
DASHBOARD = "arn:aws:cloudwatch::{account}:dashboard/{name}"
LOG_GROUP = ("arn:aws:logs:{region}:{account}:log-group:{name}", "arn:aws:logs:{region}:{account}:log-group:{name}:*")
"""Operations on tags know a group without the last part, the others with it (CloudWatch Logs API reference,
TagResource)."""
REPOSITORY = "arn:aws:ecr:{region}:{account}:repository/{name}"
ROLE = "arn:aws:iam::{account}:role/{name}"
TRUSTED_SERVICE = "{AssumeRolePolicyDocument.Statement.0.Principal.Service}"
"""A role is passed to the one service that its trust policy names, and to no other (IAM user guide, "Grant a user
permissions to pass a role to an AWS service")."""

EVERY_RUN = (
    Grant(
        "application-autoscaling", "DescribeScalableTargets DescribeScalingPolicies DescribeScheduledActions", ("*",)
    ),
    Grant("cloudwatch", "DescribeAlarms", ("*",)),
    Grant("ecr", "DescribeRepositories", (REPOSITORY,)),
    Grant("iam", "ListRoles", ("*",)),
    Grant("logs", "DescribeLogGroups", ("*",)),
    Grant("s3", "ListAllMyBuckets", ("*",)),
    Grant("sagemaker", "ListEndpointConfigs ListModels", ("*",)),
)
"""What looks for leftovers of runs whose record was lost."""

COMMON = {
    "AWS::CloudWatch::Alarm": (
        Grant("cloudwatch", "DeleteAlarms ListTagsForResource PutMetricAlarm TagResource", (ALARM,)),
    ),
    "AWS::CloudWatch::Dashboard": (
        Grant("cloudwatch", "DeleteDashboards GetDashboard PutDashboard", (DASHBOARD,)),
        Grant("cloudwatch", "ListDashboards", ("*",)),
    ),
    "AWS::IAM::Role": (
        Grant(
            "iam",
            "CreateRole DeleteRole DeleteRolePolicy DetachRolePolicy GetRole GetRolePolicy ListAttachedRolePolicies"
            " ListRolePolicies PutRolePolicy TagRole UpdateAssumeRolePolicy",
            (ROLE,),
        ),
        Grant("iam", "AttachRolePolicy", (ROLE,), when="ManagedPolicyArns"),
        Grant("iam", "PassRole", (ROLE,), conditions=(("iam:PassedToService", TRUSTED_SERVICE),)),
    ),
    "AWS::Logs::LogGroup": (
        Grant(
            "logs",
            "CreateLogGroup DeleteLogGroup DescribeLogStreams FilterLogEvents ListTagsLogGroup PutRetentionPolicy"
            " TagLogGroup TagResource",
            LOG_GROUP,
        ),
    ),
    "AWS::S3::Bucket": (
        Grant(
            "s3",
            "CreateBucket DeleteBucket GetBucketPublicAccessBlock GetBucketTagging ListBucket"
            " PutBucketPublicAccessBlock PutBucketTagging",
            ("arn:aws:s3:::{bucket}",),
        ),
    ),
    "AWS::ECR::Repository": (
        Grant(
            "ecr",
            "CreateRepository DeleteRepository DescribeRepositories ListTagsForResource PutImageScanningConfiguration"
            " PutImageTagMutability TagResource",
            (REPOSITORY,),
        ),
    ),
    "mldeploy::ImageScan": (
        Grant(
            "ecr",
            "DescribeImageScanFindings StartImageScan",
            ("arn:aws:ecr:{region}:{account}:repository/{RepositoryName}",),
        ),
    ),
    "mldeploy::PinnedArchive": (
        Grant("s3", "GetObject", ("arn:aws:s3:::{Url}",)),
        Grant("s3", "ListBucket", ("arn:aws:s3:::{bucket}",)),
        Grant("sagemaker", "DescribeModelPackage", ("{PackageArn}",), when="PackageArn"),
    ),
    "mldeploy::Image": (
        Grant(
            "ecr",
            "BatchCheckLayerAvailability BatchDeleteImage BatchGetImage CompleteLayerUpload DescribeImages"
            " GetDownloadUrlForLayer InitiateLayerUpload PutImage UploadLayerPart",
            ("arn:aws:ecr:{region}:{account}:repository/{RepositoryName}",),
        ),
        Grant("ecr", "GetAuthorizationToken", ("*",), when="Dockerfile"),
    ),
}
"""Kind → grants."""


def state_grants(release: Release) -> tuple[Grant, ...]:
    """Return what records and the lock need, where release.yaml keeps them in S3.

    Without ListBucket, S3 answers 403 to a read of what is not there, not 404
    (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html).
    """
    place = release.value("state")
    if not place:
        return ()
    bucket, _, folder = str(place).removeprefix("s3://").partition("/")
    objects = "/".join(filter(None, [bucket, folder.strip("/"), release.name, release.env]))
    return (
        Grant("s3", "ListBucket", (f"arn:aws:s3:::{bucket}",)),
        Grant("s3", "DeleteObject GetObject PutObject", (f"arn:aws:s3:::{objects}/*",)),
    )
