"""The record is lost and release.yaml no longer describes what was made: nothing of it stays behind."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mldeploy.deployment import Deployment
from tests.plugins.exposed_release import ExposedRelease
from tests.plugins.served_release import DIRECT, ServedRelease

pytestmark = pytest.mark.req("E12", "X7")


@pytest.fixture
def exposed(tmp_path: Path) -> Iterator[ExposedRelease]:
    project = ExposedRelease(tmp_path)
    yield project
    project.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServedRelease]:
    project = ServedRelease(tmp_path)
    yield project
    project.close()


def lose_records(folder: Path) -> None:
    shutil.rmtree(folder / ".mldeploy" / "state")


def everything_on(exposed: ExposedRelease) -> dict[str, Any]:
    """Return a configuration with a cache in a VPC, keys, and tokens for machines and people."""
    found = exposed.sandbox.client("ec2").describe_subnets()["Subnets"]
    subnets = sorted(subnet["SubnetId"] for subnet in found)[:2]
    users = {"callbackUrls": ["https://app.example.com/back"]}
    return {
        "cache": {"enabled": True, "tls": True, "vpc": {"subnets": subnets}},
        "expose": {"gateway": "api-gateway", "auth": {"users": users}},
    }


def bare() -> dict[str, Any]:
    """Return a configuration without any of that."""
    return {
        "cache": {"enabled": False},
        "expose": {"gateway": "api-gateway", "auth": {"jwt": False, "apiKey": False}},
    }


def in_the_vpc(exposed: ExposedRelease) -> list[str]:
    """Return the groups and endpoints in the VPC that are not AWS's own, and Redis' subnet groups."""
    ec2, redis = exposed.sandbox.client("ec2"), exposed.sandbox.client("elasticache")
    groups = [group["GroupName"] for group in ec2.describe_security_groups()["SecurityGroups"]]
    listed = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    endpoints = [endpoint["ServiceName"] for endpoint in listed if endpoint["State"] != "deleted"]
    subnets = [group["CacheSubnetGroupName"] for group in redis.describe_cache_subnet_groups()["CacheSubnetGroups"]]
    return [name for name in (*groups, *endpoints, *subnets) if name != "default"]


def kinds_deleted(deployment: Deployment) -> set[str]:
    """Destroy, and return the kinds of what the plan deleted."""
    plan = deployment.destroy()
    return {change.step.kind.partition("::")[2] for change in plan.mutations}


@pytest.mark.full
def test_what_release_yaml_has_dropped_is_found_and_destroyed_in_an_order_that_works(exposed: ExposedRelease) -> None:
    exposed.deployment(everything_on(exposed)).run()
    lose_records(exposed.folder)
    deleted = kinds_deleted(exposed.deployment(bare()))
    assert exposed.inventory() == []
    assert in_the_vpc(exposed) == []
    expected = {
        "ApiGateway::ApiKey",
        "ApiGateway::RestApi",
        "ApiGateway::UsagePlan",
        "Cognito::UserPool",
        "Cognito::UserPoolDomain",
        "EC2::SecurityGroup",
        "EC2::VPCEndpoint",
        "ElastiCache::ReplicationGroup",
        "ElastiCache::SubnetGroup",
        "Lambda::Function",
        "SecretsManager::Secret",
    }
    assert expected <= deleted


@pytest.mark.full
def test_a_run_takes_away_what_was_dropped_and_keeps_what_serves(exposed: ExposedRelease) -> None:
    exposed.deployment(everything_on(exposed)).run()
    lose_records(exposed.folder)
    exposed.deployment(bare()).run()
    assert in_the_vpc(exposed) == []
    assert exposed.changes(bare()) == {}
    assert {item["kind"] for item in exposed.inventory()} == {"REST API", "role"}


@pytest.mark.full
def test_scaling_that_was_switched_off_goes_before_its_endpoint(served: ServedRelease) -> None:
    night = {"name": "night", "schedule": "cron(0 20 * * ? *)", "minInstances": 1, "maxInstances": 1}
    bounds = {"enabled": True, "minInstances": 1, "maxInstances": 2}
    served.run({"expose": DIRECT, "autoscaling": {**bounds, "schedules": [night]}})
    lose_records(served.folder)
    scaling, other = served.sandbox.client("application-autoscaling"), {**bounds, "metric": "concurrency"}
    served.run({"expose": DIRECT, "autoscaling": other})
    policies = scaling.describe_scaling_policies(ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [policy["PolicyName"] for policy in policies] == ["probe-local-concurrency"]
    assert scaling.describe_scheduled_actions(ServiceNamespace="sagemaker")["ScheduledActions"] == []
    lose_records(served.folder)
    deleted = kinds_deleted(served.deployment({"expose": DIRECT}))
    assert {"ApplicationAutoScaling::ScalableTarget", "ApplicationAutoScaling::ScalingPolicy"} <= deleted
    assert served.left() == []
