"""The plugin `cache`: a function with Redis in front of the endpoint; equal requests get the stored answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from mldeploy import Hop, hookimpl

if TYPE_CHECKING:
    from mldeploy import Context, Driver, Problem, Release, Step
    from mldeploy.model import JSON

MLDEPLOY_REQUIRES = ("aws",)

MAX_PAYLOAD_BYTES = 6_291_456


@hookimpl
def mldeploy_schema() -> Mapping[str, JSON]:
    """Own `cache`."""
    from mldeploy.schema import shipped_fragment  # noqa: PLC0415 - not every command reads schemas

    return shipped_fragment("cache")


@hookimpl
def mldeploy_limits(release: Release) -> Iterable[Hop]:
    """Name the function's limits: 15 minutes, 6 MB each way."""
    if not release.value("cache.enabled"):
        return []
    return [
        Hop(
            name="lambda",
            depth=20,
            seconds=900,
            max_bytes=MAX_PAYLOAD_BYTES,
            source="https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html",
            wanted_seconds=release.value("cache.timeoutSeconds"),
            path=("cache", "timeoutSeconds"),
        )
    ]


@hookimpl
def mldeploy_provision(release: Release) -> Iterable[Step | Problem]:
    """Describe Redis (unless one is bound), the VPC around it, the function, its role and its log group."""
    from mldeploy_cache.steps import cache_steps  # noqa: PLC0415 - only where a cache is wanted

    return cache_steps(release) if release.value("cache.enabled") else []


@hookimpl
def mldeploy_drivers(context: Context) -> Mapping[str, Driver]:
    """Drive functions, their versions and aliases, Redis, and the VPC around them."""
    from mldeploy_cache.drivers import cache_drivers  # noqa: PLC0415

    return cache_drivers(context)
