"""A new version of the cache function takes over in steps: one that fails never gets all requests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mldeploy import DeployError, Problem
from mldeploy_cache import functions, steps
from mldeploy_cache.bundle import function_zip
from mldeploy_sandbox import client
from tests.plugins.exposed_release import ExposedRelease, described, release_of

ALIAS = "AWS::Lambda::Alias/probe-local-cache-live"
FUNCTION, ALARM = "probe-local-cache", "probe-local-cache-errors"
HANDLER = "mldeploy_cache/function/handler.py"
CANARY: dict[str, Any] = {"strategy": "canary", "stepPercent": 50, "bakeSeconds": 0, "alarms": {"errorsPerMinute": 0}}
FAILS_ALWAYS = "\ndef handle(event, context):\n    raise RuntimeError('no such thing')\n"
FAILS_ON_CALLERS = """
answer = handle
def handle(event, context):
    if event["requestContext"]:
        raise RuntimeError("no such thing")
    return answer(event, context)
"""


def config(**deployment: Any) -> dict[str, Any]:
    return {
        "cache": {"enabled": True, "deployment": {**CANARY, **deployment}},
        "expose": {"gateway": "api-gateway"},
        "verify": {"requests": [{"body": {"instances": ["verified"]}}]},
    }


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExposedRelease]:
    project = ExposedRelease(tmp_path_factory.mktemp("takeover"))
    project.deployment(config()).run()
    yield project
    project.close()


def publish(monkeypatch: pytest.MonkeyPatch, more: str) -> None:
    """Let the function have other code from now on, as another version of mldeploy would bring."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(function_zip())) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name) + (more.encode() if name == HANDLER else b""))
    for module in (steps, functions):
        monkeypatch.setattr(module, "function_zip", content.getvalue)


def alias_of(exposed: ExposedRelease) -> tuple[str, dict[str, float]]:
    """Return the version behind the alias, and the weights of others."""
    found = exposed.sandbox.client("lambda").get_alias(FunctionName=FUNCTION, Name="live")
    return found["FunctionVersion"], (found.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})


def routes(exposed: ExposedRelease, since: int) -> int:
    """Return how many times the alias was changed."""
    found = client.calls(exposed.sandbox.running)[since:]
    return sum(call["operation"] == "UpdateAlias" for call in found)


@pytest.mark.full
@pytest.mark.req("5.9")
def test_a_good_version_gets_a_part_then_all(exposed: ExposedRelease, monkeypatch: pytest.MonkeyPatch) -> None:
    before, calls = alias_of(exposed), len(client.calls(exposed.sandbox.running))
    publish(monkeypatch, "# a remark\n")
    exposed.deployment(config(strategy="linear", stepPercent=40)).run()
    assert alias_of(exposed) == (str(int(before[0]) + 1), {})
    assert routes(exposed, calls) == 3
    assert exposed.changes(config()) == {}


@pytest.mark.full
def test_a_version_that_fails_the_releases_own_requests_gets_none(
    exposed: ExposedRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = alias_of(exposed)
    publish(monkeypatch, FAILS_ALWAYS)
    with pytest.raises(DeployError, match=r"gets no requests: .* with RuntimeError: no such thing"):
        exposed.deployment(config()).run()
    assert alias_of(exposed) == before


@pytest.mark.req("E9")
def test_a_version_that_raises_its_alarm_is_taken_back(
    exposed: ExposedRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = alias_of(exposed)
    publish(monkeypatch, FAILS_ON_CALLERS)
    deployment = exposed.deployment(config(bakeSeconds=20))
    shifting = deployment.context.progress
    statuses: list[int] = []

    def call_when_shifted(step: str, text: str) -> None:
        shifting(step, text)
        if "of the requests" in text:
            caller = deployment.context.provider("caller")
            headers = {"content-type": "application/json", **caller.credentials()}
            statuses.extend(caller.send(b'{"instances": [%d]}' % n, headers).status for n in range(12))

    monkeypatch.setattr(type(deployment.context), "progress", lambda _self, step, text: call_when_shifted(step, text))
    with pytest.raises(DeployError, match=rf"is taken back after 50% of the requests: {ALARM} went on"):
        deployment.run()
    assert {200, 502} == set(statuses), "both versions answered"
    assert alias_of(exposed) == before
    exposed.sandbox.client("cloudwatch").delete_alarms(AlarmNames=[ALARM])  # its minute of errors is over for others


def test_a_run_that_was_killed_between_two_steps_is_finished(
    exposed: ExposedRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = alias_of(exposed)[0]
    publish(monkeypatch, "# another remark\n")
    aws = exposed.sandbox.client("lambda")
    new = aws.publish_version(FunctionName=FUNCTION)["Version"]
    half = {"AdditionalVersionWeights": {new: 0.5}}
    aws.update_alias(FunctionName=FUNCTION, Name="live", FunctionVersion=old, RoutingConfig=half)
    assert "RoutingConfig" in exposed.changes(config(strategy="all-at-once"))[ALIAS]
    exposed.deployment(config(strategy="all-at-once")).run()
    assert alias_of(exposed)[1] == {}
    assert exposed.changes(config(strategy="all-at-once")) == {}


@pytest.mark.full
def test_an_alarm_that_is_on_already_cannot_judge(exposed: ExposedRelease, monkeypatch: pytest.MonkeyPatch) -> None:
    cloudwatch = exposed.sandbox.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="mine", Namespace="mine", MetricName="mine", Statistic="Sum", Period=60, EvaluationPeriods=1,
        Threshold=1.0, ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="mine", StateValue="ALARM", StateReason="test")
    calls = len(client.calls(exposed.sandbox.running))
    publish(monkeypatch, "# yet another remark\n")
    exposed.deployment(config(alarms={"names": ["mine"]})).run()
    assert routes(exposed, calls) == 1
    assert alias_of(exposed)[1] == {}


def test_an_alarm_that_does_not_exist_is_no_guard(exposed: ExposedRelease, monkeypatch: pytest.MonkeyPatch) -> None:
    before = alias_of(exposed)
    publish(monkeypatch, "# one more remark\n")
    with pytest.raises(DeployError, match="there is no alarm nobodys"):
        exposed.deployment(config(alarms={"names": ["nobodys"]})).run()
    assert alias_of(exposed) == before


def test_steps_without_an_alarm_are_refused(tmp_path: Path) -> None:
    found = described(release_of(tmp_path, config(alarms={})))
    (problem,) = (item for item in found if isinstance(item, Problem) and item.severity == "error")
    assert problem.path == ("cache", "deployment", "strategy")
    assert "errorsPerMinute" in problem.hint
