"""The body of the dashboard: one row per hop, requests and errors on the left, latency on the right.

Source: CloudWatch API reference, "Dashboard body structure and syntax"; a dashboard is 24 units wide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mldeploy.model import ENVIRONMENT_TAG, JSON, NAME_TAG
from mldeploy_monitoring.metrics import Hop

HALF = 12
HEIGHT = 6
HEAD = 1
PERCENTILES = ("p50", "p99")


def dashboard_body(hops: Sequence[Hop], region: str, tags: Mapping[str, str]) -> JSON:
    """Return DashboardBody as data. Its first line names the release: dashboards carry no tags of ours."""
    widgets = [_text(marker(tags))]
    for row, hop in enumerate(hops):
        top = HEAD + row * HEIGHT
        counts = [_metric(hop, hop.requests, "Sum"), _metric(hop, hop.errors, "Sum")]
        times = [_metric(hop, hop.latency, percentile) for percentile in PERCENTILES]
        unit = "ms" if hop.per_millisecond == 1 else "microseconds"
        widgets.append(_graph(f"{hop.title}: requests and errors", counts, region, x=0, y=top))
        widgets.append(_graph(f"{hop.title}: {hop.latency} in {unit}", times, region, x=HALF, y=top))
    return {"widgets": widgets}


def marker(tags: Mapping[str, str]) -> str:
    """Return the line by which a dashboard is known as a release's own."""
    return " ".join(f"{key}={tags[key]}" for key in (NAME_TAG, ENVIRONMENT_TAG))


def _text(markdown: str) -> JSON:
    place = {"x": 0, "y": 0, "width": 2 * HALF, "height": HEAD}
    return {"type": "text", **place, "properties": {"markdown": markdown}}


def _metric(hop: Hop, name: str, statistic: str) -> JSON:
    dimensions = [part for pair in hop.dimensions for part in pair]
    return [hop.namespace, name, *dimensions, {"stat": statistic}]


def _graph(title: str, metrics: JSON, region: str, *, x: int, y: int) -> JSON:
    properties = {"title": title, "metrics": metrics, "region": region, "period": 60, "view": "timeSeries"}
    return {"type": "metric", "x": x, "y": y, "width": HALF, "height": HEIGHT, "properties": properties}
