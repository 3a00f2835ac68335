"""What release.yaml may not say about the cache, and what is good to know about it."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Problem, Release
from mldeploy_aws.compute import has_redis
from mldeploy_cache.break_even import break_even_note
from mldeploy_cache.takeover import takeover_problems
from mldeploy_cache.vpc_steps import has_password

LOCAL = "local"
"""The environment on this machine: no VPC, no TLS between its processes, no costs."""


def cache_problems(release: Release) -> Iterator[Problem]:
    """Yield what is wrong with a release's cache, then when it pays."""
    yield from takeover_problems(release)
    if release.env == LOCAL:
        return
    is_ours = not release.value("cache.redis")
    is_elasticache = is_ours and not has_redis(release)
    if not release.value("cache.tls") and (is_ours or has_password(release)):
        yield Problem(
            message="Redis asks for a password, which would travel in the clear",
            path=("cache", "tls"),
            hint="leave cache.tls switched on",
        )
    if is_elasticache and not release.value("cache.vpc"):
        yield Problem(
            message="ElastiCache can be reached from inside its VPC only, and the function is in none",
            path=("cache", "enabled"),
            hint="name subnets: `cache: {vpc: {subnets: [subnet-…, subnet-…]}}`, or bind a Redis with `cache.redis`",
            severity="incomplete",  # `init` writes files before anybody knows the subnets
        )
    yield break_even_note(release)
