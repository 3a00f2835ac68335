"""What the gateway's drivers do with the answers of AWS that the sandbox never gives."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY

from mldeploy import DeployError, Observed, Phase, RefusedError, Step
from mldeploy.errors import UsageError
from mldeploy_gateway.caller import GatewayCaller
from mldeploy_gateway.intrinsics import REGION, evaluated, join
from mldeploy_gateway.rest_apis import RestApiDriver
from mldeploy_gateway.stages import StageDriver
from mldeploy_gateway.usage_plans import UsagePlanDriver
from mldeploy_gateway.user_pools import UserPoolDriver
from tests.aws.stubbed import Account
from tests.plugins.test_cache_drivers import TAGS, context_of

API = Step(kind="AWS::ApiGateway::RestApi", name="probe-dev", phase=Phase.EXPOSE, spec={"Body": {}})
PLAN = Step(kind="AWS::ApiGateway::UsagePlan", name="probe-dev", phase=Phase.EXPOSE)
POOL = Step(kind="AWS::Cognito::UserPool", name="probe-dev", phase=Phase.EXPOSE)
STAGE = Step(
    kind="AWS::ApiGateway::Stage",
    name="dev",
    phase=Phase.EXPOSE,
    spec={
        "RestApiId": "a1",
        "DeploymentId": "d1",
        "MethodSettings": [{"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 1}],
    },
)


@pytest.fixture
def gateway() -> Iterator[Account]:
    account = Account("apigateway")
    with account.stub:
        yield account
        account.stub.assert_no_pending_responses()


@pytest.fixture
def cognito() -> Iterator[Account]:
    account = Account("cognito-idp")
    with account.stub:
        yield account
        account.stub.assert_no_pending_responses()


def api(api_id: str, day: int, **changes: Any) -> dict[str, Any]:
    created = datetime(2026, 1, day, tzinfo=UTC)
    return {"id": api_id, "name": "probe-dev", "createdDate": created, "tags": TAGS, **changes}


@pytest.mark.req("6.3", "E12")
def test_every_api_that_a_lost_answer_left_behind_is_deleted_as_slowly_as_aws_wants(
    gateway: Account, tmp_path: Path
) -> None:
    gateway.stub.add_response("get_rest_apis", {"items": [api("first", 1), api("theirs", 2, tags={})], "position": "p"})
    gateway.stub.add_response("get_rest_apis", {"items": [api("second", 3)]}, {"position": "p"})
    gateway.stub.add_response("delete_rest_api", {}, {"restApiId": "first"})
    gateway.stub.add_client_error("delete_rest_api", "TooManyRequestsException", http_status_code=429)
    gateway.stub.add_response("delete_rest_api", {}, {"restApiId": "second"})
    RestApiDriver(context_of(gateway, tmp_path)).delete(API, Observed())


def test_a_change_at_the_same_time_is_waited_for_and_another_conflict_is_not(gateway: Account, tmp_path: Path) -> None:
    driver = StageDriver(context_of(gateway, tmp_path))
    busy = "Unable to complete operation due to concurrent modification. Please try again later."
    gateway.stub.add_client_error("delete_stage", "ConflictException", busy)
    gateway.stub.add_client_error("delete_stage", "NotFoundException")
    driver.delete(STAGE, Observed())
    gateway.stub.add_client_error("create_stage", "ConflictException", "Another document is being imported")
    with pytest.raises(DeployError, match="Another document"):
        driver.apply(STAGE, None)


@pytest.mark.req("E8")
def test_an_api_that_was_moved_to_the_edge_comes_back_to_its_region(gateway: Account, tmp_path: Path) -> None:
    body = {"openapi": "3.0.1", "info": {"title": "probe-dev"}}
    regional = {"EndpointConfiguration": {"Types": ["REGIONAL"]}, "Body": body}
    edge = {"EndpointConfiguration": {"Types": ["EDGE"]}, "Body": body}
    move = [{"op": "replace", "path": "/endpointConfiguration/types/EDGE", "value": "REGIONAL"}]
    gateway.stub.add_response("update_rest_api", {}, {"restApiId": "a1", "patchOperations": move})
    gateway.stub.add_response("put_rest_api", {}, {"restApiId": "a1", "mode": "overwrite", "body": ANY})
    step = Step(kind=API.kind, name=API.name, phase=Phase.EXPOSE, spec=regional)
    RestApiDriver(context_of(gateway, tmp_path)).apply(step, Observed(outputs={"RestApiId": "a1"}, spec=edge))


def test_a_quota_of_the_account_is_not_waited_for(gateway: Account, tmp_path: Path) -> None:
    gateway.stub.add_client_error("create_rest_api", "LimitExceededException", "Maximum number of APIs", 429)
    step = Step(kind=API.kind, name=API.name, phase=Phase.EXPOSE, spec={"EndpointConfiguration": {"Types": []}})
    with pytest.raises(DeployError, match="Maximum number of APIs"):
        RestApiDriver(context_of(gateway, tmp_path)).apply(step, None)


@pytest.mark.req("E12")
def test_a_usage_plan_lets_go_of_its_stages_before_it_is_deleted(gateway: Account, tmp_path: Path) -> None:
    plan = {"id": "p1", "name": "probe-dev", "tags": TAGS, "apiStages": [{"apiId": "a1", "stage": "dev"}]}
    gateway.stub.add_response("get_usage_plans", {"items": [plan]})
    release = [{"op": "remove", "path": "/apiStages", "value": "a1:dev"}]
    gateway.stub.add_response("update_usage_plan", {}, {"usagePlanId": "p1", "patchOperations": release})
    gateway.stub.add_response("delete_usage_plan", {}, {"usagePlanId": "p1"})
    UsagePlanDriver(context_of(gateway, tmp_path)).delete(PLAN, Observed())


@pytest.mark.req("E12")
def test_a_pool_with_users_is_not_deleted(cognito: Account, tmp_path: Path) -> None:
    pool = {"Id": "eu-central-1_a", "Name": "probe-dev", "UserPoolTags": TAGS, "EstimatedNumberOfUsers": 2}
    cognito.stub.add_response("list_user_pools", {"UserPools": [{"Id": pool["Id"], "Name": "probe-dev"}]})
    cognito.stub.add_response(
        "describe_user_pool", {"UserPool": {**pool, "CreationDate": datetime(2026, 1, 1, tzinfo=UTC)}}
    )
    with pytest.raises(RefusedError, match="2 users"):
        UserPoolDriver(context_of(cognito, tmp_path)).delete(POOL, Observed())


def test_joins_become_text() -> None:
    value = {"uri": join("arn:aws:apigateway:", REGION, ":lambda"), "list": [join("a", "b")], "n": 1}
    assert evaluated(value, "eu-west-1") == {"uri": "arn:aws:apigateway:eu-west-1:lambda", "list": ["ab"], "n": 1}


def test_a_caller_before_any_deployment_says_what_to_do(tmp_path: Path) -> None:
    context = context_of(Account("apigateway"), tmp_path)
    context.config = {"expose": {"gateway": "api-gateway", "auth": {"apiKey": True, "jwt": True}}}
    caller = GatewayCaller(context)
    for ask in (caller.credentials, lambda: caller.url):
        with pytest.raises(UsageError, match="not deployed") as caught:
            ask()
        assert "mldeploy run --env dev" in caught.value.hint
    context.close()


def test_no_answer_is_an_error_with_the_address(tmp_path: Path) -> None:
    context = context_of(Account("apigateway"), tmp_path)
    context.outputs = lambda _step: {"Url": "http://127.0.0.1:1/dev/predict"}
    with pytest.raises(DeployError, match=r"http://127\.0\.0\.1:1/dev/predict"):
        GatewayCaller(context).send(b"{}", {})
    context.close()
