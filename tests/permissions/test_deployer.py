"""The deployer's policy: it suffices, it allows nothing more, and what it lacks is named."""

from __future__ import annotations

import re

import pytest

from mldeploy_permissions.account_wide import REASONS, source_of
from mldeploy_permissions.deployer import KINDS
from mldeploy_sandbox.permissions.policy import read_policy
from mldeploy_sandbox.permissions.required import Permission
from tests.permissions.conftest import Recorded
from tests.permissions.life import Life, actions, text_of, without
from tests.permissions.removals import removed_in_turn

pytestmark = pytest.mark.full
"""A release of its own with every call recorded; too slow for every push."""

SERVICES = (
    "apigateway",
    "application-autoscaling",
    "cloudwatch",
    "cognito-idp",
    "ecr",
    "elasticache",
    "iam",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
)
LEFTOVERS = {
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcEndpoints",
    "elasticache:DescribeCacheSubnetGroups",
    "secretsmanager:DescribeSecret",
}
"""What this release needs only to look for leftovers of older ones; what may not be looked at was not made by us."""

OPTIONAL = {"servicequotas:ListServiceQuotas", *LEFTOVERS}
"""What is done without. `diagnose` says that it could not find out about quotas."""


@pytest.mark.req("X2")
def test_a_whole_life_passes_under_the_policy(recorded: Recorded):
    assert {chapter: outcome.exit_code for chapter, outcome in recorded.outcomes.items()} == dict.fromkeys(
        recorded.life.chapters, 0
    )
    assert recorded.refused == []


def test_every_allowed_action_was_needed(recorded: Recorded):
    assert actions(recorded.policy) - set().union(*recorded.used.values()) == set()


def test_all_resources_are_for_listed_actions_only(recorded: Recorded):
    everywhere = {
        action
        for statement in recorded.policy["Statement"]
        if "*" in statement["Resource"]
        for action in statement["Action"]
    }
    assert everywhere <= set(REASONS)
    assert not [action for action in actions(recorded.policy) if "*" in action]


def test_the_table_of_account_wide_actions_is_exact():
    granted = {
        f"{grant.service}:{action}"
        for grants in KINDS.values()
        for grant in grants
        if grant.resources == ("*",)
        for action in grant.actions.split()
    }
    always = {"cloudwatch:DescribeAlarms", "iam:ListRoles", "logs:DescribeLogGroups", "s3:ListAllMyBuckets"}
    assert granted | always == set(REASONS)
    assert source_of("iam:ListRoles").endswith("list_awsidentityandaccessmanagementiam.html")


def test_roles_are_passed_to_their_own_service_only(recorded: Recorded):
    passed = {
        (resource, statement["Condition"]["StringEquals"]["iam:PassedToService"])
        for statement in recorded.policy["Statement"]
        if "iam:PassRole" in statement["Action"]
        for resource in statement["Resource"]
    }
    roles = "arn:aws:iam::123456789012:role/probe-local"
    assert passed == {(f"{roles}-cache", "lambda.amazonaws.com"), (f"{roles}-sagemaker", "sagemaker.amazonaws.com")}


@pytest.mark.parametrize(
    ("action", "resource", "tags"),
    [
        ("sagemaker:DeleteEndpoint", "arn:aws:sagemaker:eu-central-1:123456789012:endpoint/other-local", {}),
        ("sagemaker:DeleteEndpoint", "arn:aws:sagemaker:us-east-1:123456789012:endpoint/probe-local", {}),
        ("iam:PutRolePolicy", "arn:aws:iam::123456789012:role/admin", {}),
        ("s3:GetObject", "arn:aws:s3:::other/key", {}),
        ("apigateway:DELETE", "arn:aws:apigateway:eu-central-1::/restapis/abc", {}),
        ("apigateway:DELETE", "arn:aws:apigateway:eu-central-1::/restapis/abc", {"mldeploy:environment": "prod"}),
        ("cognito-idp:DeleteUserPool", "arn:aws:cognito-idp:eu-central-1:123456789012:userpool/x", {}),
    ],
)
def test_what_belongs_to_others_stays_out_of_reach(recorded: Recorded, action, resource, tags):
    context = {f"aws:ResourceTag/{key}": value for key, value in {"mldeploy:name": "probe", **tags}.items()}
    policy = read_policy(text_of(recorded.policy))
    assert not policy.allows(Permission(action=action, resource=resource, context=context))


