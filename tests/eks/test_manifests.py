"""The manifests: valid for the API, restricted, and what release.yaml says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.eks.pod_security import findings
from tests.eks.releases import by_kind, manifests_of, pod_of, problems_of

API = "1.36"
ADDED = {"HTTPRoute", "ServiceMonitor", "ScaledObject"}
"""Kinds of add-ons, whose schemas are not Kubernetes' own."""
FRONTS: list[dict[str, Any]] = [
    {},
    {"service": {"loadBalancerClass": "eks.amazonaws.com/nlb", "annotations": {"example.com/owner": "search"}}},
    {"ingress": {"host": "probe.example.com", "certificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"}},
    {"ingress": {"className": "nginx", "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": "6m"}}},
    {"gatewayApi": {"gateway": "public", "gatewayNamespace": "gateways", "host": "probe.example.com"}},
]
PODS: list[dict[str, Any]] = [
    {},
    {"gpu": {"count": 2}, "nodeSelector": {"node.kubernetes.io/instance-type": "g5.xlarge"}},
    {"resources": {"cpu": "1.5", "cpuLimit": "2", "memory": "4Gi", "tmpSize": "1Gi"}, "drainSeconds": 30},
    {
        "env": {"MAX_BATCH": "32"},
        "secrets": {"TOKEN": {"name": "feature-store", "key": "token"}},
        "tolerations": [{"key": "spot", "operator": "Equal", "value": "yes", "effect": "NoSchedule"}],
        "serviceAccount": {"roleArn": "arn:aws:iam::123456789012:role/feature-store"},
        "createNamespace": True,
        "namespace": "models",
    },
]
SCALES: list[dict[str, Any]] = [
    {"instance": {"count": 3, "region": "eu-central-1"}},
    {"autoscaling": {"enabled": True, "minInstances": 2, "maxInstances": 6}, "deployment": {"strategy": "rolling"}},
    {"autoscaling": {"enabled": True}, "keda": True, "endpoint": {"networkIsolation": True}},
]
QUERY = {"serverAddress": "http://prometheus.monitoring:9090", "query": "sum(rate(requests_total[1m]))", "threshold": 5}


def configurations() -> Iterator[dict[str, Any]]:
    for front, pod, scale in product(FRONTS, PODS, SCALES):
        rest = {key: value for key, value in scale.items() if key != "keda"}
        yield {**rest, "eks": {**front, **pod, **({"keda": QUERY} if "keda" in scale else {})}}


@pytest.mark.req("Q7")
def test_sixty_configurations_pass_the_schemas_and_restricted_pod_security(tmp_path: Path) -> None:
    wrong: list[Any] = []
    checked, distinct = 0, {}
    for config in configurations():
        manifests = manifests_of(tmp_path, config)
        wrong += [(config, found) for found in findings(pod_of(manifests))]
        distinct |= {json.dumps(manifest): manifest for manifest in manifests if manifest["kind"] not in ADDED}
        checked += 1
    for manifest in distinct.values():
        try:
            kubernetes_validate.validate(manifest, API, strict=True)
        except kubernetes_validate.ValidationError as error:
            wrong.append((manifest["kind"], error.message))
    assert checked >= 50
    assert wrong == []


def test_the_same_release_renders_the_same_manifests_twice(tmp_path: Path) -> None:
    assert manifests_of(tmp_path) == manifests_of(tmp_path)


def test_an_autoscaler_takes_the_number_of_pods_out_of_the_deployment(tmp_path: Path) -> None:
    fixed = by_kind(manifests_of(tmp_path, {"instance": {"count": 3, "region": "eu-central-1"}}))
    scaled = by_kind(manifests_of(tmp_path, {"autoscaling": {"enabled": True, "minInstances": 2, "maxInstances": 5}}))
    assert fixed["Deployment"]["spec"]["replicas"] == 3
    assert "HorizontalPodAutoscaler" not in fixed
    assert "replicas" not in scaled["Deployment"]["spec"]
    limits = scaled["HorizontalPodAutoscaler"]["spec"]
    assert (limits["minReplicas"], limits["maxReplicas"]) == (2, 5)


