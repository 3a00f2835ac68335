"""What AWS bills for the steps of a release beside compute, by a dated snapshot that is shipped."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from mldeploy import CostLine, Step
from mldeploy.doors import HOURS_PER_MONTH

SNAPSHOT = Path(__file__).with_name("data") / "usage_prices.json"
ITEMS = {
    "AWS::ApiGateway::RestApi": "API requests",
    "AWS::CloudWatch::Alarm": "alarms",
    "AWS::CloudWatch::Dashboard": "dashboards",
    "AWS::Cognito::UserPoolClient": "token clients",
    "AWS::EC2::VPCEndpoint": "interface endpoints",
    "AWS::ECR::Repository": "stored images",
    "AWS::ElastiCache::ReplicationGroup": "cache nodes",
    "AWS::KMS::Key": "keys",
    "AWS::Lambda::Function": "function calls",
    "AWS::Logs::LogGroup": "logs",
    "AWS::S3::Bucket": "stored models",
    "AWS::SecretsManager::Secret": "secrets",
}
"""Kind → how it is called on the bill, in the order of the kinds' names."""


def usage_costs(steps: Sequence[Step], region: str) -> Iterator[CostLine]:
    """Yield a line per billed kind. Prices of another region than the snapshot's are marked as estimated."""
    prices = _snapshot()
    billed = sorted((step for step in steps if step.kind in ITEMS), key=lambda step: step.kind)
    for kind, found in groupby(billed, key=lambda step: step.kind):
        group = list(found)
        dollars, basis = _counted(kind, group, prices)
        use = prices["byUse"].get(kind)
        yield CostLine(
            item=ITEMS[kind],
            basis=", ".join(part for part in (basis, use) if part),
            dollars=dollars,
            metered=use is not None,
            estimated=region != prices["region"],
            day=prices["date"],
        )


def _counted(kind: str, steps: Sequence[Step], prices: Mapping[str, Any]) -> tuple[float | None, str]:
    """Return what steps of one kind cost per month before any use, and how that is counted."""
    if kind == "AWS::ElastiCache::ReplicationGroup":
        return _cache_nodes(steps, prices["cacheNodePerHour"])
    if kind in prices["perHour"]:
        zones = sum(len(step.spec.get("SubnetIds") or [""]) for step in steps)
        hourly = prices["perHour"][kind]
        return zones * hourly * HOURS_PER_MONTH, f"{zones} x {HOURS_PER_MONTH} h at ${hourly:g}"
    if kind in prices["perMonth"]:
        monthly = prices["perMonth"][kind]
        return len(steps) * monthly, f"{len(steps)} x ${monthly:.2f}"
    return 0.0, _size(steps[0])


def _cache_nodes(steps: Sequence[Step], prices: Mapping[str, Mapping[str, float]]) -> tuple[float | None, str]:
    total: float | None = 0.0
    basis = []
    for step in steps:
        count, kind = step.spec.get("NumCacheClusters", 1), step.spec["CacheNodeType"]
        hourly = prices.get(step.spec["Engine"], {}).get(kind)
        total = None if hourly is None or total is None else total + count * hourly * HOURS_PER_MONTH
        price = "an unknown price" if hourly is None else f"${hourly:g}"
        basis.append(f"{count} x {kind}, {HOURS_PER_MONTH} h at {price}")
    return total, "; ".join(basis)


def _size(step: Step) -> str:
    memory = step.spec.get("MemorySize")
    return f"{memory} MB" if memory else ""


@cache
def _snapshot() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(SNAPSHOT.read_text("utf-8"))
    return found
