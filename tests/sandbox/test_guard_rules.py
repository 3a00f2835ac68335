"""Rules that moto lacks: each is broken once, and the refusal is AWS's and names the rule in the request log."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from functions import make_function
from running_sandbox import Sandbox

from mldeploy_sandbox import client

TRUST = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
ENDPOINT = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
POOL = "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_missing00"


def document(*statements: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refusal(sandbox: Sandbox, call: Callable[..., Any], **params: Any) -> tuple[str, int, str]:
    """Return code, status and rule."""
    before = len(client.calls(sandbox.running))
    with pytest.raises(ClientError) as caught:
        call(**params)
    response = caught.value.response
    rule = client.calls(sandbox.running, after=before)[-1]["rule"]
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"], rule


@pytest.fixture(scope="module")
def api(sandbox: Sandbox) -> dict[str, str]:
    made = sandbox.client("apigateway").create_rest_api(name="rules")
    return {"restApiId": made["id"], "parentId": made["rootResourceId"]}


def test_a_path_part_is_taken_once(sandbox, api):
    gateway = sandbox.client("apigateway")
    gateway.create_resource(**api, pathPart="predict")
    assert refusal(sandbox, gateway.create_resource, **api, pathPart="predict") == (
        "ConflictException",
        409,
        "apigateway-resource-taken",
    )


def test_an_authorizer_needs_its_pool(sandbox, api):
    params = {
        "restApiId": api["restApiId"],
        "name": "jwt",
        "type": "COGNITO_USER_POOLS",
        "providerARNs": [POOL],
        "identitySource": "method.request.header.Authorization",
    }
    code, status, rule = refusal(sandbox, sandbox.client("apigateway").create_authorizer, **params)
    assert (code, status, rule) == ("BadRequestException", 400, "apigateway-authorizer-pool")


def test_a_usage_plan_needs_its_stages(sandbox, api):
    stages = [{"apiId": api["restApiId"], "stage": "missing"}]
    found = refusal(sandbox, sandbox.client("apigateway").create_usage_plan, name="p", apiStages=stages)
    assert found == ("NotFoundException", 404, "apigateway-plan-stage")


@pytest.mark.parametrize("text", ["{", document(), document({"Effect": "Allow", "Action": "sts:AssumeRole"})])
def test_a_trust_policy_is_read(sandbox, text):
    if text == document():
        text = document({})
    found = refusal(sandbox, sandbox.client("iam").create_role, RoleName="r", AssumeRolePolicyDocument=text)
    assert found == ("MalformedPolicyDocument", 400, "iam-trust-policy")


def test_inline_policies_have_a_size(sandbox):
    iam = sandbox.client("iam")
    iam.create_role(RoleName="large", AssumeRolePolicyDocument=document(TRUST))
    names = [f"arn:aws:s3:::bucket-with-a-long-name-{number:04}/*" for number in range(120)]
    half = document({"Effect": "Allow", "Action": "s3:GetObject", "Resource": names})
    iam.put_role_policy(RoleName="large", PolicyName="one", PolicyDocument=half)
    iam.put_role_policy(RoleName="large", PolicyName="one", PolicyDocument=half)
    found = refusal(sandbox, iam.put_role_policy, RoleName="large", PolicyName="two", PolicyDocument=half)
    assert found == ("LimitExceeded", 409, "iam-inline-policy-size")


def test_only_a_role_that_exists_is_assumed(sandbox):
    role = "arn:aws:iam::123456789012:role/missing"
    found = refusal(sandbox, sandbox.client("sts").assume_role, RoleArn=role, RoleSessionName="test")
    assert found == ("AccessDenied", 403, "sts-role-exists")


def test_managed_policies_are_there_when_they_are_asked_for(sandbox):
    iam = sandbox.client("iam")
    iam.create_role(RoleName="managed", AssumeRolePolicyDocument=document(TRUST))
    arn = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
    iam.attach_role_policy(RoleName="managed", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="managed")["AttachedPolicies"][0]["PolicyArn"] == arn


def test_logs_are_kept_for_certain_days(sandbox):
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="rules")
    logs.put_retention_policy(logGroupName="rules", retentionInDays=30)
    found = refusal(sandbox, logs.put_retention_policy, logGroupName="rules", retentionInDays=31)
    assert found == ("InvalidParameterException", 400, "logs-retention-days")


def test_metrics_and_alarms(sandbox):
    watch = sandbox.client("cloudwatch")
    data = [{"MetricName": "m", "Value": 1.0}]
    found = refusal(sandbox, watch.put_metric_data, Namespace="AWS/SageMaker", MetricData=data)
    assert found == ("InvalidParameterValue", 400, "cloudwatch-aws-namespace")
    alarm = {"AlarmName": "a", "EvaluationPeriods": 1, "Threshold": 1.0}
    found = refusal(sandbox, watch.put_metric_alarm, **alarm, ComparisonOperator="GreaterThanThreshold")
    assert found == ("ValidationError", 400, "cloudwatch-alarm-metric")


def test_a_schedule_has_a_form(sandbox):
    params = {**ENDPOINT, "ScheduledActionName": "night", "Schedule": "every night", "ScalableTargetAction": {}}
    found = refusal(sandbox, sandbox.client("application-autoscaling").put_scheduled_action, **params)
    assert found == ("ValidationException", 400, "autoscaling-schedule")


def test_a_function_and_its_aliases(sandbox):
    make_function(sandbox, "ruled", "def main(event, context): return 1")
    functions, name = sandbox.client("lambda"), {"FunctionName": "ruled"}
    network = {"SubnetIds": ["subnet-0123456789abcdef0"], "SecurityGroupIds": ["sg-0123456789abcdef0"]}
    invalid = "InvalidParameterValueException"
    change = functions.update_function_configuration
    assert refusal(sandbox, change, **name, VpcConfig=network) == (invalid, 400, "lambda-network-exists")
    role = "arn:aws:iam::123456789012:role/missing"
    assert refusal(sandbox, change, **name, Role=role) == (invalid, 400, "lambda-role-exists")
    reserve = functions.put_function_concurrency
    assert refusal(sandbox, reserve, **name, ReservedConcurrentExecutions=901) == (
        invalid,
        400,
        "lambda-unreserved-concurrency",
    )
    alias = {**name, "Name": "live", "FunctionVersion": "$LATEST"}
    functions.create_alias(**alias)
    assert refusal(sandbox, functions.create_alias, **alias) == (
        "ResourceConflictException",
        409,
        "lambda-alias-taken",
    )
    weights = {"AdditionalVersionWeights": {"9": 0.1}}
    found = refusal(sandbox, functions.update_alias, **name, Name="live", RoutingConfig=weights)
    assert found == ("ResourceNotFoundException", 404, "lambda-alias-routing")


def test_a_revision_stops_a_change_of_what_changed(sandbox):
    make_function(sandbox, "revised", "def main(event, context): return 1")
    functions, name = sandbox.client("lambda"), {"FunctionName": "revised"}
    seen = functions.get_function_configuration(**name)["RevisionId"]
    assert functions.get_function(**name)["Configuration"]["RevisionId"] == seen
    newer = functions.update_function_configuration(**name, Timeout=7, RevisionId=seen)["RevisionId"]
    assert newer != seen
    found = refusal(sandbox, functions.update_function_configuration, **name, Timeout=8, RevisionId=seen)
    assert found == ("PreconditionFailedException", 412, "lambda-revision")


def test_a_security_group_in_use_stays(sandbox):
    networks, functions = sandbox.client("ec2"), sandbox.client("lambda")
    vpc = networks.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = networks.create_subnet(VpcId=vpc, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    group = networks.create_security_group(GroupName="used", Description="d", VpcId=vpc)["GroupId"]
    make_function(sandbox, "inside", "def main(event, context): return 1")
    place = {"SubnetIds": [subnet], "SecurityGroupIds": [group]}
    functions.update_function_configuration(FunctionName="inside", VpcConfig=place)
    found = refusal(sandbox, networks.delete_security_group, GroupId=group)
    assert found == ("DependencyViolation", 400, "ec2-security-group-in-use")
    functions.delete_function(FunctionName="inside")
    networks.delete_security_group(GroupId=group)


def test_patterns_with_unicode_classes_are_checked(sandbox):
    iam, tag = sandbox.client("iam"), {"Key": "größe", "Value": "Süd"}
    iam.create_role(RoleName="tagged", AssumeRolePolicyDocument=document(TRUST), Tags=[tag])
    bad = [{"Key": "owner", "Value": "a;b"}]
    found = refusal(sandbox, iam.tag_role, RoleName="tagged", Tags=bad)
    assert found[:2] == ("ValidationError", 400)


def test_there_are_no_machines(sandbox):
    found = refusal(sandbox, sandbox.client("ec2").describe_instance_types, InstanceTypes=["m5.large"])
    assert found[:2] == ("NotImplemented", 501)