@pytest.mark.req("2.4")
def test_each_probe_asks_the_question_that_it_is_for(tmp_path: Path) -> None:
    container = pod_of(manifests_of(tmp_path, {"deployment": {"healthCheckTimeoutSeconds": 300}}))["containers"][0]
    paths = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")}
    assert paths == {"startup": "/ping", "readiness": "/readiness", "liveness": "/liveness"}
    startup = container["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] >= 300


def test_a_pod_that_stops_has_time_to_drain_and_to_answer(tmp_path: Path) -> None:
    pod = pod_of(manifests_of(tmp_path, {"eks": {"drainSeconds": 20}}))
    variables = {item["name"]: item.get("value") for item in pod["containers"][0]["env"]}
    assert variables["DRAIN_SECONDS"] == "20"
    assert pod["terminationGracePeriodSeconds"] >= 20 + 55


def test_gpus_are_asked_for_and_their_nodes_taint_is_put_up_with(tmp_path: Path) -> None:
    pod = pod_of(manifests_of(tmp_path, {"eks": {"gpu": {"count": 2}}}))
    resources = pod["containers"][0]["resources"]
    assert resources["limits"]["nvidia.com/gpu"] == resources["requests"]["nvidia.com/gpu"] == 2
    assert pod["tolerations"] == [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]


def test_secrets_are_named_and_never_written(tmp_path: Path) -> None:
    secrets = {"TOKEN": {"name": "feature-store", "key": "token"}}
    (variable,) = (
        item
        for item in pod_of(manifests_of(tmp_path, {"eks": {"secrets": secrets}}))["containers"][0]["env"]
        if item["name"] == "TOKEN"
    )
    assert variable == {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "feature-store", "key": "token"}}}


@pytest.mark.parametrize(
    ("config", "path", "words"),
    [
        ({"deployment": {"strategy": "canary"}}, "deployment.strategy", "a part of the requests"),
        ({"endpoint": {"mode": "serverless"}}, "endpoint.mode", "pods answer requests at once"),
        ({"autoscaling": {"enabled": True, "scaleToZero": True}}, "autoscaling.scaleToZero", "cannot do it"),
        ({"autoscaling": {"enabled": True, "minInstances": 9}}, "autoscaling.minInstances", "at least 9"),
        ({"eks": {"keda": QUERY}}, "eks.keda", "autoscaling is switched off"),
        ({"eks": {"cluster": "models", "context": "dev"}}, "eks.context", "two clusters"),
        (
            {"eks": {"ingress": {}, "gatewayApi": {"gateway": "public", "host": "a.example.com"}}},
            "eks.gatewayApi",
            "both an Ingress and a Gateway",
        ),
    ],
)
def test_what_kubernetes_cannot_do_is_refused_at_its_place(
    tmp_path: Path, config: dict[str, Any], path: str, words: str
) -> None:
    assert words in problems_of(tmp_path, config)[path]


def test_a_cluster_has_to_be_named_outside_of_this_machine(tmp_path: Path) -> None:
    assert "which cluster" in problems_of(tmp_path, {}, env="dev")["eks"]
    assert "VPC link" in problems_of(tmp_path, {"eks": {"cluster": "models"}}, env="dev")["expose.gateway"]
    assert problems_of(tmp_path, {"eks": {"cluster": "models", "vpcLink": "a1b2c3"}}, env="dev") == {}


@pytest.mark.req("Q7")
def test_a_release_of_sagemaker_changes_its_type_and_nothing_else(tmp_path: Path) -> None:
    config = {
        "instance": {"type": "ml.m5.xlarge", "count": 2, "volumeSizeInGB": 50, "region": "eu-central-1"},
        "autoscaling": {"enabled": True, "minInstances": 1, "maxInstances": 4},
        "deployment": {"strategy": "rolling", "stepPercent": 25},
        "cache": {"enabled": True, "ttl": 60},
        "verify": {"requests": [{"body": {"instances": ["x"]}}]},
    }
    assert problems_of(tmp_path, {**config, "type": "eks"}) == {}
    strategy = by_kind(manifests_of(tmp_path, config))["Deployment"]["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
