"""What Lambda refuses or keeps in order, and moto would not."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError
from functions import make_function, zipped

SOURCE = "def main(event, context): return 1"
ARN = "arn:aws:execute-api:eu-central-1:123456789012:api/*/POST/predict"


@pytest.mark.parametrize(
    ("settings", "code", "message"),
    [
        ({"Timeout": 901}, "ValidationException", "less than or equal to 900"),
        ({"Runtime": "python3.8"}, "InvalidParameterValueException", "python3.8 is no longer supported"),
        ({"Runtime": "python4"}, "ValidationException|InvalidParameterValueException", "python4"),
        ({"Handler": None}, "InvalidParameterValueException", "Runtime and Handler are mandatory"),
        ({"Code": {"ZipFile": b"not a zip"}}, "InvalidParameterValueException", "Could not unzip uploaded file"),
        (
            {"Environment": {"Variables": {"AWS_REGION": "x", "TTL": "1"}}},
            "InvalidParameterValueException",
            "Reserved keys used in this request: AWS_REGION",
        ),
        ({"Environment": {"Variables": {"TEXT": "x" * 4096}}}, "InvalidParameterValueException", "4KB limit"),
        ({"Role": "arn:aws:iam::123456789012:role/nobody"}, "InvalidParameterValueException", "cannot be assumed"),
    ],
)
def test_a_function_that_aws_would_refuse(sandbox, settings, code, message):
    with pytest.raises(ClientError, match=message) as refused:
        make_function(sandbox, "refused", SOURCE, **settings)
    assert refused.value.response["Error"]["Code"] in code.split("|")


def test_a_new_function_is_active_and_its_last_update_successful(sandbox):
    make_function(sandbox, "active", SOURCE)
    client = sandbox.client("lambda")
    found = client.get_function_configuration(FunctionName="active")
    assert (found["State"], found["LastUpdateStatus"]) == ("Active", "Successful")
    client.update_function_configuration(FunctionName="active", Timeout=9)
    changed = client.get_function_configuration(FunctionName="active")
    assert (changed["LastUpdateStatus"], changed["Timeout"]) == ("Successful", 9)
    with pytest.raises(ClientError, match="901"):
        client.update_function_configuration(FunctionName="active", Timeout=901)


def test_publishing_nothing_new_gives_the_same_version(sandbox):
    make_function(sandbox, "published", SOURCE)
    client = sandbox.client("lambda")

    def publish() -> str:
        return client.publish_version(FunctionName="published")["Version"]

    assert (publish(), publish()) == ("1", "1")
    client.update_function_code(FunctionName="published", ZipFile=zipped(SOURCE))
    assert publish() == "1"
    client.update_function_configuration(FunctionName="published", Timeout=9)
    assert (publish(), publish()) == ("2", "2")


def test_a_version_number_is_never_used_twice(sandbox):
    client = sandbox.client("lambda")
    make_function(sandbox, "numbered", SOURCE)
    client.publish_version(FunctionName="numbered")
    client.update_function_code(FunctionName="numbered", ZipFile=zipped(SOURCE + "1"), Publish=True)
    client.delete_function(FunctionName="numbered", Qualifier="1")
    client.update_function_configuration(FunctionName="numbered", Timeout=5)
    assert client.publish_version(FunctionName="numbered")["Version"] == "3"


@pytest.mark.req("6.6")
def test_a_statement_id_is_taken_once_per_resource(sandbox):
    client = sandbox.client("lambda")
    make_function(sandbox, "permitted", SOURCE)
    statement = {
        "FunctionName": "permitted",
        "StatementId": "gateway",
        "Action": "lambda:InvokeFunction",
        "Principal": "apigateway.amazonaws.com",
        "SourceArn": ARN,
    }
    client.add_permission(**statement)
    with pytest.raises(ClientError, match=r"The statement id \(gateway\) provided already exists") as refused:
        client.add_permission(**statement)
    assert refused.value.response["Error"]["Code"] == "ResourceConflictException"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 409
    client.publish_version(FunctionName="permitted")
    client.add_permission(**statement, Qualifier="1")
    found = json.loads(client.get_policy(FunctionName="permitted")["Policy"])["Statement"]
    assert [item["Resource"].rsplit(":", 1)[-1] for item in found] == ["permitted"]
    client.remove_permission(FunctionName="permitted", StatementId="gateway")
    with pytest.raises(ClientError, match="does not exist"):
        client.get_policy(FunctionName="permitted")


def test_a_function_can_be_published_when_it_is_made(sandbox):
    client = sandbox.client("lambda")
    arn = make_function(sandbox, "born", SOURCE, Publish=True)
    assert arn.endswith(":born:1")
    assert client.publish_version(FunctionName="born")["Version"] == "1"
