"""Function and Redis inside a VPC of a real sandbox: password, TLS, groups, endpoints, drift and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mldeploy.errors import MldeployError
from tests.plugins.exposed_release import ExposedRelease, observed, send

pytestmark = pytest.mark.full
"""A release of its own with a network; too slow for every push."""

FUNCTION = "AWS::Lambda::Function/probe-local-cache"
GROUP = "AWS::ElastiCache::ReplicationGroup/probe-local"
INNER = "AWS::EC2::SecurityGroup/probe-local-cache-services"
SECRET = "AWS::SecretsManager::Secret/probe-local-cache"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExposedRelease]:
    found = ExposedRelease(tmp_path_factory.mktemp("vpc"))
    yield found
    found.close()


@pytest.fixture(scope="module")
def subnets(project: ExposedRelease) -> list[str]:
    ec2 = project.sandbox.client("ec2")
    found = sorted(subnet["SubnetId"] for subnet in ec2.describe_subnets()["Subnets"])
    assert len(found) > 2, "the default VPC has a subnet per zone"
    return found


@pytest.fixture(scope="module")
def config(subnets: list[str]) -> dict[str, Any]:
    return {
        "cache": {"enabled": True, "tls": True, "vpc": {"subnets": subnets[:2]}},
        "expose": {"gateway": "api-gateway", "auth": {"jwt": False}},
    }


@pytest.fixture(autouse=True)
def deployed(project: ExposedRelease, config: dict[str, Any]) -> None:
    """Bring the release to its configuration; nothing happens when it is there."""
    project.deployment(config).run()


def answers_from_the_cache(project: ExposedRelease, config: dict[str, Any]) -> bool:
    """Tell whether a request that was asked before is a hit; a first connection may be slower than Redis' time-out."""
    body = {"instances": ["from inside the VPC"]}
    return any(send(project.deployment(config), body).headers["x-cache"] == "HIT" for _ in range(6))


@pytest.mark.req("5.6", "5.9", "Q9", "X5", "X6")
def test_the_function_reaches_redis_with_a_password_that_nobody_wrote_down(
    project: ExposedRelease, config: dict[str, Any], subnets: list[str]
) -> None:
    assert answers_from_the_cache(project, config)
    configuration = project.sandbox.client("lambda").get_function_configuration(FunctionName="probe-local-cache")
    assert sorted(configuration["VpcConfig"]["SubnetIds"]) == subnets[:2]
    secrets = project.sandbox.client("secretsmanager")
    password = secrets.get_secret_value(SecretId="probe-local-cache")["SecretString"]
    assert len(password) == 64
    assert password not in str(configuration)
    written = "".join(path.read_text("utf-8") for path in project.folder.glob(".mldeploy/state/**/*.json"))
    assert SECRET in written
    assert password not in written


@pytest.mark.req("5.9")
def test_the_vpc_lets_the_function_reach_redis_and_two_services_and_nobody_else(
    project: ExposedRelease, config: dict[str, Any]
) -> None:
    ec2 = project.sandbox.client("ec2")
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    names = {endpoint["ServiceName"].removeprefix("com.amazonaws.eu-central-1.") for endpoint in endpoints}
    assert names == {"sagemaker.runtime", "secretsmanager"}
    deployment = project.deployment(config)
    deployment.plan()
    inner = observed(deployment, INNER)
    rules = inner.spec["SecurityGroupIngress"]
    assert sorted(rule["FromPort"] for rule in rules) == [443, 6379]
    outer = deployment.context.outputs("AWS::EC2::SecurityGroup/probe-local-cache")["GroupId"]
    assert {rule["SourceSecurityGroupId"] for rule in rules} == {outer}
    assert {group["GroupId"] for endpoint in endpoints for group in endpoint["Groups"]} == {inner.outputs["GroupId"]}


@pytest.mark.req("E7")
def test_a_second_run_changes_nothing(project: ExposedRelease, config: dict[str, Any]) -> None:
    before = project.calls()
    assert project.changes(config) == {}
    project.deployment(config).run()
    assert project.calls() == before


