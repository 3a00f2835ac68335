"""Grants of the kinds of the plugin `cache`."""

from __future__ import annotations

from mldeploy_permissions.grants import Grant, Guard, service_linked_role

FUNCTION = "arn:aws:lambda:{region}:{account}:function:{name}"
NAMED_FUNCTION = "arn:aws:lambda:{region}:{account}:function:{FunctionName}"
GROUP = "arn:aws:elasticache:{region}:{account}:replicationgroup:{name}"
CLUSTER = "arn:aws:elasticache:{region}:{account}:cluster:{name}-*"
PARAMETERS = "arn:aws:elasticache:{region}:{account}:parametergroup:default.*"
SUBNET_GROUP = "arn:aws:elasticache:{region}:{account}:subnetgroup:{name}"
SECRET = "arn:aws:secretsmanager:{region}:{account}:secret:{name}-??????"  # noqa: S105 - the name of one
SECURITY_GROUP = "arn:aws:ec2:{region}:{account}:security-group/*"
VPC = "arn:aws:ec2:{region}:{account}:vpc/*"
SUBNET = "arn:aws:ec2:{region}:{account}:subnet/*"
VPC_ENDPOINT = "arn:aws:ec2:{region}:{account}:vpc-endpoint/*"

CACHE_LEFTOVERS = (
    Grant("ec2", "DescribeSecurityGroups DescribeVpcEndpoints", ("*",)),
    Grant("elasticache", "DescribeCacheSubnetGroups ListTagsForResource", (SUBNET_GROUP,)),
    Grant("elasticache", "DescribeReplicationGroups ListTagsForResource", (GROUP,)),
    Grant("lambda", "GetFunction", (f"{FUNCTION}-cache",)),
    Grant("secretsmanager", "DescribeSecret", ("arn:aws:secretsmanager:{region}:{account}:secret:{name}-cache*",)),
)
"""What looks for parts of a cache that an earlier release had and this one has not."""
CACHE = {
    "AWS::Lambda::Function": (
        Grant(
            "lambda",
            "CreateFunction DeleteFunction GetFunction GetFunctionConfiguration TagResource UpdateFunctionCode"
            " UpdateFunctionConfiguration",
            (FUNCTION,),
        ),
        Grant("ec2", "DescribeSecurityGroups DescribeSubnets DescribeVpcs", ("*",), when="VpcConfig.SubnetIds"),
    ),
    "AWS::Lambda::Version": (
        Grant("lambda", "ListAliases ListVersionsByFunction PublishVersion", (NAMED_FUNCTION,)),
        Grant("lambda", "DeleteFunction", (f"{NAMED_FUNCTION}:*",)),
    ),
    "AWS::Lambda::Alias": (
        Grant("lambda", "CreateAlias DeleteAlias GetAlias UpdateAlias", (NAMED_FUNCTION,)),
        Grant("lambda", "InvokeFunction", (f"{NAMED_FUNCTION}:*",), when="RollbackAlarms"),
        Grant("cloudwatch", "DescribeAlarms", ("*",), when="RollbackAlarms"),
    ),
    "AWS::ElastiCache::ReplicationGroup": (
        Grant(
            "elasticache",
            "AddTagsToResource CreateReplicationGroup DeleteReplicationGroup DescribeReplicationGroups"
            " ListTagsForResource ModifyReplicationGroup",
            (GROUP,),
        ),
        Grant("elasticache", "CreateReplicationGroup", (CLUSTER, PARAMETERS)),
        Grant("elasticache", "ModifyReplicationGroup", (PARAMETERS,)),
        Grant("elasticache", "CreateReplicationGroup", (SUBNET_GROUP,), when="CacheSubnetGroupName"),
        Grant("elasticache", "DescribeCacheClusters", (CLUSTER,), when="CacheSubnetGroupName"),
        Grant(
            "secretsmanager",
            "GetSecretValue",
            ("arn:aws:secretsmanager:{region}:{account}:secret:{AuthTokenSecretArn}-??????",),
            when="AuthTokenSecretArn",
        ),
        service_linked_role("elasticache.amazonaws.com"),
    ),
    "AWS::ElastiCache::SubnetGroup": (
        Grant(
            "elasticache",
            "AddTagsToResource CreateCacheSubnetGroup DeleteCacheSubnetGroup DescribeCacheSubnetGroups"
            " ListTagsForResource ModifyCacheSubnetGroup",
            (SUBNET_GROUP,),
        ),
        Grant("ec2", "DescribeSubnets DescribeVpcs", ("*",)),
    ),
    "AWS::SecretsManager::Secret": (
        Grant("secretsmanager", "CreateSecret DeleteSecret DescribeSecret RestoreSecret TagResource", (SECRET,)),
        Grant("secretsmanager", "GetRandomPassword", ("*",)),
    ),
    "AWS::EC2::SecurityGroup": (
        Grant("ec2", "DescribeSecurityGroups", ("*",)),
        Grant("ec2", "CreateSecurityGroup", (SECURITY_GROUP,), guard=Guard.TAGS),
        Grant("ec2", "CreateSecurityGroup", (VPC,)),
        Grant(
            "ec2",
            "AuthorizeSecurityGroupIngress CreateTags DeleteSecurityGroup RevokeSecurityGroupIngress",
            (SECURITY_GROUP,),
            guard=Guard.TAGGED,
        ),
        Grant("ec2", "CreateTags", (SECURITY_GROUP,), conditions=(("ec2:CreateAction", "CreateSecurityGroup"),)),
    ),
    "AWS::EC2::VPCEndpoint": (
        Grant("ec2", "DescribeVpcEndpoints", ("*",)),
        Grant("ec2", "CreateVpcEndpoint", (VPC_ENDPOINT,), guard=Guard.TAGS),
        Grant("ec2", "CreateVpcEndpoint", (VPC,)),
        Grant("ec2", "CreateVpcEndpoint ModifyVpcEndpoint", (SECURITY_GROUP, SUBNET)),
        Grant("ec2", "CreateTags DeleteVpcEndpoints ModifyVpcEndpoint", (VPC_ENDPOINT,), guard=Guard.TAGGED),
        Grant("ec2", "CreateTags", (VPC_ENDPOINT,), conditions=(("ec2:CreateAction", "CreateVpcEndpoint"),)),
    ),
    "mldeploy::Network": (Grant("ec2", "DescribeSubnets", ("*",)),),
}
"""Kind → grants. Sources: the service authorization reference; for functions in a VPC
https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions; for the tags of what
EC2 makes its user guide, "Grant permission to tag Amazon EC2 resources during creation"."""
