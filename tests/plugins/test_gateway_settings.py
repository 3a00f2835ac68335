"""What release.yaml can ask of the gateway beyond key and token: people, logs, headers, scopes, a request's shape."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.plugins.exposed_release import ExposedRelease, observed, send
from tests.plugins.service_document import document

POOL = "AWS::Cognito::UserPool/probe-local"
PEOPLE = "AWS::Cognito::UserPoolClient/probe-local-users"
STAGE = "AWS::ApiGateway::Stage/local"
CONFIG: dict[str, Any] = {
    "expose": {
        "gateway": "api-gateway",
        "accessLogs": {"enabled": True, "retentionDays": 7},
        "answerHeaders": {"X-Served-By": "mldeploy"},
        "auth": {
            "scopes": ["predict", "explain"],
            "users": {"callbackUrls": ["http://localhost:3000/back"], "mfa": "on"},
            "protectUsers": True,
        },
    }
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExposedRelease]:
    found = ExposedRelease(tmp_path_factory.mktemp("settings"))
    operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": "arn:aws:iam::123456789012:role/logs"}
    found.sandbox.client("apigateway").update_account(patchOperations=[operation])
    (found.folder / "openapi.json").write_text(document(), "utf-8")
    yield found
    found.close()


@pytest.fixture(autouse=True)
def deployed(project: ExposedRelease) -> None:
    """Bring the release to its configuration; nothing happens when it is there."""
    project.deployment(CONFIG).run()


@pytest.mark.req("6.10", "E22")
def test_each_request_is_a_line_that_names_the_client_and_nothing_secret(project: ExposedRelease) -> None:
    deployment = project.deployment(CONFIG)
    send(deployment, {"instances": [{"x": 1}]})
    send(deployment, {"instances": [{"x": 1}]}, without="authorization")
    logs = project.sandbox.client("logs")
    (group,) = logs.describe_log_groups(logGroupNamePrefix="/aws/apigateway/probe-local")["logGroups"]
    assert group["retentionInDays"] == 7
    events = logs.filter_log_events(logGroupName=group["logGroupName"])["events"]
    lines = [json.loads(event["message"]) for event in events]
    assert [line["status"] for line in lines[-2:]] == ["200", "401"]
    client = deployment.context.outputs("AWS::Cognito::UserPoolClient/probe-local")["ClientId"]
    assert lines[-2]["client"] == client
    credentials = deployment.context.provider("caller").credentials()
    assert not any(value.removeprefix("Bearer ") in str(lines) for value in credentials.values())


@pytest.mark.req("E7")
def test_a_second_run_changes_nothing(project: ExposedRelease) -> None:
    before = project.calls()
    project.deployment(CONFIG).run()
    assert (project.changes(CONFIG), project.calls()) == ({}, before)


@pytest.mark.req("2.5", "6.5")
@pytest.mark.parametrize(
    "body", [{}, {"instances": {}}, {"instances": [1]}, {"instances": [{}]}, {"instances": [{"x": "a"}]}]
)
def test_a_body_of_another_shape_is_refused_at_the_gateway(project: ExposedRelease, body: Any) -> None:
    assert send(project.deployment(CONFIG), body).status == 400


@pytest.mark.req("2.5")
@pytest.mark.parametrize("body", [{"instances": [{"x": -1}]}, {"instances": []}, {"instances": [], "more": 1}])
def test_what_draft_4_reads_in_another_way_is_left_to_the_service(project: ExposedRelease, body: Any) -> None:
    assert send(project.deployment(CONFIG), body).status == 200


def test_every_answer_carries_the_headers_even_a_refusal(project: ExposedRelease) -> None:
    for answer in (
        send(project.deployment(CONFIG), {"instances": [{"x": 1}]}),
        send(project.deployment(CONFIG), {}, without="x-api-key"),
    ):
        assert answer.headers["x-served-by"] == "mldeploy"


@pytest.mark.req("6.1", "6.2")
def test_nobody_signs_up_and_people_need_a_second_factor_and_machines_a_secret(project: ExposedRelease) -> None:
    cognito = project.sandbox.client("cognito-idp")
    deployment = project.deployment(CONFIG)
    deployment.plan()
    pool_id = observed(deployment, POOL).outputs["UserPoolId"]
    pool = cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert pool["DeletionProtection"] == "ACTIVE"
    assert cognito.get_user_pool_mfa_config(UserPoolId=pool_id)["MfaConfiguration"] == "ON"
    people = deployment.context.outputs(PEOPLE)["ClientId"]
    client = cognito.describe_user_pool_client(UserPoolId=pool_id, ClientId=people)["UserPoolClient"]
    assert "ClientSecret" not in client
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["CallbackURLs"] == ["http://localhost:3000/back"]


@pytest.mark.req("E8")
def test_settings_that_somebody_changed_by_hand_are_seen_and_repaired(project: ExposedRelease) -> None:
    gateway, cognito = project.sandbox.client("apigateway"), project.sandbox.client("cognito-idp")
    deployment = project.deployment(CONFIG)
    deployment.plan()
    pool_id = deployment.context.outputs(POOL)["UserPoolId"]
    people = deployment.context.outputs(PEOPLE)["ClientId"]
    cognito.update_user_pool(
        UserPoolId=pool_id,
        UserPoolTags=cognito.describe_user_pool(UserPoolId=pool_id)["UserPool"]["UserPoolTags"],
        DeletionProtection="INACTIVE",
        AdminCreateUserConfig={"AllowAdminCreateUserOnly": False},
        Policies={"PasswordPolicy": {"MinimumLength": 6}},
    )
    cognito.update_user_pool_client(
        UserPoolId=pool_id,
        ClientId=people,
        AllowedOAuthFlows=["implicit"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["probe-local/predict"],
        CallbackURLs=["https://evil.example.com"],
    )
    stage = {"restApiId": deployment.context.outputs(STAGE)["RestApiId"], "stageName": "local"}
    gateway.update_stage(**stage, patchOperations=[{"op": "remove", "path": "/accessLogSettings"}])
    assert set(project.changes(CONFIG)) == {POOL, PEOPLE, STAGE}
    project.deployment(CONFIG).run()
    assert project.changes(CONFIG) == {}


@pytest.mark.req("6.10")
def test_without_the_accounts_role_a_release_goes_without_access_logs(project: ExposedRelease) -> None:
    gateway = project.sandbox.client("apigateway")
    role = {"op": "replace", "path": "/cloudwatchRoleArn", "value": ""}
    gateway.update_account(patchOperations=[role])
    try:
        project.deployment(CONFIG).run()
        assert project.changes(CONFIG) == {}
        assert send(project.deployment(CONFIG), {"instances": [{"x": 1}]}).status == 200
        allowed = {**CONFIG["expose"], "accessLogs": {"enabled": True, "setAccountRole": True}}
        project.deployment({"expose": allowed}).run()
        assert gateway.get_account()["cloudwatchRoleArn"].endswith("role/mldeploy-api-gateway-logs")
    finally:
        gateway.update_account(patchOperations=[{**role, "value": "arn:aws:iam::123456789012:role/logs"}])


@pytest.mark.req("E12")
def test_a_protected_pool_goes_with_its_release(project: ExposedRelease) -> None:
    project.deployment(CONFIG).destroy()
    left = {item["name"] for item in project.inventory()}
    assert left <= {"mldeploy-api-gateway-logs"}, "the account's own setting stays"
