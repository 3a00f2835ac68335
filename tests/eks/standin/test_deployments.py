"""Deployments without any node: ReplicaSets, revisions, conditions. Needs a controller manager."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.eks.standin.api_client import APPS, MERGE, ApiServer, deployment, eventually, unique

pytestmark = [pytest.mark.req("Q7"), pytest.mark.usefixtures("controllers")]

REVISION = "deployment.kubernetes.io/revision"


class Rolled:
    """A deployment whose image can never be pulled, so that nothing in it becomes ready anywhere."""

    def __init__(self, server: ApiServer, replicas: int = 1, **spec: Any) -> None:
        self.server = server
        self.name = unique("rolled")
        self.replicas = replicas
        self.spec = spec
        self.path = server.path("deployments", self.name, APPS)

    def apply(self, image: str, **more: Any) -> None:
        body = deployment(self.name, self.replicas, image=image, **self.spec, **more)
        assert self.server.apply(self.path, body).code in {200, 201}

    @property
    def document(self) -> dict[str, Any]:
        return self.server.get(self.path).body

    def sets(self) -> dict[str, dict[str, Any]]:
        items = self.server.get(self.server.path("replicasets", base=APPS), labelSelector=f"app={self.name}").body[
            "items"
        ]
        return {each["spec"]["template"]["spec"]["containers"][0]["image"]: each for each in items}

    @property
    def revision(self) -> str:
        return str(self.document["metadata"].get("annotations", {}).get(REVISION, ""))

    def condition(self, kind: str) -> dict[str, Any]:
        conditions = self.document.get("status", {}).get("conditions") or []
        return next((each for each in conditions if each["type"] == kind), {})


@pytest.fixture
def rolled(server: ApiServer) -> Rolled:
    return Rolled(server)


def test_a_deployment_makes_a_replica_set_of_its_template(rolled: Rolled) -> None:
    rolled.apply("registry.example.com/a:1")
    (replica_set,) = eventually(lambda: list(rolled.sets().values()), what="a ReplicaSet")
    digest = replica_set["metadata"]["labels"]["pod-template-hash"]
    assert replica_set["metadata"]["name"] == f"{rolled.name}-{digest}"
    assert replica_set["spec"]["selector"]["matchLabels"] == {"app": rolled.name, "pod-template-hash": digest}
    (owner,) = replica_set["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["controller"], owner["blockOwnerDeletion"]) == ("Deployment", True, True)
    eventually(lambda: rolled.revision == "1")
    eventually(lambda: rolled.document["status"].get("observedGeneration") == 1, what="the controller has seen it")
    eventually(lambda: rolled.condition("Available").get("reason") == "MinimumReplicasUnavailable")
    assert rolled.document["status"]["unavailableReplicas"] == 1


def test_a_new_template_is_a_new_revision_and_an_old_one_comes_back(rolled: Rolled) -> None:
    rolled.apply("registry.example.com/a:1")
    eventually(lambda: len(rolled.sets()) == 1)
    rolled.apply("registry.example.com/a:2")
    eventually(lambda: len(rolled.sets()) == 2)
    eventually(lambda: rolled.revision == "2")
    rolled.apply("registry.example.com/a:1")
    eventually(lambda: rolled.revision == "3")
    sets = rolled.sets()
    assert len(sets) == 2
    assert sets["registry.example.com/a:1"]["metadata"]["annotations"][REVISION] == "3"


def test_a_rollout_keeps_what_works_and_adds_no_more_than_allowed(server: ApiServer) -> None:
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    rolled = Rolled(server, replicas=2, strategy=rolling)
    rolled.apply("registry.example.com/a:1")
    eventually(lambda: [each["spec"]["replicas"] for each in rolled.sets().values()] == [2])
    rolled.apply("registry.example.com/a:2")
    eventually(lambda: len(rolled.sets()) == 2)
    eventually(lambda: rolled.sets()["registry.example.com/a:2"]["spec"]["replicas"] >= 1)
    assert sum(each["spec"]["replicas"] for each in rolled.sets().values()) <= 3


def test_a_paused_deployment_waits(rolled: Rolled) -> None:
    rolled.apply("registry.example.com/a:1")
    eventually(lambda: len(rolled.sets()) == 1)
    rolled.apply("registry.example.com/a:2", paused=True)
    eventually(lambda: rolled.condition("Progressing").get("reason") == "DeploymentPaused")
    assert rolled.condition("Progressing")["status"] == "Unknown"
    assert list(rolled.sets()) == ["registry.example.com/a:1"]
    rolled.apply("registry.example.com/a:2")
    eventually(lambda: len(rolled.sets()) == 2)


def test_a_rollout_that_gets_nowhere_says_so(server: ApiServer) -> None:
    rolled = Rolled(server, progressDeadlineSeconds=1)
    rolled.apply("registry.example.com/a:1")
    condition = eventually(
        lambda: (found := rolled.condition("Progressing")).get("status") == "False" and found, what="the deadline"
    )
    assert condition["reason"] == "ProgressDeadlineExceeded"
    assert condition["message"].endswith("has timed out progressing.")


def test_pods_that_are_not_let_in_are_told(new_namespace: Callable[..., ApiServer]) -> None:
    server = new_namespace()
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    server.post(server.path("resourcequotas"), quota)
    eventually(lambda: server.get(server.path("resourcequotas", "none")).body.get("status", {}).get("hard"))
    rolled = Rolled(server)
    rolled.apply("registry.example.com/a:1")
    failure = eventually(lambda: rolled.condition("ReplicaFailure"), what="ReplicaFailure")
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert "exceeded quota: none, requested: pods=1, used: pods=0, limited: pods=0" in failure["message"]
    (name,) = [each["metadata"]["name"] for each in rolled.sets().values()]
    (event, *_) = eventually(lambda: server.events_about(name, "FailedCreate"), what="an event")
    assert event["message"].startswith("Error creating: pods ")
    server.delete(server.path("resourcequotas", "none"))
    eventually(lambda: not rolled.condition("ReplicaFailure"), seconds=40, what="pods after the quota is gone")


def test_old_sets_are_forgotten_beyond_the_limit(server: ApiServer) -> None:
    rolled = Rolled(server, replicas=0, revisionHistoryLimit=1)
    for number in (1, 2, 3):
        image = f"registry.example.com/a:{number}"
        rolled.apply(image)
        eventually(lambda image=image: image in rolled.sets())
    eventually(lambda: set(rolled.sets()) == {"registry.example.com/a:2", "registry.example.com/a:3"})


def test_replicas_are_scaled_up_and_down(rolled: Rolled) -> None:
    rolled.apply("registry.example.com/a:1")
    for replicas in (3, 0):
        rolled.server.patch(f"{rolled.path}/scale", {"spec": {"replicas": replicas}}, MERGE)
        eventually(lambda n=replicas: rolled.document["status"].get("replicas", 0) == n, what=f"{replicas} replicas")


def test_an_autoscaler_keeps_replicas_between_its_limits(rolled: Rolled) -> None:
    rolled.apply("registry.example.com/a:1")
    server = rolled.server
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": rolled.name}
    body = {"metadata": {"name": rolled.name}, "spec": {"scaleTargetRef": target, "minReplicas": 2, "maxReplicas": 3}}
    path = server.path("horizontalpodautoscalers", base="/apis/autoscaling/v2")
    created = server.post(path, body)
    assert created.code == 201
    assert created.body["spec"]["metrics"][0]["resource"]["target"] == {
        "type": "Utilization",
        "averageUtilization": 80,
    }
    eventually(lambda: rolled.document["spec"]["replicas"] == 2, seconds=60, what="the least number of replicas")
    wrong = server.post(path, {"metadata": {"name": "wrong"}, "spec": {**body["spec"], "maxReplicas": 1}})
    assert (wrong.code, wrong.causes) == (422, [("FieldValueInvalid", "spec.maxReplicas")])
