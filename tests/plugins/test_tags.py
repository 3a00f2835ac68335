"""Everything that can carry tags carries ours after a run; a tag that is missing or old is seen and put right."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from mldeploy.deployment import Deployment
from tests.plugins.exposed_release import ExposedRelease
from tests.plugins.served_release import DIRECT, ServedRelease
from tests.plugins.test_lost_records import everything_on

pytestmark = pytest.mark.req("E8", "X7")
BEHIND_THE_GATEWAY = {
    "ApiGateway::ApiKey",
    "ApiGateway::RestApi",
    "ApiGateway::Stage",
    "ApiGateway::UsagePlan",
    "Cognito::UserPool",
    "EC2::SecurityGroup",
    "EC2::VPCEndpoint",
    "ElastiCache::ReplicationGroup",
    "ElastiCache::SubnetGroup",
    "IAM::Role",
    "Lambda::Function",
    "Logs::LogGroup",
    "SageMaker::Endpoint",
    "SecretsManager::Secret",
}
GUARDED = {"strategy": "canary", "stepPercent": 50, "bakeSeconds": 3, "alarms": {"errorsPerMinute": 2}}
ON_SAGEMAKER = {
    "CloudWatch::Alarm",
    "IAM::Role",
    "Logs::LogGroup",
    "SageMaker::Endpoint",
    "SageMaker::EndpointConfig",
    "SageMaker::Model",
}
Client = Callable[[str], Any]


def of_api(client: Client) -> Mapping[str, str]:
    (api,) = client("apigateway").get_rest_apis()["items"]
    return dict(api["tags"])


def of_pool(client: Client) -> Mapping[str, str]:
    cognito = client("cognito-idp")
    (pool,) = cognito.list_user_pools(MaxResults=1)["UserPools"]
    return dict(cognito.describe_user_pool(UserPoolId=pool["Id"])["UserPool"]["UserPoolTags"])


def of_secret(client: Client) -> Mapping[str, str]:
    return as_map(client("secretsmanager").describe_secret(SecretId="probe-local-cache")["Tags"])


def of_function(client: Client) -> Mapping[str, str]:
    return dict(client("lambda").get_function(FunctionName="probe-local-cache")["Tags"])


def of_model(client: Client) -> Mapping[str, str]:
    sagemaker = client("sagemaker")
    (model,) = sagemaker.list_models()["Models"]
    return as_map(sagemaker.list_tags(ResourceArn=model["ModelArn"])["Tags"])


def as_map(tags: list[dict[str, str]]) -> Mapping[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


@pytest.fixture
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExposedRelease]:
    project = ExposedRelease(tmp_path_factory.mktemp("exposed"))
    yield project
    project.close()


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedRelease]:
    project = ServedRelease(tmp_path_factory.mktemp("served"))
    yield project
    project.close()


def drifted(deployment: Deployment) -> dict[str, str]:
    """Return kind → reason of what a run would change."""
    return {change.step.kind.partition("::")[2]: change.reason for change in deployment.plan().mutations}


@pytest.mark.full
def test_a_new_team_reaches_every_kind_behind_the_gateway(exposed: ExposedRelease) -> None:
    config = everything_on(exposed)
    exposed.deployment({**config, "team": "search"}).run()
    assert drifted(exposed.deployment({**config, "team": "search"})) == {}
    moved = {**config, "team": "ranking"}
    found = drifted(exposed.deployment(moved))
    assert found.keys() == BEHIND_THE_GATEWAY
    assert all("search → ranking" in reason for reason in found.values())
    exposed.deployment(moved).run()
    assert drifted(exposed.deployment(moved)) == {}
    for tags in (of_api, of_pool, of_secret, of_function):
        assert tags(exposed.sandbox.client).get("team") == "ranking", tags


def test_a_tag_that_somebody_removed_comes_back_to_what_can_change_and_what_cannot(served: ServedRelease) -> None:
    config = {"expose": DIRECT, "team": "search", "deployment": GUARDED, "instance": {"count": 2}}
    served.run(config)
    sagemaker, iam = served.sandbox.client("sagemaker"), served.sandbox.client("iam")
    (model,) = sagemaker.list_models()["Models"]
    sagemaker.delete_tags(ResourceArn=model["ModelArn"], TagKeys=["team"])
    iam.untag_role(RoleName="probe-local-sagemaker", TagKeys=["team"])
    assert drifted(served.deployment(config)) == {
        "SageMaker::Model": "tag team: None → search",
        "IAM::Role": "tag team: None → search",
    }
    _, plan = served.deployment(config).status()
    assert len(plan.mutations) == 2
    served.run(config)
    assert drifted(served.deployment(config)) == {}
    assert of_model(served.sandbox.client)["team"] == "search"
    assert drifted(served.deployment({**config, "team": "ranking"})).keys() == ON_SAGEMAKER
