"""What release.yaml may not ask of this gateway, and what is odd about it."""

from __future__ import annotations

from collections.abc import Iterator

from mldeploy import Problem, Release
from mldeploy.gateway_policy import GatewayPolicy
from mldeploy_gateway.cors import cors_problems
from mldeploy_gateway.request_schemas import request_problems

OWN_ISSUER_HINT = "leave it out: the user pool that mldeploy makes is the issuer; or choose another expose.gateway"


def gateway_problems(release: Release, policy: GatewayPolicy) -> Iterator[Problem]:
    """Yield the parts of the policy that a REST API with a Cognito authorizer cannot keep."""
    yield from cors_problems(policy)
    yield from request_problems(release)
    for key in ("issuer", "audience", "jwksUri", "introspection"):
        if release.value(f"expose.auth.{key}"):
            yield Problem(
                message="API Gateway's Cognito authorizer accepts tokens of user pools only",
                path=("expose", "auth", key),
                hint=OWN_ISSUER_HINT,
            )
    yield from policy_problems(release, policy)


def policy_problems(release: Release, policy: GatewayPolicy) -> Iterator[Problem]:
    """Yield the parts of the policy that do not fit together behind any gateway."""
    if policy.quota and not policy.asks_for_key:
        yield Problem(
            message="a quota is counted per API key, and no key is asked for",
            path=("expose", "quota"),
            hint="set expose.auth.apiKey to true, or take the quota out",
        )
    if release.value("expose.auth.users") and not policy.token:
        yield Problem(
            message="people sign in to get a token, and no token is asked for",
            path=("expose", "auth", "users"),
            hint="set expose.auth.jwt to true, or take the users out",
        )
    if release.value("expose.auth.introspection") and not policy.token:
        yield Problem(
            message="an auth service is named that knows tokens, and no token is asked for",
            path=("expose", "auth", "introspection"),
            hint="set expose.auth.jwt to true, or take the introspection out",
        )
    if not policy.asks_for_key and not policy.token:
        yield Problem(
            message="anyone who knows the address can call this service",
            path=("expose", "auth"),
            hint="leave jwt or apiKey switched on",
            severity="warning",
        )
