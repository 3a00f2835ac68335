"""OpenAPI documents that become REST APIs, deployments that freeze them, and the rules around both."""

from __future__ import annotations

import json

import pytest
import yaml
from botocore.exceptions import ClientError
from functions import make_function
from gateway import FUNCTION, Api, Pool, document, mock, operation, proxy, secured


def resources(api: Api) -> dict[str, dict]:
    found = api.client.get_resources(restApiId=api.id, embed=["methods"])["items"]
    return {item["path"]: item for item in found}


def marked(text: str) -> dict:
    """Return a document whose answer says which version it is."""
    integration = mock(200, responseTemplates={"application/json": json.dumps({"version": text})})
    return document({"/predict": {"post": operation(integration)}})


@pytest.mark.req("6.3")
def test_everything_in_the_document_is_in_the_api(sandbox):
    pool = Pool(sandbox, "imported")
    make_function(sandbox, "imported", FUNCTION)
    given = secured(pool, "imported")
    given["info"]["description"] = "Predicts."
    given["components"]["schemas"] = {"Request": {"type": "object"}}
    given["x-amazon-apigateway-request-validators"] = {"body": {"validateRequestBody": True}}
    given["x-amazon-apigateway-gateway-responses"] = {"THROTTLED": {"statusCode": 503}}
    post = given["paths"]["/predict"]["post"]
    post["operationId"] = "predict"
    post["x-amazon-apigateway-request-validator"] = "body"
    post["requestBody"] = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Request"}}}}
    post["x-amazon-apigateway-integration"]["timeoutInMillis"] = 5000
    api = Api(sandbox, given)
    described = api.client.get_rest_api(restApiId=api.id)
    assert (described["name"], described["description"], described["version"]) == ("demo", "Predicts.", "1")
    authorizer = api.client.get_authorizers(restApiId=api.id)["items"][0]
    assert (authorizer["type"], authorizer["providerARNs"]) == ("COGNITO_USER_POOLS", [pool.arn])
    assert authorizer["identitySource"] == "method.request.header.Authorization"
    validator = api.client.get_request_validators(restApiId=api.id)["items"][0]
    place = {"restApiId": api.id, "resourceId": resources(api)["/predict"]["id"], "httpMethod": "POST"}
    method = api.client.get_method(**place)
    assert method["authorizationType"] == "COGNITO_USER_POOLS"
    assert method["authorizerId"] == authorizer["id"]
    assert method["authorizationScopes"] == ["api/predict"]
    assert method["apiKeyRequired"] is True
    assert method["operationName"] == "predict"
    assert method["requestValidatorId"] == validator["id"]
    assert method["requestModels"] == {"application/json": "Request"}
    assert set(method["methodResponses"]) == {"200"}
    integration = api.client.get_integration(**place)
    assert (integration["type"], integration["timeoutInMillis"]) == ("AWS_PROXY", 5000)
    model = api.client.get_model(restApiId=api.id, modelName="Request")
    assert json.loads(model["schema"])["type"] == "object"
    response = api.client.get_gateway_response(restApiId=api.id, responseType="THROTTLED")
    assert response["statusCode"] == "503"
    assert set(resources(api)) == {"/", "/me", "/predict"}


def test_yaml_is_read_and_the_endpoint_type_is_a_parameter(sandbox):
    client = sandbox.client("apigateway")
    body = yaml.safe_dump(marked("1")).encode()
    made = client.import_rest_api(body=body, parameters={"endpointConfigurationTypes": "REGIONAL"})
    assert made["endpointConfiguration"]["types"] == ["REGIONAL"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[1]", "not an object"),
        (b"a: b: c", "Invalid OpenAPI input"),
        (b'{"swagger": "2.0"}', "only OpenAPI 3"),
        (json.dumps({"openapi": "3.0.1", "info": {}}), "info.title is missing"),
        (json.dumps(document({"/a b": {}})), "path part"),
        (json.dumps(document({"/a": {"get": operation({"type": "magic"})}})), "Invalid integration type 'magic'"),
        (json.dumps(document({"/a": {"get": operation({**mock(), "timeoutInMillis": 29001})}})), "50 ms and 29000 ms"),
        (json.dumps(document({"/a": {"get": operation(mock(), security=[{"nobody": []}])}})), "'nobody' in GET /a"),
        (
            json.dumps(document({"/a": {"get": operation({"type": "aws_proxy", "httpMethod": "POST", "uri": "x"})}})),
            "Invalid ARN",
        ),
    ],
)
def test_a_document_that_cannot_be_used_makes_no_api(sandbox, body, message):
    client = sandbox.client("apigateway")
    before = {api["id"] for api in client.get_rest_apis()["items"]}
    with pytest.raises(ClientError, match=message) as refused:
        client.import_rest_api(body=body)
    assert refused.value.response["Error"]["Code"] == "BadRequestException"
    assert {api["id"] for api in client.get_rest_apis()["items"]} == before


