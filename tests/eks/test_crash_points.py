"""A run that is killed at any call to Kubernetes leaves what the next run can finish."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mldeploy_eks.cluster import Cluster
from mldeploy_eks.kinds import KINDS
from mldeploy_eks.serving import container_of
from tests.crash.calls import Point, Recorder
from tests.crash.calls import calls_through as aws_calls_through
from tests.eks.clustered_release import OBJECT, ClusteredRelease
from tests.eks.crash_flavours import FLAVOURS, Flavour
from tests.eks.kserve import CONTROLLER

FLOWS = ("create", "update", "rollback", "destroy")
COUNTED = ("HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "Secret", "Service", "ServiceAccount")
PLURALS = {found.plural: kind for kind, found in KINDS.items()}


NOWHERE = Point("", 0, "before")


class Killed(BaseException):
    """The process is gone: nothing catches this."""


@dataclass
class KillAt(Recorder):
    """Ends the process at a point, as far as Kubernetes can tell: from then on no call is made and no answer seen."""

    point: Point = NOWHERE
    dead: threading.Event = field(default_factory=threading.Event)

    def __call__(self, call: str, send: Callable[[], Any]) -> Any:
        here = (call, self.count(call)) == (self.point.call, self.point.number)
        if here and self.point.when == "before":
            self.dead.set()
        self._mourn()
        answer = send()
        if here:
            self.dead.set()
        self._mourn()
        return answer

    def _mourn(self) -> None:
        if self.dead.is_set():
            raise Killed(str(self.point))


@contextmanager
def calls_through(hook: Callable[[str, Callable[[], Any]], Any]) -> Iterator[None]:
    """Put a hook around every call of ours to Kubernetes and AWS for the block; a controller's are not ours."""
    earlier = Cluster._answer

    def answer(cluster: Cluster, method: str, path: str, **request: Any) -> Any:
        words = {"GET": "Get", "POST": "Get", "PATCH": "Apply", "DELETE": "Delete"}
        kind = next((PLURALS[part] for part in path.split("/")[::-1] if part in PLURALS), "Group")
        if threading.current_thread().name == CONTROLLER:
            return earlier(cluster, method, path, **request)
        return hook(f"kubernetes.{words[method]}{kind}", lambda: earlier(cluster, method, path, **request))

    Cluster._answer = answer  # type: ignore[method-assign]
    try:
        with aws_calls_through(hook):
            yield
    finally:
        Cluster._answer = earlier  # type: ignore[method-assign]


class World:
    """A release of one flavour; `golden` is what a flow leaves when nobody disturbs it."""

    def __init__(self, release: ClusteredRelease, flavour: Flavour) -> None:
        self.release = release
        self.flavour = flavour

    def undisturbed(self, flow: str) -> tuple[list[str], list[Point]]:
        """Do what a flow does; return what it leaves, and the points at which it can be killed."""
        self.prepare(flow)
        recorder = Recorder()
        with calls_through(recorder):
            self.act(flow)
        return self.inventory(), [point for point in recorder.points() if point.call.startswith(self.flavour.changes)]

    def inventory(self) -> list[str]:
        """Return the objects with what a release decides about them."""
        cluster = self.release.cluster
        found = [
            f"{kind} {item['metadata']['name']}"
            for kind in COUNTED
            for item in cluster.listed(kind, labels="mldeploy/name=probe")
        ]
        found += [f"InferenceService {container_of(item)['env']}" for item in cluster.listed("InferenceService")]
        for item in cluster.listed("Deployment"):
            container = container_of(item)
            good = [
                owned["metadata"]["labels"]["pod-template-hash"]
                for owned in cluster.listed("ReplicaSet")
                if owned["status"].get("availableReplicas")
            ]
            noted = item["metadata"].get("annotations", {}).get("mldeploy/good-pods") in good
            found.append(f"Deployment {container['image']} {container['env']} {item['status']['replicas']} {noted}")
        return sorted([*found, *self._roles()])

    def _roles(self) -> list[str]:
        """Return the roles that EKS hands out."""
        eks = self.release.sandbox.client("eks")
        listed = eks.list_pod_identity_associations(clusterName=OBJECT)["associations"]
        named = [{key: item[key] for key in ("clusterName", "associationId")} for item in listed]
        return [eks.describe_pod_identity_association(**item)["association"]["roleArn"] for item in named]

    def prepare(self, flow: str) -> None:
        """Bring the world to where a flow begins."""
        self.release.deployment(self.flavour.first).destroy()
        if flow != "create":
            self.release.run(self.flavour.first)
        if flow == "rollback":
            self.release.run(self.flavour.second, version="2")

    def act(self, flow: str, *, again: bool = False) -> None:
        """Do what a flow does; `again` is what a user does after a crash."""
        if flow == "destroy":
            self.release.deployment(self.flavour.first).destroy()
        elif flow == "rollback":
            self.release.deployment(self.flavour.second, version="2").rollback("r1" if again else None)
        elif flow == "update":
            self.release.run(self.flavour.second, version="2")
        else:
            self.release.run(self.flavour.first)

    def left_after(self, flow: str, point: Point) -> list[str]:
        """Kill a flow at a point, do it again, and return what is there then."""
        self.prepare(flow)
        killer = KillAt(point=point)
        with suppress(Killed), calls_through(killer):
            self.act(flow)
        self.act(flow, again=True)
        return self.inventory()


@pytest.fixture
def world(here: ClusteredRelease, request: pytest.FixtureRequest) -> Iterator[World]:
    flavour = FLAVOURS[request.param]
    with flavour.around(here.cluster):
        yield World(here, flavour)
        here.deployment(flavour.first).destroy()


@pytest.mark.req("Q7")
@pytest.mark.parametrize(
    ("world", "call"),
    [
        ("kserve", "kubernetes.ApplyInferenceService"),
        ("pod-identity", "eks.CreatePodIdentityAssociation"),
        ("redis", "kubernetes.ApplySecret"),
    ],
    indirect=["world"],
)
def test_a_run_that_was_killed_after_a_call_is_finished_by_the_next(world: World, call: str) -> None:
    golden, points = world.undisturbed("create")
    point = Point(call, 1, "after")
    assert point in points
    assert world.left_after("create", point) == golden


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.req("Q7")
@pytest.mark.parametrize("flow", FLOWS)
@pytest.mark.parametrize("world", FLAVOURS, indirect=True)
def test_every_point_converges(world: World, flow: str) -> None:
    golden, points = world.undisturbed(flow)
    wrong = {str(point): left for point in points if (left := world.left_after(flow, point)) != golden}
    print(f"{flow}: {len(points) - len(wrong)} of {len(points)} points converge")
    assert wrong == {}, golden


@pytest.mark.full
def test_a_run_that_died_in_a_rollout_is_finished_by_the_next(tmp_path: Path) -> None:
    release = ClusteredRelease(tmp_path)
    try:
        for number in (1, 2):  # the manifest, then the note that its pods are good
            killer = KillAt(point=Point("kubernetes.ApplyDeployment", number, "before" if number == 2 else "after"))
            with suppress(Killed), calls_through(killer):
                release.run(FLAVOURS["deployment"].first)
            assert killer.dead.is_set()
        release.run(FLAVOURS["deployment"].first)
        assert "mldeploy/good-pods" in release.live()["metadata"]["annotations"]
        assert release.changes(FLAVOURS["deployment"].first) == {}
    finally:
        release.close()
