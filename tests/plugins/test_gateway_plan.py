"""What the gateway plugin describes, as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mldeploy import Problem, Step
from mldeploy.errors import ReleaseError
from mldeploy.gateway_policy import gateway_policy
from mldeploy.graph import settle
from tests.plugins.exposed_release import described, endpoint_step, release_of
from tests.plugins.service_document import document

GATEWAY = {"expose": {"gateway": "api-gateway"}}
CACHED = {**GATEWAY, "cache": {"enabled": True}}


def exposing(**settings: Any) -> dict[str, Any]:
    return {"expose": {"gateway": "api-gateway", **settings}}


def steps_of(folder: Path, config: dict[str, Any]) -> dict[str, Step]:
    found = [item for item in described(release_of(folder, config)) if isinstance(item, Step)]
    return {step.kind: step for step in settle([endpoint_step("config-1"), *found])}


def problems_of(folder: Path, config: dict[str, Any]) -> list[Problem]:
    return [item for item in described(release_of(folder, config)) if isinstance(item, Problem)]


def predict_of(steps: dict[str, Step]) -> Any:
    return steps["AWS::ApiGateway::RestApi"].spec["Body"]["paths"]["/predict"]["post"]


@pytest.mark.req("6.1", "6.2", "6.3", "6.7", "6.8")
def test_key_and_token_and_everything_that_makes_them_work(tmp_path: Path) -> None:
    steps = steps_of(tmp_path, CACHED)
    assert {kind for kind in steps if "Cognito" in kind or "Gateway" in kind or "Permission" in kind} == {
        "AWS::Cognito::UserPool",
        "AWS::Cognito::UserPoolResourceServer",
        "AWS::Cognito::UserPoolDomain",
        "AWS::Cognito::UserPoolClient",
        "AWS::ApiGateway::RestApi",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::Stage",
        "AWS::ApiGateway::UsagePlan",
        "AWS::ApiGateway::ApiKey",
        "AWS::ApiGateway::UsagePlanKey",
        "AWS::Lambda::Permission",
    }
    assert predict_of(steps)["security"] == [{"api_key": []}, {"cognito": ["probe-local/predict"]}]
    assert steps["AWS::ApiGateway::Stage"].provides == "api"


def test_the_same_release_gives_equal_steps(tmp_path: Path) -> None:
    assert steps_of(tmp_path, CACHED) == steps_of(tmp_path, CACHED)


@pytest.mark.req("6.7")
def test_what_the_document_says_is_in_the_name_of_the_deployment(tmp_path: Path) -> None:
    kind = "AWS::ApiGateway::Deployment"
    names = {
        steps_of(tmp_path, config)[kind].name
        for config in (GATEWAY, CACHED, exposing(timeoutSeconds=20), exposing(cors={"allowOrigins": ["*"]}))
    }
    assert len(names) == 4
    assert steps_of(tmp_path, exposing(rate={"perSecond": 1, "burst": 1}))[kind].name in names, (
        "throttles are no content"
    )


@pytest.mark.req("5.12", "6.6", "5.7")
def test_with_a_cache_the_function_is_called_and_without_it_the_endpoint(tmp_path: Path) -> None:
    cached, direct = steps_of(tmp_path, CACHED), steps_of(tmp_path, exposing(timeoutSeconds=12.5))
    assert predict_of(cached)["x-amazon-apigateway-integration"]["type"] == "aws_proxy"
    assert predict_of(cached)["x-amazon-apigateway-integration"]["timeoutInMillis"] == 29_000
    assert predict_of(direct)["x-amazon-apigateway-integration"]["type"] == "aws"
    assert predict_of(direct)["x-amazon-apigateway-integration"]["timeoutInMillis"] == 12_500
    assert "AWS::Lambda::Permission" not in direct
    answers = predict_of(direct)["x-amazon-apigateway-integration"]["responses"].values()
    statuses = [answer["statusCode"] for answer in answers]
    assert len(statuses) == len(set(statuses)), "API Gateway keeps one integration response per status"
    assert set(statuses) <= set(predict_of(direct)["responses"])
    (policy,) = direct["AWS::IAM::Role"].spec["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["sagemaker:InvokeEndpoint"]
    assert [ref.key for ref in statement["Resource"]] == ["EndpointArn"]


@pytest.mark.req("1.0", "5.7")
def test_a_wait_that_the_gateway_never_allows_is_refused_before_any_call(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError) as caught:
        release_of(tmp_path, exposing(timeoutSeconds=60))
    assert "29 s" in caught.value.problems[0].message


def test_only_what_is_asked_for_is_made(tmp_path: Path) -> None:
    keyless = steps_of(tmp_path, exposing(auth={"apiKey": False}))
    tokenless = steps_of(tmp_path, exposing(auth={"jwt": False}))
    assert not any(kind.endswith(("ApiKey", "UsagePlan", "UsagePlanKey")) for kind in keyless)
    assert not any("Cognito" in kind for kind in tokenless)
    assert predict_of(keyless)["security"] == [{"cognito": ["probe-local/predict"]}]
    assert predict_of(tokenless)["security"] == [{"api_key": []}]


def test_a_quota_without_keys_and_a_service_without_any_door_are_pointed_out(tmp_path: Path) -> None:
    (quota,) = problems_of(tmp_path, exposing(auth={"apiKey": False}, quota={"limit": 5}))
    (door,) = problems_of(tmp_path, exposing(auth={"apiKey": False, "jwt": False}))
    assert (quota.severity, quota.path) == ("error", ("expose", "quota"))
    assert (door.severity, door.path) == ("warning", ("expose", "auth"))
    assert quota.hint
    assert door.hint


@pytest.mark.req("2.1")
def test_other_origins_get_a_preflight_without_credentials_and_readable_errors(tmp_path: Path) -> None:
    cors = {"allowOrigins": ["https://app.example.com"], "maxAgeSeconds": 60}
    body = steps_of(tmp_path, exposing(cors=cors))["AWS::ApiGateway::RestApi"].spec["Body"]
    options = body["paths"]["/predict"]["options"]
    assert "security" not in options
    sent = options["x-amazon-apigateway-integration"]["responses"]["default"]["responseParameters"]
    assert sent["method.response.header.Access-Control-Allow-Origin"] == "'https://app.example.com'"
    assert sent["method.response.header.Access-Control-Max-Age"] == "'60'"
    errors = body["x-amazon-apigateway-gateway-responses"]
    assert set(errors) == {"DEFAULT_4XX", "DEFAULT_5XX"}
    without = steps_of(tmp_path, GATEWAY)["AWS::ApiGateway::RestApi"].spec["Body"]
    assert set(without["paths"]["/predict"]) == {"post"}


@pytest.mark.req("2.1")
def test_two_origins_are_refused_because_a_rest_api_can_name_one(tmp_path: Path) -> None:
    cors = {"allowOrigins": ["https://a.example.com", "https://b.example.com"]}
    (problem,) = problems_of(tmp_path, exposing(cors=cors))
    assert problem.path == ("expose", "cors", "allowOrigins")
    assert "one origin" in problem.hint


def test_another_gateway_leaves_nothing_to_describe(tmp_path: Path) -> None:
    config = {"expose": {"gateway": "api-gateway"}, "environments": {"dev": {"expose": {"gateway": "verify"}}}}
    assert described(release_of(tmp_path, config, env="dev")) == []


@pytest.mark.req("6.4")
def test_other_gateways_read_the_same_policy(tmp_path: Path) -> None:
    config = exposing(auth={"scopes": ["predict", "explain"]}, quota={"limit": 5, "period": "week"}, timeoutSeconds=10)
    policy = gateway_policy(release_of(tmp_path, config), "api-gateway")
    assert policy.token is not None
    assert (policy.token.scopes, policy.token.issuer) == (("predict", "explain"), "")
    assert policy.quota is not None
    assert (policy.quota.limit, policy.quota.period) == (5, "week")
    assert (policy.timeout_seconds, policy.asks_for_key, policy.cors) == (10, True, None)


@pytest.mark.parametrize(
    ("auth", "path"),
    [
        ({"issuer": "https://login.example.com/"}, ("expose", "auth", "issuer")),
        ({"audience": "us"}, ("expose", "auth", "audience")),
        ({"jwt": False, "users": {"callbackUrls": ["https://a.example.com"]}}, ("expose", "auth", "users")),
    ],
)
def test_what_this_gateway_cannot_keep_is_refused_at_its_place(
    tmp_path: Path, auth: dict[str, Any], path: tuple[str, ...]
) -> None:
    config = {"expose": {"gateway": "api-gateway", "auth": auth}}
    (problem,) = (item for item in described(release_of(tmp_path, config)) if isinstance(item, Problem))
    assert (problem.path, problem.severity) == (path, "error")


def test_a_broken_document_is_named(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text('{"paths": {}}', "utf-8")
    (problem,) = (
        item
        for item in described(release_of(tmp_path, {"expose": {"gateway": "api-gateway"}}))
        if isinstance(item, Problem)
    )
    assert "openapi.json" in problem.message
    assert "KeyError" in problem.message


def test_the_document_is_in_the_name_of_the_deployment(tmp_path: Path) -> None:
    config = {"expose": {"gateway": "api-gateway"}}

    def model() -> Any:
        steps = {item.kind: item for item in described(release_of(tmp_path, config)) if isinstance(item, Step)}
        return steps["AWS::ApiGateway::Deployment"].spec["Body"]["components"]["schemas"]

    assert model() == {"PredictionRequest": {"type": "object"}}
    (tmp_path / "openapi.json").write_text(document(), "utf-8")
    assert model()["MyInstance"] == {"type": "object", "required": ["x"], "properties": {"x": {"type": "number"}}}