@pytest.mark.req("X2")
@pytest.mark.parametrize("action", ["s3:ListBucket", "ecr:CreateRepository", "iam:PassRole"])
def test_what_is_missing_is_named(recorded: Recorded, action):
    removals = list(removed_in_turn(recorded.life, recorded.policy, recorded.used, {action}))
    assert [removal.action for removal in removals] == [action]
    assert [removal for removal in removals if not removal.named] == []


@pytest.mark.req("X2")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("service", SERVICES)
def test_each_action_that_is_missing_is_named(recorded: Recorded, service, record_property):
    """Takes a quarter of an hour for all of them on an idle machine; `--junit-xml` keeps how many were removed."""
    needed = set().union(*recorded.used.values()) - OPTIONAL
    chosen = {action for action in needed if action.startswith(f"{service}:")}
    removals = list(removed_in_turn(recorded.life, recorded.policy, recorded.used, chosen))
    record_property("removed", len(removals))
    assert chosen == {removal.action for removal in removals}
    assert [removal for removal in removals if not removal.named] == []


def test_what_only_looks_for_leftovers_and_quotas_is_done_without(recorded: Recorded):
    life, policy = recorded.life, recorded.policy
    for action in OPTIONAL:
        policy = without(policy, action)
    assert actions(policy) == actions(recorded.policy) - OPTIONAL
    life.enforce(policy)
    life.version(1).ok()
    life.destroy().ok()
    life.enforce(None)


def test_no_service_is_left_out(recorded: Recorded):
    needed = set().union(*recorded.used.values()) - OPTIONAL
    assert {action.partition(":")[0] for action in needed} == set(SERVICES)


def test_each_phase_passes_under_a_policy_of_its_own(recorded: Recorded):
    life = recorded.life
    for phase in ("build", "provision", "expose"):
        policy = life.policy("--phase", phase)
        assert actions(policy) < actions(recorded.policy)
        life.enforce(policy)
        life.project.run("run", "--phase", phase).ok()
    life.enforce(recorded.policy)
    life.project.run("run", "--phase", "verify").ok()
    life.destroy().ok()


def test_a_release_in_a_vpc_passes_under_its_policy(tmp_path):
    with Life.opened(tmp_path) as life:
        life.move_into_vpc()
        policy = life.policy()
        life.enforce(policy)
        life.project.run("run").ok()
        life.belong_to("search")
        life.project.run("run").ok()
        life.destroy().ok()
        needed = {action for call in life.calls() for action, _ in call["permissions"]}
    assert {"ec2:CreateVpcEndpoint", "secretsmanager:CreateSecret", "cloudwatch:PutDashboard"} <= needed
    assert needed <= actions(policy)


def test_the_function_may_do_what_it_does_and_nothing_else(recorded: Recorded):
    """Its log lines are written by Lambda in its name; the sandbox shows no calls for them."""
    role = recorded.roles["probe-local-cache"]
    allowed = read_policy(text_of(role))
    needed = {(action, resource) for call in recorded.served for action, resource in call["permissions"]}
    assert needed
    assert all(allowed.allows(Permission(action=action, resource=resource)) for action, resource in needed)
    written = {"logs:CreateLogStream", "logs:PutLogEvents"}
    assert actions(role) == {action for action, _ in needed} | written


def test_no_role_reaches_beyond_its_release(recorded: Recorded):
    """Two actions know no resources; see the service authorization reference for ECR and CloudWatch."""
    without_resources = {"ecr:GetAuthorizationToken", "cloudwatch:PutMetricData"}
    for name, role in recorded.roles.items():
        for statement in role["Statement"]:
            if set(statement["Action"]) <= without_resources:
                continue
            assert all(re.search(r"probe-local", resource) for resource in statement["Resource"]), (name, statement)
