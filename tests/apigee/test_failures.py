"""What can go wrong with Apigee, and what a user gets to see: exit code, message, and who serves afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from mldeploy import DeployError, MldeployError, RefusedError, Step
from mldeploy.errors import CredentialsError, ExitCode, PendingError
from mldeploy_apigee.bundle.archive import bundle_zip
from mldeploy_apigee.bundle.tree import element
from mldeploy_aws.patience import Patience
from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.faults.injector import Injector
from mldeploy_sandbox.faults.plan import read_plan
from tests.apigee.described import NAME, bundle_of
from tests.apigee.stand_in import OPEN, Place, opened

pytestmark = pytest.mark.req("7.6")
API = f"{NAME}-local"
FAST = 300
"""Sandbox seconds per second: a deployment takes 0.1 s, and a token holds for 12 s."""
SLOWER: dict[str, Any] = {"expose": {**OPEN["expose"], "rate": {"perSecond": 7}}}
CLOSED: dict[str, Any] = {"expose": {"quota": {"limit": 100}}}


class VirtualTime:
    """A patience that waits no real time."""

    def __init__(self) -> None:
        self.now = 0.0
        self.said: list[str] = []
        self.patience = Patience(clock=lambda: self.now, sleep=self._sleep, voice=self.said.append)

    def _sleep(self, seconds: float) -> None:
        self.now += max(seconds, 0.5)


@pytest.fixture
def faults() -> Injector:
    return Injector()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def place(tmp_path: Path, faults: Injector, clock: Clock) -> Iterator[Place]:
    with opened(tmp_path / "place", faults=faults, clock=clock, strict=True) as found:
        clock.run_at(FAST)
        yield found


def impatient(step: Step) -> Step:
    """Let a revision have half a second to get ready."""
    return replace(step, settings={"ReadySeconds": 0.5}) if step.kind == "Apigee::Deployment" else step


def broken(step: Step) -> Step:
    """Put a policy into a bundle that nobody has ever heard of."""
    if step.kind != "Apigee::Revision":
        return step
    files = {**step.spec["files"], "apiproxy/policies/Magic-1.xml": element("Magic", name="Magic-1")}
    return replace(step, spec={**step.spec, "files": files})


def failed(run: Callable[[], object]) -> MldeployError:
    with pytest.raises(MldeployError) as caught:
        run()
    assert caught.value.hint
    return caught.value


def test_a_revision_that_never_gets_ready_leaves_the_old_one_serving(place: Place, clock: Clock) -> None:
    first = place.deployment(OPEN)
    first.run()
    clock.run_at(0.001)

    error = failed(place.deployment(SLOWER, change=impatient).run)

    assert (type(error), error.exit_code) == (PendingError, ExitCode.PENDING)
    assert "revision 2" in error.message
    assert "revision 1 was deployed again and serves" in error.message
    assert place.predict(first).status_code == 200
    clock.run_at(FAST)
    place.deployment(SLOWER).run()
    assert place.changes(SLOWER) == {}


def test_a_revision_that_cannot_be_served_leaves_the_old_one_serving(place: Place) -> None:
    first = place.deployment(OPEN)
    first.run()

    error = failed(place.deployment(SLOWER, change=broken).run)

    assert (type(error), error.exit_code) == (DeployError, ExitCode.DEPLOY_FAILED)
    assert "Magic" in error.message
    assert "revision 1 was deployed again and serves" in error.message
    assert place.predict(first).status_code == 200
    assert place.everything()["deployed"] == [API]


def test_the_first_revision_that_cannot_be_served_is_repaired_by_the_next_run(place: Place) -> None:
    failed(place.deployment(OPEN, change=broken).run)

    deployment = place.deployment(OPEN)
    deployment.run()

    assert place.predict(deployment).status_code == 200
    assert place.everything()["apis"] == {API: 1}


def test_a_base_path_that_another_proxy_has_is_named_and_nothing_is_deployed(place: Place) -> None:
    apigee, there = place.apigee(), "organizations/local/environments/local"
    bundle = bundle_zip({name.replace(API, "other"): text for name, text in bundle_of(place.folder, OPEN).items()})
    apigee.call("POST", "organizations/local/apis", query={"name": "other", "action": "import"}, archive=bundle)
    apigee.call("POST", f"{there}/apis/other/revisions/1/deployments")

    error = failed(place.deployment(OPEN).run)

    assert (type(error), error.exit_code) == (RefusedError, ExitCode.REFUSED)
    assert f"/{NAME} is taken" in error.message
    assert "other revision 1 in local" in error.message
    assert place.everything()["deployed"] == ["other"]


@pytest.mark.parametrize(
    ("organization", "status", "said"),
    [("somebody-elses", 403, "roles/apigee.apiAdminV2"), ("local", 404, "apigee.environment")],
)
def test_a_wrong_place_is_named(place: Place, organization: str, status: int, said: str) -> None:
    def moved(step: Step) -> Step:
        where = {"organization": organization, "environment": "nowhere"}
        return replace(step, spec={**step.spec, **{key: where[key] for key in where if key in step.spec}})

    error = failed(place.deployment(OPEN, change=moved).run)

    assert error.exit_code == ExitCode.DEPLOY_FAILED
    assert f"answered {status}" in error.message
    assert said in error.hint


def test_too_many_calls_are_waited_for(place: Place, faults: Injector) -> None:
    faults.follow(read_plan("apigee:* throttle:2"))
    time = VirtualTime()

    place.deployment(CLOSED, apigee=place.apigee(patience=time.patience)).run()

    assert time.now > 1
    assert any("429" in text for text in time.said)
    faults.follow(read_plan(""))
    assert place.changes(CLOSED) == {}


def test_an_organization_that_takes_no_calls_at_all_ends_the_run_after_five_minutes(
    place: Place, faults: Injector
) -> None:
    faults.follow(read_plan("apigee:* throttle"))
    time = VirtualTime()

    error = failed(place.deployment(OPEN, apigee=place.apigee(patience=time.patience)).run)

    assert error.exit_code == ExitCode.DEPLOY_FAILED
    assert "429" in error.message
    assert 250 < time.now < 400


@pytest.mark.parametrize(
    "kind", [*(pytest.param(kind, marks=pytest.mark.full) for kind in ("5xx:1", "drop-before:1")), "drop-after:1"]
)
def test_each_call_may_fail_once_and_nothing_is_made_twice(place: Place, faults: Injector, kind: str) -> None:
    faults.follow(read_plan(f"apigee:* {kind}"))

    place.deployment(CLOSED, apigee=place.apigee(patience=VirtualTime().patience)).run()

    faults.follow(read_plan(""))
    assert place.changes(CLOSED) == {}
    assert place.everything()["apis"] == {API: 1}


def test_a_token_that_ends_under_way_is_renewed_and_one_that_cannot_be_ends_the_run(place: Place, clock: Clock) -> None:
    tokens = [place.token()]
    clock.advance(3601)
    renewing = place.apigee(token=lambda: tokens[-1], renew=lambda: tokens.append(place.token()))

    place.deployment(OPEN, apigee=renewing).run()

    assert len(tokens) > 1
    error = failed(place.deployment(OPEN, apigee=place.apigee(token=lambda: tokens[0], renew=lambda: None)).run)
    assert (type(error), error.exit_code) == (CredentialsError, ExitCode.CREDENTIALS)
    assert "gcloud auth application-default login" in error.hint


def test_no_request_fails_while_revisions_change(place: Place) -> None:
    deployment = place.deployment(OPEN)
    deployment.run()
    statuses: list[int] = []
    done = threading.Event()

    def call() -> None:
        with requests.Session() as session:
            while not done.is_set():
                statuses.append(session.post(url, json={}, timeout=10).status_code)

    url = deployment.known_outputs(f"Apigee::Deployment/{API}")["Url"]
    thread = threading.Thread(target=call)
    thread.start()
    try:
        place.deployment(SLOWER).run()
    finally:
        done.set()
        thread.join()

    assert statuses
    assert set(statuses) <= {200, 429}, "the rate of 7 per second holds from the moment it is there"
    assert place.changes(SLOWER) == {}


def test_undeploying_ends_with_nobody_served(place: Place) -> None:
    deployment = place.deployment(OPEN)
    deployment.run()
    url = deployment.known_outputs(f"Apigee::Deployment/{API}")["Url"]

    place.deployment(OPEN).destroy()

    assert requests.post(url, json={}, timeout=10).status_code == 404