@pytest.mark.req("E8")
def test_an_opened_group_is_closed_and_a_closed_one_opened(project: ExposedRelease, config: dict[str, Any]) -> None:
    ec2 = project.sandbox.client("ec2")
    deployment = project.deployment(config)
    deployment.plan()
    group_id = observed(deployment, INNER).outputs["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group_id, CidrIp="0.0.0.0/0", IpProtocol="tcp", FromPort=1, ToPort=2)
    (group,) = ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"]
    https = next(rule for rule in group["IpPermissions"] if rule["FromPort"] == 443)
    ec2.revoke_security_group_ingress(GroupId=group_id, IpPermissions=[https])
    assert set(project.changes(config)) == {INNER}
    project.deployment(config).run()
    assert project.changes(config) == {}


@pytest.mark.req("E8")
def test_a_function_that_somebody_moved_goes_back(
    project: ExposedRelease, config: dict[str, Any], subnets: list[str]
) -> None:
    functions = project.sandbox.client("lambda")
    groups = functions.get_function_configuration(FunctionName="probe-local-cache")["VpcConfig"]["SecurityGroupIds"]
    moved = {"SubnetIds": subnets[2:3], "SecurityGroupIds": groups}
    functions.update_function_configuration(FunctionName="probe-local-cache", VpcConfig=moved)
    assert "VpcConfig" in project.changes(config)[FUNCTION]
    project.deployment(config).run()
    assert project.changes(config) == {}


@pytest.mark.req("E8", "5.3")
def test_an_alias_that_somebody_turned_away_comes_back_and_old_versions_go(
    project: ExposedRelease, config: dict[str, Any]
) -> None:
    functions = project.sandbox.client("lambda")
    name = "probe-local-cache"
    live = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    functions.update_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")
    assert set(project.changes(config)) == {"AWS::Lambda::Alias/probe-local-cache-live"}
    project.deployment(config).run()
    assert functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"] == live
    for ttl in range(1, 7):
        project.deployment({**config, "cache": {**config["cache"], "ttl": ttl}}).run()
    versions = [version["Version"] for version in functions.list_versions_by_function(FunctionName=name)["Versions"]]
    newest = functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]
    assert int(newest) > int(live)
    assert newest in versions
    assert len(versions) <= 6, "$LATEST, the live one, the one before it, and three more"


@pytest.mark.req("E8", "5.6")
def test_a_deleted_password_is_made_anew_and_set(project: ExposedRelease, config: dict[str, Any]) -> None:
    secrets = project.sandbox.client("secretsmanager")
    secrets.delete_secret(SecretId="probe-local-cache", ForceDeleteWithoutRecovery=True)
    assert {SECRET, GROUP} <= set(project.changes(config))
    project.deployment(config).run()
    assert project.changes(config) == {}
    assert answers_from_the_cache(project, config)


@pytest.mark.req("E8")
def test_a_password_that_is_about_to_go_is_taken_back(project: ExposedRelease, config: dict[str, Any]) -> None:
    secrets = project.sandbox.client("secretsmanager")
    secrets.delete_secret(SecretId="probe-local-cache", RecoveryWindowInDays=7)
    assert set(project.changes(config)) == {SECRET}
    project.deployment(config).run()
    assert secrets.get_secret_value(SecretId="probe-local-cache")["SecretString"]


def test_another_subnet_moves_everything_but_redis(
    project: ExposedRelease, config: dict[str, Any], subnets: list[str]
) -> None:
    wider = {**config, "cache": {**config["cache"], "vpc": {"subnets": subnets[:3]}}}
    kinds = {step_id.partition("/")[0] for step_id in project.changes(wider)}
    assert {"AWS::EC2::VPCEndpoint", "AWS::ElastiCache::SubnetGroup", "AWS::Lambda::Function"} <= kinds
    assert "AWS::ElastiCache::ReplicationGroup" not in kinds
    project.deployment(wider).run()
    assert project.changes(wider) == {}


def test_subnets_that_do_not_exist_are_named_before_anything_is_made(
    project: ExposedRelease, config: dict[str, Any]
) -> None:
    wrong = {**config, "cache": {**config["cache"], "vpc": {"subnets": ["subnet-00000000"]}}}
    with pytest.raises(MldeployError, match="subnet-00000000"):
        project.deployment(wrong).run()


@pytest.mark.req("E12", "5.9")
def test_destroy_leaves_nothing_of_it(project: ExposedRelease, config: dict[str, Any]) -> None:
    assert project.inventory() != []
    project.deployment(config).destroy()
    assert project.inventory() == []
