"""What the cache consists of, as data."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.gateway_policy import answer_headers
from mldeploy.model import JSON, Later
from mldeploy_aws.compute import has_address
from mldeploy_aws.policies import allow, document, trust
from mldeploy_cache.bundle import HANDLER, code_sha256, function_zip
from mldeploy_cache.names import cache_name
from mldeploy_cache.redis_steps import Redis, encrypts, redis_of
from mldeploy_cache.rules import cache_problems
from mldeploy_cache.takeover import ALIAS, takeover_alarms, takeover_settings
from mldeploy_cache.vpc_steps import Network, network_of

RUNTIME = "python3.13"
LOG_RETENTION_DAYS = 30
LONGEST_AFTERWARDS_SECONDS = 2
"""How much longer than the slowest answer the function may live; hanging on costs money and helps nobody."""
ALL_TO_ONE: JSON = {"AdditionalVersionWeights": {}}
INTERFACE_ACTIONS = [
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
]
"""What Lambda itself needs to put a function into a VPC, on all resources, as its guide lists it
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html#configuration-vpc-permissions)."""
ENDPOINT_MARGIN_SECONDS = 1
"""What the function keeps for itself: waiting for another's answer, Redis, and writing the answer down."""


def cache_steps(release: Release) -> Iterator[Step | Problem]:
    """Describe the cache of a release; the last step, an alias, provides `function`."""
    yield from cache_problems(release)
    name = cache_name(release.resource_name)
    network = network_of(release)
    if network is not None:
        yield from network.steps
    redis = redis_of(release, network)
    yield from redis.steps
    logs = Step(
        kind="AWS::Logs::LogGroup",
        name=f"/aws/lambda/{name}",
        phase=Phase.PROVISION,
        spec={"RetentionInDays": LOG_RETENTION_DAYS},
    )
    role = _role(release, name, logs, password=redis.password, network=network)
    function = _function(release, name, role, redis, network)
    yield from (logs, role, function)
    yield from _published(release, name, function)


def _role(release: Release, name: str, logs: Step, *, password: JSON, network: Network | None) -> Step:
    """May invoke one SageMaker endpoint and write to one log group; not make one: late lines would bring it back."""
    statements = [allow(["logs:CreateLogStream", "logs:PutLogEvents"], [logs.ref("Arn")])]
    if not has_address(release):
        statements.insert(0, allow(["sagemaker:InvokeEndpoint"], [Ref("@endpoint", "EndpointArn")]))
    if password is not None:
        statements.append(allow(["secretsmanager:GetSecretValue"], [password]))
    if network is not None:
        statements.append(allow(INTERFACE_ACTIONS, ["*"]))
    return _step(
        "AWS::IAM::Role",
        name,
        {
            "AssumeRolePolicyDocument": trust("lambda.amazonaws.com"),
            "Policies": [{"PolicyName": "cache", "PolicyDocument": document(*statements)}],
            "ManagedPolicyArns": [],
        },
    )


def _function(release: Release, name: str, role: Step, redis: Redis, network: Network | None) -> Step:
    chain = release.chain
    timeout = math.floor(min(chain.budget("lambda"), chain.seconds + LONGEST_AFTERWARDS_SECONDS))
    return _step(
        "AWS::Lambda::Function",
        name,
        {
            "CodeSha256": Later(lambda: code_sha256(function_zip())),
            "Runtime": RUNTIME,
            "Handler": HANDLER,
            "Role": role.ref("Arn"),
            "MemorySize": release.value("cache.memorySize"),
            "Timeout": timeout,
            "VpcConfig": {
                "SubnetIds": network.subnets if network else [],
                "SecurityGroupIds": list(network.security_groups) if network else [],
            },
            "Environment": {"Variables": _variables(release, timeout, redis)},
        },
    )


def _published(release: Release, name: str, function: Step) -> Iterator[Step]:
    """Publish the function and point the alias to it: the gateway never calls a function that is being changed."""
    named = {"FunctionName": function.ref("FunctionName")}
    content = {"CodeSha256": function.spec["CodeSha256"], "Generation": function.ref("Generation")}
    version = _step("AWS::Lambda::Version", name, {**named, **content})
    alias = {**named, "Name": ALIAS, "FunctionVersion": version.ref("Version"), "RoutingConfig": ALL_TO_ONE}
    alarms, settings = list(takeover_alarms(release)), takeover_settings(release)
    if settings:
        names = [alarm.ref(Ref.NAME) for alarm in alarms]
        alias["RollbackAlarms"] = [*names, *release.value("cache.deployment.alarms.names")]
    yield from (version, *alarms)
    step = _step("AWS::Lambda::Alias", f"{name}-{ALIAS}", alias)
    yield replace(step, provides="function", settings=settings)


def _step(kind: str, name: str, spec: JSON) -> Step:
    return Step(kind=kind, name=name, phase=Phase.PROVISION, spec=spec)


def _variables(release: Release, timeout: int, redis: Redis) -> JSON:
    limit = min(release.chain.max_bytes, release.value("expose.maxBodyBytes") or math.inf)
    variables = {
        "ENDPOINT_NAME": Ref("@endpoint", "EndpointName"),
        "RELEASE": Ref("@endpoint", "EndpointConfigName"),
        "REDIS_HOST": redis.host,
        "REDIS_PORT": redis.port,
        "REDIS_TLS": "true" if encrypts(release) else "false",
        "CACHE_TTL": str(release.value("cache.ttl")),
        "CACHE_TTL_JITTER_PERCENT": str(release.value("cache.ttlJitterPercent")),
        "ENDPOINT_TIMEOUT": str(max(1, timeout - ENDPOINT_MARGIN_SECONDS)),
        "MAX_BODY_BYTES": str(int(limit)),
    }
    if redis.password is not None:
        variables["REDIS_SECRET_ARN"] = redis.password
    if redis.certificate is not None:
        variables["REDIS_CERTIFICATE"] = redis.certificate
    if has_address(release):
        variables["ENDPOINT_URL"] = Ref("@endpoint", "Url")
    headers = answer_headers(release)
    return {**variables, "ANSWER_HEADERS": json.dumps(headers, sort_keys=True)} if headers else variables
