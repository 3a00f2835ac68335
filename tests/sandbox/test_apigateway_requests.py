"""What happens to a request that may come in: validation, integrations, answers."""

from __future__ import annotations

import base64
import json

import pytest
from functions import make_function, role
from gateway import ACCOUNT, FUNCTION, Api, document, mock, operation, proxy
from running_sandbox import REGION

ERRORS = "InternalServerErrorException"
SCHEMAS = {
    "Text": {"type": "string", "maxLength": 3},
    "Request": {
        "type": "object",
        "required": ["instances"],
        "properties": {"instances": {"type": "array", "items": {"$ref": "#/components/schemas/Text"}}},
    },
}
VALIDATORS = {
    "x-amazon-apigateway-request-validators": {"all": {"validateRequestBody": True, "validateRequestParameters": True}}
}


def described(paths):
    validated = operation(
        proxy("echo"),
        parameters=[
            {"name": "version", "in": "query", "required": True, "schema": {"type": "string"}},
            {"name": "X-Tenant", "in": "header", "required": True, "schema": {"type": "string"}},
        ],
        requestBody={"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Request"}}}},
    )
    return {
        **document(
            {
                "/predict": {"post": operation(proxy("echo")), "options": operation(mock(204))},
                "/late": {"post": operation(proxy("echo", timeoutInMillis=200))},
                "/validated": {"post": {**validated, "x-amazon-apigateway-request-validator": "all"}},
                "/items/{id}": {"get": operation(proxy("echo"))},
                "/items/special": {"get": operation(mock(200))},
                "/files/{path+}": {"x-amazon-apigateway-any-method": operation(proxy("echo"))},
                "/missing": {"get": operation(proxy("not-there"))},
                **paths,
            },
            components={"schemas": SCHEMAS},
        ),
        **VALIDATORS,
        "x-amazon-apigateway-binary-media-types": ["image/*"],
        "x-amazon-apigateway-gateway-responses": {
            "DEFAULT_4XX": {"responseParameters": {"gatewayresponse.header.Access-Control-Allow-Origin": "'*'"}},
            "BAD_REQUEST_BODY": {
                "statusCode": 422,
                "responseTemplates": {"application/json": '{"detail": $context.error.messageString}'},
            },
        },
    }


@pytest.fixture(scope="module")
def api(sandbox) -> Api:
    make_function(sandbox, "echo", FUNCTION, Timeout=10)
    made = Api(sandbox, described({}))
    made.let_in("echo")
    return made


@pytest.mark.req("6.6")
def test_the_function_gets_the_whole_request(api):
    answer = api.call({"a": "ü"}, path="/predict?b=1&b=2", headers={"X-Tenant": "red"})
    assert answer.status_code == 201
    assert answer.headers["x-amzn-RequestId"]
    assert answer.headers["x-amz-apigw-id"]
    event = answer.json()
    assert event["resource"] == event["path"] == "/predict"
    assert event["httpMethod"] == "POST"
    assert event["headers"]["X-Tenant"] == "red"
    assert event["multiValueHeaders"]["X-Tenant"] == ["red"]
    assert event["queryStringParameters"] == {"b": "2"}
    assert event["multiValueQueryStringParameters"] == {"b": ["1", "2"]}
    assert (json.loads(event["body"]), event["isBase64Encoded"]) == ({"a": "ü"}, False)
    context = event["requestContext"]
    assert context["requestId"] == answer.headers["x-amzn-RequestId"]
    assert (context["stage"], context["path"], context["apiId"]) == ("dev", "/dev/predict", api.id)
    assert context["identity"]["sourceIp"] == "127.0.0.1"


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/items/7", "/items/{id}", {"id": "7"}),
        ("/items/a%20b", "/items/{id}", {"id": "a b"}),
        ("/files/a/b.txt", "/files/{path+}", {"path": "a/b.txt"}),
    ],
)
def test_paths_have_variables(api, path, resource, parameters):
    event = api.call(method="GET", path=path).json()
    assert (event["resource"], event["pathParameters"]) == (resource, parameters)


