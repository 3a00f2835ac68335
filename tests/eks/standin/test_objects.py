"""Creating, reading, replacing and listing objects, and what is refused."""

from __future__ import annotations

import pytest

from tests.eks.standin.api_client import APPS, CORE, MERGE, ApiServer, config_map, deployment, unique

pytestmark = pytest.mark.req("Q7")


def test_an_object_is_created_read_and_listed(server: ApiServer) -> None:
    name = unique("object")
    created = server.post(server.path("configmaps"), config_map(name, key="value"))
    assert created.code == 201
    metadata = created.body["metadata"]
    assert metadata["uid"]
    assert metadata["creationTimestamp"]
    assert metadata["namespace"] == server.namespace
    assert server.get(server.path("configmaps", name)).body == created.body
    listed = server.get(server.path("configmaps")).body
    assert listed["kind"] == "ConfigMapList"
    assert int(listed["metadata"]["resourceVersion"]) >= int(metadata["resourceVersion"])
    assert name in [each["metadata"]["name"] for each in listed["items"]]


def test_what_exists_cannot_be_created_and_what_does_not_cannot_be_read(server: ApiServer) -> None:
    name = unique("twice")
    body = deployment(name, replicas=0)
    assert server.post(server.path("deployments", base=APPS), body).code == 201
    again = server.post(server.path("deployments", base=APPS), body)
    assert (again.code, again.reason) == (409, "AlreadyExists")
    assert again.message == f'deployments.apps "{name}" already exists'
    absent = server.get(server.path("deployments", "absent", APPS))
    assert (absent.code, absent.reason) == (404, "NotFound")
    assert absent.message == 'deployments.apps "absent" not found'
    assert absent.body["details"] == {"name": "absent", "group": "apps", "kind": "deployments"}


def test_a_namespace_must_exist(server: ApiServer) -> None:
    elsewhere = server.within("nowhere-at-all")
    answer = elsewhere.post(elsewhere.path("configmaps"), config_map("a"))
    assert (answer.code, answer.message) == (404, 'namespaces "nowhere-at-all" not found')


def test_a_generated_name_begins_as_asked(server: ApiServer) -> None:
    body = config_map("")
    body["metadata"] = {"generateName": "made-"}
    name = server.post(server.path("configmaps"), body).body["metadata"]["name"]
    assert name.startswith("made-")
    assert len(name) == len("made-") + 5


def test_an_old_version_cannot_replace_a_newer_one(server: ApiServer) -> None:
    name = unique("versions")
    path = server.path("configmaps", name)
    first = server.post(server.path("configmaps"), config_map(name, key="1")).body
    assert server.put(path, {**first, "data": {"key": "2"}}).code == 200
    late = server.put(path, {**first, "data": {"key": "3"}})
    assert (late.code, late.reason) == (409, "Conflict")
    assert late.message == (
        f'Operation cannot be fulfilled on configmaps "{name}": the object has been modified; '
        "please apply your changes to the latest version and try again"
    )
    assert server.get(path).body["data"] == {"key": "2"}


def test_a_write_that_changes_nothing_makes_no_version(server: ApiServer) -> None:
    name = unique("same")
    path = server.path("configmaps", name)
    first = server.post(server.path("configmaps"), config_map(name, key="1"))
    assert server.put(path, first.body).version == first.version
    assert server.patch(path, {"data": {"key": "1"}}, MERGE).version == first.version


def test_the_generation_counts_changes_of_the_specification_only(server: ApiServer) -> None:
    name = unique("generation")
    path = server.path("deployments", name, APPS)
    first = server.post(server.path("deployments", base=APPS), deployment(name, replicas=0)).body
    assert first["metadata"]["generation"] == 1
    labelled = server.patch(path, {"metadata": {"labels": {"a": "b"}}}, MERGE).body
    assert labelled["metadata"]["generation"] == 1
    paused = server.patch(path, {"spec": {"paused": True}}, MERGE).body
    assert paused["metadata"]["generation"] == 2


