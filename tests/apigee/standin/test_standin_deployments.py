"""Revisions on their way into an environment, and what answers meanwhile."""

from __future__ import annotations

import threading

import pytest
import requests
from standin_client import ENVIRONMENT, Apigee

TEN = '<SpikeArrest name="S"><Rate>10ps</Rate></SpikeArrest>'


def answer_with(text: str) -> dict:
    payload = f"<FaultResponse><Set><StatusCode>418</StatusCode><Payload>{text}</Payload></Set></FaultResponse>"
    return {"policies": {"RF": f'<RaiseFault name="RF">{payload}</RaiseFault>'}, "request": ["RF"]}


def ask(apigee: Apigee, path: str, **options) -> str:
    return requests.get(f"http://{apigee.host}{path}", timeout=10, **options).text


@pytest.mark.req("7.6")
def test_the_old_revision_serves_until_the_new_one_is_ready(strict_apigee: Apigee) -> None:
    strict_apigee.load("hello", base_path="/hello", **answer_with("one"))
    strict_apigee.deploy("hello", "1")
    assert strict_apigee.state("hello", "1")["state"] == "PROGRESSING"
    assert "ApplicationNotFound" in ask(strict_apigee, "/hello")
    strict_apigee.clock.advance(30)
    assert ask(strict_apigee, "/hello") == "one"
    strict_apigee.load("hello", base_path="/hello", **answer_with("two"))
    strict_apigee.deploy("hello", "2", override="true", sequencedRollout="true")
    assert ask(strict_apigee, "/hello") == "one"
    listed = strict_apigee.ok("GET", f"{ENVIRONMENT}/apis/hello/deployments")["deployments"]
    assert [deployment["revision"] for deployment in listed] == ["1", "2"]
    strict_apigee.clock.advance(30)
    assert ask(strict_apigee, "/hello") == "two"
    assert strict_apigee.refused("GET", f"{ENVIRONMENT}/apis/hello/revisions/1/deployments")[0] == 404


@pytest.mark.req("7.6")
def test_a_revision_that_fails_leaves_the_old_one_serving(apigee: Apigee) -> None:
    apigee.load("hello", base_path="/hello", **answer_with("one"))
    apigee.deploy("hello", "1")
    apigee.load("hello", base_path="/hello", policies={"X": '<Javascript name="X"/>'}, request=["X"])
    apigee.deploy("hello", "2", override="true")
    shown = apigee.state("hello", "2")
    assert shown["state"] == "ERROR"
    assert "policy X: the stand-in does not know policies of type Javascript" in shown["errors"][0]["message"]
    assert ask(apigee, "/hello") == "one"
    apigee.load("hello", base_path="/hello", **answer_with("three"))
    apigee.deploy("hello", "3", override="true")
    assert ask(apigee, "/hello") == "three"
    listed = apigee.ok("GET", f"{ENVIRONMENT}/apis/hello/deployments")["deployments"]
    assert [deployment["revision"] for deployment in listed] == ["3"]
    apigee.ok("DELETE", f"{ENVIRONMENT}/apis/hello/revisions/3/deployments")
    apigee.ok("DELETE", "apis/hello")


def test_another_revision_needs_override(apigee: Apigee) -> None:
    apigee.load("twice", base_path="/twice")
    apigee.load("twice", base_path="/twice")
    apigee.deploy("twice", "1")
    apigee.deploy("twice", "1")
    place = f"{ENVIRONMENT}/apis/twice/revisions/2/deployments"
    assert apigee.refused("POST", place)[:2] == (400, "FAILED_PRECONDITION")
    report = apigee.ok("POST", f"{place}:generateDeployChangeReport")
    assert report["validationErrors"]["violations"][0]["type"] == "ALREADY_DEPLOYED"
    report = apigee.ok("POST", f"{place}:generateDeployChangeReport?override=true")
    assert "validationErrors" not in report
    assert report["routingChanges"][0]["fromDeployment"]["revision"] == "1"
    assert apigee.refused("DELETE", "apis/twice")[:2] == (400, "FAILED_PRECONDITION")
    assert apigee.refused("DELETE", "apis/twice/revisions/1")[:2] == (400, "FAILED_PRECONDITION")
    apigee.ok("POST", f"{ENVIRONMENT}/apis/twice/revisions/1/deployments:generateUndeployChangeReport")
    apigee.ok("DELETE", f"{ENVIRONMENT}/apis/twice/revisions/1/deployments")
    assert apigee.refused("DELETE", f"{ENVIRONMENT}/apis/twice/revisions/1/deployments")[0] == 404


@pytest.mark.req("7.6")
def test_a_base_path_belongs_to_one_proxy(apigee: Apigee) -> None:
    apigee.load("owner", base_path="/mine", **answer_with("owner"))
    apigee.deploy("owner", "1")
    apigee.load("thief", base_path="/mine", **answer_with("thief"))
    status, code, message = apigee.refused("POST", f"{ENVIRONMENT}/apis/thief/revisions/1/deployments?override=true")
    assert (status, code) == (400, "FAILED_PRECONDITION")
    assert "/mine belongs to owner in local" in message
    assert ask(apigee, "/mine") == "owner"


