"""Everything in a sandbox by name, children included; ids differ from world to world and are left out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import boto3

REGION = "eu-central-1"
RECORD = re.compile(r"/r\d{4}\.json$")
"""A release record: each attempt leaves one, so there are more after a run that was killed."""


def everything(url: str) -> list[str]:
    """Return one line per thing, sorted; a duplicate is a second line."""
    return sorted(_lines(lambda service: _client(url, service)))


@cache
def _client(url: str, service: str) -> Any:
    return boto3.client(service, endpoint_url=url, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")


def _lines(client: Any) -> Iterator[str]:
    yield from _storage(client)
    yield from _sagemaker(client)
    yield from _functions(client)
    yield from _gateway(client)
    yield from _cognito(client)
    for group in client("logs").describe_log_groups()["logGroups"]:
        yield f"log group {group['logGroupName']} {group.get('retentionInDays')}"
    for group in client("elasticache").describe_replication_groups()["ReplicationGroups"]:
        yield f"replication group {group['ReplicationGroupId']}"
    for alarm in client("cloudwatch").describe_alarms()["MetricAlarms"]:
        yield f"alarm {alarm['AlarmName']}"
    for dashboard in client("cloudwatch").list_dashboards()["DashboardEntries"]:
        yield f"dashboard {dashboard['DashboardName']}"
    yield from _network(client)


def _network(client: Any) -> Iterator[str]:
    ec2 = client("ec2")
    for group in ec2.describe_security_groups()["SecurityGroups"]:
        if group["GroupName"] != "default":
            yield f"security group {group['GroupName']} {len(group['IpPermissions'])} rules"
    for endpoint in ec2.describe_vpc_endpoints()["VpcEndpoints"]:
        if endpoint["State"] != "deleted":  # one that is gone is shown for a while
            yield f"interface endpoint {endpoint['ServiceName']} {endpoint['State']}"
    for group in client("elasticache").describe_cache_subnet_groups()["CacheSubnetGroups"]:
        yield f"cache subnet group {group['CacheSubnetGroupName']}"
    for secret in client("secretsmanager").list_secrets()["SecretList"]:
        yield f"secret {secret['Name']}"


def _storage(client: Any) -> Iterator[str]:
    s3, ecr, iam = client("s3"), client("ecr"), client("iam")
    for bucket in s3.list_buckets()["Buckets"]:
        yield f"bucket {bucket['Name']}"
        for item in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            if not RECORD.search(item["Key"]):
                yield f"object {item['Key']}"
    for repository in ecr.describe_repositories()["repositories"]:
        yield f"repository {repository['repositoryName']}"
        for image in ecr.describe_images(repositoryName=repository["repositoryName"])["imageDetails"]:
            yield f"image {repository['repositoryName']} {image.get('imageTags')}"
    for role in iam.list_roles()["Roles"]:
        if not role["Path"].startswith("/aws-service-role/"):
            yield f"role {role['RoleName']} {iam.list_role_policies(RoleName=role['RoleName'])['PolicyNames']}"


def _sagemaker(client: Any) -> Iterator[str]:
    sagemaker, scaling = client("sagemaker"), client("application-autoscaling")
    for model in sagemaker.list_models()["Models"]:
        yield f"model {model['ModelName']}"
    for config in sagemaker.list_endpoint_configs()["EndpointConfigs"]:
        yield f"endpoint configuration {config['EndpointConfigName']}"
    for endpoint in sagemaker.list_endpoints()["Endpoints"]:
        found = sagemaker.describe_endpoint(EndpointName=endpoint["EndpointName"])
        yield f"endpoint {found['EndpointName']} {found['EndpointStatus']} {found['EndpointConfigName']}"
    for target in scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]:
        yield f"scalable target {target['ResourceId']} {target['MinCapacity']} {target['MaxCapacity']}"
    for policy in scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]:
        yield f"scaling policy {policy['PolicyName']}"


def _functions(client: Any) -> Iterator[str]:
    functions = client("lambda")
    for function in functions.list_functions()["Functions"]:
        name = function["FunctionName"]
        yield f"function {name} {function['Environment']['Variables'].get('CACHE_TTL')}"
        for alias in functions.list_aliases(FunctionName=name)["Aliases"]:
            others = alias.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
            yield f"alias {name} {alias['Name']}{' and another version' if others else ''}"
        for qualifier in ("", *(alias["Name"] for alias in functions.list_aliases(FunctionName=name)["Aliases"])):
            for statement in _policy(functions, name, qualifier):
                yield f"permission {name} {qualifier} {statement}"


def _policy(functions: Any, name: str, qualifier: str) -> list[str]:
    try:
        answer = functions.get_policy(FunctionName=name, **({"Qualifier": qualifier} if qualifier else {}))
    except functions.exceptions.ResourceNotFoundException:
        return []
    return sorted(statement["Sid"] for statement in json.loads(answer["Policy"])["Statement"])


def _gateway(client: Any) -> Iterator[str]:
    gateway = client("apigateway")
    for api in gateway.get_rest_apis()["items"]:
        yield f"API {api['name']}"
        for resource in gateway.get_resources(restApiId=api["id"])["items"]:
            yield f"resource {resource['path']} {sorted(resource.get('resourceMethods', {}))}"
        for authorizer in gateway.get_authorizers(restApiId=api["id"])["items"]:
            yield f"authorizer {authorizer['name']}"
        for deployment in gateway.get_deployments(restApiId=api["id"])["items"]:
            yield f"deployment {deployment.get('description', '').partition(' ')[0]}"
        for stage in gateway.get_stages(restApiId=api["id"])["item"]:
            yield f"stage {stage['stageName']} {stage.get('webAclArn', '').partition('/webacl/')[2].partition('/')[0]}"
    for domain in gateway.get_domain_names()["items"]:
        yield f"domain {domain['domainName']}"
        for mapping in gateway.get_base_path_mappings(domainName=domain["domainName"]).get("items", []):
            yield f"base path {domain['domainName']} {mapping['basePath']} {mapping['stage']}"
    for key in gateway.get_api_keys()["items"]:
        yield f"API key {key['name']}"
    for plan in gateway.get_usage_plans()["items"]:
        yield f"usage plan {plan['name']} {plan.get('quota')} {len(plan.get('apiStages', []))} stages"
        for key in gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]:
            yield f"usage plan key {key['name']}"


def _cognito(client: Any) -> Iterator[str]:
    cognito = client("cognito-idp")
    for pool in cognito.list_user_pools(MaxResults=60)["UserPools"]:
        yield f"user pool {pool['Name']}"
        key = {"UserPoolId": pool["Id"], "MaxResults": 50}
        for server in cognito.list_resource_servers(**key)["ResourceServers"]:
            yield f"resource server {server['Identifier']}"
        for found in cognito.list_user_pool_clients(**key)["UserPoolClients"]:
            yield f"user pool client {found['ClientName']}"
        if cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"].get("Domain"):
            yield f"domain of {pool['Name']}"
