"""The gateway and the cache in front of a small model in a real sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.plugins.exposed_release import ExposedRelease, observed, send

CONFIG: dict[str, Any] = {
    "cache": {"enabled": True},
    "expose": {"gateway": "api-gateway", "cors": {"allowOrigins": ["https://app.example.com"]}},
}
API = "AWS::ApiGateway::RestApi/probe-local"
FUNCTION = "AWS::Lambda::Function/probe-local-cache"
ALIAS = "AWS::Lambda::Alias/probe-local-cache-live"
PLAN = "AWS::ApiGateway::UsagePlan/probe-local"
STAGE = "AWS::ApiGateway::Stage/local"


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExposedRelease]:
    project = ExposedRelease(tmp_path_factory.mktemp("exposed"))
    yield project
    project.close()


@pytest.fixture(autouse=True)
def deployed(exposed: ExposedRelease) -> None:
    """Bring the release to CONFIG; nothing happens when it is there."""
    exposed.deployment(CONFIG).run()


def changed(path: str, value: Any) -> dict[str, Any]:
    section, _, key = path.partition(".")
    return {**CONFIG, section: {**CONFIG[section], key: value}}


@pytest.mark.req("6.5", "Q1", "Q2", "Q8", "E6")
def test_a_prediction_comes_through_the_gateway_and_then_from_the_cache(exposed: ExposedRelease) -> None:
    body = {"instances": ["through the gateway"]}
    first, second = (send(exposed.deployment(CONFIG), body) for _ in range(2))
    assert (first.status, first.headers["x-cache"]) == (200, "MISS")
    assert (second.status, second.headers["x-cache"]) == (200, "HIT")
    assert first.body == second.body
    assert json.loads(first.body)["body"] == json.dumps(body)


@pytest.mark.req("6.4", "6.8", "E6", "E19")
@pytest.mark.parametrize(
    ("without", "headers", "status"),
    [
        ("x-api-key", {}, 403),
        ("authorization", {}, 401),
        ("", {"x_api_key": "wrong"}, 403),
        ("", {"authorization": "Bearer a.b.c"}, 401),
    ],
)
def test_key_and_token_are_both_needed(
    exposed: ExposedRelease, without: str, headers: dict[str, str], status: int
) -> None:
    answer = send(exposed.deployment(CONFIG), {"instances": []}, without=without, **headers)
    assert answer.status == status
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"


@pytest.mark.req("2.5", "6.5")
@pytest.mark.parametrize("body", [b"[1]", b"nonsense", b""])
def test_what_is_no_json_object_is_refused_at_the_gateway(exposed: ExposedRelease, body: bytes) -> None:
    assert send(exposed.deployment(CONFIG), body).status == 400


@pytest.mark.req("2.1")
def test_a_browser_may_ask_without_credentials(exposed: ExposedRelease) -> None:
    deployment = exposed.deployment(CONFIG)
    deployment.plan()
    answer = requests.options(deployment.context.provider("caller").url, timeout=10)
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert "x-api-key" in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.req("E7")
def test_a_second_run_changes_nothing(exposed: ExposedRelease) -> None:
    before = exposed.calls()
    assert exposed.changes(CONFIG) == {}
    exposed.deployment(CONFIG).run()
    assert exposed.calls() == before


@pytest.mark.req("6.9", "E22")
def test_no_secret_is_written_to_the_records(exposed: ExposedRelease) -> None:
    deployment = exposed.deployment(CONFIG)
    deployment.plan()
    credentials = deployment.context.provider("caller").credentials()
    written = "".join(path.read_text(encoding="utf-8") for path in exposed.folder.glob(".mldeploy/state/**/*.json"))
    assert "AWS::ApiGateway::ApiKey" in written
    assert credentials["x-api-key"] not in written
    assert credentials["authorization"].removeprefix("Bearer ") not in written


def test_a_token_is_fetched_once_while_it_is_valid(exposed: ExposedRelease) -> None:
    deployment = exposed.deployment(CONFIG)
    deployment.plan()
    caller = deployment.context.provider("caller")
    assert caller.credentials() == caller.credentials()


@pytest.mark.parametrize(
    ("path", "value", "ids"),
    [
        ("expose.rate", {"perSecond": 3, "burst": 4}, {PLAN, STAGE}),
        ("expose.auth", {"accessTokenValiditySeconds": 600}, {"AWS::Cognito::UserPoolClient/probe-local"}),
        ("cache.ttl", 17, {FUNCTION}),
    ],
)
def test_a_change_touches_what_it_is_about_and_can_be_taken_back(
    exposed: ExposedRelease, path: str, value: Any, ids: set[str]
) -> None:
    config = changed(path, value)
    assert set(exposed.changes(config)) == ids
    exposed.deployment(config).run()
    assert exposed.changes(config) == {}, "and the alias has followed the function"
    assert set(exposed.changes(CONFIG)) == ids


@pytest.mark.req("6.8")
def test_a_used_up_quota_is_a_429(exposed: ExposedRelease) -> None:
    config = changed("expose.quota", {"limit": 2, "period": "month"})
    exposed.deployment(config).run()
    statuses = [send(exposed.deployment(config), {"instances": ["q"]}).status for _ in range(4)]
    assert statuses[-1] == 429


@pytest.mark.req("6.7")
def test_a_changed_document_is_live_and_the_old_deployment_is_gone(exposed: ExposedRelease) -> None:
    client = exposed.sandbox.client("apigateway")
    api_id = observed(exposed.deployment(CONFIG), API).outputs["RestApiId"]
    config = changed("expose.cors", {"allowOrigins": ["https://other.example.com"]})
    exposed.deployment(config).run()
    refused = send(exposed.deployment(config), {}, without="x-api-key")
    assert refused.headers["access-control-allow-origin"] == "https://other.example.com"
    exposed.deployment({**config, "deployment": {"keepReleases": 1}}).run()
    live = client.get_stage(restApiId=api_id, stageName="local")["deploymentId"]
    assert live in {item["id"] for item in client.get_deployments(restApiId=api_id)["items"]}


@pytest.mark.req("E8")
def test_a_door_that_somebody_opened_by_hand_is_seen_and_closed(exposed: ExposedRelease) -> None:
    client = exposed.sandbox.client("apigateway")
    api_id = observed(exposed.deployment(CONFIG), API).outputs["RestApiId"]
    resource = next(r for r in client.get_resources(restApiId=api_id)["items"] if r["path"] == "/predict")
    place = {"restApiId": api_id, "resourceId": resource["id"], "httpMethod": "POST"}
    client.delete_method(**place)
    client.put_method(**place, authorizationType="NONE", apiKeyRequired=False)
    assert "POST /predict" in exposed.changes(CONFIG)[API]
    exposed.deployment(CONFIG).run()
    assert exposed.changes(CONFIG) == {}


@pytest.mark.req("E8", "6.6")
@pytest.mark.parametrize("step_id", ["AWS::Lambda::Permission/probe-local-gateway", ALIAS, STAGE, PLAN])
def test_what_somebody_deleted_is_made_again(exposed: ExposedRelease, step_id: str) -> None:
    deployment = exposed.deployment(CONFIG)
    deployment.plan()
    if step_id == STAGE:
        plan = next(step for step in deployment.steps if step.id == PLAN)
        deployment.drivers[plan.kind].delete(plan, observed(deployment, PLAN))
    step = next(step for step in deployment.steps if step.id == step_id)
    world = deployment._world(deployment._history())
    world.observe(deployment.steps, cancelled=deployment.context.cancelled)
    found = world.observed[step_id]
    assert found is not None
    deployment.drivers[step.kind].delete(world.resolve(step), found)
    assert step_id in exposed.changes(CONFIG)
    exposed.deployment(CONFIG).run()
    assert send(exposed.deployment(CONFIG), {"instances": ["again"]}).status == 200


@pytest.mark.req("6.1", "6.3")
def test_an_api_a_pool_and_a_plan_of_somebody_else_with_our_name_are_left_alone(exposed: ExposedRelease) -> None:
    gateway, cognito = exposed.sandbox.client("apigateway"), exposed.sandbox.client("cognito-idp")
    theirs = gateway.create_rest_api(name="probe-local")["id"]
    pool = cognito.create_user_pool(PoolName="probe-local")["UserPool"]["Id"]
    plan = gateway.create_usage_plan(name="probe-local")["id"]
    assert exposed.changes(CONFIG) == {}
    assert gateway.get_rest_api(restApiId=theirs)["name"] == "probe-local"
    gateway.delete_rest_api(restApiId=theirs)
    gateway.delete_usage_plan(usagePlanId=plan)
    cognito.delete_user_pool(UserPoolId=pool)


@pytest.mark.req("5.12")
def test_without_a_cache_the_gateway_calls_the_endpoint_itself(exposed: ExposedRelease) -> None:
    config = {**CONFIG, "cache": {"enabled": False}}
    exposed.deployment(config).run()
    answer = send(exposed.deployment(config), {"instances": ["direct"]})
    assert (answer.status, "x-cache" in answer.headers) == (200, False)
    assert json.loads(answer.body)["content_type"] == "application/json"
    assert answer.headers["access-control-allow-origin"] == "https://app.example.com"
    refused = send(exposed.deployment(config), b"fail", content_type="text/plain")
    assert (refused.status, json.loads(refused.body)) == (500, {"detail": "out of cheese"}), "as the container says it"
    assert refused.headers["content-type"] == "application/problem+json"
    assert exposed.changes(config) == {}


@pytest.mark.full
@pytest.mark.req("E12", "X5")
def test_over_tls_too_and_destroy_leaves_nothing_and_can_be_repeated(tmp_path: Path) -> None:
    config = changed("cache.tls", True)
    project = ExposedRelease(tmp_path)
    try:
        project.deployment(config).run()
        answers = [send(project.deployment(config), {"instances": ["x"]}) for _ in range(3)]
        assert answers[-1].headers["x-cache"] == "HIT"
        project.deployment(config).destroy()
        assert project.inventory() == []
        project.deployment(config).destroy()
        assert project.inventory() == []
    finally:
        project.close()


@pytest.mark.req("E8")
def test_what_lost_its_tags_by_hand_is_known_from_the_record_and_gets_them_back(exposed: ExposedRelease) -> None:
    gateway, cognito = exposed.sandbox.client("apigateway"), exposed.sandbox.client("cognito-idp")
    lists = {"restapis": "get_rest_apis", "apikeys": "get_api_keys", "usageplans": "get_usage_plans"}
    for path, operation in lists.items():
        (found,) = getattr(gateway, operation)()["items"]
        arn = f"arn:aws:apigateway:eu-central-1::/{path}/{found['id']}"
        gateway.untag_resource(resourceArn=arn, tagKeys=list(found["tags"]))
    (pool,) = cognito.list_user_pools(MaxResults=9)["UserPools"]
    cognito.update_user_pool(UserPoolId=pool["Id"], UserPoolTags={"theirs": "now"})
    assert {API, PLAN, "AWS::ApiGateway::ApiKey/probe-local"} <= exposed.changes(CONFIG).keys()
    exposed.deployment(CONFIG).run()
    for operation in lists.values():
        (found,) = getattr(gateway, operation)()["items"]
        assert found["tags"]["mldeploy:name"] == "probe"
    (pool,) = cognito.list_user_pools(MaxResults=9)["UserPools"]
    assert cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"]["UserPoolTags"]["mldeploy:name"] == "probe"
    assert exposed.changes(CONFIG) == {}
