"""What a namespace lets in: Pod Security, quotas, service accounts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.eks.standin.api_client import ApiServer, eventually, pod

pytestmark = pytest.mark.req("Q7")

SAFE = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "seccompProfile": {"type": "RuntimeDefault"},
}


@pytest.fixture(scope="module")
def restricted(new_namespace: Callable[..., ApiServer]) -> ApiServer:
    return new_namespace(**{"pod-security.kubernetes.io/enforce": "restricted"})


@pytest.fixture(scope="module")
def limited(new_namespace: Callable[..., ApiServer]) -> ApiServer:
    """A namespace for two pods, 1 CPU and three ConfigMaps."""
    server = new_namespace()
    hard = {"pods": "2", "requests.cpu": "1", "limits.memory": "1Gi"}
    assert (
        server.post(server.path("resourcequotas"), {"metadata": {"name": "team"}, "spec": {"hard": hard}}).code == 201
    )
    return server


def with_context(name: str, context: dict[str, Any], **spec: Any) -> dict[str, Any]:
    body = pod(name, **spec)
    body["spec"]["containers"][0]["securityContext"] = context
    return body


def sized(name: str, cpu: str, memory: str = "64Mi") -> dict[str, Any]:
    body = pod(name)
    body["spec"]["containers"][0]["resources"] = {"requests": {"cpu": cpu}, "limits": {"memory": memory}}
    return body


def test_a_restricted_namespace_takes_a_pod_that_gives_everything_up(restricted: ApiServer) -> None:
    assert restricted.post(restricted.path("pods"), with_context("safe", SAFE)).code == 201


def test_a_restricted_namespace_names_every_violation(restricted: ApiServer) -> None:
    refused = restricted.post(restricted.path("pods"), pod("bare"))
    assert (refused.code, refused.reason) == (403, "Forbidden")
    assert refused.message == (
        'pods "bare" is forbidden: violates PodSecurity "restricted:latest": '
        'allowPrivilegeEscalation != false (container "service" must set '
        "securityContext.allowPrivilegeEscalation=false), "
        'unrestricted capabilities (container "service" must set securityContext.capabilities.drop=["ALL"]), '
        'runAsNonRoot != true (pod or container "service" must set securityContext.runAsNonRoot=true), '
        'seccompProfile (pod or container "service" must set securityContext.seccompProfile.type to '
        '"RuntimeDefault" or "Localhost")'
    )


@pytest.mark.parametrize(
    ("context", "spec", "words"),
    [
        ({"privileged": True}, {}, "privileged"),
        ({"capabilities": {"drop": ["ALL"], "add": ["SYS_ADMIN"]}}, {}, "SYS_ADMIN"),
        ({"runAsUser": 0}, {}, "runAsUser=0"),
        ({}, {"hostNetwork": True}, "host namespaces"),
        ({}, {"volumes": [{"name": "root", "hostPath": {"path": "/"}}]}, "hostPath"),
    ],
)
def test_what_a_pod_may_not_do(restricted: ApiServer, context: dict, spec: dict, words: str) -> None:
    refused = restricted.post(restricted.path("pods"), with_context("bad", {**SAFE, **context}, **spec))
    assert refused.code in {403, 422}
    if refused.code == 403:
        assert words in refused.message


@pytest.mark.usefixtures("controllers")
def test_a_quota_counts_what_pods_ask_for(limited: ApiServer) -> None:
    def used() -> dict[str, str]:
        return dict(limited.get(limited.path("resourcequotas", "team")).body.get("status", {}).get("used") or {})

    eventually(lambda: used().get("pods") == "0", what="the quota is counted")
    missing = limited.post(limited.path("pods"), pod("no-size"))
    assert missing.code == 403
    assert "failed quota: team: must specify limits.memory for: service; requests.cpu for: service" in missing.message
    assert limited.post(limited.path("pods"), sized("first", "600m")).code == 201
    over = limited.post(limited.path("pods"), sized("second", "500m"))
    assert (over.code, over.reason) == (403, "Forbidden")
    assert over.message == (
        'pods "second" is forbidden: exceeded quota: team, requested: requests.cpu=500m, '
        "used: requests.cpu=600m, limited: requests.cpu=1"
    )
    assert limited.post(limited.path("pods"), sized("second", "400m")).code == 201
    many = limited.post(limited.path("pods"), sized("third", "0"))
    assert "exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2" in many.message
    eventually(lambda: used().get("pods") == "2", what="the quota is counted again")


def test_a_pod_needs_its_service_account(server: ApiServer) -> None:
    refused = server.post(server.path("pods"), pod("lonely", account="nobody"))
    assert refused.code == 403
    account = f"{server.namespace}/nobody"
    assert f'error looking up service account {account}: serviceaccount "nobody" not found' in refused.message


def test_a_pod_hardly_changes(restricted: ApiServer) -> None:
    restricted.post(restricted.path("pods"), with_context("fixed", SAFE))
    patch = {"spec": {"terminationGracePeriodSeconds": 1}}
    refused = restricted.patch(restricted.path("pods", "fixed"), patch, "application/merge-patch+json")
    assert refused.code == 422
    assert "pod updates may not change fields other than" in refused.message
