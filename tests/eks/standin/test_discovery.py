"""What clients ask before they begin: versions, groups, resources, schemas, custom resources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.eks.standin.api_client import MERGE, STRATEGIC, ApiServer, eventually, unique

pytestmark = pytest.mark.req("Q7")

CUSTOM = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
EXPECTED = {
    "v1": {"configmaps", "events", "namespaces", "pods", "pods/log", "resourcequotas", "secrets", "serviceaccounts"},
    "apps/v1": {"deployments", "deployments/scale", "deployments/status", "replicasets"},
    "autoscaling/v2": {"horizontalpodautoscalers", "horizontalpodautoscalers/status"},
    "discovery.k8s.io/v1": {"endpointslices"},
    "networking.k8s.io/v1": {"ingresses", "ingressclasses", "networkpolicies"},
    "policy/v1": {"poddisruptionbudgets"},
    "rbac.authorization.k8s.io/v1": {"clusterroles", "rolebindings", "roles"},
}


def place(group_version: str) -> str:
    return f"/apis/{group_version}" if "/" in group_version else f"/api/{group_version}"


def test_the_server_tells_its_version_and_its_groups(api_server: ApiServer) -> None:
    assert int(api_server.get("/version").body["minor"].rstrip("+")) >= 30
    assert api_server.get("/api").body["versions"] == ["v1"]
    groups = {each["name"] for each in api_server.get("/apis").body["groups"]}
    assert {"apps", "autoscaling", "networking.k8s.io", "policy", "rbac.authorization.k8s.io"} <= groups
    assert api_server.get("/apis/apps").body["preferredVersion"]["groupVersion"] == "apps/v1"
    assert api_server.get("/apis/no.such.group/v1").code == 404


@pytest.mark.parametrize("group_version", EXPECTED)
def test_the_resources_of_a_group_are_listed(api_server: ApiServer, group_version: str) -> None:
    listed = api_server.get(place(group_version)).body
    assert (listed["kind"], listed["groupVersion"]) == ("APIResourceList", group_version)
    assert EXPECTED[group_version] <= {each["name"] for each in listed["resources"]}


def test_a_resource_tells_how_it_is_used(api_server: ApiServer) -> None:
    listed = {each["name"]: each for each in api_server.get("/apis/apps/v1").body["resources"]}
    deployments = listed["deployments"]
    assert (deployments["kind"], deployments["namespaced"], deployments["singularName"]) == (
        "Deployment",
        True,
        "deployment",
    )
    assert deployments["shortNames"] == ["deploy"]
    assert {"create", "delete", "get", "list", "patch", "update", "watch"} <= set(deployments["verbs"])
    assert listed["deployments/scale"]["kind"] == "Scale"


def test_the_schemas_can_be_read(api_server: ApiServer) -> None:
    paths = api_server.get("/openapi/v3").body["paths"]
    document = api_server.get(paths["apis/apps/v1"]["serverRelativeURL"]).body
    schema = document["components"]["schemas"]["io.k8s.api.apps.v1.DeploymentSpec"]
    assert {"selector", "template"} <= set(schema["required"])
    assert "fieldValidation" in str(document["paths"])


@pytest.fixture
def widgets(api_server: ApiServer) -> Iterator[str]:
    """A kind that did not exist before; the path of its group."""
    group = f"{unique('group')}.example.com"
    names = {"plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"]}
    opaque = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": opaque, "subresources": {"status": {}}}
    body: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {"group": group, "scope": "Namespaced", "names": names, "versions": [version]},
    }
    assert api_server.get(f"/apis/{group}/v1").code == 404
    assert api_server.post(CUSTOM, body).code == 201
    path = f"{CUSTOM}/widgets.{group}"

    def established() -> bool:
        conditions = api_server.get(path).body.get("status", {}).get("conditions") or []
        return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)

    eventually(established)
    eventually(lambda: api_server.get(f"/apis/{group}/v1").code == 200)
    yield f"/apis/{group}/v1"
    api_server.delete(path)
    eventually(lambda: api_server.get(f"/apis/{group}/v1").code == 404)


def test_what_was_made_of_a_kind_goes_with_its_definition(server: ApiServer, widgets: str) -> None:
    path = server.path("widgets", "one", widgets)
    body = {"apiVersion": widgets.removeprefix("/apis/"), "kind": "Widget", "metadata": {"name": "one"}}
    assert server.apply(path, body).code == 201
    assert server.delete(f"{CUSTOM}/widgets.{widgets.split('/')[2]}").code == 200
    eventually(lambda: server.get(path).code == 404, what="the widget is gone")


def test_a_custom_resource_is_served_once_it_is_defined(server: ApiServer, widgets: str) -> None:
    (listed,) = [each for each in server.get(widgets).body["resources"] if each["name"] == "widgets"]
    assert (listed["kind"], listed["shortNames"]) == ("Widget", ["wd"])
    path = server.path("widgets", base=widgets)
    body = {"apiVersion": widgets.removeprefix("/apis/"), "kind": "Widget", "metadata": {"name": "one"}}
    made = server.apply(f"{path}/one", {**body, "spec": {"size": 1, "parts": [{"name": "a"}]}})
    assert made.code == 201
    changed = server.patch(f"{path}/one", {"spec": {"size": 2}}, MERGE, fieldManager="somebody").body
    assert (changed["spec"]["size"], changed["metadata"]["generation"]) == (2, 2)
    conflict = server.apply(f"{path}/one", {**body, "spec": {"size": 1, "parts": [{"name": "a"}]}})
    assert (conflict.code, conflict.causes) == (409, [("FieldManagerConflict", ".spec.size")])
    assert server.patch(f"{path}/one", {"spec": {}}, STRATEGIC).code == 415
    status = server.patch(f"{path}/one/status", {"status": {"ready": True}, "spec": {"size": 9}}, MERGE).body
    assert (status["status"], status["spec"]["size"]) == ({"ready": True}, 2)
    assert [each["kind"] for each in server.get(path).body["items"]] == ["Widget"]
