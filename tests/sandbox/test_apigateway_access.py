"""Who gets through the gateway: API keys, usage plans, and tokens of the user pool."""

from __future__ import annotations

import json

import pytest
import requests
from botocore.exceptions import ClientError
from gateway import Api, Pool, document, mock, operation, secured_api

BODY = {"instances": ["a"]}


@pytest.fixture(scope="module")
def guarded(sandbox) -> tuple[Api, Pool]:
    return secured_api(sandbox, "guarded")


def refusal(response: requests.Response) -> tuple[int, str, str]:
    return response.status_code, response.json()["message"], response.headers["x-amzn-ErrorType"]


UNAUTHORIZED = (401, "Unauthorized", "UnauthorizedException")
FORBIDDEN = (403, "Forbidden", "ForbiddenException")


@pytest.mark.req("6.8", "E6")
def test_a_key_and_a_token_let_in(guarded):
    api, pool = guarded
    answer = api.call(BODY)
    assert (answer.status_code, answer.headers["X-Cache"]) == (201, "MISS")
    context = answer.json()["requestContext"]
    assert context["authorizer"]["claims"]["client_id"] == pool.client_id
    assert context["identity"]["apiKeyId"] == api.key_id
    assert api.call(BODY, headers={"Authorization": pool.token()}).status_code == 201


@pytest.mark.req("6.8")
@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-api-key": None}, FORBIDDEN),
        ({"x-api-key": "a" * 40}, FORBIDDEN),
        ({"Authorization": None}, UNAUTHORIZED),
        ({"Authorization": "Bearer"}, UNAUTHORIZED),
        ({"Authorization": "Basic dTpw"}, UNAUTHORIZED),
        ({"x-api-key": None, "Authorization": None}, UNAUTHORIZED),
    ],
)
def test_one_of_them_is_not_enough(guarded, headers, expected):
    assert refusal(guarded[0].call(BODY, headers=headers)) == expected


@pytest.mark.req("6.4")
def test_tokens_of_another_pool_another_scope_and_the_wrong_kind_are_refused(guarded, sandbox):
    api, pool = guarded
    person = pool.sign_in()
    tokens = (Pool(sandbox, "other").token(), pool.token("api/admin"), person["IdToken"], person["AccessToken"])
    for token in tokens:
        assert refusal(api.call(BODY, headers={"Authorization": token})) == UNAUTHORIZED


@pytest.mark.req("6.4")
def test_a_method_without_scopes_takes_id_tokens_only(guarded):
    api, pool = guarded
    person = pool.sign_in()
    answer = api.call(method="GET", path="/me", headers={"Authorization": person["IdToken"]})
    assert answer.json()["requestContext"]["authorizer"]["claims"]["token_use"] == "id"
    for token in (person["AccessToken"], pool.token()):
        assert refusal(api.call(method="GET", path="/me", headers={"Authorization": token})) == UNAUTHORIZED


def test_a_token_of_a_deleted_client_is_refused(guarded):
    api, pool = guarded
    client = pool.client(
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["api/predict"],
    )
    token = pool.ask(auth=(client["ClientId"], client["ClientSecret"])).json()["access_token"]
    assert api.call(BODY, headers={"Authorization": token}).status_code == 201
    pool.cognito.delete_user_pool_client(UserPoolId=pool.id, ClientId=client["ClientId"])
    assert refusal(api.call(BODY, headers={"Authorization": token})) == UNAUTHORIZED


def test_a_disabled_key_is_refused_and_an_enabled_one_works_again(guarded):
    api, _ = guarded
    for enabled, status in (("false", 403), ("true", 201)):
        change = {"op": "replace", "path": "/enabled", "value": enabled}
        api.client.update_api_key(apiKey=api.key_id, patchOperations=[change])
        assert api.call(BODY).status_code == status


