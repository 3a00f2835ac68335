"""What the cache plugin describes, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mldeploy import Problem, Ref, Step
from mldeploy.errors import ReleaseError
from mldeploy.plugins import completed
from mldeploy_cache.bundle import code_sha256, function_zip
from mldeploy_cache.steps import cache_steps
from tests.plugins.exposed_release import described, release_of


def caching(**settings: Any) -> dict[str, Any]:
    return {"expose": {"gateway": "api-gateway"}, "cache": {"enabled": True, **settings}}


def steps_of(folder: Path, config: dict[str, Any], **more: str) -> dict[str, Step]:
    found = cache_steps(release_of(folder, {**config, **more}))
    return {step.kind: completed(step) for step in found if isinstance(step, Step)}


def variables_of(steps: dict[str, Step]) -> dict[str, Any]:
    found: dict[str, Any] = steps["AWS::Lambda::Function"].spec["Environment"]["Variables"]
    return found


def test_nothing_is_described_when_the_cache_is_off(tmp_path: Path) -> None:
    release = release_of(tmp_path, {"expose": {"gateway": "api-gateway"}})
    assert not [item for item in described(release) if "Lambda" in item.kind or "ElastiCache" in item.kind]
    assert [hop.name for hop in release.chain.hops if hop.name == "lambda"] == []


@pytest.mark.req("5.1", "5.8", "Q9")
def test_redis_role_log_group_and_function(tmp_path: Path) -> None:
    steps = steps_of(tmp_path, caching(memorySize=1024, nodeType="cache.t4g.small"))
    assert list(steps) == [
        "AWS::ElastiCache::ReplicationGroup", "AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::Lambda::Function",
        "AWS::Lambda::Version", "AWS::Lambda::Alias",
    ]  # fmt: skip
    function = steps["AWS::Lambda::Function"]
    assert function.name == "probe-local-cache"
    assert (steps["AWS::Lambda::Alias"].spec["Name"], steps["AWS::Lambda::Alias"].provides) == ("live", "function")
    assert function.spec["MemorySize"] == 1024
    assert function.spec["CodeSha256"] == code_sha256(function_zip())
    assert steps["AWS::ElastiCache::ReplicationGroup"].spec["CacheNodeType"] == "cache.t4g.small"
    assert steps["AWS::Logs::LogGroup"].name == "/aws/lambda/probe-local-cache"


@pytest.mark.req("Q9")
def test_a_redis_that_exists_is_bound_and_not_made(tmp_path: Path) -> None:
    steps = steps_of(tmp_path, caching(redis={"endpoint": "cache.internal:6380"}))
    assert "AWS::ElastiCache::ReplicationGroup" not in steps
    assert (variables_of(steps)["REDIS_HOST"], variables_of(steps)["REDIS_PORT"]) == ("cache.internal", "6380")


@pytest.mark.req("5.3")
def test_the_fingerprint_is_the_endpoint_configuration(tmp_path: Path) -> None:
    assert variables_of(steps_of(tmp_path, caching()))["RELEASE"] == Ref("@endpoint", "EndpointConfigName")


@pytest.mark.req("5.10")
def test_the_role_may_invoke_one_endpoint_and_write_to_one_group_and_not_make_groups(tmp_path: Path) -> None:
    steps = steps_of(tmp_path, caching())
    (policy,) = steps["AWS::IAM::Role"].spec["Policies"]
    invoke, write = policy["PolicyDocument"]["Statement"]
    assert invoke["Action"] == ["sagemaker:InvokeEndpoint"]
    assert invoke["Resource"] == [Ref("@endpoint", "EndpointArn")]
    assert write["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert write["Resource"] == [steps["AWS::Logs::LogGroup"].ref("Arn")]


@pytest.mark.req("5.7", "5.2")
@pytest.mark.parametrize(
    ("expose", "cache", "timeout"),
    [({}, {}, 28), ({"timeoutSeconds": 10}, {}, 9), ({}, {"timeoutSeconds": 5}, 5), ({"timeoutSeconds": 1}, {}, 1)],
)
def test_the_function_ends_before_the_gateway_and_the_endpoint_before_the_function(
    tmp_path: Path, expose: dict[str, Any], cache: dict[str, Any], timeout: int
) -> None:
    config = {**caching(**cache), "expose": {"gateway": "api-gateway", **expose}}
    steps = steps_of(tmp_path, config)
    assert steps["AWS::Lambda::Function"].spec["Timeout"] == timeout
    assert int(variables_of(steps)["ENDPOINT_TIMEOUT"]) == max(1, timeout - 1)


@pytest.mark.req("5.7")
def test_without_a_gateway_the_function_lives_little_longer_than_the_slowest_answer(tmp_path: Path) -> None:
    config = {**caching(), "environments": {"dev": {"expose": {"gateway": "verify"}}}}
    found = cache_steps(release_of(tmp_path, config, env="dev"))
    (function,) = (step for step in found if isinstance(step, Step) and step.kind == "AWS::Lambda::Function")
    assert function.spec["Timeout"] == 62


@pytest.mark.req("5.7")
def test_fifteen_minutes_behind_a_gateway_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError) as caught:
        release_of(tmp_path, caching(timeoutSeconds=900))
    assert caught.value.problems[0].path == ("cache", "timeoutSeconds")


@pytest.mark.req("5.11")
def test_the_smallest_size_on_the_way_is_the_functions_limit(tmp_path: Path) -> None:
    assert variables_of(steps_of(tmp_path, caching()))["MAX_BODY_BYTES"] == "6291456"
    smaller = {**caching(), "expose": {"gateway": "api-gateway", "maxBodyBytes": 1000}}
    assert variables_of(steps_of(tmp_path, smaller))["MAX_BODY_BYTES"] == "1000"


@pytest.mark.parametrize("name", ["a" * 32, "a" * 26 + "-" + "b" * 5])
def test_a_long_name_still_fits_elasticache(tmp_path: Path, name: str) -> None:
    release = release_of(tmp_path, {**caching(), "name": name, "environments": {"acceptance": {}}}, env="acceptance")
    steps = [step for step in cache_steps(release) if isinstance(step, Step)]
    groups = [step for step in steps if step.kind == "AWS::ElastiCache::ReplicationGroup"]
    assert len(groups[0].name) <= 40
    assert "--" not in groups[0].name


SUBNETS = ["subnet-0123456789abcdef0", "subnet-0fedcba9876543210"]
IN_DEV = {"environments": {"dev": {"expose": {"gateway": "verify"}}}}


def in_dev(folder: Path, config: dict[str, Any]) -> tuple[dict[str, Step], dict[str, Problem]]:
    found = list(cache_steps(release_of(folder, {**config, **IN_DEV}, env="dev")))
    steps = {step.id: step for step in found if isinstance(step, Step)}
    return steps, {problem.severity: problem for problem in found if isinstance(problem, Problem)}


@pytest.mark.req("5.9", "3.11")
def test_an_elasticache_outside_of_any_vpc_is_refused(tmp_path: Path) -> None:
    _, problems = in_dev(tmp_path, caching())
    assert problems["incomplete"].path == ("cache", "enabled")
    assert "subnets" in problems["incomplete"].hint
    for settings in ({"vpc": {"subnets": SUBNETS}}, {"redis": {"endpoint": "cache.internal:6379"}}):
        assert set(in_dev(tmp_path, caching(**settings))[1]) == {"note"}


@pytest.mark.req("X5", "5.6")
@pytest.mark.parametrize(
    "settings",
    [
        {"vpc": {"subnets": SUBNETS}, "tls": False},
        {
            "redis": {"endpoint": "a:1", "secretArn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:r"},
            "tls": False,
        },
    ],
)
def test_a_password_travels_over_tls_only(tmp_path: Path, settings: dict[str, Any]) -> None:
    assert in_dev(tmp_path, caching(**settings))[1]["error"].path == ("cache", "tls")


@pytest.mark.req("5.6", "5.10")
def test_the_password_of_a_bound_redis_is_read_by_its_arn(tmp_path: Path) -> None:
    arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:redis-Ab12Cd"
    steps, _ = in_dev(tmp_path, caching(redis={"endpoint": "redis.internal:6379", "secretArn": arn}))
    assert not any("Secret" in step_id or "EC2" in step_id for step_id in steps)
    function = steps["AWS::Lambda::Function/probe-dev-cache"]
    assert function.spec["Environment"]["Variables"]["REDIS_SECRET_ARN"] == arn
    (policy,) = steps["AWS::IAM::Role/probe-dev-cache"].spec["Policies"]
    assert {"Effect": "Allow", "Action": ["secretsmanager:GetSecretValue"], "Resource": [arn]} in (
        policy["PolicyDocument"]["Statement"]
    )


@pytest.mark.req("5.9")
def test_a_vpc_with_ways_of_its_own_gets_no_interface_endpoints(tmp_path: Path) -> None:
    vpc = {"subnets": SUBNETS, "securityGroups": ["sg-0123456789abcdef0"], "interfaceEndpoints": False}
    steps, _ = in_dev(tmp_path, caching(vpc=vpc))
    assert not any("VPCEndpoint" in step_id for step_id in steps)
    network = steps["AWS::Lambda::Function/probe-dev-cache"].spec["VpcConfig"]
    assert network["SubnetIds"] == SUBNETS
    assert network["SecurityGroupIds"][1:] == ["sg-0123456789abcdef0"]


@pytest.mark.req("C9")
@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "no money"),
        ({"instance": {"count": 4}}, "from 25 % hits on"),
        ({"autoscaling": {"enabled": True, "minInstances": 1, "maxInstances": 5}}, "at full load from 20 % hits on"),
    ],
)
def test_the_share_of_hits_that_pays_is_told(tmp_path: Path, settings: dict[str, Any], text: str) -> None:
    instance = {"type": "ml.m5.large", "region": "eu-central-1", **settings.get("instance", {})}
    config = {**caching(vpc={"subnets": SUBNETS}), **settings, "instance": instance}
    note = in_dev(tmp_path, config)[1]["note"]
    assert text in note.message
    assert note.path == ("cache", "enabled")