def test_a_literal_path_wins_over_a_variable(api):
    assert api.call(method="GET", path="/items/special").text == ""


@pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("GET", "/predict"), ("DELETE", "/items/special")])
def test_what_is_not_there_asks_for_a_token(api, method, path):
    answer = api.call(method=method, path=path)
    assert (answer.status_code, answer.json()) == (403, {"message": "Missing Authentication Token"})
    assert answer.headers["x-amzn-ErrorType"] == "MissingAuthenticationTokenException"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_binary_bodies_travel_as_base64(api):
    picture = bytes(range(256))
    event = api.call(picture, headers={"Content-Type": "image/png"}).json()
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (picture, True)
    order = {
        "body": base64.b64encode(picture).decode(),
        "isBase64Encoded": True,
        "headers": {"Content-Type": "image/x"},
    }
    assert api.call({"order": order}, headers={"Accept": "image/png"}).content == picture


def test_the_answer_is_the_functions(api):
    order = {
        "statusCode": "429",
        "headers": {"Content-Type": "text/plain", "Date": "never"},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "body": "slow down",
    }
    answer = api.call({"order": order})
    assert (answer.status_code, answer.text) == (429, "slow down")
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["x-amzn-Remapped-Date"] == "never"
    assert answer.cookies.get_dict() == {"a": "1", "b": "2"}


@pytest.mark.parametrize(
    "order", ["raise", {"status": 200}, {"statusCode": 200, "body": {"not": "text"}}, {"statusCode": "many"}]
)
def test_a_function_that_fails_or_answers_nonsense_is_a_bad_gateway(api, order):
    answer = api.call({"order": order})
    assert (answer.status_code, answer.json()) == (502, {"message": "Internal server error"})
    assert answer.headers["x-amzn-ErrorType"] == ERRORS


@pytest.mark.req("5.7")
def test_an_integration_is_cut_at_its_timeout(api):
    answer = api.call({"order": "sleep"}, path="/late")
    assert (answer.status_code, answer.json()) == (504, {"message": "Endpoint request timed out"})
    assert answer.elapsed.total_seconds() < 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"instances": ["abc"]}, 201),
        ({"instances": ["abcd"]}, 422),
        ({"instances": [1]}, 422),
        ({}, 422),
        (b"{", 422),
        (b"", 422),
        ([], 422),
    ],
)
def test_the_body_is_checked_against_the_model(api, body, status):
    answer = api.call(body, path="/validated?version=1", headers={"X-Tenant": "red"})
    assert answer.status_code == status
    if status == 422:
        assert answer.json() == {"detail": "Invalid request body"}


def test_required_parameters_are_named(api):
    answer = api.call({"instances": []}, path="/validated")
    message = "Missing required request parameters: [X-Tenant, version]"
    assert (answer.status_code, answer.json()) == (400, {"message": message})
    assert answer.headers["x-amzn-ErrorType"] == "BadRequestException"


@pytest.mark.req("6.6")
def test_the_function_must_let_the_api_in(sandbox):
    make_function(sandbox, "closed", FUNCTION)
    api = Api(sandbox, document({"/predict": {"post": operation(proxy("closed"))}}))
    assert (api.call().status_code, api.call().json()) == (500, {"message": "Internal server error"})
    api.let_in("closed", path="GET/predict")
    assert api.call().status_code == 500
    sandbox.client("lambda").remove_permission(FunctionName="closed", StatementId=f"gateway-{api.id}")
    api.let_in("closed", path="POST/predict", stage="dev")
    assert api.call().status_code == 201


def test_a_function_that_does_not_exist_is_a_configuration_error(api):
    assert api.call(method="GET", path="/missing").status_code == 500


@pytest.mark.req("6.7")
def test_ten_megabytes_are_the_limit(api):
    limit = 10 * 1024 * 1024
    answer = api.call(b" " * (limit + 1))
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Too Long"})
    assert api.call(b" " * limit).status_code == 502  # Lambda's own limit is lower


