"""The policy of whoever deploys: what the plan's drivers call, on the resources that the plan names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from mldeploy import Phase, Release, Step
from mldeploy.model import ENVIRONMENT_TAG, JSON, NAME_TAG
from mldeploy_aws.policies import document
from mldeploy_permissions.apigee import APIGEE
from mldeploy_permissions.cache import CACHE, CACHE_LEFTOVERS
from mldeploy_permissions.common import COMMON, EVERY_RUN, state_grants
from mldeploy_permissions.eks import EKS
from mldeploy_permissions.gateway import GATEWAY, GATEWAY_LEFTOVERS
from mldeploy_permissions.grants import Grant, Guard
from mldeploy_permissions.names import Names
from mldeploy_permissions.sagemaker import SAGEMAKER

KINDS = {**COMMON, **SAGEMAKER, **EKS, **GATEWAY, **APIGEE, **CACHE}
"""Kind of step → what its driver needs."""
READS = re.compile(r"\w[\w-]*:(Batch(Check|Get)|Describe|Filter|Get|GET$|List)")
"""Actions that change nothing."""

GATEWAYS = ("api-gateway", "apigee")
"""Both have a REST API: behind a proxy of Apigee it is the origin."""

Place = tuple[tuple[tuple[str, str], ...], str]
"""Conditions (key and value) and a resource."""


def deployer_policy(
    release: Release, steps: Sequence[Step], *, account: str, phases: Collection[Phase] = tuple(Phase)
) -> JSON:
    """Return the policy document that lets somebody deploy, watch, roll back and destroy a release.

    Arguments:
        steps: the settled steps of the release.
        account: its twelve digits.
        phases: whose steps may be changed; all steps may be read, because each phase reads what earlier ones made.
    """
    names = Names(
        account=account, region=str(release.value("instance.region")), steps={step.id: step for step in steps}
    )
    allowed: dict[Place, set[str]] = defaultdict(set)
    for grant, step in _needed(release, steps):
        if grant.when and not names.has(grant.when, step):
            continue
        actions = {f"{grant.service}:{name}" for name in grant.actions.split()}
        if step.phase not in phases:
            actions = {action for action in actions if READS.match(action)}
        for resource in grant.resources:
            allowed[_conditions(grant, release, names, step), names.filled(resource, step)] |= actions
    return document(*_statements(allowed))


def _needed(release: Release, steps: Sequence[Step]) -> Iterator[tuple[Grant, Step]]:
    every = Step(kind="", name=release.resource_name, phase=Phase.BUILD)
    yield from ((grant, every) for grant in (*EVERY_RUN, *_leftovers(release), *state_grants(release)))
    for step in steps:
        yield from ((grant, step) for grant in KINDS.get(step.kind, ()))


def _leftovers(release: Release) -> Iterator[Grant]:
    """Yield what loaded plugins look for even where this release describes none of it."""
    if "cache" in release.config:
        yield from CACHE_LEFTOVERS
    if release.value("expose.gateway") in GATEWAYS:
        yield from GATEWAY_LEFTOVERS
    if "monitoring" in release.config:
        yield Grant("cloudwatch", "ListDashboards", ("*",))


def _conditions(grant: Grant, release: Release, names: Names, step: Step) -> tuple[tuple[str, str], ...]:
    tags = ((NAME_TAG, release.name), (ENVIRONMENT_TAG, release.env)) if grant.guard is not Guard.NONE else ()
    guards = ((f"{grant.guard.value}/{key}", value) for key, value in tags)
    return (*guards, *((key, names.filled(value, step)) for key, value in grant.conditions))


def _statements(allowed: dict[Place, set[str]]) -> Iterator[JSON]:
    """Yield one statement per set of conditions and actions."""
    merged: dict[tuple[tuple[tuple[str, str], ...], tuple[str, ...]], set[str]] = defaultdict(set)
    for (conditions, resource), actions in allowed.items():
        if actions:
            merged[conditions, tuple(sorted(actions))].add(resource)
    for (conditions, names), resources in sorted(merged.items(), key=lambda item: (item[0][1], item[0][0])):
        statement = {"Effect": "Allow", "Action": list(names), "Resource": sorted(resources)}
        yield {**statement, "Condition": {"StringEquals": dict(conditions)}} if conditions else statement
