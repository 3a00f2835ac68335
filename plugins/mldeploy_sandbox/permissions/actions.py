"""From operations to IAM actions and resources, where the two do not simply have the same name.

Source of all tables: the service authorization reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html);
for API Gateway https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-manage-apis.html.
"""

from __future__ import annotations

from collections.abc import Mapping

PREFIXES: Mapping[str, str] = {
    "apigatewayv2": "apigateway",
    "elbv2": "elasticloadbalancing",
    "resourcegroupstaggingapi": "tag",
    "sagemaker-runtime": "sagemaker",
    "service-quotas": "servicequotas",
    "stepfunctions": "states",
}
"""botocore service → prefix of its actions, where they differ."""

ACTIONS: Mapping[tuple[str, str], str] = {
    ("lambda", "Invoke"): "lambda:InvokeFunction",
    ("lambda", "InvokeWithResponseStream"): "lambda:InvokeFunction",
    ("lambda", "ListVersionsByFunction"): "lambda:ListVersionsByFunction",
    ("s3", "CompleteMultipartUpload"): "s3:PutObject",
    ("s3", "CopyObject"): "s3:PutObject",
    ("s3", "CreateMultipartUpload"): "s3:PutObject",
    ("s3", "DeleteBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "DeleteBucketLifecycle"): "s3:PutLifecycleConfiguration",
    ("s3", "DeleteBucketTagging"): "s3:PutBucketTagging",
    ("s3", "DeleteObjects"): "s3:DeleteObject",
    ("s3", "DeletePublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "GetBucketEncryption"): "s3:GetEncryptionConfiguration",
    ("s3", "GetBucketLifecycleConfiguration"): "s3:GetLifecycleConfiguration",
    ("s3", "GetPublicAccessBlock"): "s3:GetBucketPublicAccessBlock",
    ("s3", "HeadBucket"): "s3:ListBucket",
    ("s3", "HeadObject"): "s3:GetObject",
    ("s3", "ListBuckets"): "s3:ListAllMyBuckets",
    ("s3", "ListObjectVersions"): "s3:ListBucketVersions",
    ("s3", "ListObjects"): "s3:ListBucket",
    ("s3", "ListObjectsV2"): "s3:ListBucket",
    ("s3", "ListParts"): "s3:ListMultipartUploadParts",
    ("s3", "PutBucketEncryption"): "s3:PutEncryptionConfiguration",
    ("s3", "PutBucketLifecycleConfiguration"): "s3:PutLifecycleConfiguration",
    ("s3", "PutPublicAccessBlock"): "s3:PutBucketPublicAccessBlock",
    ("s3", "UploadPart"): "s3:PutObject",
}
"""Operations whose action has another name."""

FREE = frozenset({("sts", "GetCallerIdentity"), ("cognito-idp", "InitiateAuth")})
"""Operations that need no permission."""

RESOURCES: Mapping[str, Mapping[str, str]] = {
    "application-autoscaling": {
        "ResourceId": "arn:aws:application-autoscaling:{region}:{account}:scalable-target/{value}"
    },
    "cloudwatch": {
        "AlarmName": "arn:aws:cloudwatch:{region}:{account}:alarm:{value}",
        "AlarmNames": "arn:aws:cloudwatch:{region}:{account}:alarm:{value}",
        "DashboardName": "arn:aws:cloudwatch::{account}:dashboard/{value}",
        "DashboardNames": "arn:aws:cloudwatch::{account}:dashboard/{value}",
        "ResourceARN": "{value}",
    },
    "cognito-idp": {"UserPoolId": "arn:aws:cognito-idp:{region}:{account}:userpool/{value}", "ResourceArn": "{value}"},
    "dynamodb": {"TableName": "arn:aws:dynamodb:{region}:{account}:table/{value}", "ResourceArn": "{value}"},
    "ec2": {
        "GroupId": "arn:aws:ec2:{region}:{account}:security-group/{value}",
        "Resources": "arn:aws:ec2:{region}:{account}:{kind}/{value}",
        "VpcEndpointId": "arn:aws:ec2:{region}:{account}:vpc-endpoint/{value}",
        "VpcEndpointIds": "arn:aws:ec2:{region}:{account}:vpc-endpoint/{value}",
        "VpcId": "arn:aws:ec2:{region}:{account}:vpc/{value}",
    },
    "ecr": {
        "repositoryName": "arn:aws:ecr:{region}:{account}:repository/{value}",
        "repositoryNames": "arn:aws:ecr:{region}:{account}:repository/{value}",
        "resourceArn": "{value}",
    },
    "eks": {
        "name": "arn:aws:eks:{region}:{account}:cluster/{value}",
        "clusterName": "arn:aws:eks:{region}:{account}:cluster/{value}",
        "addonName": "arn:aws:eks:{region}:{account}:addon/{params[clusterName]}/{value}/*",
        "associationId": "arn:aws:eks:{region}:{account}:podidentityassociation/{params[clusterName]}/{value}",
        "resourceArn": "{value}",
    },
    "elasticache": {
        "CacheClusterId": "arn:aws:elasticache:{region}:{account}:cluster:{value}",
        "CacheSubnetGroupName": "arn:aws:elasticache:{region}:{account}:subnetgroup:{value}",
        "ReplicationGroupId": "arn:aws:elasticache:{region}:{account}:replicationgroup:{value}",
        "ResourceName": "{value}",
    },
    "iam": {
        "PolicyArn": "{value}",
        "RoleName": "arn:aws:iam::{account}:role/{value}",
    },
    "kms": {"KeyId": "{value}"},
    "lambda": {
        "FunctionName": "arn:aws:lambda:{region}:{account}:function:{value}",
        "Resource": "{value}",
    },
    "logs": {
        "logGroupName": "arn:aws:logs:{region}:{account}:log-group:{value}:*",
        "resourceArn": "{value}",
    },
    "sagemaker": {
        "EndpointConfigName": "arn:aws:sagemaker:{region}:{account}:endpoint-config/{value}",
        "EndpointName": "arn:aws:sagemaker:{region}:{account}:endpoint/{value}",
        "ModelName": "arn:aws:sagemaker:{region}:{account}:model/{value}",
        "ModelPackageGroupName": "arn:aws:sagemaker:{region}:{account}:model-package-group/{value}",
        "ModelPackageName": "{value}",
        "ResourceArn": "{value}",
    },
    "secretsmanager": {
        "Name": "arn:aws:secretsmanager:{region}:{account}:secret:{value}-??????",
        "SecretId": "arn:aws:secretsmanager:{region}:{account}:secret:{value}-??????",
    },
    "sns": {"TopicArn": "{value}", "Name": "arn:aws:sns:{region}:{account}:{value}"},
    "sqs": {"QueueName": "arn:aws:sqs:{region}:{account}:{value}"},
    "ssm": {"Name": "arn:aws:ssm:{region}:{account}:parameter/{value}"},
    "sts": {"RoleArn": "{value}"},
    "wafv2": {"WebACLArn": "{value}", "ResourceArn": "{value}"},
}
"""Service (or its prefix) → member of the input → ARN. A value that is an ARN already stands for itself; an operation
with none of these members needs its action on "*"."""

KINDS: Mapping[str, str] = {"sg": "security-group", "vpce": "vpc-endpoint"}
"""What an id begins with → the kind of resource in its ARN, where the two differ (service authorization reference,
"Actions, resources, and condition keys for Amazon EC2")."""

SILENT = frozenset(
    {
        ("eks", "CreateAddon", "addonName"),
        ("eks", "DeletePodIdentityAssociation", "clusterName"),
        ("eks", "DescribeAddon", "clusterName"),
        ("eks", "DescribePodIdentityAssociation", "clusterName"),
        ("eks", "UpdatePodIdentityAssociation", "clusterName"),
        ("iam", "AttachRolePolicy", "PolicyArn"),
        ("iam", "DetachRolePolicy", "PolicyArn"),
    }
)
"""Members that are no resources of an operation although they are of others; policies are a condition key here."""

EVERYTHING = frozenset(
    {
        ("cognito-idp", "DescribeUserPoolDomain"),
        ("ecr", "GetAuthorizationToken"),
        ("logs", "DescribeLogGroups"),
        ("cloudwatch", "PutMetricData"),
    }
)
"""Operations whose action knows no resources, whatever their input says."""

PASSED_ROLES: Mapping[tuple[str, str], tuple[str, str]] = {
    ("eks", "CreatePodIdentityAssociation"): ("roleArn", "pods.eks.amazonaws.com"),
    ("eks", "UpdatePodIdentityAssociation"): ("roleArn", "pods.eks.amazonaws.com"),
    ("lambda", "CreateFunction"): ("Role", "lambda.amazonaws.com"),
    ("lambda", "UpdateFunctionConfiguration"): ("Role", "lambda.amazonaws.com"),
    ("sagemaker", "CreateModel"): ("ExecutionRoleArn", "sagemaker.amazonaws.com"),
}
"""Operations that also need iam:PassRole: the member with the role, and the service that gets it."""

TAGGING: Mapping[str, tuple[str, str]] = {
    "cognito-idp": ("UserPoolTags", "cognito-idp:TagResource"),
    "ecr": ("tags", "ecr:TagResource"),
    "eks": ("tags", "eks:TagResource"),
    "elasticache": ("Tags", "elasticache:AddTagsToResource"),
    "iam": ("Tags", "iam:TagRole"),
    "lambda": ("Tags", "lambda:TagResource"),
    "logs": ("tags", "logs:TagResource"),
    "sagemaker": ("Tags", "sagemaker:AddTags"),
    "secretsmanager": ("Tags", "secretsmanager:TagResource"),
}
"""Service → the member with tags and the action that a Create* with tags needs as well."""

ENDPOINT = "arn:aws:sagemaker:{region}:{account}:{endpoint}"
TRACKING_ALARM = "arn:aws:cloudwatch:{region}:{account}:alarm:TargetTracking-{resource}-AlarmHigh"
SCALING_ROLE = "arn:aws:iam::{account}:role/aws-service-role/sagemaker.application-autoscaling.amazonaws.com/*"
DEPENDENT: Mapping[tuple[str, str], tuple[tuple[str, str], ...]] = {
    ("application-autoscaling", "RegisterScalableTarget"): (
        ("sagemaker:DescribeEndpoint", ENDPOINT),
        ("sagemaker:UpdateEndpointWeightsAndCapacities", ENDPOINT),
        ("iam:CreateServiceLinkedRole", SCALING_ROLE),
    ),
    ("application-autoscaling", "PutScalingPolicy"): (
        ("cloudwatch:PutMetricAlarm", TRACKING_ALARM),
        ("cloudwatch:DescribeAlarms", "*"),
        ("cloudwatch:DeleteAlarms", TRACKING_ALARM),
    ),
    ("wafv2", "AssociateWebACL"): (("apigateway:SetWebACL", "{resource}"),),
    ("wafv2", "DisassociateWebACL"): (("apigateway:SetWebACL", "{resource}"),),
    ("application-autoscaling", "DeleteScalingPolicy"): (("cloudwatch:DeleteAlarms", TRACKING_ALARM),),
}
"""Other actions that an operation needs, and on what; `endpoint` is the first half of a ResourceId
(https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-auto-scaling-prerequisites.html, and for the names of alarms
https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html)."""
