"""IAM for the caller: what calls need, what policies give, and the refusal in the words of each service."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError
from running_sandbox import Sandbox

from mldeploy_sandbox import client
from mldeploy_sandbox.permissions.policy import PolicyError, read_policy
from mldeploy_sandbox.permissions.required import Permission, required
from mldeploy_sandbox.plane import Call

REGION, ACCOUNT = "eu-central-1", "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/r"


def needs(service: str, operation: str, **params: Any) -> list[tuple[str, str]]:
    call = Call(service=service, operation=operation, params=params, region=REGION, account_id=ACCOUNT)
    return [(permission.action, permission.resource) for permission in required(call)]


@pytest.mark.parametrize(
    ("service", "operation", "params", "expected"),
    [
        ("sts", "GetCallerIdentity", {}, []),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k/m"}, [("s3:GetObject", "arn:aws:s3:::b/k/m")]),
        ("s3", "HeadBucket", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
        ("ecr", "GetAuthorizationToken", {}, [("ecr:GetAuthorizationToken", "*")]),
        (
            "ec2",
            "CreateTags",
            {"Resources": ["sg-1", "vpce-1", "subnet-1"]},
            [
                ("ec2:CreateTags", f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1"),
                ("ec2:CreateTags", f"arn:aws:ec2:{REGION}:{ACCOUNT}:vpc-endpoint/vpce-1"),
                ("ec2:CreateTags", f"arn:aws:ec2:{REGION}:{ACCOUNT}:subnet/subnet-1"),
            ],
        ),
        (
            "sagemaker",
            "CreateModel",
            {"ModelName": "m", "ExecutionRoleArn": ROLE, "Tags": [{"Key": "a", "Value": "b"}]},
            [
                ("sagemaker:CreateModel", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m"),
                ("sagemaker:AddTags", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/m"),
                ("iam:PassRole", ROLE),
            ],
        ),
        (
            "sagemaker-runtime",
            "InvokeEndpoint",
            {"EndpointName": "e"},
            [("sagemaker:InvokeEndpoint", f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:endpoint/e")],
        ),
        (
            "lambda",
            "Invoke",
            {"FunctionName": "f"},
            [("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f")],
        ),
        (
            "apigateway",
            "UpdateStage",
            {"restApiId": "a1", "stageName": "live"},
            [("apigateway:PATCH", f"arn:aws:apigateway:{REGION}::/restapis/a1/stages/live")],
        ),
        (
            "logs",
            "PutRetentionPolicy",
            {"logGroupName": "/g"},
            [("logs:PutRetentionPolicy", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/g:*")],
        ),
    ],
)
def test_what_a_call_needs(service, operation, params, expected):
    assert needs(service, operation, **params) == expected


def policy(*statements: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


MODEL = Permission(
    action="sagemaker:CreateModel",
    resource="arn:aws:sagemaker:eu-central-1:123456789012:model/a-1",
    context={"aws:RequestTag/team": "search", "aws:RequestedRegion": "eu-central-1"},
)


@pytest.mark.parametrize(
    ("statements", "allowed"),
    [
        ((), False),
        ((allow("*"),), True),
        ((allow("sagemaker:create*"),), True),
        ((allow(["s3:*", "sagemaker:CreateModel"]),), True),
        ((allow("sagemaker:CreateModel", "arn:aws:sagemaker:*:*:model/a-?"),), True),
        ((allow("sagemaker:CreateModel", "arn:aws:sagemaker:*:*:model/b-*"),), False),
        ((allow("*"), {"Effect": "Deny", "Action": "sagemaker:*", "Resource": "*"}), False),
        (({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"},), True),
        (({"Effect": "Allow", "NotAction": "sagemaker:*", "Resource": "*"},), False),
        ((allow("*", Condition={"StringEquals": {"aws:requestedregion": "eu-central-1"}}),), True),
        ((allow("*", Condition={"StringEquals": {"aws:RequestTag/team": ["ads", "search"]}}),), True),
        ((allow("*", Condition={"StringNotEquals": {"aws:RequestTag/team": ["ads", "search"]}}),), False),
        ((allow("*", Condition={"StringLike": {"aws:RequestTag/owner": "*"}}),), False),
        ((allow("*", Condition={"StringLikeIfExists": {"aws:RequestTag/owner": "x"}}),), True),
    ],
)
def test_what_a_policy_gives(statements, allowed):
    assert read_policy(policy(*statements)).allows(MODEL) is allowed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("[]", "no Statement"),
        (policy({"Effect": "Maybe", "Action": "*", "Resource": "*"}), "Statement[0]: Effect"),
        (policy({"Effect": "Allow", "Resource": "*"}), "Action or NotAction"),
        (policy(allow(7)), "a text or a list"),
        (policy(allow("*"), allow("*", Principal="*")), "Statement[1] has Principal"),
        (policy(allow("*", Condition={"DateLessThan": {"aws:CurrentTime": "2030"}})), "DateLessThan"),
    ],
)
def test_what_is_not_understood_is_refused(text, words):
    with pytest.raises(PolicyError) as caught:
        read_policy(text)
    assert words in str(caught.value)


@pytest.fixture
def enforce(sandbox: Sandbox) -> Iterator[Any]:
    def put(*statements: Mapping[str, Any]) -> None:
        client.ask(sandbox.running, "POST", "policy", {"policy": policy(*statements)})

    yield put
    client.ask(sandbox.running, "POST", "policy", {"policy": ""})


@pytest.mark.parametrize(
    ("service", "method", "params", "code", "action"),
    [
        ("sagemaker", "list_models", {}, "AccessDeniedException", "sagemaker:ListModels"),
        ("iam", "list_roles", {}, "AccessDenied", "iam:ListRoles"),
        ("lambda", "get_function", {"FunctionName": "f"}, "AccessDeniedException", "lambda:GetFunction"),
        ("apigateway", "get_rest_apis", {}, "AccessDeniedException", "apigateway:GET"),
        ("s3", "create_bucket", {"Bucket": "denied"}, "AccessDenied", "s3:CreateBucket"),
        ("ecr", "describe_repositories", {}, "AccessDeniedException", "ecr:DescribeRepositories"),
    ],
)
@pytest.mark.req("2.10")
def test_what_is_not_allowed_is_refused_by_name(sandbox, enforce, service, method, params, code, action):
    enforce(allow("sts:*"))
    with pytest.raises(ClientError) as caught:
        getattr(sandbox.client(service), method)(**params)
    response = caught.value.response
    assert (response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]) == (code, 403)
    assert f"is not authorized to perform: {action} on resource:" in response["Error"]["Message"]


def test_exactly_what_was_recorded_is_enough(sandbox, enforce):
    def work() -> None:
        logs = sandbox.client("logs")
        logs.create_log_group(logGroupName="least", tags={"a": "b"})
        logs.put_retention_policy(logGroupName="least", retentionInDays=7)
        logs.delete_log_group(logGroupName="least")

    before = len(client.calls(sandbox.running))
    work()
    recorded = {tuple(need) for call in client.calls(sandbox.running, after=before) for need in call["permissions"]}
    assert {action for action, _ in recorded} == {
        "logs:CreateLogGroup",
        "logs:TagResource",
        "logs:PutRetentionPolicy",
        "logs:DeleteLogGroup",
    }
    enforce(*(allow(*need) for need in recorded))
    work()
    for missing in recorded:
        enforce(*(allow(*need) for need in recorded - {missing}))
        with pytest.raises(ClientError, match=missing[0]):
            work()
        client.ask(sandbox.running, "POST", "policy", {"policy": ""})
        groups = [group["logGroupName"] for group in sandbox.client("logs").describe_log_groups()["logGroups"]]
        if "least" in groups:
            sandbox.client("logs").delete_log_group(logGroupName="least")