def test_a_used_up_quota_answers_429_and_usage_is_told(sandbox):
    api, _ = secured_api(sandbox, "quota", quota={"limit": 2, "period": "DAY"})
    assert [api.call(BODY).status_code for _ in range(2)] == [201, 201]
    assert refusal(api.call(BODY)) == (429, "Limit Exceeded", "LimitExceededException")
    assert api.call(BODY, headers={"Authorization": None}).status_code == 401
    usage = api.client.get_usage(usagePlanId=api.plan, startDate="2026-01-01", endDate="2026-01-31")
    assert usage["items"] == {api.key_id: [[2, 0]]}
    change = {"op": "replace", "path": "/quota/limit", "value": "3"}
    changed = api.client.update_usage_plan(usagePlanId=api.plan, patchOperations=[change])
    assert changed["quota"] == {"limit": 3, "period": "DAY"}
    assert api.call(BODY).status_code == 201


def test_a_plan_throttles_its_key(sandbox):
    api, _ = secured_api(sandbox, "throttled", throttle={"rateLimit": 0.001, "burstLimit": 1})
    assert api.call(BODY).status_code == 201
    assert refusal(api.call(BODY)) == (429, "Too Many Requests", "TooManyRequestsException")


def test_a_stage_throttles_a_method(guarded):
    api, _ = guarded
    for name, value in (("rateLimit", "0.001"), ("burstLimit", "1")):
        api.change_stage(f"/~1predict/POST/throttling/{name}", value)
    assert [api.call(BODY).status_code for _ in range(2)] == [201, 429]
    api.change_stage("/~1predict/POST/throttling/rateLimit", "-1")
    assert api.call(BODY).status_code == 201


def policy_of(*ranges: str, effect: str = "Allow", operator: str = "IpAddress") -> dict[str, object]:
    about = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/dev/*"}
    condition = {operator: {"aws:SourceIp": list(ranges)}}
    return {"Version": "2012-10-17", "Statement": [{"Effect": effect, **about, "Condition": condition}]}


@pytest.mark.req("7.4")
@pytest.mark.parametrize(
    ("policy", "status"),
    [
        (policy_of("127.0.0.0/8"), 200),
        (policy_of("203.0.113.7/32", "127.0.0.1/32"), 200),
        (policy_of("203.0.113.0/24"), 403),
        (policy_of("203.0.113.0/24", operator="NotIpAddress"), 200),
        (policy_of("203.0.113.0/24", effect="Deny"), 403),
        (policy_of("127.0.0.1/32", effect="Deny"), 403),
    ],
    ids=str,
)
def test_a_resource_policy_lets_in_whom_it_names(sandbox, policy, status):
    extension = {"x-amazon-apigateway-policy": policy}
    api = Api(sandbox, {**document({"/predict": {"post": operation(mock())}}), **extension})
    answer = api.call(BODY)
    assert answer.status_code == status
    assert status == 200 or "execute-api:Invoke" in answer.json()["message"]
    assert f":{api.id}/dev/*" in api.client.get_rest_api(restApiId=api.id)["policy"]


def test_a_policy_that_the_sandbox_would_keep_in_part_is_refused(sandbox):
    api = Api(sandbox, document({"/predict": {"post": operation(mock())}}))
    odd = json.dumps(policy_of("10.0.0.0/8")).replace("aws:SourceIp", "aws:UserAgent")
    for text in (odd, "{}", "nonsense", json.dumps(policy_of("10.0.0.0/99"))):
        change = [{"op": "replace", "path": "/policy", "value": text}]
        with pytest.raises(ClientError, match="Invalid policy document"):
            api.client.update_rest_api(restApiId=api.id, patchOperations=change)
    assert api.call(BODY).status_code == 200


def test_a_changed_policy_holds_from_the_next_deployment_on(sandbox):
    api = Api(sandbox, document({"/predict": {"post": operation(mock())}}))
    change = [{"op": "replace", "path": "/policy", "value": json.dumps(policy_of("203.0.113.7/32"))}]
    api.client.update_rest_api(restApiId=api.id, patchOperations=change)
    assert api.call(BODY).status_code == 200
    api.client.create_deployment(restApiId=api.id, stageName="dev")
    assert api.call(BODY).status_code == 403