@pytest.mark.req("6.9")
def test_a_preflight_is_answered_by_the_gateway_itself(sandbox):
    headers = {"Access-Control-Allow-Origin": "https://example.org", "Access-Control-Allow-Methods": "POST"}
    parameters = {f"method.response.header.{name}": f"'{value}'" for name, value in headers.items()}
    options = operation(mock(204, responseParameters=parameters))
    api = Api(sandbox, document({"/predict": {"options": options}}))
    answer = api.call(method="OPTIONS", headers={"Origin": "https://example.org"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert {name: answer.headers[name] for name in headers} == headers


def test_an_unknown_stage_is_forbidden(api):
    answer = api.call(path="/../../prod/_user_request_/predict")
    assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


UNWRAP = "#set($context.responseOverride.status = $input.path('$.OriginalStatusCode'))$input.path('$.OriginalMessage')"


@pytest.fixture(scope="module")
def direct(sandbox) -> Api:
    """Return an API whose integration calls a SageMaker endpoint without a function between."""
    sandbox.deploy("direct")
    allowed = {"Effect": "Allow", "Action": "sagemaker:InvokeEndpoint", "Resource": "*"}
    roles = {name: role(sandbox, name, statements=found) for name, found in (("caller", [allowed]), ("powerless", []))}
    integration = {
        "type": "aws",
        "httpMethod": "POST",
        "uri": f"arn:aws:apigateway:{REGION}:runtime.sagemaker:path//endpoints/direct/invocations",
        "requestParameters": {"integration.request.header.Accept": "method.request.header.Accept"},
        "responses": {
            "200": {
                "statusCode": "200",
                "responseParameters": {
                    "method.response.header.Content-Type": "integration.response.header.Content-Type",
                    "method.response.header.X-Stage": "context.stage",
                },
            },
            "424": {"statusCode": "424", "responseTemplates": {"application/json": UNWRAP}},
            "default": {"statusCode": "502", "responseTemplates": {"application/json": '{"detail": "failed"}'}},
        },
    }
    operations = {name: operation({**integration, "credentials": arn}) for name, arn in roles.items()}
    return Api(sandbox, document({f"/{name}": {"post": value} for name, value in operations.items()}))


@pytest.mark.req("5.12")
def test_an_endpoint_answers_without_a_function_between(direct):
    answer = direct.call({"a": 1}, path="/caller", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.headers["X-Stage"]) == (200, "dev")
    seen = answer.json()
    assert (json.loads(seen["body"]), seen["accept"], seen["path"]) == ({"a": 1}, "application/json", "/invocations")


def test_an_error_of_the_container_is_unwrapped_by_a_template(direct):
    answer = direct.call(b"fail", path="/caller")
    assert (answer.status_code, answer.json()) == (500, {"detail": "out of cheese"})


def test_the_role_of_an_integration_must_allow_the_call(direct):
    assert direct.call({}, path="/powerless").status_code == 500


@pytest.mark.req("6.10")
def test_access_logs_need_a_role_and_a_group(sandbox):
    api = Api(sandbox, document({"/predict": {"post": operation(mock())}}))
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:access"
    with pytest.raises(api.client.exceptions.BadRequestException, match="CloudWatch Logs role ARN must be set"):
        api.change_stage("/accessLogSettings/destinationArn", group)
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": f"arn:aws:iam::{ACCOUNT}:role/logs"}
    api.client.update_account(patchOperations=[change])
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="access")
    api.change_stage("/accessLogSettings/destinationArn", group)
    api.change_stage("/accessLogSettings/format", '{"status":"$context.status","path":"$context.resourcePath"}')
    api.call({})
    stream = logs.describe_log_streams(logGroupName="access")["logStreams"][0]["logStreamName"]
    events = logs.get_log_events(logGroupName="access", logStreamName=stream)["events"]
    assert [json.loads(event["message"]) for event in events] == [{"status": "200", "path": "/predict"}]