def test_defaults_are_filled_in(server: ApiServer) -> None:
    name = unique("defaults")
    body = deployment(name, replicas=None, container={"ports": [{"containerPort": 8080}]}, paused=True)
    spec = server.post(server.path("deployments", base=APPS), body).body["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    assert (spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (10, 600)
    pod = spec["template"]["spec"]
    assert (pod["restartPolicy"], pod["terminationGracePeriodSeconds"], pod["dnsPolicy"]) == (
        "Always",
        30,
        "ClusterFirst",
    )
    assert pod["containers"][0]["ports"] == [{"containerPort": 8080, "protocol": "TCP"}]
    assert pod["containers"][0]["imagePullPolicy"] == "IfNotPresent"


def test_a_service_gets_an_address_that_stays(server: ApiServer) -> None:
    name = unique("service")
    body = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": {"ports": [{"port": 80}]}}
    spec = server.post(server.path("services"), body).body["spec"]
    assert spec["type"] == "ClusterIP"
    assert spec["clusterIPs"] == [spec["clusterIP"]]
    assert spec["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 80}]
    changed = server.patch(server.path("services", name), {"spec": {"clusterIP": "10.1.2.3"}}, MERGE)
    assert changed.code == 422
    assert server.get(server.path("services", name)).body["spec"]["clusterIP"] == spec["clusterIP"]


def test_a_dry_run_says_what_would_be_and_changes_nothing(server: ApiServer) -> None:
    name = unique("dry")
    would = server.post(server.path("configmaps"), config_map(name, key="1"), dryRun="All")
    assert would.code == 201
    assert would.body["metadata"]["uid"]
    assert server.get(server.path("configmaps", name)).code == 404


def test_unknown_fields_are_refused_when_the_check_is_strict(server: ApiServer) -> None:
    name = unique("unknown")
    body = deployment(name, replicas=0, replica=2, container={"imagePull": "Always"})
    path = server.path("deployments", base=APPS)
    strict = server.post(path, body, fieldValidation="Strict")
    assert (strict.code, strict.reason) == (400, "BadRequest")
    assert 'strict decoding error: unknown field "spec.' in strict.message
    assert 'unknown field "spec.replica"' in strict.message
    assert 'unknown field "spec.template.spec.containers[0].imagePull"' in strict.message
    warned = server.post(path, body)
    assert warned.code == 201
    assert 'unknown field \\"spec.replica\\"' in warned.warnings
    assert "replica" not in warned.body["spec"]


def test_a_value_of_the_wrong_type_is_refused(server: ApiServer) -> None:
    body = deployment(unique("type"))
    body["spec"]["replicas"] = "two"
    answer = server.post(server.path("deployments", base=APPS), body)
    assert answer.code == 400
    assert "cannot unmarshal string into Go struct field" in answer.message
    assert "spec.replicas" in answer.message


def test_every_invalid_value_is_named(server: ApiServer) -> None:
    body = deployment("Not_A_Name", container={"image": "", "volumeMounts": [{"name": "no", "mountPath": "/no"}]})
    body["spec"]["template"]["metadata"]["labels"] = {"app": "other"}
    answer = server.post(server.path("deployments", base=APPS), body)
    assert (answer.code, answer.reason) == (422, "Invalid")
    assert answer.message.startswith('Deployment.apps "Not_A_Name" is invalid: [')
    assert {
        ("FieldValueInvalid", "metadata.name"),
        ("FieldValueRequired", "spec.template.spec.containers[0].image"),
        ("FieldValueNotFound", "spec.template.spec.containers[0].volumeMounts[0].name"),
        ("FieldValueInvalid", "spec.template.metadata.labels"),
    } <= set(answer.causes)


def test_what_is_required_must_be_there(server: ApiServer) -> None:
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": unique("empty")}, "spec": {}}
    answer = server.post(server.path("deployments", base=APPS), body)
    assert answer.code == 422
    assert {("FieldValueRequired", "spec.selector"), ("FieldValueRequired", "spec.template.spec.containers")} <= set(
        answer.causes
    )


def test_a_selector_never_changes(server: ApiServer) -> None:
    name = unique("selector")
    body = deployment(name, replicas=0)
    server.post(server.path("deployments", base=APPS), body)
    labels = {"app": name, "more": "labels"}
    body["spec"]["selector"]["matchLabels"] = body["spec"]["template"]["metadata"]["labels"] = labels
    answer = server.put(server.path("deployments", name, APPS), body)
    assert answer.code == 422
    assert ("FieldValueInvalid", "spec.selector") in answer.causes
    assert answer.message.endswith("field is immutable")


def test_an_object_of_another_kind_or_name_is_refused(server: ApiServer) -> None:
    name = unique("other")
    kind = server.post(server.path("secrets"), config_map(name))
    assert kind.code == 400
    server.post(server.path("configmaps"), config_map(name))
    renamed = server.put(server.path("configmaps", name), config_map("another"))
    assert renamed.code == 400
    assert "the name of the object (another) does not match the name on the URL" in renamed.message
    moved = {**config_map(unique("moved")), "metadata": {"name": "moved", "namespace": "default"}}
    assert server.post(server.path("configmaps"), moved).code == 400


def test_a_body_that_is_no_json_is_refused(server: ApiServer) -> None:
    response = server.session.post(
        server.url + server.path("configmaps"), data="{not json", headers={"Content-Type": "application/json"}
    )
    assert (response.status_code, response.json()["reason"]) == (400, "BadRequest")


def test_unknown_paths_and_methods_are_refused(server: ApiServer) -> None:
    assert server.get(server.path("sausages")).code == 404
    assert server.get(server.path("configmaps", "a/scale")).code == 404
    assert server.call("PUT", server.path("configmaps"), config_map("a")).code == 405


def test_a_list_comes_in_pages_when_asked(server: ApiServer) -> None:
    for _ in range(3):
        body = config_map(unique("page"))
        body["metadata"]["labels"] = {"pages": "yes"}
        server.post(server.path("configmaps"), body)
    path = server.path("configmaps")
    first = server.get(path, labelSelector="pages=yes", limit="2").body
    assert len(first["items"]) == 2
    rest = server.get(path, labelSelector="pages=yes", limit="2", **{"continue": first["metadata"]["continue"]}).body
    assert len(rest["items"]) == 1
    assert "continue" not in rest["metadata"]


@pytest.mark.parametrize(
    ("selector", "found"),
    [("size=small", 1), ("size!=small", 1), ("size in (small,large)", 2), ("size notin (small)", 1), ("!size", 0)],
)
def test_lists_are_selected_by_label(server: ApiServer, selector: str, found: int) -> None:
    for size in ("small", "large"):
        name = f"sized-{size}"
        body = config_map(name)
        body["metadata"]["labels"] = {"size": size, "group": "sized"}
        server.post(server.path("configmaps"), body)
    items = server.get(server.path("configmaps"), labelSelector=f"group=sized,{selector}").body["items"]
    assert len(items) == found


def test_lists_are_selected_by_field(server: ApiServer) -> None:
    name = unique("field")
    server.post(server.path("configmaps"), config_map(name))
    items = server.get(server.path("configmaps"), fieldSelector=f"metadata.name={name}").body["items"]
    assert [each["metadata"]["name"] for each in items] == [name]
    assert server.get(server.path("configmaps"), labelSelector="==").code == 400


def test_who_is_unknown_is_not_let_in(server: ApiServer) -> None:
    response = server.session.get(
        f"{server.url}{CORE}/namespaces", headers={"Authorization": "Bearer k8s-aws-v1.bm90LWEtdXJs"}, cert=None
    )
    if server.session.cert:
        pytest.skip("the kubeconfig uses a client certificate, which is looked at first")
    assert (response.status_code, response.json()["reason"]) == (401, "Unauthorized")
