"""How gateways and functions reach what answers: through SageMaker's runtime, or by an address of its own."""

from __future__ import annotations

from mldeploy import Release

SAGEMAKER = "sagemaker"
REDIS = "@redis"
CACHE_PASSWORD = "@cache-password"  # noqa: S105 - a role
CACHE_SERVICES = "@cache-services"
"""Roles by which a cache and a Redis beside the model find each other; the last one is the security group of what the
cache's function calls."""


def has_address(release: Release) -> bool:
    """Return whether the step `@endpoint` has the output `Url`, to which requests are posted by HTTP.

    Otherwise it has the output `EndpointArn`, and is called with InvokeEndpoint.
    """
    return bool(release.value("type") != SAGEMAKER)


def has_redis(release: Release) -> bool:
    """Return whether what serves brings the cache's Redis, too: the step `@redis`.

    It has the outputs `Address`, `Port` and `Certificate` (PEM; nothing without `cache.tls`), and asks for the password
    in `@cache-password` where TLS protects it.
    """
    return bool(has_address(release) and release.value("eks.redis"))
