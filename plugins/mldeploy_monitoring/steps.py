"""What watches a release, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mldeploy import Phase, Release, Step
from mldeploy.model import JSON
from mldeploy_aws.alarm_specs import alarm_spec
from mldeploy_monitoring.dashboard import dashboard_body
from mldeploy_monitoring.metrics import Hop, endpoint_hop, function_hop, gateway_hop

SETTINGS = {"model": "model", "cache function": "function", "gateway": "gateway"}
"""Title of a hop → the first word of its keys under monitoring.alarms."""


def monitoring_steps(release: Release) -> Iterator[Step]:
    """Describe an alarm per threshold, and the dashboard."""
    hops = list(_hops(release))
    for hop in hops:
        yield from _alarms(release, hop)
    if release.value("monitoring.dashboard"):
        yield Step(
            kind="AWS::CloudWatch::Dashboard",
            name=release.resource_name,
            phase=Phase.EXPOSE,
            spec={"DashboardBody": dashboard_body(hops, release.value("instance.region"), release.tags)},
        )


def _hops(release: Release) -> Iterator[Hop]:
    """Yield what this release has of the request path."""
    if release.value("type") == "sagemaker":
        yield endpoint_hop()
    if release.value("cache.enabled"):
        yield function_hop()
    if release.value("expose.gateway") == "api-gateway":
        yield gateway_hop(release)


def _alarms(release: Release, hop: Hop) -> Iterator[Step]:
    wanted: Mapping[str, JSON] = release.value("monitoring.alarms")
    word = SETTINGS[hop.title]
    if f"{word}ErrorsPerMinute" in wanted:
        most = float(wanted[f"{word}ErrorsPerMinute"])
        yield _alarm(release, hop, f"{word}-errors", {"MetricName": hop.errors, "Statistic": "Sum", "Threshold": most})
    if f"{word}LatencyP99Ms" in wanted:
        most = float(wanted[f"{word}LatencyP99Ms"]) * hop.per_millisecond
        metric = {"MetricName": hop.latency, "ExtendedStatistic": "p99", "Threshold": most}
        yield _alarm(release, hop, f"{word}-latency", metric)


def _alarm(release: Release, hop: Hop, what: str, metric: Mapping[str, JSON]) -> Step:
    topic = release.value("monitoring.notify")
    return Step(
        kind="AWS::CloudWatch::Alarm",
        name=f"{release.resource_name}-watch-{what}",
        phase=Phase.EXPOSE,
        spec={
            **alarm_spec(hop.namespace, metric, dict(hop.dimensions), minutes=release.value("monitoring.minutes")),
            "AlarmActions": [topic] if topic else [],
        },
    )
