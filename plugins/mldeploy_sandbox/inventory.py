"""Everything that exists in a sandbox, without what AWS or moto put there themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jmespath
from moto.core.base_backend import BackendDict

from mldeploy_sandbox.identity import ACCOUNT_ID
from mldeploy_sandbox.plane import AwsError, Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How to list one kind of resource: an operation, and the names in its output as a JMESPath expression."""

    service: str
    kind: str
    operation: str
    names: str
    params: Mapping[str, Any] = field(default_factory=dict)


LISTINGS = (
    Listing(service="s3", kind="bucket", operation="ListBuckets", names="Buckets[].Name"),
    Listing(
        service="iam",
        kind="role",
        operation="ListRoles",
        names="Roles[?!starts_with(Path, '/aws-service-role/')].RoleName",
    ),
    Listing(
        service="iam",
        kind="policy",
        operation="ListPolicies",
        names="Policies[].PolicyName",
        params={"Scope": "Local"},
    ),
    Listing(service="iam", kind="user", operation="ListUsers", names="Users[].UserName"),
    Listing(
        service="iam",
        kind="identity provider",
        operation="ListOpenIDConnectProviders",
        names="OpenIDConnectProviderList[].Arn",
    ),
    Listing(service="ecr", kind="repository", operation="DescribeRepositories", names="repositories[].repositoryName"),
    Listing(service="sagemaker", kind="model", operation="ListModels", names="Models[].ModelName"),
    Listing(
        service="sagemaker",
        kind="endpoint configuration",
        operation="ListEndpointConfigs",
        names="EndpointConfigs[].EndpointConfigName",
    ),
    Listing(service="sagemaker", kind="endpoint", operation="ListEndpoints", names="Endpoints[].EndpointName"),
    Listing(
        service="sagemaker",
        kind="model package group",
        operation="ListModelPackageGroups",
        names="ModelPackageGroupSummaryList[].ModelPackageGroupName",
    ),
    Listing(
        service="application-autoscaling",
        kind="scalable target",
        operation="DescribeScalableTargets",
        names="ScalableTargets[].ResourceId",
        params={"ServiceNamespace": "sagemaker"},
    ),
    Listing(service="lambda", kind="function", operation="ListFunctions", names="Functions[].FunctionName"),
    Listing(service="lambda", kind="layer", operation="ListLayers", names="Layers[].LayerName"),
    Listing(service="apigateway", kind="REST API", operation="GetRestApis", names="items[].name"),
    Listing(service="apigateway", kind="API key", operation="GetApiKeys", names="items[].name"),
    Listing(service="apigateway", kind="usage plan", operation="GetUsagePlans", names="items[].name"),
    Listing(
        service="cognito-idp",
        kind="user pool",
        operation="ListUserPools",
        names="UserPools[].Name",
        params={"MaxResults": 60},
    ),
    Listing(
        service="elasticache",
        kind="replication group",
        operation="DescribeReplicationGroups",
        names="ReplicationGroups[].ReplicationGroupId",
    ),
    Listing(
        service="elasticache",
        kind="cache cluster",
        operation="DescribeCacheClusters",
        names="CacheClusters[].CacheClusterId",
    ),
    Listing(
        service="elasticache",
        kind="subnet group",
        operation="DescribeCacheSubnetGroups",
        names="CacheSubnetGroups[?CacheSubnetGroupName!='default'].CacheSubnetGroupName",
    ),
    Listing(service="logs", kind="log group", operation="DescribeLogGroups", names="logGroups[].logGroupName"),
    Listing(service="apigateway", kind="domain", operation="GetDomainNames", names="items[].domainName"),
    Listing(service="cloudwatch", kind="alarm", operation="DescribeAlarms", names="MetricAlarms[].AlarmName"),
    Listing(
        service="cloudwatch", kind="dashboard", operation="ListDashboards", names="DashboardEntries[].DashboardName"
    ),
    Listing(service="secretsmanager", kind="secret", operation="ListSecrets", names="SecretList[].Name"),
    Listing(service="ssm", kind="parameter", operation="DescribeParameters", names="Parameters[].Name"),
    Listing(service="dynamodb", kind="table", operation="ListTables", names="TableNames[]"),
    Listing(service="sns", kind="topic", operation="ListTopics", names="Topics[].TopicArn"),
    Listing(service="sqs", kind="queue", operation="ListQueues", names="QueueUrls[]"),
    Listing(service="events", kind="rule", operation="ListRules", names="Rules[].Name"),
    Listing(service="cloudformation", kind="stack", operation="DescribeStacks", names="Stacks[].StackName"),
    Listing(service="ec2", kind="VPC", operation="DescribeVpcs", names="Vpcs[?!IsDefault].VpcId"),
    Listing(service="ec2", kind="subnet", operation="DescribeSubnets", names="Subnets[?!DefaultForAz].SubnetId"),
    Listing(
        service="ec2",
        kind="security group",
        operation="DescribeSecurityGroups",
        names="SecurityGroups[?GroupName!='default'].GroupId",
    ),
    Listing(service="eks", kind="cluster", operation="ListClusters", names="clusters"),
)
"""What counts as a resource. Log streams and images do not: they go with their group or repository."""

GLOBAL_REGIONS = {"iam": "us-east-1", "s3": "us-east-1"}
"""Services with one store for all regions, and the region that lists it."""


def inventory(answer: Callable[[Call], Mapping[str, Any]], used: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """List what exists, as dictionaries of service, kind, name and region.

    Arguments:
        answer: answers an operation.
        used: pairs of service and region in which something may have been made.
    """
    places = set(used) | _stores()
    found = []
    for listing in LISTINGS:
        region_of = GLOBAL_REGIONS.get(listing.service)
        regions = {region_of or region for service, region in places if service == listing.service}
        for region in sorted(regions):
            found += [
                {"service": listing.service, "kind": listing.kind, "name": name, "region": region}
                for name in _names(answer, listing, region)
            ]
    return found


def _stores() -> set[tuple[str, str]]:
    """Return the services and regions that moto has stores of; CloudFormation and log writers fill some directly."""
    places: set[tuple[str, str]] = set()

    def is_region(name: str) -> bool:
        return not name.startswith("aws") or name == "aws"  # the others are partitions, such as aws-cn

    for stores in list(BackendDict._instances):  # type: ignore[misc] # noqa: SLF001 - moto has no public list
        places |= {(stores.service_name, region) for region in list(stores[ACCOUNT_ID]) if is_region(region)}
    return places


def _names(answer: Callable[[Call], Mapping[str, Any]], listing: Listing, region: str) -> list[str]:
    call = Call(
        service=listing.service,
        operation=listing.operation,
        params=dict(listing.params),
        region=region,
        account_id=ACCOUNT_ID,
    )
    try:
        return list(jmespath.search(listing.names, answer(call)) or [])
    except NotImplementedError:
        return []
    except AwsError as error:
        if error.status == 501:
            return []
        raise
