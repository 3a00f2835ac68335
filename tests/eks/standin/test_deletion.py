"""Deletion: finalizers, preconditions, owners and dependants, namespaces."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.eks.standin.api_client import APPS, CORE, MERGE, ApiServer, config_map, deployment, eventually, unique

pytestmark = pytest.mark.req("Q7")


def test_a_deleted_object_is_gone(server: ApiServer) -> None:
    name = unique("gone")
    uid = server.post(server.path("configmaps"), config_map(name)).body["metadata"]["uid"]
    answer = server.delete(server.path("configmaps", name))
    assert (answer.code, answer.body["status"]) == (200, "Success")
    assert answer.body["details"] == {"name": name, "kind": "configmaps", "uid": uid}
    assert server.delete(server.path("configmaps", name)).code == 404


def test_a_finalizer_holds_an_object_until_it_is_taken_off(server: ApiServer) -> None:
    name = unique("held")
    path = server.path("configmaps", name)
    body = config_map(name)
    body["metadata"]["finalizers"] = ["example.com/hold"]
    server.post(server.path("configmaps"), body)
    marked = server.delete(path).body
    assert marked["metadata"]["deletionTimestamp"]
    assert marked["metadata"]["deletionGracePeriodSeconds"] == 0
    again = server.delete(path).body
    assert again["metadata"]["deletionTimestamp"] == marked["metadata"]["deletionTimestamp"]
    assert server.patch(path, {"metadata": {"deletionTimestamp": None}}, MERGE).body["metadata"]["deletionTimestamp"]
    assert server.patch(path, {"metadata": {"finalizers": []}}, MERGE).code == 200
    assert server.get(path).code == 404


def test_a_deletion_can_mean_one_object_only(server: ApiServer) -> None:
    name = unique("meant")
    path = server.path("configmaps", name)
    server.post(server.path("configmaps"), config_map(name))
    for conditions in ({"uid": "11111111-2222-3333-4444-555555555555"}, {"resourceVersion": "1"}):
        refused = server.delete(path, {"preconditions": conditions})
        assert (refused.code, refused.reason) == (409, "Conflict")
        assert "Precondition failed" in refused.message
    assert server.get(path).code == 200
    document = server.get(path).body
    assert server.delete(path, {"preconditions": {"uid": document["metadata"]["uid"]}}).code == 200


def test_a_dry_deletion_deletes_nothing(server: ApiServer) -> None:
    name = unique("dry")
    server.post(server.path("configmaps"), config_map(name))
    assert server.delete(server.path("configmaps", name), dryRun="All").code == 200
    assert server.get(server.path("configmaps", name)).code == 200


def test_a_collection_is_deleted_by_selector(server: ApiServer) -> None:
    group = unique("group")
    for _ in range(2):
        body = config_map(unique("one"))
        body["metadata"]["labels"] = {"group": group}
        server.post(server.path("configmaps"), body)
    assert server.delete(server.path("configmaps"), labelSelector=f"group={group}").code == 200
    assert server.get(server.path("configmaps"), labelSelector=f"group={group}").body["items"] == []


def owner_and_dependant(server: ApiServer, *, blocks: bool = False) -> tuple[str, str]:
    owner = server.post(server.path("configmaps"), config_map(unique("owner"))).body
    body = config_map(unique("dependant"))
    reference = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": blocks,
    }
    body["metadata"] |= {"ownerReferences": [reference], "finalizers": ["example.com/hold"] if blocks else []}
    server.post(server.path("configmaps"), body)
    return server.path("configmaps", owner["metadata"]["name"]), server.path("configmaps", body["metadata"]["name"])


@pytest.mark.usefixtures("controllers")
def test_dependants_follow_in_the_background(server: ApiServer) -> None:
    owner, dependant = owner_and_dependant(server)
    assert server.delete(owner, {"propagationPolicy": "Background"}).body["status"] == "Success"
    eventually(lambda: server.get(dependant).code == 404, what="the dependant is collected")


@pytest.mark.usefixtures("controllers")
def test_in_the_foreground_dependants_go_first(server: ApiServer) -> None:
    owner, dependant = owner_and_dependant(server, blocks=True)
    marked = server.delete(owner, {"propagationPolicy": "Foreground"}).body
    assert marked["metadata"]["finalizers"] == ["foregroundDeletion"]
    eventually(lambda: "deletionTimestamp" in server.get(dependant).body["metadata"], what="the dependant is marked")
    assert server.get(owner).code == 200
    server.patch(dependant, {"metadata": {"finalizers": None}}, MERGE)
    eventually(lambda: server.get(owner).code == 404, what="the owner goes last")


@pytest.mark.usefixtures("controllers")
def test_orphans_stay(server: ApiServer) -> None:
    owner, dependant = owner_and_dependant(server)
    server.delete(owner, {"propagationPolicy": "Orphan"})
    eventually(lambda: server.get(owner).code == 404, what="the owner goes")
    assert "ownerReferences" not in server.get(dependant).body["metadata"]


@pytest.mark.usefixtures("controllers")
def test_an_object_whose_owner_never_was_is_collected(server: ApiServer) -> None:
    body = config_map(unique("lost"))
    ghost: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "name": "ghost", "uid": "no-such-uid"}
    body["metadata"]["ownerReferences"] = [ghost]
    path = server.path("configmaps", body["metadata"]["name"])
    server.post(server.path("configmaps"), body)
    eventually(lambda: server.get(path).code == 404, what="the object is collected")


@pytest.mark.usefixtures("controllers")
def test_a_deployment_takes_its_replica_sets_along(server: ApiServer) -> None:
    name = unique("workload")
    server.post(server.path("deployments", base=APPS), deployment(name))
    sets = server.path("replicasets", base=APPS)
    eventually(lambda: server.get(sets, labelSelector=f"app={name}").body["items"], what="a ReplicaSet")
    server.delete(server.path("deployments", name, APPS))
    eventually(lambda: not server.get(sets, labelSelector=f"app={name}").body["items"], what="no ReplicaSet")
    eventually(lambda: not server.get(server.path("pods"), labelSelector=f"app={name}").body["items"], what="no pod")


@pytest.mark.usefixtures("controllers")
def test_a_namespace_takes_everything_along(api_server: ApiServer, new_namespace: Callable[..., ApiServer]) -> None:
    server = new_namespace()
    path = f"{CORE}/namespaces/{server.namespace}"
    body = config_map("held")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    server.post(server.path("configmaps"), body)
    terminating = api_server.delete(path).body
    assert terminating["status"]["phase"] == "Terminating"
    refused = server.post(server.path("configmaps"), config_map("late"))
    assert (refused.code, refused.reason) == (403, "Forbidden")
    assert refused.message == (
        f'configmaps "late" is forbidden: unable to create new content in namespace {server.namespace} '
        "because it is being terminated"
    )
    assert refused.causes == [("NamespaceTerminating", "metadata.namespace")]
    eventually(lambda: "deletionTimestamp" in server.get(server.path("configmaps", "held")).body["metadata"])
    server.patch(server.path("configmaps", "held"), {"metadata": {"finalizers": []}}, MERGE)
    eventually(lambda: api_server.get(path).code == 404, what="the namespace is gone")
