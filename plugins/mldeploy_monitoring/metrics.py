"""The metrics of each hop of the request path, with their dimensions and units."""

from __future__ import annotations

from dataclasses import dataclass

from mldeploy import Ref, Release
from mldeploy.model import JSON

MICROSECONDS_PER_MILLISECOND = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """Where the metrics of one hop are.

    - `title`: its name on the dashboard.
    - `namespace`, `dimensions`: where CloudWatch keeps them.
    - `requests`, `errors`, `latency`: the names of the metrics.
    - `per_millisecond`: how many units of the latency metric are a millisecond.
    """

    title: str
    namespace: str
    dimensions: tuple[tuple[str, JSON], ...]
    requests: str
    errors: str
    latency: str
    per_millisecond: float


def endpoint_hop() -> Hop:
    """Return the endpoint. ModelLatency counts microseconds (SageMaker developer guide, "Monitor with CloudWatch")."""
    return Hop(
        title="model",
        namespace="AWS/SageMaker",
        dimensions=(("EndpointName", Ref("@endpoint", "EndpointName")), ("VariantName", "AllTraffic")),
        requests="Invocations",
        errors="Invocation5XXErrors",
        latency="ModelLatency",
        per_millisecond=MICROSECONDS_PER_MILLISECOND,
    )


def function_hop() -> Hop:
    """Return the cache function, as its alias is called. Duration counts milliseconds.

    Source: Lambda developer guide, "Types of metrics" and "View metrics": the alias is in a dimension of its own.
    """
    return Hop(
        title="cache function",
        namespace="AWS/Lambda",
        dimensions=(
            ("FunctionName", Ref("@function", "BareFunctionName")),
            ("Resource", Ref("@function", "FunctionName")),
        ),
        requests="Invocations",
        errors="Errors",
        latency="Duration",
        per_millisecond=1.0,
    )


def gateway_hop(release: Release) -> Hop:
    """Return the REST API. Latency counts milliseconds (API Gateway developer guide, "Dimensions and metrics")."""
    return Hop(
        title="gateway",
        namespace="AWS/ApiGateway",
        dimensions=(("ApiName", release.resource_name), ("Stage", release.env)),
        requests="Count",
        errors="5XXError",
        latency="Latency",
        per_millisecond=1.0,
    )
