"""Every action that is allowed on the resource `*`, and why it cannot be narrower."""

from __future__ import annotations

from collections.abc import Mapping

REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_{}.html"
LISTS = "lists, and knows no resource types"
REASONS: Mapping[str, tuple[str, str]] = {
    "application-autoscaling:DescribeScalableTargets": (LISTS, "awsapplicationautoscaling"),
    "application-autoscaling:DescribeScalingPolicies": (LISTS, "awsapplicationautoscaling"),
    "application-autoscaling:DescribeScheduledActions": (LISTS, "awsapplicationautoscaling"),
    "cloudwatch:DescribeAlarms": ("lists alarms; a narrower one hides composite alarms", "amazoncloudwatch"),
    "cloudwatch:ListDashboards": (LISTS, "amazoncloudwatch"),
    "cognito-idp:CreateUserPool": ("makes what has no id yet; the tags are a condition", "amazoncognitouserpools"),
    "cognito-idp:DescribeUserPoolDomain": ("looks a prefix up; knows no resource types", "amazoncognitouserpools"),
    "cognito-idp:ListUserPools": (LISTS, "amazoncognitouserpools"),
    "cognito-idp:TagResource": ("tags a pool that has no id yet; the tags are a condition", "amazoncognitouserpools"),
    "ec2:DescribeSecurityGroups": (LISTS, "amazonec2"),
    "ec2:DescribeSubnets": (LISTS, "amazonec2"),
    "ec2:DescribeVpcEndpoints": (LISTS, "amazonec2"),
    "ec2:DescribeVpcs": (LISTS, "amazonec2"),
    "ecr:GetAuthorizationToken": (
        "one token for the whole registry; knows no resource types",
        "amazonelasticcontainerregistry",
    ),
    "iam:ListRoles": (LISTS, "awsidentityandaccessmanagementiam"),
    "logs:DescribeLogGroups": (LISTS, "amazoncloudwatchlogs"),
    "s3:ListAllMyBuckets": (LISTS, "amazons3"),
    "sagemaker:ListEndpointConfigs": (LISTS, "amazonsagemaker"),
    "sagemaker:ListModels": (LISTS, "amazonsagemaker"),
    "secretsmanager:GetRandomPassword": ("makes text up; knows no resource types", "awssecretsmanager"),
    "servicequotas:ListServiceQuotas": (LISTS, "servicequotas"),
}
"""Action → the reason, and the page of the service authorization reference that shows it."""


def source_of(action: str) -> str:
    """Return the page that says which resources an account-wide action knows."""
    return REFERENCE.format(REASONS[action][1])
