"""Killed before and after every call of Apigee and run again, a release ends where it would have ended anyway."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from mldeploy_apigee.world import Apigee
from mldeploy_aws.patience import Patience
from tests.apigee.stand_in import Place, opened
from tests.crash.calls import Point, Recorder, Send

FIRST: dict[str, Any] = {"expose": {"quota": {"limit": 100}}}
ASKED = {
    "endpoint": "https://login.example.com/introspect",
    "clientId": "gateway",
    "clientSecret": "secretsmanager:login/gateway",
}
SECOND: dict[str, Any] = {
    "expose": {"quota": {"limit": 50}, "rate": {"perSecond": 7}, "auth": {"introspection": ASKED}}
}
FLOWS = ("create", "update", "rollback", "destroy")
SAMPLE = ("apigee.PostApis", "apigee.PostDeployments")
"""What the default run kills; every call is killed in the full one."""


class Killed(BaseException):
    """The run is gone: nothing catches this."""


@dataclass(kw_only=True)
class KillAt(Recorder):
    """Kills a run at a point: from then on it makes no call and sees no answer."""

    point: Point
    dead: threading.Event = field(default_factory=threading.Event)

    def __call__(self, call: str, send: Send) -> Any:
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


def passed_on(_call: str, send: Send) -> Any:
    return send()


class HookedApigee(Apigee):
    """The door with a hook around every attempt."""

    hook: Callable[[str, Send], Any]

    def _send(self, method: str, path: str, **options: Any) -> Any:
        kind = [word for word in re.split(r"[/:]", path) if re.fullmatch(r"[a-zA-Z]{4,}", word)][-1]
        call = f"apigee.{method.title()}{kind[0].upper()}{kind[1:]}"
        return self.hook(call, lambda: super(HookedApigee, self)._send(method, path, **options))


@dataclass
class Lives:
    """A place whose releases go through four flows; `golden` is what each leaves when nobody disturbs it."""

    place: Place
    golden: dict[str, Any] = field(default_factory=dict)
    points: dict[str, list[Point]] = field(default_factory=dict)

    def act(
        self, flow: str, hook: Callable[[str, Send], Any] = lambda _call, send: send(), *, again: bool = False
    ) -> None:
        apigee = HookedApigee(self.place.url, self.place.token, patience=Patience(sleep=lambda _seconds: None))
        apigee.hook = hook
        deployment = self.place.deployment(FIRST if flow in {"create", "rollback"} else SECOND, apigee=apigee)
        if flow == "destroy":
            deployment.destroy()
        elif flow == "rollback":
            deployment.rollback("r1" if again else None)
        else:
            deployment.run()

    def prepare(self, flow: str) -> None:
        """Bring the world to where a flow begins."""
        self.act("destroy")
        for earlier in {"create": (), "rollback": ("create", "update")}.get(flow, ("create",)):
            self.act(earlier)

    def measure(self, flow: str) -> list[Point]:
        """Pass through a flow once, and return the points at which it can be killed."""
        if flow not in self.points:
            self.prepare(flow)
            recorder = Recorder()
            self.act(flow, recorder)
            self.points[flow] = recorder.points()
            self.golden[flow] = self.look()
        return self.points[flow]

    def look(self) -> tuple[Any, ...]:
        servers = self.place.apigee().get_list("organizations/local/environments/local/targetservers")
        return (self.place.everything(), self.place.changes(FIRST), self.place.changes(SECOND), servers)

    def crash(self, flow: str, point: Point) -> None:
        self.prepare(flow)
        killer = KillAt(point=point)
        with suppress(Killed):
            self.act(flow, killer)
        self.act(flow, again=True)
        assert self.look() == self.golden[flow], f"{flow}, killed {point}"
        self.act("destroy")
        assert not any(self.place.everything().values()), f"{flow}, killed {point}: left by destroy"


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lives]:
    with opened(tmp_path_factory.mktemp("place")) as place:
        yield Lives(place)


@pytest.mark.full
@pytest.mark.req("7.6")
def test_a_first_run_that_was_killed_at_its_main_calls_converges(lives: Lives) -> None:
    chosen = [point for point in lives.measure("create") if point.call in SAMPLE and point.number == 1]

    assert len(chosen) == 2 * len(SAMPLE)
    for point in chosen:
        lives.crash("create", point)


@pytest.mark.full
@pytest.mark.req("7.6")
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("flow", FLOWS)
def test_a_release_that_was_killed_anywhere_converges(lives: Lives, flow: str) -> None:
    points = lives.measure(flow)

    assert len(points) > 10
    for point in points:
        lives.crash(flow, point)
