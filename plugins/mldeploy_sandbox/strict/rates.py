"""Request rates per account and region: what comes faster is throttled."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.failures import throttled
from mldeploy_sandbox.plane import Call, Gate, Key
from mldeploy_sandbox.rules import declare

API_GATEWAY = "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html"
LAMBDA = "https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many requests within so many seconds, as a bucket that refills evenly."""

    requests: int
    seconds: float


RATES: Mapping[Key, Rate] = {
    ("apigateway", "CreateApiKey"): Rate(requests=5, seconds=1),
    ("apigateway", "CreateDeployment"): Rate(requests=1, seconds=5),
    ("apigateway", "CreateDomainName"): Rate(requests=1, seconds=30),
    ("apigateway", "CreateResource"): Rate(requests=5, seconds=1),
    ("apigateway", "CreateRestApi"): Rate(requests=1, seconds=3),
    ("apigateway", "DeleteApiKey"): Rate(requests=5, seconds=1),
    ("apigateway", "DeleteResource"): Rate(requests=5, seconds=1),
    ("apigateway", "DeleteRestApi"): Rate(requests=1, seconds=30),
    ("apigateway", "GetResources"): Rate(requests=5, seconds=2),
    ("apigateway", "ImportRestApi"): Rate(requests=1, seconds=3),
    ("apigateway", "PutRestApi"): Rate(requests=1, seconds=1),
    ("apigateway", "UpdateAccount"): Rate(requests=1, seconds=20),
    ("apigateway", "UpdateUsagePlan"): Rate(requests=1, seconds=20),
    ("lambda", "GetFunction"): Rate(requests=100, seconds=1),
    ("lambda", "GetPolicy"): Rate(requests=15, seconds=1),
}
"""Rates of single operations."""

SHARED: Mapping[str, Rate] = {
    "apigateway": Rate(requests=10, seconds=1),
    "lambda": Rate(requests=15, seconds=1),
}
"""Rates that the other operations of a service share; API Gateway's has a burst."""

BURSTS: Mapping[str, int] = {"apigateway": 40}
UNLIMITED = frozenset({("lambda", "Invoke"), ("lambda", "InvokeAsync"), ("lambda", "InvokeWithResponseStream")})

API_RATES = declare(
    "apigateway-rates",
    *(f"{service}:{operation}" for service, operation in RATES if service == "apigateway"),
    says="Strict mode: a fixed rate per operation, such as one DeleteRestApi in 30 s; the others share 10 a second.",
    source=API_GATEWAY,
)
LAMBDA_RATES = declare(
    "lambda-rates",
    *(f"{service}:{operation}" for service, operation in RATES if service == "lambda"),
    says="Strict mode: 100 GetFunction, 15 GetPolicy and 15 other control-plane requests per second.",
    source=LAMBDA,
)


class Rates(Gate):
    """A gate with one bucket per region and operation, or per service for the rest."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    def before(self, call: Call) -> None:
        """Take one from the bucket.

        Raises:
            AwsError: it is empty.
        """
        key = (call.service, call.operation)
        rate, name = RATES.get(key), call.operation
        if rate is None and key not in UNLIMITED:
            rate, name = SHARED.get(call.service), ""
        if rate is not None and not self._take(call.region, call.service, name, rate):
            error = throttled(call.service)
            error.rule = (API_RATES if call.service == "apigateway" else LAMBDA_RATES).id
            raise error

    def _take(self, region: str, service: str, name: str, rate: Rate) -> bool:
        size = float(rate.requests if name else BURSTS.get(service, rate.requests))
        with self._lock:
            now = self._clock.monotonic()
            left, since = self._buckets.get((region, service, name), (size, now))
            left = min(size, left + (now - since) * rate.requests / rate.seconds)
            allowed = left >= 1
            self._buckets[region, service, name] = (left - allowed, now)
            return allowed