def test_what_would_get_lost_is_a_warning(sandbox):
    client = sandbox.client("apigateway")
    responses = {"404": {"statusCode": "500"}, "default": {"statusCode": "500"}}
    body = json.dumps(document({"/a": {"get": operation({**mock(), "responses": responses})}}))
    with pytest.raises(ClientError, match="GET /a has two integration responses for status 500"):
        client.import_rest_api(body=body, failOnWarnings=True)
    assert "status 500" in client.import_rest_api(body=body)["warnings"][0]


@pytest.mark.req("6.5")
def test_a_stage_serves_what_was_deployed(sandbox):
    api = Api(sandbox, marked("one"))
    api.put(marked("two"))
    assert api.call({}).json() == {"version": "one"}
    first = api.deployment
    api.deploy()
    assert api.call({}).json() == {"version": "two"}
    api.change_stage("/deploymentId", first)
    assert api.call({}).json() == {"version": "one"}


def test_deploying_to_a_stage_keeps_its_settings(sandbox):
    api = Api(sandbox, marked("one"))
    api.change_stage("/*/*/throttling/burstLimit", "7")
    api.change_stage("/variables/colour", "red")
    api.put(marked("two"))
    api.client.create_deployment(restApiId=api.id, stageName="dev")
    assert api.call({}).json() == {"version": "two"}
    stage = api.client.get_stage(restApiId=api.id, stageName="dev")
    assert stage["variables"] == {"colour": "red"}
    assert stage["methodSettings"]["*/*"]["throttlingBurstLimit"] == 7


def test_overwrite_removes_and_merge_keeps_what_is_not_in_the_document(sandbox):
    api = Api(sandbox, document({"/a/b": {"get": operation(mock())}, "/c": {"get": operation(mock())}}))
    ids = {path: item["id"] for path, item in resources(api).items()}
    api.put(document({"/c": {"post": operation(mock())}, "/d": {"get": operation(mock())}}), mode="merge")
    found = resources(api)
    assert set(found) == {"/", "/a", "/a/b", "/c", "/d"}
    assert set(found["/c"]["resourceMethods"]) == {"GET", "POST"}
    api.put(document({"/c": {"post": operation(mock())}}), mode="overwrite")
    found = resources(api)
    assert set(found) == {"/", "/c"}
    assert set(found["/c"]["resourceMethods"]) == {"POST"}
    assert found["/c"]["id"] == ids["/c"]


def test_importing_the_same_again_changes_nothing(sandbox):
    pool = Pool(sandbox, "again")
    make_function(sandbox, "again", FUNCTION)
    api = Api(sandbox, secured(pool, "again"))
    api.put(secured(pool, "again"))
    assert len(api.client.get_authorizers(restApiId=api.id)["items"]) == 1
    assert set(resources(api)) == {"/", "/me", "/predict"}


def test_what_is_in_use_is_not_deleted(sandbox):
    api = Api(sandbox, marked("one"))
    api.add_key()
    client = api.client
    with pytest.raises(ClientError, match="Active stages pointing to this deployment must be moved or deleted"):
        client.delete_deployment(restApiId=api.id, deploymentId=api.deployment)
    with pytest.raises(ClientError, match=r"Cannot delete Usage Plan .* because there are API Stages associated"):
        client.delete_usage_plan(usagePlanId=api.plan)
    change = {"op": "remove", "path": "/apiStages", "value": f"{api.id}:dev"}
    client.update_usage_plan(usagePlanId=api.plan, patchOperations=[change])
    client.delete_usage_plan(usagePlanId=api.plan)
    client.delete_stage(restApiId=api.id, stageName="dev")
    client.delete_deployment(restApiId=api.id, deploymentId=api.deployment)
    client.delete_rest_api(restApiId=api.id)
    assert api.call({}).status_code == 403


@pytest.mark.parametrize(
    ("operation_name", "params"),
    [
        ("delete_rest_api", {}),
        ("get_deployment", {"deploymentId": "nothere"}),
        ("create_stage", {"deploymentId": "nothere", "stageName": "x"}),
        ("delete_usage_plan", {"usagePlanId": "nothere"}),
        ("put_rest_api", {"body": json.dumps(marked("x"))}),
    ],
)
def test_what_does_not_exist_is_not_found(sandbox, operation_name, params):
    given = params if "usagePlanId" in params else {"restApiId": "nothere", **params}
    with pytest.raises(ClientError) as refused:
        getattr(sandbox.client("apigateway"), operation_name)(**given)
    assert refused.value.response["Error"]["Code"] == "NotFoundException"


def test_a_timeout_beyond_29_seconds_is_refused(sandbox):
    make_function(sandbox, "bounded", FUNCTION)
    api = Api(sandbox, document({"/predict": {"post": operation(proxy("bounded"))}}))
    place = {"restApiId": api.id, "resourceId": resources(api)["/predict"]["id"], "httpMethod": "POST"}
    with pytest.raises(ClientError, match="Timeout should be between 50 ms and 29000 ms"):
        api.client.put_integration(**place, type="MOCK", timeoutInMillis=29001)
