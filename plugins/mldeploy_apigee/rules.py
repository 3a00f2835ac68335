"""What release.yaml may not ask of this gateway, and what is odd about it."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from mldeploy import Problem, Release
from mldeploy.gateway_policy import GatewayPolicy, TokenPolicy
from mldeploy.model import JSON
from mldeploy_gateway.request_schemas import request_problems
from mldeploy_gateway.rules import policy_problems

LEAST_PER_SECOND = 1 / 60
BRACES = frozenset("{}")
CONDITION_TEXT = re.compile(r"[A-Za-z0-9._~:/@%-]+")
ELSEWHERE = {
    "waf": "put Cloud Armor in front of the load balancer of the Apigee organization, or choose another expose.gateway",
    "domain": "the hostnames of the environment's group are the addresses; see apigee.hostname and apigee.basePath",
}
"""What `expose` offers and Apigee keeps outside of proxies, with where to do it."""


def apigee_problems(release: Release, policy: GatewayPolicy) -> Iterator[Problem]:
    """Yield the parts of the policy that a proxy cannot keep, and what is not said yet."""
    yield from _place_problems(release)
    yield from _origin_problems(release)
    yield from request_problems(release)
    yield from _issuer_problems(release, policy)
    yield from _rate_problems(release, policy)
    yield from _template_problems(release)
    for key, hint in ELSEWHERE.items():
        if release.value(f"expose.{key}"):
            yield Problem(message=f"a proxy of Apigee has no setting for {key}", path=("expose", key), hint=hint)
    yield from policy_problems(release, policy)
    if release.value("expose.accessLogs.enabled") and not release.value("apigee.serviceAccount"):
        yield Problem(
            message="no access logs: without apigee.serviceAccount the proxy may write none to Cloud Logging",
            path=("expose", "accessLogs"),
            hint="name an account with the role roles/logging.logWriter, or set expose.accessLogs.enabled to false",
            severity="warning",
        )


def _place_problems(release: Release) -> Iterator[Problem]:
    for key in ("organization", "environment"):
        if not release.value(f"apigee.{key}"):
            yield Problem(
                message=f"release.yaml does not say which {key} of Apigee the proxy goes to",
                path=("apigee", key),
                hint=f"write `apigee: {{{key}: …}}` under environments.{release.env}, or choose another expose.gateway",
                severity="incomplete",
            )


def _origin_problems(release: Release) -> Iterator[Problem]:
    """Refuse what is no range, and warn of an origin that everybody can reach."""
    path = ("apigee", "originAllowedCidrs")
    cidrs = release.value("apigee.originAllowedCidrs") or []
    reaches_all = not cidrs
    for number, cidr in enumerate(cidrs):
        try:
            reaches_all |= ipaddress.ip_network(cidr).prefixlen == 0
        except ValueError as error:
            hint = "write one address as 203.0.113.7/32, and a range by its first address"
            yield Problem(message=f"this is no range of addresses: {error}", path=(*path, number), hint=hint)
    if reaches_all:
        yield Problem(
            message="the origin can be reached from anywhere; only its key keeps others out",
            path=path,
            hint="write the NAT addresses of the organization's instances, each with /32; "
            "`GET organizations/…/instances/…/natAddresses` lists them",
            severity="warning",
        )


def _issuer_problems(release: Release, policy: GatewayPolicy) -> Iterator[Problem]:
    token = policy.token
    if token is None:
        return
    if token.introspection:
        yield from _introspection_problems(release, token)
        return
    if not token.issuer:
        for key in ("audience", "jwksUri"):
            if release.value(f"expose.auth.{key}"):
                yield Problem(
                    message=f"{key} belongs to an issuer of your own, and none is named",
                    path=("expose", "auth", key),
                    hint="add expose.auth.issuer, or leave this out: tokens then come from a user pool of mldeploy's",
                )
    if token.issuer and release.value("expose.auth.users"):
        yield Problem(
            message="people sign in at the issuer that release.yaml names, which mldeploy does not manage",
            path=("expose", "auth", "users"),
            hint="take the users out, or the issuer",
        )


def _introspection_problems(release: Release, token: TokenPolicy) -> Iterator[Problem]:
    """Refuse what has no meaning for tokens that an auth service is asked about, and what no condition can hold."""
    if token.jwks_uri:
        yield Problem(
            message="keys are for signed tokens, and introspection asks an auth service about each token instead",
            path=("expose", "auth", "jwksUri"),
            hint="take out the keys, or the introspection",
        )
    if release.value("expose.auth.users"):
        yield Problem(
            message="people sign in at the auth service that release.yaml names, which mldeploy does not manage",
            path=("expose", "auth", "users"),
            hint="take the users out, or the introspection",
        )
    for key, value in (("issuer", token.issuer), ("audience", token.audience)):
        if value and not CONDITION_TEXT.fullmatch(value):
            yield Problem(
                message=f"{key} holds a character that cannot be compared in a condition of Apigee",
                path=("expose", "auth", key),
                hint="use letters, digits and . _ ~ : / @ % - only",
            )


def _rate_problems(release: Release, policy: GatewayPolicy) -> Iterator[Problem]:
    if policy.rate.per_second < LEAST_PER_SECOND:
        yield Problem(
            message="a spike arrest cannot allow less than one request per minute",
            path=("expose", "rate", "perSecond"),
            hint="write 0.02 or more, and use expose.quota for less",
        )
    if ("expose", "rate", "burst") in release.positions:
        yield Problem(
            message="Apigee spreads a rate evenly and has no setting for bursts; the origin keeps this one",
            path=("expose", "rate", "burst"),
            severity="note",
        )


def _template_problems(release: Release) -> Iterator[Problem]:
    """Refuse braces: Apigee would put a variable of the running request in their place, a secret one perhaps."""
    for path in (("expose", "answerHeaders"), ("expose", "auth"), ("expose", "auth", "introspection")):
        for key, value in (release.value(".".join(path)) or {}).items():
            if _has_braces(value):
                yield Problem(
                    message=f"{key} holds a brace, which Apigee reads as the name of a variable",
                    path=(*path, key),
                    hint="write it without { and }",
                )


def _has_braces(value: JSON) -> bool:
    return isinstance(value, str) and not BRACES.isdisjoint(value)
