"""The front: strict in every protocol, honest about what it lacks, and a witness of every call."""

from __future__ import annotations

import http.client
import json
import urllib.request

import boto3
import pytest
from botocore.exceptions import ClientError
from running_sandbox import Sandbox

from mldeploy_sandbox import client


def refusal(call) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Message"]


@pytest.mark.parametrize(
    ("service", "operation", "params", "code", "words"),
    [
        (
            "sagemaker",  # json
            "describe_endpoint",
            {"EndpointName": "under_score"},
            "ValidationException",
            "Value 'under_score' at 'endpointName' failed to satisfy constraint: Member must satisfy regular",
        ),
        ("sagemaker", "describe_endpoint", {}, "ValidationException", "Value null at 'endpointName'"),
        (
            "sagemaker",
            "create_endpoint_config",
            {
                "EndpointConfigName": "c",
                "ProductionVariants": [
                    {"VariantName": "a", "ModelName": "m", "InstanceType": "ml.t3.medium", "InitialInstanceCount": 0}
                ],
            },
            "ValidationException",
            "Value 'ml.t3.medium' at 'productionVariants.1.member.instanceType'",
        ),
        (
            "iam",  # query
            "create_role",
            {"RoleName": "a b", "AssumeRolePolicyDocument": "{}"},
            "ValidationError",
            "at 'roleName' failed",
        ),
        ("iam", "get_role", {}, "ValidationError", "Value null at 'roleName'"),
        (
            "lambda",  # rest-json
            "create_function",
            {"FunctionName": "f", "Role": "no-arn", "Code": {}, "Timeout": 0},
            "ValidationException",
            "Value 'no-arn' at 'role' failed",
        ),
        ("ecr", "create_repository", {"repositoryName": "Upper"}, "InvalidParameterException", "at 'repositoryName'"),
        ("cognito-idp", "create_user_pool", {"PoolName": "x" * 129}, "InvalidParameterException", "or equal to 128"),
    ],
)
@pytest.mark.req("3.2")
def test_input_outside_the_service_model_is_refused(sandbox, service, operation, params, code, words):
    found, status, message = refusal(lambda: getattr(sandbox.client(service), operation)(**params))
    assert (found, status) == (code, 400)
    assert words in message


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        (
            "sagemaker",
            "create_inference_component",
            {"InferenceComponentName": "c", "EndpointName": "e", "VariantName": "v", "Specification": {}},
        ),
        ("iam", "generate_service_last_accessed_details", {"Arn": "arn:aws:iam::123456789012:role/some-role"}),
        ("lambda", "get_account_settings", {}),
    ],
)
def test_unknown_operation_is_501_and_named(sandbox, service, operation, params):
    code, status, message = refusal(lambda: getattr(sandbox.client(service), operation)(**params))
    assert (code, status) == ("NotImplemented", 501)
    assert message.startswith(f"the sandbox does not answer {service}:")


def test_service_that_moto_lacks_is_501(sandbox):
    code, status, _ = refusal(lambda: sandbox.client("codestar-connections").list_connections())
    assert (code, status) == ("NotImplemented", 501)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"EndpointName": ["x"]}', b'{"EndpointName": 1}'])
def test_malformed_json_is_refused_in_the_protocol(sandbox, body):
    request = urllib.request.Request(
        sandbox.running.url,
        data=body,
        headers={
            "X-Amz-Target": "SageMaker.DescribeEndpoint",
            "Content-Type": "application/x-amz-json-1.1",
            "Authorization": "AWS4-HMAC-SHA256 Credential=A/20260101/eu-central-1/sagemaker/aws4_request, Signature=0",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)
    assert caught.value.code == 400
    assert json.loads(caught.value.read())["__type"] in {"SerializationException", "ValidationException"}


def test_any_key_is_the_same_account(sandbox):
    for key in ("AKIAIOSFODNN7EXAMPLE", "x"):
        sts = boto3.client(
            "sts",
            endpoint_url=sandbox.running.url,
            region_name="us-east-1",
            aws_access_key_id=key,
            aws_secret_access_key="y",
        )
        assert sts.get_caller_identity()["Account"] == "123456789012"


def test_s3_objects_survive_whatever_their_names_and_sizes(sandbox):
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="objects", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    body = bytes(range(256)) * 80_000
    s3.put_object(Bucket="objects", Key="a/ä ö+%.bin", Body=body, Metadata={"under_score": "1"})
    assert s3.get_object(Bucket="objects", Key="a/ä ö+%.bin")["Body"].read() == body
    head = s3.head_object(Bucket="objects", Key="a/ä ö+%.bin")
    assert head["ContentLength"] == len(body)
    assert head["Metadata"] == {"under_score": "1"}
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="objects", Key="absent")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "objects", "Key": "a/ä ö+%.bin"})
    assert urllib.request.urlopen(url).read() == body


def test_every_call_is_logged_and_changing_ones_are_told_apart(sandbox):
    before = len(client.calls(sandbox.running))
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="/witness")
    logs.describe_log_groups()
    with pytest.raises(ClientError):
        logs.create_log_group(logGroupName="/witness")
    seen = client.calls(sandbox.running, after=before)
    assert [(c["operation"], c["mutating"], c["status"], c["error"]) for c in seen] == [
        ("CreateLogGroup", True, 200, ""),
        ("DescribeLogGroups", False, 200, ""),
        ("CreateLogGroup", True, 400, "ResourceAlreadyExistsException"),
    ]
    assert client.status(sandbox.folder).calls["mutating"] >= 2


def test_services_that_share_a_signing_name_are_told_apart(sandbox):
    assert sandbox.client("apigatewayv2").get_apis()["Items"] == []
    assert sandbox.client("apigateway").get_rest_apis()["items"] == []
    assert sandbox.client("elb").describe_load_balancers()["LoadBalancerDescriptions"] == []
    assert sandbox.client("elbv2").describe_load_balancers()["LoadBalancers"] == []
    assert sandbox.client("cloudwatch").describe_alarms()["MetricAlarms"] == []


def test_managed_policies_exist_and_are_not_inventory(sandbox):
    arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    assert sandbox.client("iam").get_policy(PolicyArn=arn)["Policy"]["Arn"] == arn
    assert not [r for r in client.inventory(sandbox.running) if r["kind"] == "policy"]


@pytest.mark.parametrize("token", [None, "guess"])
def test_admin_pages_need_the_token(sandbox, token):
    address = sandbox.running.url.removeprefix("http://")
    connection = http.client.HTTPConnection(address)
    connection.request("POST", "/_sandbox/shutdown", headers={"X-Sandbox-Token": token} if token else {})
    assert connection.getresponse().status == 403
    assert client.find(sandbox.folder) is not None


def test_inventory_follows_what_exists(sandbox: Sandbox):
    sandbox.deploy("counted")
    kinds = {(r["kind"], r["name"]) for r in client.inventory(sandbox.running)}
    assert {
        ("endpoint", "counted"),
        ("endpoint configuration", "counted-1"),
        ("model", "counted-1"),
        ("role", "sagemaker"),
        ("repository", "services"),
        ("log group", "/aws/sagemaker/Endpoints/counted"),
    } <= kinds
