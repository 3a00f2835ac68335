"""Alarms and the dashboard: as described, and in a sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mldeploy import Context, Step
from mldeploy.deployment import Deployment
from mldeploy.graph import settle
from mldeploy.model import Phase
from mldeploy.plugins import load_plugins
from mldeploy.release import load_release
from mldeploy.state_files import FileStateStore
from mldeploy_monitoring.steps import monitoring_steps
from mldeploy_sandbox import client
from tests.plugins.exposed_release import release_of

EXPOSED = {"expose": {"gateway": "api-gateway"}, "cache": {"enabled": True}}
ALARM, DASHBOARD = "AWS::CloudWatch::Alarm", "AWS::CloudWatch::Dashboard"


def monitored(**settings: Any) -> dict[str, Any]:
    return {**EXPOSED, "monitoring": settings}


def steps_of(folder: Path, config: dict[str, Any]) -> dict[str, Step]:
    return {step.name: step for step in monitoring_steps(release_of(folder, config))}


@pytest.mark.req("9.4")
def test_each_latency_is_in_the_unit_of_its_metric(tmp_path: Path):
    found = steps_of(tmp_path, monitored(alarms={"modelLatencyP99Ms": 500, "gatewayLatencyP99Ms": 500}))
    model, gateway = found["probe-local-watch-model-latency"].spec, found["probe-local-watch-gateway-latency"].spec
    assert (model["MetricName"], model["Threshold"]) == ("ModelLatency", 500_000.0)
    assert (gateway["MetricName"], gateway["Threshold"]) == ("Latency", 500.0)
    assert model["Dimensions"][1] == {"Name": "VariantName", "Value": "AllTraffic"}


@pytest.mark.req("9.6")
def test_every_hop_tells_of_its_errors_and_the_topic_hears_it(tmp_path: Path):
    topic = "arn:aws:sns:eu-central-1:123456789012:on-call"
    found = steps_of(tmp_path, monitored(notify=topic))
    alarms = [step for step in found.values() if step.kind == ALARM]
    assert {step.spec["Namespace"] for step in alarms} == {"AWS/SageMaker", "AWS/Lambda", "AWS/ApiGateway"}
    assert {tuple(step.spec["AlarmActions"]) for step in alarms} == {(topic,)}


def test_the_dashboard_has_a_row_per_hop_or_is_not_there(tmp_path: Path):
    board = steps_of(tmp_path, monitored())["probe-local"]
    titles = [widget["properties"].get("title", "") for widget in board.spec["DashboardBody"]["widgets"]]
    assert titles[1::2] == [
        "model: requests and errors",
        "cache function: requests and errors",
        "gateway: requests and errors",
    ]
    assert not any(step.kind == DASHBOARD for step in steps_of(tmp_path, monitored(dashboard=False)).values())


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    client.ensure(tmp_path / ".mldeploy" / "sandbox", kept=True)
    yield tmp_path
    client.stop(tmp_path / ".mldeploy" / "sandbox")


def deployment(project: Path, *steps: Step) -> Deployment:
    release_of(project, monitored(alarms={"modelLatencyP99Ms": 500}))
    plugins = load_plugins(("local", "sagemaker", "monitoring"), project)
    release = load_release(project / "release.yaml", "local", load_plugins)
    context = Context(
        name=release.name,
        env=release.env,
        root=project,
        config=release.config,
        tags=release.tags,
        find_provider=plugins.provider,
        emit=lambda _event: None,
    )
    return Deployment(
        context=context,
        store=FileStateStore(project / ".mldeploy" / "state" / "local"),
        drivers=plugins.drivers(context),
        steps=settle(steps),
        plugins=[],
        keep=3,
        command="test",
    )


def test_they_are_made_repaired_and_destroyed(project: Path):
    body = {"widgets": [{"type": "text", "x": 0, "y": 0, "width": 1, "height": 1, "properties": {"markdown": "-"}}]}
    whole = steps_of(project, monitored())["probe-local"].spec["DashboardBody"]
    text = {**body, "widgets": [whole["widgets"][0]]}
    board = Step(kind=DASHBOARD, name="probe-local", phase=Phase.EXPOSE, spec={"DashboardBody": text})
    alarm = steps_of(project, {**EXPOSED, "monitoring": {}})["probe-local-watch-gateway-errors"]
    deployment(project, board, alarm).run()
    assert not deployment(project, board, alarm).plan().mutations

    cloudwatch = deployment(project).context.provider("aws").client("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName=alarm.name, **{**alarm.spec, "Threshold": 99.0})
    cloudwatch.delete_dashboards(DashboardNames=[board.name])
    assert {change.step.id for change in deployment(project, board, alarm).plan().mutations} == {board.id, alarm.id}
    deployment(project, board, alarm).run()
    assert not deployment(project, board, alarm).plan().mutations

    deployment(project, board, alarm).destroy()
    assert not cloudwatch.describe_alarms()["MetricAlarms"]
    assert not cloudwatch.list_dashboards()["DashboardEntries"]
