"""What the gateway consists of, as data."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass

from mldeploy import Phase, Problem, Ref, Release, Step
from mldeploy.gateway_policy import GatewayPolicy, gateway_policy
from mldeploy.model import JSON
from mldeploy_aws.compute import has_address
from mldeploy_aws.policies import allow, document, trust
from mldeploy_gateway import openapi
from mldeploy_gateway.access_logs import FORMAT
from mldeploy_gateway.cognito_steps import client_steps, pool_step
from mldeploy_gateway.front_steps import front_steps
from mldeploy_gateway.rules import gateway_problems

PERIODS = {"day": "DAY", "week": "WEEK", "month": "MONTH"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedApi:
    """An API as it was described: its stage, and what callers can do there."""

    stage: Step
    operations: tuple[openapi.Operation, ...]


def gateway_steps(release: Release) -> Iterator[Step | Problem]:
    """Describe the gateway of a release; the stage provides `api`."""
    policy = gateway_policy(release, "api-gateway")
    yield from gateway_problems(release, policy)
    pool = pool_step(release) if policy.token else None
    if pool is not None and policy.token is not None:
        yield pool
        yield from client_steps(release, pool, policy.token)
    yield from served_api_steps(release, policy, pool, provides="api")


def served_api_steps(
    release: Release, policy: GatewayPolicy, pool: Step | None, *, provides: str, allowed_cidrs: Sequence[str] = ()
) -> Generator[Step, None, ServedApi]:
    """Describe the API with what it calls and who may call it.

    Arguments:
        pool: the user pool whose tokens let callers in; None asks for no token.
        provides: the role that the stage fills; none for an API behind another gateway.
        allowed_cidrs: from where requests may come; empty stands for everywhere.
    """
    calls_function = release.value("cache.enabled")
    role = None if calls_function or has_address(release) else _role(release)
    if role is not None:
        yield role
    body = openapi.document(release, policy, pool=pool, role=role, allowed_cidrs=allowed_cidrs)
    stage = yield from _api_steps(release, policy, body, provides)
    if calls_function:
        yield _permission(release, stage)
    yield from front_steps(release, stage)
    if policy.asks_for_key:
        yield from _key_steps(release, policy, stage)
    return ServedApi(stage=stage, operations=openapi.operations(body))


def _role(release: Release) -> Step:
    """Lets the gateway call the endpoint without a function in between."""
    invoke = allow(["sagemaker:InvokeEndpoint"], [Ref("@endpoint", "EndpointArn")])
    return Step(
        kind="AWS::IAM::Role",
        name=f"{release.resource_name}-gateway",
        phase=Phase.EXPOSE,
        spec={
            "AssumeRolePolicyDocument": trust("apigateway.amazonaws.com"),
            "Policies": [{"PolicyName": "invoke", "PolicyDocument": document(invoke)}],
            "ManagedPolicyArns": [],
        },
    )


def _api_steps(release: Release, policy: GatewayPolicy, body: JSON, provides: str) -> Generator[Step, None, Step]:
    api = _step(release, "AWS::ApiGateway::RestApi", {"EndpointConfiguration": {"Types": ["REGIONAL"]}, "Body": body})
    deployment = Step(
        kind="AWS::ApiGateway::Deployment",
        name=release.resource_name,
        phase=Phase.EXPOSE,
        spec={"RestApiId": api.ref("RestApiId"), "Body": body},
        immutable=True,
    )
    yield from (api, deployment)
    logs = (yield from _log_steps(release)) if release.value("expose.accessLogs.enabled") else None
    throttle = {"ThrottlingRateLimit": policy.rate.per_second, "ThrottlingBurstLimit": policy.rate.burst}
    stage = Step(
        kind="AWS::ApiGateway::Stage",
        name=release.env,
        phase=Phase.EXPOSE,
        provides=provides,
        spec={
            "RestApiId": api.ref("RestApiId"),
            "DeploymentId": deployment.ref("DeploymentId"),
            "AccessLogSetting": {"DestinationArn": logs.ref("DestinationArn"), "Format": FORMAT} if logs else None,
            "MethodSettings": [{"HttpMethod": "*", "ResourcePath": "/*", **throttle}],
        },
    )
    yield stage
    return stage


def _log_steps(release: Release) -> Generator[Step, None, Step]:
    """Describe the log group, and the look at whether API Gateway may write to it."""
    group = Step(
        kind="AWS::Logs::LogGroup",
        name=f"/aws/apigateway/{release.resource_name}",
        phase=Phase.EXPOSE,
        spec={"RetentionInDays": release.value("expose.accessLogs.retentionDays")},
    )
    allowed = {"SetAccountRole": release.value("expose.accessLogs.setAccountRole")}
    role = _step(release, "mldeploy::ApiGatewayLogRole", {"DestinationArn": group.ref("Arn"), **allowed})
    yield from (group, role)
    return role


def _permission(release: Release, stage: Step) -> Step:
    spec = {
        "FunctionName": Ref("@function", "FunctionName"),
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": stage.ref("PredictArn"),
    }
    return Step(kind="AWS::Lambda::Permission", name=f"{release.resource_name}-gateway", phase=Phase.EXPOSE, spec=spec)


def _key_steps(release: Release, policy: GatewayPolicy, stage: Step) -> Iterator[Step]:
    quota = policy.quota
    plan = _step(
        release,
        "AWS::ApiGateway::UsagePlan",
        {
            "ApiStages": [{"ApiId": stage.ref("RestApiId"), "Stage": stage.ref(Ref.NAME)}],
            "Throttle": {"RateLimit": policy.rate.per_second, "BurstLimit": policy.rate.burst},
            "Quota": {"Limit": quota.limit, "Period": PERIODS[quota.period]} if quota else None,
        },
    )
    key = _step(release, "AWS::ApiGateway::ApiKey", {"Enabled": True})
    link = {"UsagePlanId": plan.ref("UsagePlanId"), "KeyId": key.ref("ApiKeyId"), "KeyType": "API_KEY"}
    yield from (plan, key, _step(release, "AWS::ApiGateway::UsagePlanKey", link))


def _step(release: Release, kind: str, spec: JSON) -> Step:
    return Step(kind=kind, name=release.resource_name, phase=Phase.EXPOSE, spec=spec)
