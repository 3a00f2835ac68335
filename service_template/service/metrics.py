"""GET /metrics in Prometheus' text format, over all workers: our counters, and metrics that the user's code defines."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from service.counters import BATCH_AT, BATCH_BOUNDS, PATHS, SECONDS_AT, SECONDS_BOUNDS, STATUSES, counters


class SharedCounters(Collector):
    """Shows the counters that the workers share."""

    def collect(self) -> Iterable[Metric]:
        """Return three families: requests by path and status, how long they took, and how large batches were."""
        totals = counters.totals()
        requests = CounterMetricFamily("service_requests", "Answered requests.", labels=["path", "status"])
        labels = [(path, status) for path in PATHS for status in (*map(str, STATUSES), "other")]
        for (path, status), total in zip(labels, totals, strict=False):
            if total:
                requests.add_metric([path, status], total)
        yield requests
        yield _histogram(
            "service_request_seconds", "Time to answer a prediction.", totals[SECONDS_AT:BATCH_AT], SECONDS_BOUNDS
        )
        yield _histogram("service_batch_size", "Instances in one call of predict.", totals[BATCH_AT:], BATCH_BOUNDS)


def exposition() -> tuple[bytes, str]:
    """Return the metrics and their media type."""
    registry = CollectorRegistry()
    registry.register(SharedCounters())
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(REGISTRY)
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _histogram(name: str, text: str, cells: Sequence[float], bounds: Sequence[float]) -> HistogramMetricFamily:
    """Return a histogram; `cells` are the counts per bucket and, last, the sum of the values."""
    *counts, total = cells
    running, buckets = 0.0, []
    for bound, count in zip((*map(str, bounds), "+Inf"), counts, strict=True):
        running += count
        buckets.append((bound, running))
    return HistogramMetricFamily(name, text, buckets=buckets, sum_value=total)
