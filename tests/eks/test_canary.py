"""New pods get their part of the requests through the Ingress before they take over, and nobody's request fails."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from mldeploy.deployment import Deployment
from mldeploy.errors import DeployError, PendingError
from mldeploy_eks.weights import shares
from tests.crash.calls import Point, Recorder
from tests.eks.clustered_release import OBJECT, ClusteredRelease
from tests.eks.releases import by_kind, manifests_of, problems_of, release_of
from tests.eks.test_crash_points import KillAt, Killed, calls_through
from tests.sandbox.running_sandbox import SERVICE

CANARY = f"{OBJECT}-canary"
ACTION = f"alb.ingress.kubernetes.io/actions.{OBJECT}"
DRAINING = """
import os, signal, threading
signal.signal(signal.SIGTERM, lambda *_: threading.Timer(1, os._exit, (0,)).start())
"""
ANSWERING = DRAINING + SERVICE.replace('os.environ.get("VERSION")', "VERSION")
"""Answers with the version of its image, and for a second after it was told to stop."""
FAILING_LATER = ANSWERING.replace("body = self.rfile", "os._exit(7); body = self.rfile")
"""Passes every probe and ends at its first request."""
BASE: dict[str, Any] = {"instance": {"count": 2, "region": "eu-central-1"}, "eks": {"ingress": {}, "drainSeconds": 0}}


def weighed(strategy: str, percent: int, seconds: int = 1) -> dict[str, Any]:
    return {**BASE, "deployment": {"strategy": strategy, "stepPercent": percent, "bakeSeconds": seconds}}


def guarded(config: dict[str, Any], alarms: dict[str, Any]) -> dict[str, Any]:
    return {**config, "deployment": {**config["deployment"], "alarms": alarms}}


QUICK = weighed("canary", 50, 0)
WEIGHED = Point("kubernetes.ApplyIngress", 3, "after")
"""New pods get requests: before, the Ingress has been applied without them, and with none for them."""


class Callers:
    """Ask for predictions through the Ingress, one after the other, until the block ends."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.versions: Counter[str] = Counter()
        self.failed: list[str] = []
        self._over = threading.Event()

    def ask(self) -> None:
        while not self._over.is_set():
            try:
                self.versions[version_of(self.url)] += 1
            except (OSError, ValueError) as error:
                self.failed.append(repr(error))

    @contextmanager
    def calling(self) -> Iterator[Callers]:
        threads = [threading.Thread(target=self.ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            self._over.set()
            for thread in threads:
                thread.join()


def version_of(url: str) -> str:
    request = urllib.request.Request(f"{url}/invocations", b"hello", {"Content-Type": "text/plain"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return str(json.load(answer)["version"])


def url_of(here: ClusteredRelease) -> str:
    return str(here.deployment(QUICK).known_outputs(f"mldeploy::ClusterAddress/{OBJECT}")["Url"])


def groups_of(here: ClusteredRelease) -> dict[str, int]:
    """Return service → weight, as the Ingress says now."""
    action = json.loads(here.live("Ingress")["metadata"]["annotations"][ACTION])
    return {group["serviceName"]: group["weight"] for group in action["forwardConfig"]["targetGroups"]}


def canary_parts(here: ClusteredRelease) -> list[str]:
    return [item for item in here.left() if CANARY in item]


@pytest.fixture
def deployed(here: ClusteredRelease) -> ClusteredRelease:
    here.run(QUICK, source=ANSWERING)
    here.events.clear()
    return here


@pytest.mark.req("Q7")
@pytest.mark.parametrize(
    ("strategy", "percent", "shares"),
    [("canary", 20, [20]), pytest.param("linear", 40, [40, 80], marks=pytest.mark.full)],
    ids=["canary", "linear"],
)
def test_new_pods_get_their_shares_and_no_request_fails(
    deployed: ClusteredRelease, strategy: str, percent: int, shares: list[int]
) -> None:
    config = weighed(strategy, percent)
    with Callers(url_of(deployed)).calling() as callers:
        deployed.run(config, version="2", source=ANSWERING)
    assert callers.failed == []
    assert callers.versions["1"] > callers.versions["2"] / 10 > 0
    told = [int(text.partition(" %")[0]) for text in deployed.told() if "of the requests go to new pods" in text]
    assert told == shares
    assert version_of(callers.url) == "2"
    assert canary_parts(deployed) == []
    assert groups_of(deployed) == {OBJECT: 100}
    assert deployed.changes(config, version="2", source=ANSWERING) == {}


@pytest.mark.full
@pytest.mark.req("Q7")
def test_pods_that_fail_under_their_first_requests_never_take_over(deployed: ClusteredRelease) -> None:
    generation = deployed.live()["metadata"]["generation"]
    with Callers(url_of(deployed)).calling() as callers, pytest.raises(DeployError) as caught:
        deployed.run(weighed("canary", 20, 30), version="bad", source=FAILING_LATER)
    assert "undone, the old pods answer all requests again" in caught.value.message
    assert set(callers.versions) == {"1"}
    assert deployed.live()["metadata"]["generation"] == generation
    assert canary_parts(deployed) == []
    assert groups_of(deployed) == {OBJECT: 100}
    assert not [step for step in deployed.changes(QUICK, source=ANSWERING) if step.startswith("Kubernetes::")]


def set_alarm(here: ClusteredRelease, state: str, name: str = "mine") -> None:
    """Let an alarm on something that the sandbox does not measure have a state."""
    cloudwatch = here.sandbox.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name, Namespace="mine", MetricName="mine", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def alarm_at_share(here: ClusteredRelease, over: threading.Event) -> None:
    """Let the alarm go on as soon as new pods get requests."""
    while not any("of the requests go to new pods" in text for text in here.told()):
        if over.wait(0.05):
            return
    set_alarm(here, "ALARM")


@pytest.mark.req("Q7")
def test_an_alarm_that_goes_on_gives_the_requests_back_and_is_named(deployed: ClusteredRelease) -> None:
    set_alarm(deployed, "OK")
    generation, over = deployed.live()["metadata"]["generation"], threading.Event()
    alarm = threading.Thread(target=alarm_at_share, args=(deployed, over))
    alarm.start()
    try:
        with pytest.raises(DeployError, match=r"mine went on while new pods had 20 % of the requests; undone"):
            deployed.run(guarded(weighed("canary", 20, 60), {"names": ["mine"]}), version="2", source=ANSWERING)
    finally:
        over.set()
        alarm.join()
    assert deployed.live()["metadata"]["generation"] == generation
    assert canary_parts(deployed) == []
    assert groups_of(deployed) == {OBJECT: 100}
    assert version_of(url_of(deployed)) == "1"


@pytest.mark.full
def test_an_alarm_that_is_on_already_does_not_stop_the_repair(deployed: ClusteredRelease) -> None:
    set_alarm(deployed, "ALARM")
    config = guarded(QUICK, {"names": ["mine"]})
    deployed.run(config, version="2", source=ANSWERING)
    assert any("mine is on already and cannot judge the new pods" in text for text in deployed.told())
    assert version_of(url_of(deployed)) == "2"
    assert deployed.changes(config, version="2", source=ANSWERING) == {}


def test_an_alarm_that_does_not_exist_is_no_guard(deployed: ClusteredRelease) -> None:
    with pytest.raises(DeployError, match="there is no alarm nobodys"):
        deployed.run(guarded(QUICK, {"names": ["nobodys"]}), version="2", source=ANSWERING)
    assert canary_parts(deployed) == []
    assert version_of(url_of(deployed)) == "1"


@pytest.mark.full
def test_an_interrupted_canary_leaves_its_requests_to_the_old_pods(deployed: ClusteredRelease) -> None:
    opened = deployed.deployment(weighed("canary", 50, 60), version="2", source=ANSWERING)
    interrupt = threading.Thread(target=interrupt_at_share, args=(opened, deployed))
    interrupt.start()
    with pytest.raises(PendingError):
        opened.run()
    interrupt.join()
    assert groups_of(deployed) == {OBJECT: 100}
    deployed.run(QUICK, version="2", source=ANSWERING)
    assert version_of(url_of(deployed)) == "2"
    assert canary_parts(deployed) == []


def interrupt_at_share(opened: Deployment, here: ClusteredRelease) -> None:
    """Do what Ctrl-C does as soon as new pods get requests."""
    while not any("of the requests go to new pods" in text for text in here.told()):
        opened.context.cancelled.wait(0.05)
    opened.context.cancelled.set()


@pytest.mark.full
def test_pods_that_never_start_get_no_request_at_all(deployed: ClusteredRelease) -> None:
    with Callers(url_of(deployed)).calling() as callers, pytest.raises(DeployError, match="crash-loop") as caught:
        deployed.run(QUICK, version="bad", source="raise SystemExit('no licence')")
    assert any("no licence" in line for line in caught.value.details)
    assert callers.failed == []
    assert set(callers.versions) == {"1"}
    assert canary_parts(deployed) == []


def converges(here: ClusteredRelease, point: Point) -> list[str]:
    """Kill a canary at a point, run again, and return what is wrong then."""
    here.run(QUICK, source=ANSWERING)
    killer = KillAt(point=point)
    with suppress(Killed), calls_through(killer):
        here.run(QUICK, version="2", source=ANSWERING)
    wrong = [] if killer.dead.is_set() else ["the call was not made"]
    here.run(QUICK, version="2", source=ANSWERING)
    answered = version_of(url_of(here))
    wrong += canary_parts(here)
    wrong += [] if answered == "2" else [f"version {answered} answers"]
    wrong += [] if groups_of(here) == {OBJECT: 100} else [f"weights {groups_of(here)}"]
    wrong += [str(here.changes(QUICK, version="2", source=ANSWERING) or "")]
    return [f"killed {point}: {each}" for each in wrong if each]


@pytest.mark.full
@pytest.mark.req("Q7")
def test_a_canary_that_was_killed_is_found_and_finished(here: ClusteredRelease) -> None:
    assert converges(here, WEIGHED) == []


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.req("Q7")
def test_a_canary_killed_at_any_change_converges(here: ClusteredRelease) -> None:
    here.run(QUICK, source=ANSWERING)
    recorder = Recorder()
    with calls_through(recorder):
        here.run(QUICK, version="2", source=ANSWERING)
    points = [each for each in recorder.points() if each.call.startswith(("kubernetes.A", "kubernetes.D"))]
    assert len(points) >= 15
    assert [fault for point in points for fault in converges(here, point)] == []


@pytest.mark.full
def test_destroy_takes_what_a_killed_canary_left(deployed: ClusteredRelease) -> None:
    killer = KillAt(point=WEIGHED)
    with suppress(Killed), calls_through(killer):
        deployed.run(QUICK, version="2", source=ANSWERING)
    assert f"Deployment {CANARY}" in canary_parts(deployed)
    assert "tried out" in deployed.changes(QUICK, source=ANSWERING)[f"Kubernetes::Deployment/{OBJECT}"]
    deployed.deployment(QUICK).destroy()
    assert deployed.left() == []


def test_the_rules_for_pods_hold_for_a_canary_too(tmp_path: Path) -> None:
    found = by_kind(manifests_of(tmp_path, QUICK))
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    covered = found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
    assert covered.items() <= labels.items()
    assert "app.kubernetes.io/instance" not in covered, "a canary's pods have another one"


@pytest.mark.parametrize(
    ("strategy", "percent", "parts"),
    [("canary", 10, [10]), ("linear", 10, list(range(10, 100, 10))), ("linear", 30, [30, 60, 90]), ("rolling", 10, [])],
)
def test_the_keys_of_sagemaker_say_the_same_here(tmp_path: Path, strategy: str, percent: int, parts: list[int]) -> None:
    assert shares(release_of(tmp_path, weighed(strategy, percent))) == parts


def test_where_nothing_weighs_requests_the_key_is_refused(tmp_path: Path) -> None:
    nginx = {**QUICK, "eks": {"ingress": {"className": "nginx"}}}
    assert "a part of the requests" in problems_of(tmp_path, nginx)["deployment.strategy"]
    assert problems_of(tmp_path, QUICK) == {}


@pytest.mark.parametrize(
    ("strategy", "alarms", "said"),
    [
        ("canary", {"errorsPerMinute": 5}, {"deployment.alarms.errorsPerMinute": "no alarm is made on Kubernetes"}),
        ("rolling", {"names": ["mine"]}, {"deployment.alarms.names": "rolling: alarms are watched while"}),
        ("linear", {"names": ["mine"]}, {}),
    ],
    ids=["made", "unwatched", "watched"],
)
def test_an_alarm_that_stops_nothing_is_pointed_out(
    tmp_path: Path, strategy: str, alarms: dict[str, Any], said: dict[str, str]
) -> None:
    found = problems_of(tmp_path, guarded(weighed(strategy, 20), alarms))
    assert found.keys() == said.keys()
    assert all(text in found[path] for path, text in said.items())
