"""The table of grants beside the drivers: no kind and no call is forgotten, and nothing is granted that none makes."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from mldeploy import Context
from mldeploy_aws.driver import AwsDriver
from mldeploy_permissions.common import EVERY_RUN
from mldeploy_permissions.deployer import KINDS
from mldeploy_sandbox.permissions.actions import ACTIONS, FREE, PREFIXES
from tests.installation import ROOT

PLUGINS = ("aws", "cache", "container", "eks", "gateway", "monitoring", "sagemaker")
SERVICES = (
    "apigateway",
    "application-autoscaling",
    "cloudwatch",
    "cognito-idp",
    "ec2",
    "ecr",
    "eks",
    "elasticache",
    "iam",
    "lambda",
    "logs",
    "s3",
    "sagemaker",
    "sagemaker-runtime",
    "secretsmanager",
    "service-quotas",
    "sts",
    "wafv2",
)
NOT_DEPLOYING = {"mldeploy_container/model_cli.py", "mldeploy_container/package_registry.py"}
"""`mldeploy model` is given by people with rights of their own."""
TAGGING = re.compile(r":(AddTags|AddTagsToResource|CreateTags|TagLogGroup|TagResource|TagRole)$")
BY_SERVICES = {
    "apigateway:SetWebACL",
    "apigateway:UpdateRestApiPolicy",
    "ec2:DescribeVpcs",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "kms:CreateGrant",
    "kms:DescribeKey",
    "cloudwatch:DeleteAlarms",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:PutMetricAlarm",
}
"""What services ask for on behalf of the caller."""
BY_ENGINES = {"ecr:PutImage"}
ONE_WORD = {"lambda:InvokeFunction"}
"""Calls whose name alone does not tell what they are: `invoke`."""


def granted() -> set[str]:
    grants = [*EVERY_RUN, *(grant for grants in KINDS.values() for grant in grants)]
    return {f"{grant.service}:{action}" for grant in grants for action in grant.actions.split()}


@cache
def operations() -> dict[str, set[str]]:
    """Return the name of a client's method → the actions that it may need, of all services that have it."""
    found: dict[str, set[str]] = {}
    session = botocore.session.get_session()
    for service in SERVICES:
        model = session.get_service_model(service)
        for name in model.operation_names:
            if (service, name) in FREE:
                continue
            if service == "apigateway":
                action = f"apigateway:{model.operation_model(name).http['method']}"
            else:
                action = ACTIONS.get((service, name), f"{PREFIXES.get(service, service)}:{name}")
            if "_" in xform_name(name):  # one word alone is anybody's: `search`, `invoke`
                found.setdefault(xform_name(name), set()).add(action)
    return found


def calls() -> Iterator[tuple[str, str]]:
    """Yield file and method of everything in the plugins that has the name of an AWS operation."""
    for plugin in PLUGINS:
        for path in sorted((ROOT / "plugins" / f"mldeploy_{plugin}").glob("*.py")):
            place = path.relative_to(ROOT / "plugins").as_posix()
            if place not in NOT_DEPLOYING:
                yield from ((place, name) for name in _names(path) if name in operations())


def _names(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_call_of_the_drivers_is_granted():
    forgotten = {(place, name) for place, name in calls() if not operations()[name] & granted()}
    assert forgotten == set()


def test_every_grant_is_for_a_call_of_the_drivers():
    called = {action for _, name in calls() for action in operations()[name]}
    assert {
        action for action in granted() - called - BY_SERVICES - BY_ENGINES - ONE_WORD if not TAGGING.search(action)
    } == set()


@pytest.mark.parametrize("plugin", PLUGINS)
def test_no_kind_is_forgotten(plugin, tmp_path):
    module = __import__(f"mldeploy_{plugin}")
    context = Context(
        name="x", env="dev", root=tmp_path, config={}, tags={}, find_provider=lambda *_: None, emit=lambda _event: None
    )
    drivers = module.mldeploy_drivers(context)
    assert {kind for kind, driver in drivers.items() if isinstance(driver, AwsDriver)} <= set(KINDS)
