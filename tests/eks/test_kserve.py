"""A release that KServe serves: made, changed, undone and taken away."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mldeploy.errors import DeployError, RefusedError
from mldeploy_eks.pods import pod_template
from tests.eks.clustered_release import OBJECT, ClusteredRelease
from tests.eks.kserve import installed
from tests.eks.releases import by_kind, manifests_of, problems_of, release_of

KSERVE: dict[str, Any] = {"eks": {"kserve": True}}


@pytest.fixture
def with_kserve(here: ClusteredRelease) -> Iterator[ClusteredRelease]:
    with installed(here.cluster):
        yield here
        here.deployment(KSERVE).destroy()


def predict(here: ClusteredRelease) -> str:
    url = here.deployment(KSERVE).known_outputs(f"mldeploy::ClusterAddress/{OBJECT}")["Url"]
    request = urllib.request.Request(f"{url}/invocations", b"hello", {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["body"])


@pytest.mark.req("Q7")
def test_kserve_serves_rolls_and_takes_back(with_kserve: ClusteredRelease) -> None:
    address = f"mldeploy::ClusterAddress/{OBJECT}"
    before = with_kserve.run(KSERVE).known_outputs(address)
    assert predict(with_kserve) == "hello"
    assert with_kserve.changes(KSERVE) == {}
    after = with_kserve.run(KSERVE, version="2").known_outputs(address)
    assert before["EndpointConfigName"] != after["EndpointConfigName"]
    good = with_kserve.live("InferenceService")["spec"]
    with pytest.raises(DeployError) as caught:
        with_kserve.run({"eks": {"kserve": True, "env": {"MORE": "1"}}}, source="raise SystemExit('no licence')")
    assert "[crash-loop]" in caught.value.message
    assert "undone, the last good pods serve again" in caught.value.message
    assert "log: no licence" in caught.value.details
    assert with_kserve.live("InferenceService")["spec"] == good
    assert predict(with_kserve) == "hello"
    with_kserve.deployment(KSERVE).destroy()
    assert with_kserve.left() == []


def test_without_kserve_the_kind_is_named_before_anything_is_made(here: ClusteredRelease) -> None:
    with pytest.raises(RefusedError, match=r"does not know InferenceService \(serving.kserve.io/v1beta1\)"):
        here.run(KSERVE)
    assert here.left() == []


def test_the_pods_are_those_of_a_deployment(tmp_path: Path) -> None:
    scaled = {"autoscaling": {"enabled": True, "minInstances": 2, "maxInstances": 5}}
    found = by_kind(manifests_of(tmp_path, {**KSERVE, **scaled}))
    assert set(found) == {"ServiceAccount", "NetworkPolicy", "PodDisruptionBudget", "InferenceService"}
    predictor = found["InferenceService"]["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"], predictor["scaleMetric"]) == (2, 5, "cpu")
    template = pod_template(release_of(tmp_path, {**KSERVE, **scaled}))
    for key in set(template["spec"]) - {"containers"}:
        assert predictor[key] == template["spec"][key]
    (container,) = predictor["containers"]
    assert container["name"] == "kserve-container"
    assert predictor["labels"] == template["metadata"]["labels"]
    assert found["InferenceService"]["metadata"]["annotations"] == {"serving.kserve.io/deploymentMode": "RawDeployment"}


def test_what_kserve_makes_by_itself_is_refused_beside_it(tmp_path: Path) -> None:
    found = problems_of(tmp_path, {"eks": {"kserve": True, "ingress": {}}})
    assert "KServe makes scaling and the way to its pods by itself" in found["eks.ingress"]
