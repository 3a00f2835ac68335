"""A release on Kubernetes: made, changed, undone, shared with others and taken away."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from mldeploy.errors import DeployError, RefusedError, UsageError
from mldeploy_eks.fields import applied_fields, applied_manifest
from mldeploy_eks.kinds import KINDS
from tests.eks.clustered_release import OBJECT, ClusteredRelease
from tests.eks.standin.api_client import eventually

PATH = KINDS["Deployment"].path("default", OBJECT)
TWO = {"instance": {"count": 2, "region": "eu-central-1"}}
SCALED = {"autoscaling": {"enabled": True, "minInstances": 1, "maxInstances": 4}}
CRASHING = "raise SystemExit('no licence')"


@pytest.fixture
def deployed(here: ClusteredRelease) -> ClusteredRelease:
    """The first version with two pods, whatever a test before has done."""
    here.run(TWO)
    here.events.clear()
    return here


def predict(here: ClusteredRelease) -> dict[str, Any]:
    """Ask the pods at the address that the plugin names."""
    url = here.deployment(TWO).known_outputs(f"mldeploy::ClusterAddress/{OBJECT}")["Url"]
    request = urllib.request.Request(f"{url}/invocations", b"hello", {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def image_of(here: ClusteredRelease) -> str:
    return str(here.live()["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.mark.req("Q7")
def test_pods_answer_behind_the_service_and_a_second_run_changes_nothing(deployed: ClusteredRelease) -> None:
    assert predict(deployed)["body"] == "hello"
    assert deployed.live()["status"]["availableReplicas"] == 2
    assert deployed.changes(TWO) == {}
    live = deployed.live()
    deployed.run(TWO)
    assert deployed.live()["metadata"]["generation"] == live["metadata"]["generation"]
    again = deployed.cluster.apply(applied_manifest(live))
    assert again["metadata"]["resourceVersion"] == deployed.live()["metadata"]["resourceVersion"]
    assert applied_fields(again) == applied_fields(live), "what is applied is what was applied before"


def test_a_new_image_rolls_and_its_release_gets_another_name(deployed: ClusteredRelease) -> None:
    address = f"mldeploy::ClusterAddress/{OBJECT}"
    before, image = deployed.deployment(TWO).known_outputs(address), image_of(deployed)
    assert "Digest: sha256:" in deployed.changes(TWO, version="2")[f"Kubernetes::Deployment/{OBJECT}"]
    after = deployed.run(TWO, version="2").known_outputs(address)
    assert image_of(deployed) != image
    assert after["Url"] == before["Url"]
    assert after["EndpointConfigName"] != before["EndpointConfigName"]
    deployed.run(TWO)
    assert deployed.deployment(TWO).known_outputs(address) == before


@pytest.mark.parametrize(
    ("source", "code", "evidence"),
    [
        pytest.param(CRASHING, "crash-loop", "log: no licence", id="crash loop"),
        pytest.param(None, "image-pull", "event: Failed", id="missing image", marks=pytest.mark.full),
    ],
)
@pytest.mark.req("Q7")
def test_a_bad_release_is_undone_and_its_cause_named(
    deployed: ClusteredRelease, source: str | None, code: str, evidence: str
) -> None:
    image = image_of(deployed)
    with pytest.raises(DeployError) as caught:
        deployed.run(TWO, version="bad", source=source)
    assert f"[{code}]" in caught.value.message
    assert "undone, the last good pods serve again" in caught.value.message
    assert any(line.startswith(evidence) for line in caught.value.details), caught.value.details
    assert image_of(deployed) == image
    assert predict(deployed)["body"] == "hello"
    assert "image" in str(deployed.changes(TWO, version="bad", source=source)) or deployed.changes(TWO) == {}


@pytest.mark.req("Q7")
def test_what_others_own_is_neither_fought_over_nor_lost(deployed: ClusteredRelease) -> None:
    deployed.patch(f"{PATH}/scale", {"spec": {"replicas": 3}})
    eventually(lambda: deployed.live()["status"].get("availableReplicas") == 3, what="the third pod is available")
    deployed.patch(PATH, {"metadata": {"annotations": {"example.com/owner": "search"}}})
    assert deployed.changes(TWO) == {}
    deployed.run(TWO, version="3")
    live = deployed.live()
    assert live["spec"]["replicas"] == 3
    assert live["metadata"]["annotations"]["example.com/owner"] == "search"
    assert any("left at 3 pods, which kubectl has set" in text for text in deployed.told())
    deployed.deployment(TWO).destroy()


@pytest.mark.req("Q7")
def test_a_field_that_another_manager_took_stops_the_run_and_names_it(deployed: ClusteredRelease) -> None:
    deployed.patch(PATH, {"spec": {"progressDeadlineSeconds": 77}}, manager="rollout-tuner")
    reason = deployed.changes(TWO)[f"Kubernetes::Deployment/{OBJECT}"]
    assert "progressDeadlineSeconds: 77 → 600 (changed by rollout-tuner)" in reason
    with pytest.raises(RefusedError) as caught:
        deployed.run(TWO)
    assert "rollout-tuner" in "".join(caught.value.details)
    assert "mldeploy render | kubectl apply" in caught.value.hint
    assert deployed.live()["spec"]["progressDeadlineSeconds"] == 77
    deployed.deployment(TWO).destroy()


def test_what_we_no_longer_want_is_taken_out_of_the_object(deployed: ClusteredRelease) -> None:
    with_variable = {**TWO, "eks": {"env": {"MAX_BATCH": "8"}}}
    deployed.run(with_variable)
    reason = deployed.changes(TWO)[f"Kubernetes::Deployment/{OBJECT}"]
    assert 'env[{"name":"MAX_BATCH"}]: no longer wanted' in reason
    deployed.run(TWO)
    variables = deployed.live()["spec"]["template"]["spec"]["containers"][0]["env"]
    assert "MAX_BATCH" not in {item["name"] for item in variables}


def test_scaling_is_handed_over_without_a_fall_to_one_pod(deployed: ClusteredRelease) -> None:
    deployed.run({**SCALED, "eks": {"targetCpuPercent": 60}})
    assert deployed.live()["spec"]["replicas"] == 2
    assert deployed.live("HorizontalPodAutoscaler")["spec"]["metrics"][0]["resource"]["target"] == {
        "type": "Utilization",
        "averageUtilization": 60,
    }
    assert deployed.changes({**SCALED, "eks": {"targetCpuPercent": 60}}) == {}
    deployed.run(TWO)
    assert deployed.cluster.get("HorizontalPodAutoscaler", OBJECT) is None
    assert deployed.live()["spec"]["replicas"] == 2


def test_an_object_of_somebody_else_is_not_taken_over(deployed: ClusteredRelease) -> None:
    deployed.deployment(TWO).destroy()
    foreign = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": OBJECT, "namespace": "default"}}
    deployed.cluster.apply(foreign, manager="helm")
    try:
        with pytest.raises(RefusedError, match="does not carry our tags"):
            deployed.run(TWO)
        assert deployed.left() == [f"ServiceAccount {OBJECT}"]
    finally:
        deployed.cluster.delete("ServiceAccount", OBJECT)


@pytest.mark.full
def test_what_a_quota_forbids_is_said_to_be_the_quota(here: ClusteredRelease) -> None:
    here.deployment(TWO).destroy()
    path = "/api/v1/namespaces/default/resourcequotas"
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight"},
        "spec": {"hard": {"pods": "0"}},
    }
    here.cluster._sent("POST", path, body=quota)
    try:
        with pytest.raises(DeployError) as caught:
            here.run(TWO)
        assert "[quota]" in caught.value.message
        assert "exceeded quota: tight" in caught.value.message
        assert "there are no earlier pods" in caught.value.message
    finally:
        here.cluster._found("DELETE", f"{path}/tight")
    here.run(TWO)
    assert predict(here)["body"] == "hello"


@pytest.mark.req("Q7")
def test_an_ingress_takes_the_place_of_the_load_balancer(deployed: ClusteredRelease) -> None:
    config = {**TWO, "eks": {"ingress": {}}}
    deployed.run(config)
    assert deployed.live("Service")["spec"]["type"] == "ClusterIP"
    url = deployed.deployment(config).known_outputs(f"mldeploy::ClusterAddress/{OBJECT}")["Url"]
    request = urllib.request.Request(f"{url}/invocations", b"through", {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.load(answer)["body"] == "through"
    assert deployed.changes(config) == {}
    deployed.run(TWO)
    assert deployed.cluster.get("Ingress", OBJECT) is None
    deployed.deployment(TWO).destroy()


@pytest.mark.req("Q7")
def test_destroy_leaves_the_namespace_as_it_was(deployed: ClusteredRelease) -> None:
    deployed.deployment(TWO).destroy()
    assert deployed.left() == []
    assert deployed.cluster.get("Namespace", "default") is not None
    with pytest.raises(UsageError, match="nothing is deployed in environment 'local'"):
        deployed.deployment(TWO).status()


@pytest.mark.full
@pytest.mark.req("Q7")
def test_a_namespace_that_we_made_goes_and_one_that_we_found_stays(here: ClusteredRelease) -> None:
    here.deployment(TWO).destroy()
    here._doors.pop("kubernetes")
    config = {"eks": {"namespace": "models", "createNamespace": True}}
    try:
        here.run(config)
        cluster = here._doors["kubernetes"]
        labels = cluster.get("Namespace", "models")["metadata"]["labels"]
        assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
        here.deployment(config).destroy()
        assert cluster.get("Namespace", "models") is None
        cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "models"}}, manager="people")
        here.run(config)
        here.deployment(config).destroy()
        assert cluster.get("Namespace", "models")["metadata"]["name"] == "models"
        cluster.delete("Namespace", "models")
    finally:
        here._doors.pop("kubernetes")
