"""Strict mode: AWS's delays, rates, quotas and eventual consistency, moved through by the sandbox's clock."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from functions import make_function
from running_sandbox import Sandbox, eventually

from mldeploy.errors import UsageError
from mldeploy_sandbox import client
from mldeploy_sandbox.settings import Settings

NONE_ALLOWED = "ml.g5.xlarge"


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("strict")
    yield Sandbox(client.ensure(folder, kept=False, settings=Settings(mode="strict")), folder, patient=False)
    client.stop(folder)


def refusal(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**params)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def last_rule(sandbox: Sandbox) -> str:
    return str(client.calls(sandbox.running)[-1]["rule"])


def test_a_new_role_a_new_model_and_a_new_configuration_take_their_time(strict):
    sagemaker = strict.client("sagemaker")
    role, container = strict.role(), {"Image": strict.push()}
    model = {"ModelName": "m", "ExecutionRoleArn": role, "PrimaryContainer": container}
    assert refusal(sagemaker.create_model, **model)[1].startswith(f"Could not assume role {role}")
    assert last_rule(strict) == "iam-propagation"
    strict.advance(8)
    sagemaker.create_model(**model)
    variant = {"VariantName": "v", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    config = {"EndpointConfigName": "c", "ProductionVariants": [variant]}
    assert 'Could not find model "arn:aws:sagemaker' in refusal(sagemaker.create_endpoint_config, **config)[1]
    strict.advance(3)
    sagemaker.create_endpoint_config(**config)
    endpoint = {"EndpointName": "e", "EndpointConfigName": "c"}
    assert "Could not find endpoint configuration" in refusal(sagemaker.create_endpoint, **endpoint)[1]
    assert last_rule(strict) == "sagemaker-endpoint-config-visibility"


def test_a_new_function_is_pending_and_an_update_keeps_others_out(strict):
    functions, name = strict.client("lambda"), {"FunctionName": "slow"}
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        make_function(strict, "slow", "def main(event, context): return 1")
    strict.advance(8)
    make_function(strict, "slow", "def main(event, context): return 1")
    assert functions.get_function(**name)["Configuration"]["State"] == "Pending"
    assert refusal(functions.invoke, **name)[0] == "ResourceConflictException"
    assert last_rule(strict) == "lambda-pending"
    strict.advance(5)
    assert functions.get_function_configuration(**name)["State"] == "Active"
    assert functions.update_function_configuration(**name, Timeout=5)["LastUpdateStatus"] == "InProgress"
    assert refusal(functions.update_function_configuration, **name, Timeout=6)[0] == "ResourceConflictException"
    functions.invoke(**name)
    strict.advance(3)
    functions.update_function_configuration(**name, Timeout=6)


def test_rest_apis_are_made_and_deleted_slowly(strict):
    gateway = strict.client("apigateway")
    one = gateway.create_rest_api(name="one")["id"]
    assert refusal(gateway.create_rest_api, name="two") == ("TooManyRequestsException", "Too Many Requests")
    strict.advance(3)
    two = gateway.create_rest_api(name="two")["id"]
    gateway.delete_rest_api(restApiId=one)
    for seconds in (0, 28):
        strict.advance(seconds)
        assert refusal(gateway.delete_rest_api, restApiId=two)[0] == "TooManyRequestsException"
    assert last_rule(strict) == "apigateway-rates"
    strict.advance(2)
    gateway.delete_rest_api(restApiId=two)


def test_a_quota_of_nothing_stops_an_endpoint_until_it_is_granted(strict):
    sagemaker, quotas = strict.client("sagemaker"), strict.client("service-quotas")
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    found = {quota["QuotaName"]: quota for page in pages for quota in page["Quotas"]}
    quota = found[f"{NONE_ALLOWED} for endpoint usage"]
    assert (quota["Value"], found["ml.m5.large for endpoint usage"]["Value"]) == (0, 20)
    code = {"ServiceCode": "sagemaker", "QuotaCode": quota["QuotaCode"]}
    assert quotas.get_service_quota(**code)["Quota"]["QuotaName"] == quota["QuotaName"]
    strict.role()
    strict.advance(8)
    sagemaker.create_model(ModelName="large", ExecutionRoleArn=strict.role(), PrimaryContainer={"Image": strict.push()})
    strict.advance(3)
    variant = {"VariantName": "v", "ModelName": "large", "InstanceType": NONE_ALLOWED, "InitialInstanceCount": 2}
    sagemaker.create_endpoint_config(EndpointConfigName="large", ProductionVariants=[variant])
    strict.advance(3)
    endpoint = {"EndpointName": "large", "EndpointConfigName": "large"}
    refused = refusal(sagemaker.create_endpoint, **endpoint)
    assert refused[0] == "ResourceLimitExceeded"
    assert f"'{NONE_ALLOWED} for endpoint usage' is 0 Instances" in refused[1]
    assert "a request delta of 2 Instances" in refused[1]
    client.ask(strict.running, "POST", "quota", {"name": quota["QuotaName"], "value": "3"})
    sagemaker.create_endpoint(**endpoint)
    describe = sagemaker.describe_endpoint
    assert describe(EndpointName="large")["EndpointStatus"] == "Creating"
    eventually(lambda: strict.advance(60) or describe(EndpointName="large")["EndpointStatus"] == "InService")
    assert refusal(sagemaker.update_endpoint, **endpoint)[0] == "ResourceLimitExceeded"


def test_the_tag_index_lags(strict):
    tags = strict.client("resourcegroupstaggingapi")
    query = {"TagFilters": [{"Key": "lags", "Values": ["yes"]}]}
    assert tags.get_resources(**query)["ResourceTagMappingList"] == []
    strict.client("logs").create_log_group(logGroupName="tagged", tags={"lags": "yes"})
    assert tags.get_resources(**query)["ResourceTagMappingList"] == []
    strict.advance(60)
    assert len(tags.get_resources(**query)["ResourceTagMappingList"]) == 1


def test_a_running_sandbox_keeps_its_mode(strict):
    with pytest.raises(UsageError, match="a strict sandbox runs here, not a plain one"):
        client.ensure(strict.folder, kept=False, settings=Settings(mode="plain"))
    assert client.ensure(strict.folder, kept=False).mode == "strict"


@pytest.mark.full
def test_a_plain_sandbox_waits_for_nothing(tmp_path):
    sandbox = Sandbox(client.ensure(tmp_path, kept=False, settings=Settings(mode="plain")), tmp_path)
    sandbox.configure("at-once")
    make_function(sandbox, "at-once", "def main(event, context): return 1")
    assert sandbox.client("lambda").invoke(FunctionName="at-once")["StatusCode"] == 200
    client.stop(tmp_path)
