"""What the cache's drivers do with the answers of AWS that the sandbox never gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY

from mldeploy import Context, DeployError, Observed, Phase, Step
from mldeploy.errors import PendingError
from mldeploy_cache.functions import FunctionDriver
from mldeploy_cache.replication_groups import ReplicationGroupDriver
from tests.aws.stubbed import Account

ARN = "arn:aws:lambda:eu-central-1:123456789012:function:probe-dev-cache"
ROLE = "arn:aws:iam::123456789012:role/probe-dev-cache"
GROUP_ARN = "arn:aws:elasticache:eu-central-1:123456789012:replicationgroup:probe-dev"
TAGS = {"mldeploy:name": "probe", "mldeploy:environment": "dev"}
TAG_LIST = [{"Key": key, "Value": value} for key, value in TAGS.items()]
FUNCTION = Step(
    kind="AWS::Lambda::Function",
    name="probe-dev-cache",
    phase=Phase.PROVISION,
    spec={"CodeSha256": "new", "Role": ROLE, "Environment": {"Variables": {"RELEASE": "config-2"}}},
)
GROUP = Step(
    kind="AWS::ElastiCache::ReplicationGroup",
    name="probe-dev",
    phase=Phase.PROVISION,
    spec={
        "Engine": "valkey",
        "CacheNodeType": "cache.t4g.micro",
        "NumCacheClusters": 1,
        "AutomaticFailoverEnabled": False,
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
    },
)


def context_of(account: Account, folder: Path) -> Context:
    return Context(
        name="probe",
        env="dev",
        root=folder,
        config={},
        tags=TAGS,
        find_provider=lambda _kind, _context: account,
        emit=lambda _event: None,
    )


@pytest.fixture
def functions() -> Iterator[Account]:
    account = Account("lambda")
    with account.stub:
        yield account
        account.stub.assert_no_pending_responses()


@pytest.fixture
def groups() -> Iterator[Account]:
    account = Account("elasticache")
    with account.stub:
        yield account
        account.stub.assert_no_pending_responses()


def settled(account: Account, **status: str) -> None:
    account.stub.add_response("get_function_configuration", status)


@pytest.mark.req("5.10")
def test_a_role_that_iam_has_not_spread_is_waited_for(functions: Account, tmp_path: Path) -> None:
    code, text = "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda."
    for _ in range(2):
        functions.stub.add_client_error("create_function", code, text)
    made = {"FunctionName": FUNCTION.name, "FunctionArn": ARN, "Environment": {"Variables": {"GENERATION": "18f"}}}
    functions.stub.add_response("create_function", made)
    settled(functions, State="Pending")
    settled(functions, State="Active")
    outputs = FunctionDriver(context_of(functions, tmp_path)).apply(FUNCTION, None)
    assert outputs == {"FunctionName": "probe-dev-cache", "FunctionArn": ARN, "Generation": "18f"}


def test_any_other_invalid_parameter_fails_at_once(functions: Account, tmp_path: Path) -> None:
    functions.stub.add_client_error("create_function", "InvalidParameterValueException", "Unzipped size is too large")
    with pytest.raises(DeployError, match="Unzipped size"):
        FunctionDriver(context_of(functions, tmp_path)).apply(FUNCTION, None)


@pytest.mark.req("5.3")
def test_code_and_configuration_change_one_after_the_other_and_start_a_new_generation(
    functions: Account, tmp_path: Path
) -> None:
    old = {"CodeSha256": "old", "Role": ROLE, "Environment": {"Variables": {"RELEASE": "config-1"}}}
    observed = Observed(outputs={"FunctionName": FUNCTION.name, "FunctionArn": ARN}, spec=old)
    generation = {"Variables": {"RELEASE": "config-2", "GENERATION": ANY}}
    settled(functions, State="Active", LastUpdateStatus="Successful")
    functions.stub.add_response("update_function_code", {}, {"FunctionName": FUNCTION.name, "ZipFile": ANY})
    settled(functions, State="Active", LastUpdateStatus="InProgress")
    settled(functions, State="Active", LastUpdateStatus="Successful")
    expected = {"FunctionName": FUNCTION.name, "Role": ROLE, "Environment": generation}
    made = {"FunctionName": FUNCTION.name, "FunctionArn": ARN, "Environment": {"Variables": {"GENERATION": "18f"}}}
    functions.stub.add_response("update_function_configuration", made, expected)
    settled(functions, State="Active", LastUpdateStatus="Successful")
    FunctionDriver(context_of(functions, tmp_path)).apply(FUNCTION, observed)


def test_the_reason_of_a_failed_update_is_shown(functions: Account, tmp_path: Path) -> None:
    observed = Observed(outputs={"FunctionArn": ARN}, spec={**FUNCTION.spec, "CodeSha256": "old"})
    settled(functions, State="Active")
    functions.stub.add_response("update_function_code", {})
    settled(functions, LastUpdateStatus="Failed", LastUpdateStatusReason="The KMS key is disabled")
    with pytest.raises(DeployError, match="KMS key is disabled"):
        FunctionDriver(context_of(functions, tmp_path)).apply(FUNCTION, observed)


def test_the_generation_is_no_difference(functions: Account, tmp_path: Path) -> None:
    variables = {"Variables": {"RELEASE": "config-2", "GENERATION": "18f"}}
    configuration = {"FunctionName": FUNCTION.name, "FunctionArn": ARN, "CodeSha256": "new", "Role": ROLE}
    functions.stub.add_response(
        "get_function", {"Configuration": {**configuration, "Environment": variables}, "Tags": TAGS}
    )
    observed = FunctionDriver(context_of(functions, tmp_path)).read(FUNCTION)
    assert observed is not None
    assert observed.spec == FUNCTION.spec
    assert observed.owned


def test_a_function_of_somebody_else_is_not_ours(functions: Account, tmp_path: Path) -> None:
    configuration = {"FunctionName": FUNCTION.name, "FunctionArn": ARN}
    functions.stub.add_response("get_function", {"Configuration": configuration, "Tags": {"mldeploy:name": "other"}})
    observed = FunctionDriver(context_of(functions, tmp_path)).read(FUNCTION)
    assert observed is not None
    assert not observed.owned


def group(status: str, **changes: Any) -> dict[str, Any]:
    endpoint = {"Address": "probe.cache.amazonaws.com", "Port": 6379}
    found = {
        "ReplicationGroupId": "probe-dev",
        "ARN": GROUP_ARN,
        "Description": "mldeploy probe dev",
        "Status": status,
        "Engine": "valkey",
        "CacheNodeType": "cache.t4g.micro",
        "MemberClusters": ["probe-dev-001"],
        "AutomaticFailover": "disabled",
        "TransitEncryptionEnabled": True,
        "AtRestEncryptionEnabled": True,
        "NodeGroups": [{"PrimaryEndpoint": endpoint}] if status != "creating" else [],
        **changes,
    }
    return {"ReplicationGroups": [found]}


def test_a_group_that_an_interrupted_run_left_creating_is_waited_for(groups: Account, tmp_path: Path) -> None:
    told: list[str] = []
    context = replace(context_of(groups, tmp_path), emit=lambda event: told.append(event.message))
    driver = ReplicationGroupDriver(context)
    for status in ("creating", "creating", "creating", "modifying", "available"):
        groups.stub.add_response("describe_replication_groups", group(status))
    observed = driver.read(GROUP)
    assert observed is not None
    assert observed.spec == {}, "so the plan updates it, which waits"
    assert driver.apply(GROUP, observed) == {"Address": "probe.cache.amazonaws.com", "Port": "6379"}
    assert told == ["ElastiCache says creating", "ElastiCache says modifying"], "once per state"


def test_an_available_group_is_as_described(groups: Account, tmp_path: Path) -> None:
    groups.stub.add_response("describe_replication_groups", group("available"))
    groups.stub.add_response("list_tags_for_resource", {"TagList": TAG_LIST[:1]}, {"ResourceName": GROUP_ARN})
    observed = ReplicationGroupDriver(context_of(groups, tmp_path)).read(GROUP)
    assert observed is not None
    assert (observed.spec, observed.owned) == (GROUP.spec, True)
    assert observed.drift == ("tag mldeploy:environment: None → dev",)


def test_another_node_type_is_changed_in_place(groups: Account, tmp_path: Path) -> None:
    live = group("available", CacheNodeType="cache.m7g.large")
    groups.stub.add_response("describe_replication_groups", live)
    expected = {
        "ReplicationGroupId": "probe-dev",
        "ReplicationGroupDescription": "mldeploy probe dev",
        "CacheNodeType": "cache.t4g.micro",
        "ApplyImmediately": True,
    }
    groups.stub.add_response("modify_replication_group", {}, expected)
    groups.stub.add_response("describe_replication_groups", group("modifying"))
    groups.stub.add_response("describe_replication_groups", group("available"))
    ReplicationGroupDriver(context_of(groups, tmp_path)).apply(GROUP, Observed())


def test_encryption_cannot_be_switched_and_says_what_to_do(groups: Account, tmp_path: Path) -> None:
    groups.stub.add_response("describe_replication_groups", group("available", TransitEncryptionEnabled=False))
    with pytest.raises(DeployError, match="TransitEncryptionEnabled") as caught:
        ReplicationGroupDriver(context_of(groups, tmp_path)).apply(GROUP, Observed())
    assert "switch cache.enabled off" in caught.value.hint


def test_a_group_that_failed_says_so(groups: Account, tmp_path: Path) -> None:
    groups.stub.add_response("create_replication_group", {})
    groups.stub.add_response("describe_replication_groups", group("create-failed"))
    with pytest.raises(DeployError, match="create-failed"):
        ReplicationGroupDriver(context_of(groups, tmp_path)).apply(GROUP, None)


@pytest.mark.req("E12")
def test_deleting_waits_until_the_group_can_be_deleted_and_until_it_is_gone(groups: Account, tmp_path: Path) -> None:
    for status in ("modifying", "available"):
        groups.stub.add_response("describe_replication_groups", group(status))
    groups.stub.add_response("delete_replication_group", {}, {"ReplicationGroupId": "probe-dev"})
    groups.stub.add_response("describe_replication_groups", group("deleting"))
    groups.stub.add_client_error("describe_replication_groups", "ReplicationGroupNotFoundFault")
    ReplicationGroupDriver(context_of(groups, tmp_path)).delete(GROUP, Observed())


def test_an_interrupted_wait_says_how_to_go_on(groups: Account, tmp_path: Path) -> None:
    groups.stub.add_response("create_replication_group", {})
    groups.stub.add_response("describe_replication_groups", group("creating"))
    context = context_of(groups, tmp_path)
    context.cancelled.set()
    with pytest.raises(PendingError) as caught:
        ReplicationGroupDriver(context).apply(GROUP, None)
    assert "run the same command again" in caught.value.hint
