"""What is named as the cause when pods do not become available, from what a cluster tells."""

from __future__ import annotations

from typing import Any

import pytest

from mldeploy_eks.causes import Evidence, verdict


def container(**status: Any) -> Evidence:
    return Evidence(pods=[{"metadata": {"name": "p"}, "status": {"containerStatuses": [{"name": "model", **status}]}}])


def waiting(reason: str, **status: Any) -> Evidence:
    return container(state={"waiting": {"reason": reason}}, **status)


def events(*found: tuple[str, str]) -> Evidence:
    return Evidence(events=[{"reason": reason, "message": message} for reason, message in found])


KILLED = {"terminated": {"reason": "OOMKilled", "exitCode": 137}}
NO_NODE = {"type": "PodScheduled", "reason": "Unschedulable", "message": "0/3 nodes are available: 3 Insufficient cpu"}


@pytest.mark.parametrize(
    ("evidence", "code", "words"),
    [
        (events(("FailedCreate", 'pods "x" is forbidden: exceeded quota: tight')), "quota", "exceeded quota: tight"),
        (events(("FailedCreate", 'pods "x" is forbidden: violates PodSecurity')), "forbidden", "violates PodSecurity"),
        (waiting("ImagePullBackOff", image="a@sha256:1"), "image-pull", "ImagePullBackOff: a@sha256:1"),
        (waiting("CreateContainerConfigError"), "container-config", "CreateContainerConfigError"),
        (waiting("CrashLoopBackOff", restartCount=3, lastState=KILLED), "out-of-memory", "killed 3 times"),
        (waiting("CrashLoopBackOff", restartCount=2), "crash-loop", "ended 2 times"),
        (events(("Unhealthy", "Startup: 503"), ("Killing", "failed startup probe")), "probe", "Startup: 503"),
        (Evidence(pods=[{"status": {"conditions": [NO_NODE]}}]), "unschedulable", "3 Insufficient cpu"),
        (events(("Unhealthy", "Readiness probe failed: 503")), "not-ready", "Readiness probe failed"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_a_cause_is_known_by_its_signs(evidence: Evidence, code: str, words: str) -> None:
    found = verdict(evidence)
    assert found is not None
    assert found.cause.code == code
    assert words in found.evidence


@pytest.mark.parametrize("evidence", [Evidence(), waiting("ContainerCreating"), waiting("CrashLoopBackOff")])
def test_what_may_still_become_well_has_no_cause(evidence: Evidence) -> None:
    assert verdict(evidence) is None
