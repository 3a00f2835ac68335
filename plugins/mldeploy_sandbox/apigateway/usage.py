"""Usage plans at work: token buckets for rates, counters for quotas.

Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Period = Literal["DAY", "WEEK", "MONTH"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """`rate` requests a second on average, `burst` at once."""

    rate: float
    burst: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """`limit` requests in a calendar period of UTC; the first `offset` of the first one are taken already."""

    limit: int
    period: Period
    offset: int = 0


@dataclass(slots=True)
class _Bucket:
    throttle: Throttle
    tokens: float
    filled: float


class Usage:
    """What has been used so far, of all plans, keys, stages and methods."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, ...], _Bucket] = {}
        self._counts: dict[tuple[str, str, str], int] = {}
        self._latest: dict[tuple[str, str], int] = {}

    def take_token(self, throttle: Throttle | None, *owner: str) -> bool:
        """Take one token from the owner's bucket; False when it is empty. A changed throttle starts full."""
        if throttle is None:
            return True
        with self._lock:
            now = time.monotonic()
            bucket = self._buckets.get(owner)
            if bucket is None or bucket.throttle != throttle:
                bucket = self._buckets[owner] = _Bucket(throttle, throttle.burst, now)
            bucket.tokens = min(throttle.burst, bucket.tokens + (now - bucket.filled) * throttle.rate)
            bucket.filled = now
            if bucket.tokens < 1:
                return False
            bucket.tokens -= 1
            return True

    def count(self, quota: Quota | None, plan_id: str, key_id: str) -> bool:
        """Count one request of a key; False, and not counted, when the quota is used up."""
        period = period_start(quota.period) if quota else ""
        with self._lock:
            used = self._counts.get((plan_id, key_id, period), quota.offset if quota else 0)
            if quota is not None and used >= quota.limit:
                return False
            self._counts[(plan_id, key_id, period)] = used + 1
            self._latest[(plan_id, key_id)] = used + 1
            return True

    def spent(self, plan_id: str, key_id: str, limit: int | None) -> list[int]:
        """Return used and remaining requests, as GetUsage lists them for one day."""
        with self._lock:
            used = self._latest.get((plan_id, key_id), 0)
        return [used, max(0, limit - used) if limit is not None else 0]


def period_start(period: Period) -> str:
    """Return the first day of the current period, which names it; weeks start on Sunday."""
    today = datetime.now(UTC).date()
    if period == "DAY":
        return today.isoformat()
    if period == "WEEK":
        return (today - timedelta(days=today.isoweekday() % 7)).isoformat()
    return today.replace(day=1).isoformat()