@pytest.mark.req("7.6")
def test_a_base_path_of_a_neighbouring_environment_shows_as_a_conflict(apigee: Apigee) -> None:
    apigee.load("first", base_path="/shared", **answer_with("first"))
    apigee.deploy("first", "1")
    apigee.ok("POST", "environments", {"name": "neighbour"})
    attached = apigee.ok("POST", "envgroups/local/attachments", {"environment": "neighbour"})["response"]["name"]
    apigee.load("second", base_path="/shared", **answer_with("second"))
    place = "environments/neighbour/apis/second/revisions/1/deployments"
    apigee.ok("POST", place)
    conflict = apigee.ok("GET", place)["routeConflicts"][0]
    assert conflict["conflictingDeployment"]["apiProxy"] == "first"
    assert ask(apigee, "/shared") == "first"
    apigee.load("first", base_path="/shared", **answer_with("first again"))
    apigee.deploy("first", "2", override="true")
    assert ask(apigee, "/shared") == "first again", "a new revision does not lose the path"
    apigee.ok("DELETE", f"{ENVIRONMENT}/apis/first/revisions/2/deployments")
    assert ask(apigee, "/shared") == "second"
    apigee.ok("DELETE", place)
    apigee.ok("DELETE", f"envgroups/local/attachments/{attached}")
    apigee.ok("DELETE", "environments/neighbour")


def test_the_hostname_and_the_longest_base_path_decide(apigee: Apigee) -> None:
    for name, path in (("short", "/deep"), ("long", "/deep/er")):
        apigee.load(name, base_path=path, **answer_with(name))
        apigee.deploy(name, "1")
    assert ask(apigee, "/deep/x") == "short"
    assert ask(apigee, "/deep/er/x") == "long"
    assert ask(apigee, "/deep/erwise") == "short"
    assert "ApplicationNotFound" in ask(apigee, "/deeper")
    assert "ApplicationNotFound" in ask(apigee, "/deep", headers={"Host": "unknown.example.com"})
    apigee.ok("PATCH", "envgroups/local", {"hostnames": [apigee.host, "api.example.com"]})
    assert ask(apigee, "/deep", headers={"Host": "api.example.com"}) == "short"


UNKNOWN = {
    "element": ('<SpikeArrest name="S"><Rate>10ps</Rate><Speed/></SpikeArrest>', "element SpikeArrest/Speed"),
    "attribute": ('<SpikeArrest name="S" mood="good"><Rate>10ps</Rate></SpikeArrest>', "attribute mood"),
    "rate without a unit": ('<SpikeArrest name="S"><Rate>30</Rate></SpikeArrest>', "InvalidAllowedRate"),
    "algorithm": ('<VerifyJWT name="S"><Algorithm>XX256</Algorithm></VerifyJWT>', "Algorithm 'XX256'"),
    "time unit": ('<Quota name="S"><TimeUnit>fortnight</TimeUnit></Quota>', "TimeUnit is 'fortnight'"),
    "function": (
        '<AssignMessage name="S"><Set><Payload>{xPath(a)}</Payload></Set></AssignMessage>',
        "function xPath of message templates",
    ),
    "policy": ('<JavaCallout name="S"/>', "policies of type JavaCallout"),
}


@pytest.mark.parametrize("kind", UNKNOWN)
def test_what_is_not_understood_is_not_deployed(apigee: Apigee, kind: str) -> None:
    policy, reason = UNKNOWN[kind]
    name = f"odd-{kind.replace(' ', '-')}"
    apigee.load(name, base_path=f"/{name}", policies={"S": policy}, request=["S"])
    apigee.deploy(name, "1")
    shown = apigee.state(name, "1")
    assert shown["state"] == "ERROR"
    assert reason in shown["errors"][0]["message"]


@pytest.mark.parametrize("condition", ["a =", "a ?? b", "(a = b", 'a = "b" c', "and"])
def test_a_condition_that_cannot_be_read_is_not_deployed(apigee: Apigee, condition: str) -> None:
    revision = apigee.load("conditional", base_path="/conditional", policies={"S": TEN}, request=[("S", condition)])
    apigee.deploy("conditional", revision, override="true")
    assert "does not understand the condition" in apigee.state("conditional", revision)["errors"][0]["message"]
    apigee.ok("DELETE", f"{ENVIRONMENT}/apis/conditional/revisions/{revision}/deployments")


def test_an_unknown_property_of_the_backend_connection_is_not_deployed(apigee: Apigee) -> None:
    apigee.load("hasty", base_path="/hasty", properties={"io.timeout.seconds": "3"})
    apigee.deploy("hasty", "1")
    assert "property io.timeout.seconds" in apigee.state("hasty", "1")["errors"][0]["message"]


@pytest.mark.req("7.6")
def test_nobody_notices_that_a_revision_is_replaced(apigee: Apigee) -> None:
    apigee.load("busy", base_path="/busy", **answer_with("one"))
    apigee.deploy("busy", "1")
    apigee.load("busy", base_path="/busy", **answer_with("two"))
    stop, seen = threading.Event(), []

    def call() -> None:
        while not stop.is_set():
            seen.append(ask(apigee, "/busy"))

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    while len(seen) < 10:
        stop.wait(0.01)
    apigee.deploy("busy", "2", override="true")
    while seen[-3:] != ["two"] * 3:
        stop.wait(0.01)
    apigee.ok("DELETE", f"{ENVIRONMENT}/apis/busy/revisions/2/deployments")
    while "ApplicationNotFound" not in seen[-1]:
        stop.wait(0.01)
    stop.set()
    for caller in callers:
        caller.join()
    kinds = [text if text in {"one", "two"} else "gone" for text in seen]
    assert list(dict.fromkeys(kinds)) == ["one", "two", "gone"]
