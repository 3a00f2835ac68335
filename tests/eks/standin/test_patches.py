"""JSON patch, merge patch and strategic merge patch."""

from __future__ import annotations

import pytest

from tests.eks.standin.api_client import APPS, JSON, MERGE, STRATEGIC, ApiServer, config_map, deployment, unique

pytestmark = pytest.mark.req("Q7")


@pytest.fixture
def path(server: ApiServer) -> str:
    """A deployment with two containers."""
    name = unique("patched")
    body = deployment(name, replicas=0, container={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
    body["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "sidecar:1"})
    body["metadata"]["annotations"] = {"keep": "me", "drop": "me"}
    assert server.post(server.path("deployments", base=APPS), body).code == 201
    return server.path("deployments", name, APPS)


def containers(document: dict) -> dict[str, dict]:
    return {each["name"]: each for each in document["spec"]["template"]["spec"]["containers"]}


def test_a_merge_patch_removes_what_is_null_and_replaces_lists(server: ApiServer, path: str) -> None:
    patch = {
        "metadata": {"annotations": {"drop": None, "new": "one"}},
        "spec": {"template": {"spec": {"containers": [{"name": "only", "image": "only:1"}]}}},
    }
    document = server.patch(path, patch, MERGE).body
    assert document["metadata"]["annotations"].items() >= {"keep": "me", "new": "one"}.items()
    assert "drop" not in document["metadata"]["annotations"]
    assert list(containers(document)) == ["only"]


def test_a_strategic_patch_finds_list_items_by_their_key(server: ApiServer, path: str) -> None:
    environment = [{"name": "B", "value": "changed"}, {"name": "C", "value": "3"}, {"name": "A", "$patch": "delete"}]
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "service", "env": environment}]}}}}
    found = containers(server.patch(path, patch, STRATEGIC).body)
    assert set(found) == {"service", "sidecar"}
    assert {each["name"]: each["value"] for each in found["service"]["env"]} == {"B": "changed", "C": "3"}


def test_a_strategic_patch_can_delete_and_replace(server: ApiServer, path: str) -> None:
    gone = {"spec": {"template": {"spec": {"containers": [{"name": "sidecar", "$patch": "delete"}]}}}}
    assert set(containers(server.patch(path, gone, STRATEGIC).body)) == {"service"}
    strategy = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert server.patch(path, strategy, STRATEGIC).body["spec"]["strategy"] == {"type": "Recreate"}


def test_a_json_patch_is_done_whole_or_not_at_all(server: ApiServer, path: str) -> None:
    good = [
        {"op": "test", "path": "/spec/replicas", "value": 0},
        {"op": "replace", "path": "/spec/paused", "value": True},
    ]
    failed = server.patch(path, good, JSON)
    assert (failed.code, failed.reason) == (422, "Invalid")  # nothing to replace: `paused` is not there
    good[1]["op"] = "add"
    assert server.patch(path, good, JSON).body["spec"]["paused"] is True
    wrong = [
        {"op": "remove", "path": "/metadata/annotations/keep"},
        {"op": "test", "path": "/spec/replicas", "value": 7},
    ]
    assert server.patch(path, wrong, JSON).code == 422
    assert server.get(path).body["metadata"]["annotations"]["keep"] == "me"


def test_the_version_in_a_patch_is_a_condition(server: ApiServer, path: str) -> None:
    stale = server.get(path).version
    assert server.patch(path, {"metadata": {"labels": {"a": "1"}}}, MERGE).code == 200
    late = server.patch(path, {"metadata": {"resourceVersion": stale, "labels": {"a": "2"}}}, MERGE)
    assert (late.code, late.reason) == (409, "Conflict")


def test_an_unknown_kind_of_patch_is_refused(server: ApiServer) -> None:
    name = unique("media")
    server.post(server.path("configmaps"), config_map(name))
    answer = server.patch(server.path("configmaps", name), {}, "application/json")
    assert (answer.code, answer.reason) == (415, "UnsupportedMediaType")


def test_a_patch_makes_nothing_but_an_apply(server: ApiServer) -> None:
    assert server.patch(server.path("configmaps", "absent"), {"data": {}}, MERGE).code == 404


def test_the_status_has_a_door_of_its_own(server: ApiServer, path: str) -> None:
    status = {"observedGeneration": 77, "replicas": 5}
    through_the_front = server.patch(path, {"status": status}, MERGE)
    assert through_the_front.body.get("status", {}).get("observedGeneration") != 77
    patch = {"status": {"conditions": [{"type": "Test", "status": "True"}]}, "spec": {"replicas": 9}}
    changed = server.patch(f"{path}/status", patch, STRATEGIC).body
    assert changed["spec"]["replicas"] == 0
    assert "Test" in [each["type"] for each in changed["status"]["conditions"]]
    assert changed["metadata"]["generation"] == server.get(path).body["metadata"]["generation"]


def test_the_scale_changes_replicas_and_nothing_else(server: ApiServer, path: str) -> None:
    scale = server.get(f"{path}/scale").body
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"].get("replicas", 0) == 0
    assert scale["status"]["selector"].startswith("app=patched-")
    server.patch(path, {"spec": {"paused": True}}, MERGE)
    changed = server.patch(f"{path}/scale", {"spec": {"replicas": 2}}, MERGE)
    assert (changed.code, changed.body["spec"]) == (200, {"replicas": 2})
    assert server.get(path).body["spec"]["replicas"] == 2
    stale = server.put(f"{path}/scale", scale)
    assert (stale.code, stale.reason) == (409, "Conflict")
