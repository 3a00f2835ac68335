"""Access rules: what a user may do, and how the API server says no."""

from __future__ import annotations

from typing import Any

import pytest

from tests.eks.standin.api_client import APPS, CORE, ApiServer, config_map, deployment, eventually, unique

pytestmark = pytest.mark.req("Q7")

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"


@pytest.fixture(scope="module")
def reader(server: ApiServer) -> ApiServer:
    """A user who may read deployments, change one ConfigMap, and nothing else."""
    user, name = unique("reader"), unique("role")
    rules = [
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": ["mine"], "verbs": ["get", "patch"]},
    ]
    server.post(server.path("roles", base=RBAC), {"metadata": {"name": name}, "rules": rules})
    binding = {
        "metadata": {"name": name},
        "subjects": [{"kind": "User", "name": user}],
        "roleRef": {"kind": "Role", "name": name, "apiGroup": "rbac.authorization.k8s.io"},
    }
    assert server.post(server.path("rolebindings", base=RBAC), binding).code == 201
    reader = server.acting_as(user)
    eventually(lambda: reader.get(reader.path("deployments", base=APPS)).code == 200, what="the rules are in force")
    return reader


def user_of(server: ApiServer) -> str:
    return str(server.session.headers["Impersonate-User"])


def asked(server: ApiServer, **attributes: str) -> bool:
    spec = {"resourceAttributes": {"namespace": server.namespace, **attributes}}
    answer = server.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": spec})
    assert answer.code == 201
    return bool(answer.body["status"]["allowed"])


def test_what_a_role_allows_is_allowed(reader: ApiServer) -> None:
    assert reader.get(reader.path("deployments", base=APPS)).code == 200
    assert reader.get(reader.path("deployments", "absent", APPS)).code == 404


def test_a_refusal_names_user_verb_and_resource(reader: ApiServer) -> None:
    refused = reader.post(reader.path("deployments", base=APPS), deployment("no"))
    assert (refused.code, refused.reason) == (403, "Forbidden")
    assert refused.message == (
        f'deployments.apps is forbidden: User "{user_of(reader)}" cannot create resource "deployments" '
        f'in API group "apps" in the namespace "{reader.namespace}"'
    )
    assert refused.body["details"] == {"group": "apps", "kind": "deployments"}
    one = reader.delete(reader.path("deployments", "web", APPS))
    assert one.message.startswith(f'deployments.apps "web" is forbidden: User "{user_of(reader)}" cannot delete')
    everywhere = reader.get(f"{APPS}/deployments")
    assert everywhere.message.endswith('in API group "apps" at the cluster scope')
    part = reader.get(f"{reader.path('deployments', 'web', APPS)}/scale")
    assert 'cannot get resource "deployments/scale"' in part.message


def test_an_apply_needs_patch_and_a_new_object_is_still_a_patch(reader: ApiServer) -> None:
    refused = reader.apply(reader.path("deployments", "web", APPS), deployment("web"))
    assert refused.code == 403
    assert "cannot patch resource" in refused.message


def test_a_rule_may_hold_for_some_names_only(server: ApiServer, reader: ApiServer) -> None:
    server.post(server.path("configmaps"), config_map("mine"))
    assert reader.get(reader.path("configmaps", "mine")).code == 200
    assert reader.get(reader.path("configmaps", "theirs")).code == 403
    assert reader.get(reader.path("configmaps")).code == 403


def test_a_user_can_ask_first(server: ApiServer, reader: ApiServer) -> None:
    assert asked(reader, verb="list", group="apps", resource="deployments")
    assert not asked(reader, verb="create", group="apps", resource="deployments")
    assert not asked(reader, verb="list", resource="deployments")
    assert asked(reader, verb="patch", resource="configmaps", name="mine")
    assert not asked(reader, verb="patch", resource="configmaps")
    assert asked(server, verb="create", resource="secrets")


def test_a_user_can_ask_for_all_rules(reader: ApiServer) -> None:
    answer = reader.post(f"{REVIEWS}/selfsubjectrulesreviews", {"spec": {"namespace": reader.namespace}})
    assert answer.code == 201
    rules: list[dict[str, Any]] = answer.body["status"]["resourceRules"]
    assert {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]} in [
        {key: sorted(value) for key, value in rule.items()} for rule in rules
    ]


def test_a_user_can_ask_who_it_is(reader: ApiServer) -> None:
    answer = reader.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", {})
    assert answer.body["status"]["userInfo"]["username"] == user_of(reader)


def test_a_review_asks_about_one_thing(server: ApiServer) -> None:
    assert server.post(f"{REVIEWS}/selfsubjectaccessreviews", {"spec": {}}).code in {400, 422}
    assert server.get(f"{REVIEWS}/selfsubjectaccessreviews").code == 405


def test_a_stranger_sees_what_is_served_and_nothing_else(server: ApiServer) -> None:
    stranger = server.acting_as(unique("stranger"))
    assert stranger.get(f"{CORE}/namespaces").code == 403
    assert stranger.get("/api").code == 200


def test_what_a_role_refers_to_never_changes(server: ApiServer) -> None:
    name = unique("binding")
    binding = {
        "metadata": {"name": name},
        "subjects": [],
        "roleRef": {"kind": "ClusterRole", "name": "view", "apiGroup": "rbac.authorization.k8s.io"},
    }
    path = server.path("rolebindings", base=RBAC)
    assert server.post(path, binding).code == 201
    binding["roleRef"]["name"] = "edit"
    refused = server.put(f"{path}/{name}", binding)
    assert refused.code == 422
    assert "cannot change roleRef" in refused.message
