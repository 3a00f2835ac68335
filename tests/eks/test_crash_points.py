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
from tests.crash.calls import Point, Recorder
from tests.eks.clustered_release import ClusteredRelease

FIRST = {"autoscaling": {"enabled": True, "minInstances": 1, "maxInstances": 3}}
SECOND = {"instance": {"count": 1, "region": "eu-central-1"}, "eks": {"env": {"MAX_BATCH": "8"}}}
FLOWS = ("create", "update", "rollback", "destroy")
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
    """Put a hook around every call to Kubernetes for the block."""
    earlier = Cluster._answer

    def answer(cluster: Cluster, method: str, path: str, **request: Any) -> Any:
        words = {"GET": "Get", "POST": "Get", "PATCH": "Apply", "DELETE": "Delete"}
        kind = next((PLURALS[part] for part in path.split("/")[::-1] if part in PLURALS), "Group")
        return hook(f"kubernetes.{words[method]}{kind}", lambda: earlier(cluster, method, path, **request))

    Cluster._answer = answer  # type: ignore[method-assign]
    try:
        yield
    finally:
        Cluster._answer = earlier  # type: ignore[method-assign]


class World:
    """A release and its sandbox; `golden` is what each flow leaves when nobody disturbs it."""

    def __init__(self, folder: Path) -> None:
        self.release = ClusteredRelease(folder)
        self.golden: dict[str, list[str]] = {}
        self.points: dict[str, list[Point]] = {}
        for flow in FLOWS:
            self.prepare(flow)
            recorder = Recorder()
            with calls_through(recorder):
                self.act(flow)
            self.points[flow] = [p for p in recorder.points() if p.call.startswith(("kubernetes.A", "kubernetes.D"))]
            self.golden[flow] = self.inventory()

    def inventory(self) -> list[str]:
        """Return the objects with what a release decides about them."""
        cluster, found = self.release.cluster, []
        for kind in ("ServiceAccount", "Service", "NetworkPolicy", "PodDisruptionBudget", "HorizontalPodAutoscaler"):
            found += [
                f"{kind} {item['metadata']['name']}" for item in cluster.listed(kind, labels="mldeploy/name=probe")
            ]
        for item in cluster.listed("Deployment"):
            container = item["spec"]["template"]["spec"]["containers"][0]
            good = [
                owned["metadata"]["labels"]["pod-template-hash"]
                for owned in cluster.listed("ReplicaSet")
                if owned["status"].get("availableReplicas")
            ]
            noted = item["metadata"]["annotations"]["mldeploy/good-pods"] in good
            found.append(f"Deployment {container['image']} {container['env']} {item['status']['replicas']} {noted}")
        return sorted(found)

    def prepare(self, flow: str) -> None:
        """Bring the world to where a flow begins."""
        self.release.deployment(FIRST).destroy()
        if flow != "create":
            self.release.run(FIRST)
        if flow == "rollback":
            self.release.run(SECOND, version="2")

    def act(self, flow: str, *, again: bool = False) -> None:
        """Do what a flow does; `again` is what a user does after a crash."""
        if flow == "destroy":
            self.release.deployment(FIRST).destroy()
        elif flow == "rollback":
            self.release.deployment(SECOND, version="2").rollback("r1" if again else None)
        elif flow == "update":
            self.release.run(SECOND, version="2")
        else:
            self.release.run(FIRST)

    def faults(self, flow: str, point: Point) -> list[str]:
        """Kill a flow at a point, do it again, and return what is wrong then."""
        self.prepare(flow)
        killer = KillAt(point=point)
        with suppress(Killed), calls_through(killer):
            self.act(flow)
        self.act(flow, again=True)
        found = self.inventory()
        return [] if found == self.golden[flow] else [f"{flow}, killed {point}: {found} is not {self.golden[flow]}"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    found = World(tmp_path_factory.mktemp("crash"))
    yield found
    found.release.close()


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.req("Q7")
@pytest.mark.parametrize("flow", FLOWS)
def test_every_point_converges(world: World, flow: str) -> None:
    wrong = [fault for point in world.points[flow] for fault in world.faults(flow, point)]
    assert world.points[flow], "no call was seen"
    assert wrong == []


@pytest.mark.full
def test_a_run_that_died_in_a_rollout_is_finished_by_the_next(tmp_path: Path) -> None:
    release = ClusteredRelease(tmp_path)
    try:
        for number in (1, 2):  # the manifest, then the note that its pods are good
            killer = KillAt(point=Point("kubernetes.ApplyDeployment", number, "before" if number == 2 else "after"))
            with suppress(Killed), calls_through(killer):
                release.run(FIRST)
            assert killer.dead.is_set()
        release.run(FIRST)
        assert "mldeploy/good-pods" in release.live()["metadata"]["annotations"]
        assert release.changes(FIRST) == {}
    finally:
        release.close()
