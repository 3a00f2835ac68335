"""Server-side apply: who owns which field, and what happens when two want the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.eks.standin.api_client import APPS, MERGE, ApiServer, config_map, deployment, owned_fields, unique

pytestmark = pytest.mark.req("Q7")


class Applied:
    """A deployment that is only ever applied; paused, so that no controller writes to it meanwhile."""

    def __init__(self, server: ApiServer) -> None:
        self.server = server
        self.name = unique("applied")
        self.path = server.path("deployments", self.name, APPS)

    def document(self, replicas: int | None = 1, **more: Any) -> dict[str, Any]:
        return deployment(self.name, replicas, paused=True, **more)

    def partly(self, **spec: Any) -> dict[str, Any]:
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": self.name}, "spec": spec}


@pytest.fixture
def applied(server: ApiServer) -> Applied:
    found = Applied(server)
    assert server.apply(found.path, found.document()).code == 201
    return found


def test_applying_the_same_again_changes_nothing(server: ApiServer) -> None:
    name = unique("same")
    path = server.path("configmaps", name)
    first = server.apply(path, config_map(name, key="1"))
    again = server.apply(path, config_map(name, key="1"))
    assert (first.code, again.code) == (201, 200)
    assert again.body == first.body


def test_an_applier_owns_what_it_names_and_not_the_defaults(server: ApiServer, applied: Applied) -> None:
    document = server.get(applied.path).body
    (entry,) = [each for each in document["metadata"]["managedFields"] if each["manager"] == "mldeploy"]
    assert (entry["operation"], entry["apiVersion"], entry["fieldsType"]) == ("Apply", "apps/v1", "FieldsV1")
    spec = entry["fieldsV1"]["f:spec"]
    assert set(spec) == {"f:paused", "f:replicas", "f:selector", "f:template"}
    (container,) = spec["f:template"]["f:spec"]["f:containers"].items()
    assert container == ('k:{"name":"service"}', {".": {}, "f:image": {}, "f:name": {}})
    assert document["spec"]["revisionHistoryLimit"] == 10


def test_what_an_applier_no_longer_names_goes_away(server: ApiServer, applied: Applied) -> None:
    body = applied.document(container={"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]})
    body["metadata"]["annotations"] = {"example.com/mine": "1"}
    server.apply(applied.path, body)
    document = server.apply(applied.path, applied.document(container={"env": [{"name": "B", "value": "2"}]})).body
    assert document["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "B", "value": "2"}]
    assert "example.com/mine" not in document["metadata"].get("annotations", {})


def test_what_others_have_set_stays(server: ApiServer, applied: Applied) -> None:
    patch = {"metadata": {"annotations": {"example.com/theirs": "1"}}, "spec": {"minReadySeconds": 3}}
    server.patch(applied.path, patch, MERGE, fieldManager="somebody")
    document = server.apply(applied.path, applied.document(replicas=2)).body
    assert document["metadata"]["annotations"]["example.com/theirs"] == "1"
    assert (document["spec"]["minReadySeconds"], document["spec"]["replicas"]) == (3, 2)
    assert set(owned_fields(document, "somebody")["f:spec"]) == {"f:minReadySeconds"}


def test_a_conflict_names_field_and_manager(server: ApiServer, applied: Applied) -> None:
    server.patch(applied.path, {"spec": {"replicas": 5}}, MERGE, fieldManager="somebody")
    refused = server.apply(applied.path, applied.document(replicas=2))
    assert (refused.code, refused.reason) == (409, "Conflict")
    assert refused.message == ('Apply failed with 1 conflict: conflict with "somebody" using apps/v1: .spec.replicas')
    assert refused.body["details"]["causes"] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "somebody" using apps/v1',
            "field": ".spec.replicas",
        }
    ]
    assert server.get(applied.path).body["spec"]["replicas"] == 5


def test_several_conflicts_are_listed(server: ApiServer, applied: Applied) -> None:
    image = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "theirs:1"}]
    server.patch(applied.path, image, "application/json-patch+json", fieldManager="a")
    server.apply(applied.path, applied.partly(minReadySeconds=3), manager="b")
    refused = server.apply(applied.path, applied.document(minReadySeconds=4))
    assert refused.code == 409
    assert refused.message == (
        'Apply failed with 2 conflicts: conflicts with "a" using apps/v1:\n'
        '- .spec.template.spec.containers[name="service"].image\n'
        'conflicts with "b":\n- .spec.minReadySeconds'
    )


def test_force_takes_the_field_over(server: ApiServer, applied: Applied) -> None:
    server.patch(applied.path, {"spec": {"replicas": 5}}, MERGE, fieldManager="somebody")
    document = server.apply(applied.path, applied.document(replicas=2), force="true").body
    assert document["spec"]["replicas"] == 2
    assert owned_fields(document, "somebody") == {}


def test_agreeing_managers_share_a_field(server: ApiServer, applied: Applied) -> None:
    shared = server.apply(applied.path, applied.partly(replicas=1), manager="other")
    assert shared.code == 200
    document = server.apply(applied.path, applied.document(replicas=None)).body
    assert document["spec"]["replicas"] == 1
    assert "f:replicas" not in owned_fields(document, "mldeploy")["f:spec"]
    alone = server.apply(applied.path, applied.partly(), manager="other")
    assert alone.body["spec"]["replicas"] == 1  # given up by all: the default


def test_what_scales_owns_the_replicas(server: ApiServer, applied: Applied) -> None:
    server.patch(f"{applied.path}/scale", {"spec": {"replicas": 4}}, MERGE, fieldManager="scaler")
    assert owned_fields(server.get(applied.path).body, "scaler", "scale") == {"f:spec": {"f:replicas": {}}}
    refused = server.apply(applied.path, applied.document(replicas=1))
    assert refused.code == 409
    assert 'conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas' in refused.message
    without = server.apply(applied.path, applied.document(replicas=None))
    assert (without.code, without.body["spec"]["replicas"]) == (200, 4)


def test_another_applier_adds_its_own_container(server: ApiServer, applied: Applied) -> None:
    sidecar = {"template": {"spec": {"containers": [{"name": "sidecar", "image": "sidecar:1"}]}}}
    both = server.apply(applied.path, applied.partly(**sidecar), manager="injector").body
    assert [each["name"] for each in both["spec"]["template"]["spec"]["containers"]] == ["service", "sidecar"]
    kept = server.apply(applied.path, applied.document(replicas=3)).body
    assert [each["name"] for each in kept["spec"]["template"]["spec"]["containers"]] == ["service", "sidecar"]
    gone = server.apply(applied.path, applied.partly(), manager="injector").body
    assert [each["name"] for each in gone["spec"]["template"]["spec"]["containers"]] == ["service"]


def test_an_apply_must_say_who_and_what(server: ApiServer, applied: Applied) -> None:
    nobody = server.patch(applied.path, applied.document(), "application/apply-patch+yaml")
    assert nobody.code == 422
    assert "fieldManager: Required value: is required for apply patch" in nobody.message
    managed = applied.document()
    managed["metadata"]["managedFields"] = [{"manager": "x", "operation": "Apply", "apiVersion": "apps/v1"}]
    assert server.apply(applied.path, managed).message == "metadata.managedFields must be nil"
    forced = server.patch(applied.path, {}, MERGE, force="true")
    assert (forced.code, "force: Forbidden" in forced.message) == (422, True)


def test_an_undeclared_field_is_refused(server: ApiServer, applied: Applied) -> None:
    refused = server.apply(applied.path, applied.document(replica=1))
    assert refused.code in {400, 500}
    assert ".spec.replica: field not declared in schema" in refused.message


def test_items_of_a_list_need_different_keys(server: ApiServer, applied: Applied) -> None:
    twice = [{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]
    refused = server.apply(applied.path, applied.document(container={"env": twice}))
    assert refused.code in {400, 500}
    assert "failed to create typed patch object" in refused.message
    assert server.get(applied.path).body["spec"]["template"]["spec"]["containers"][0].get("env") is None


def test_an_invalid_result_changes_nothing(server: ApiServer, applied: Applied) -> None:
    refused = server.apply(applied.path, applied.document(replicas=-1))
    assert (refused.code, refused.reason) == (422, "Invalid")
    assert server.get(applied.path).body["spec"]["replicas"] == 1


def test_writers_are_told_apart_by_their_agent(server: ApiServer) -> None:
    name = unique("agent")
    created = server.post(server.path("configmaps"), config_map(name, key="1")).body
    (entry,) = created["metadata"]["managedFields"]
    assert (entry["manager"], entry["operation"]) == ("standin-tests", "Update")
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:key": {}}}


def test_a_dry_apply_changes_nothing(server: ApiServer, applied: Applied) -> None:
    would = server.apply(applied.path, applied.document(replicas=7), dryRun="All")
    assert (would.code, would.body["spec"]["replicas"]) == (200, 7)
    assert server.get(applied.path).body["spec"]["replicas"] == 1
