"""The cache's Redis as a pod: reached by the function, protected, and in no record."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from mldeploy_eks.diagnosis import ClusterDiagnostician
from tests.eks.clustered_release import OBJECT, ClusteredRelease
from tests.eks.pod_security import findings
from tests.eks.releases import manifests_of, problems_of

IMAGE = "public.ecr.aws/valkey/valkey@sha256:" + "8" * 64
REDIS = f"{OBJECT}-redis"
CACHED: dict[str, Any] = {"cache": {"enabled": True, "tls": True}, "eks": {"redis": {"image": IMAGE}}}
IN_VPC = {
    **CACHED,
    "cache": {"enabled": True, "vpc": {"subnets": ["subnet-0a1b2c3d4e5f60718", "subnet-0f1e2d3c4b5a69788"]}},
    "eks": {"cluster": "models", "redis": {"image": IMAGE, "memory": "1Gi"}},
}


@pytest.fixture
def cached(here: ClusteredRelease) -> ClusteredRelease:
    here.run(CACHED)
    return here


def ask(here: ClusteredRelease, body: str) -> dict[str, Any]:
    """Call the function as API Gateway does."""
    event = {
        "httpMethod": "POST",
        "path": "/predict",
        "headers": {"Content-Type": "text/plain"},
        "body": body,
        "isBase64Encoded": False,
        "requestContext": {"requestId": "1"},
    }
    client = here.deployment(CACHED).context.provider("aws").client("lambda")
    answer = client.invoke(FunctionName=f"{OBJECT}-cache", Qualifier="live", Payload=json.dumps(event))
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found


def password_of(here: ClusteredRelease) -> str:
    client = here.deployment(CACHED).context.provider("aws").client("secretsmanager")
    return str(client.get_secret_value(SecretId=f"{OBJECT}-cache")["SecretString"])


def secret_of(here: ClusteredRelease) -> dict[str, str]:
    found = here.cluster.get("Secret", REDIS)
    assert found is not None
    return {name: base64.b64decode(value).decode() for name, value in found["data"].items()}


@pytest.mark.req("Q7")
def test_equal_requests_are_answered_from_the_pod_and_a_second_run_changes_nothing(cached: ClusteredRelease) -> None:
    first, second = ask(cached, "once"), ask(cached, "once")
    assert [answer["headers"]["X-Cache"] for answer in (first, second)] == ["MISS", "HIT"]
    assert second["body"] == first["body"]
    assert cached.changes(CACHED) == {}


@pytest.mark.req("4.6", "Q7")
def test_a_diagnosis_tells_of_the_pods_of_the_model_first(cached: ClusteredRelease) -> None:
    deployment = cached.deployment(CACHED)
    record, _ = deployment.status()
    found = ClusterDiagnostician(deployment.context).diagnose(record)
    assert found.status == f"1 of 1 of {OBJECT} are available; 1 of 1 of {REDIS} are available"
    assert found.causes == ()


@pytest.mark.req("Q7")
def test_the_password_is_in_no_record_no_manifest_and_no_argument(cached: ClusteredRelease) -> None:
    password, secret = password_of(cached), secret_of(cached)
    assert secret["redis.conf"] == f'requirepass "{password}"\n'
    written = [file.read_text(errors="replace") for file in (cached.folder / ".mldeploy" / "state").rglob("*.json")]
    assert written
    for text in (*written, json.dumps(cached.live(name=REDIS))):
        assert password not in text
        assert secret["tls.key"].splitlines()[1] not in text


def test_a_password_that_was_changed_reaches_redis_and_the_function(cached: ClusteredRelease) -> None:
    before = secret_of(cached)
    client = cached.deployment(CACHED).context.provider("aws").client("secretsmanager")
    client.put_secret_value(SecretId=f"{OBJECT}-cache", SecretString="B" * 64)
    assert "PasswordVersion" in cached.changes(CACHED)[f"Kubernetes::Secret/{REDIS}"]
    cached.run(CACHED)
    after = secret_of(cached)
    assert (after["redis.conf"], after["tls.crt"]) == (f'requirepass "{"B" * 64}"\n', before["tls.crt"])
    assert cached.changes(CACHED) == {}


def test_a_secret_that_somebody_has_deleted_is_made_again(cached: ClusteredRelease) -> None:
    before = secret_of(cached)
    cached.cluster.delete("Secret", REDIS)
    cached.run(CACHED)
    after = secret_of(cached)
    assert after["redis.conf"] == before["redis.conf"]
    assert after["tls.crt"] != before["tls.crt"]
    assert [ask(cached, "again")["headers"]["X-Cache"] for _ in range(2)] == ["MISS", "HIT"]
    assert cached.changes(CACHED) == {}


def test_without_it_the_cluster_has_none(cached: ClusteredRelease) -> None:
    cached.run({})
    assert [name for name in cached.left() if "redis" in name] == []
    cached.deployment({}).destroy()
    assert cached.left() == []


@pytest.mark.req("Q7")
def test_its_manifests_are_valid_and_restricted_and_its_load_balancer_lets_the_function_in(tmp_path: Path) -> None:
    manifests = [
        found for found in manifests_of(tmp_path, IN_VPC, env="dev") if found["metadata"]["name"].endswith("-redis")
    ]
    assert sorted(found["kind"] for found in manifests) == ["Deployment", "NetworkPolicy", "Service"]
    for manifest in manifests:
        kubernetes_validate.validate(manifest, "1.36", strict=True)
    deployment, service = (
        next(each for each in manifests if each["kind"] == kind) for kind in ("Deployment", "Service")
    )
    pod = deployment["spec"]["template"]["spec"]
    assert list(findings(pod)) == []
    assert pod["containers"][0]["image"] == IMAGE
    assert str(768 * 2**20) in pod["containers"][0]["args"]
    annotations = service["metadata"]["annotations"]
    assert annotations["service.beta.kubernetes.io/aws-load-balancer-scheme"] == "internal"
    assert "service.beta.kubernetes.io/aws-load-balancer-security-groups" in annotations


def test_the_pods_of_the_model_and_of_redis_are_not_mixed_up(tmp_path: Path) -> None:
    manifests = manifests_of(tmp_path, IN_VPC, env="dev")
    pods = {
        each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
        for each in manifests
        if each["kind"] == "Deployment"
    }
    choosing = [each for each in manifests if each["kind"] in {"Service", "Deployment"}]
    for each in choosing:
        selector = each["spec"]["selector"]
        labels = selector.get("matchLabels", selector)
        chosen = {name for name, found in pods.items() if labels.items() <= found.items()}
        assert chosen == {each["metadata"]["name"]}


@pytest.mark.parametrize(
    ("config", "path", "words"),
    [
        ({"eks": {"redis": {"image": IMAGE}}}, "eks.redis", "the cache is switched off"),
        ({**CACHED, "cache": {"enabled": True, "redis": {"endpoint": "redis.example.com:6379"}}}, "eks.redis", "both"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, config: dict[str, Any], path: str, words: str) -> None:
    assert words in problems_of(tmp_path, config)[path]
