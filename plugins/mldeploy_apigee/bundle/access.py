"""The policies that let callers in: token, key, rate, quota, size, and the shape of the body.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/policies/reference-overview-policy
"""

from __future__ import annotations

from dataclasses import dataclass

from mldeploy.gateway_policy import Quota, Rate, TokenPolicy
from mldeploy.model import JSON
from mldeploy_apigee.bundle.tree import element
from mldeploy_gateway.intrinsics import join

TOKEN = "VerifyJWT-Token"  # noqa: S105 - the name of a policy
KEY = "VerifyAPIKey-Key"
RATE = "SpikeArrest-Rate"
QUOTA = "Quota-Key"
BODY = "JTP-Body"
CLIENT = f"verifyapikey.{KEY}.client_id"
SKEW = "60s"
"""How far the clocks of issuer and gateway may be apart."""
SECONDS_PER_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Whose tokens let in: the claim `iss`, where the keys are, and for a pool that mldeploy makes its clients.

    Values may be refs.
    """

    name: JSON
    jwks_uri: JSON
    clients: tuple[JSON, ...] = ()

    @property
    def is_own(self) -> bool:
        """Whether it is a pool that mldeploy makes."""
        return bool(self.clients)


def verify_token(token: TokenPolicy, issuer: Issuer) -> JSON:
    """Return the check of a token: signature by RS256 only, issuer, audience, times.

    A pool of Cognito gives tokens of two kinds; only access tokens let in
    (https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html).
    """
    parts = [
        element("DisplayName", TOKEN),
        element("Algorithm", "RS256"),
        element("PublicKey", element("JWKS", uri=issuer.jwks_uri)),
        element("Issuer", issuer.name),
    ]
    if token.audience:
        parts.append(element("Audience", token.audience))
    if issuer.is_own:
        parts.append(element("AdditionalClaims", element("Claim", "access", name="token_use", type="string")))
    parts += [element("TimeAllowance", SKEW), element("IgnoreUnresolvedVariables", "false")]
    return element("VerifyJWT", *parts, name=TOKEN, enabled="true", continueOnError="false")


def has_no_end() -> str:
    """Return the condition of a verified token without expiry, which Apigee would take for ever."""
    return f"jwt.{TOKEN}.claim.expiry = null"


def lacks_scope(scopes: tuple[str, ...]) -> str:
    """Return the condition of a verified token that has none of the scopes.

    The claim `scope` is a list with spaces (RFC 8693, section 4.2).
    """
    return f'not (jwt.{TOKEN}.claim.scope ~~ "(.* )?({any_of(scopes)})( .*)?")'


def any_of(scopes: tuple[str, ...]) -> str:
    """Return the regular expression of one of the scopes."""
    return "|".join(scope.replace(".", "[.]") for scope in scopes)


def is_of_others(issuer: Issuer) -> JSON:
    """Return the condition of a verified token that was not given to a client of the release."""
    names = [part for client in issuer.clients for part in ("|", client)][1:]
    return join(f'not (jwt.{TOKEN}.claim.client_id ~~ "(', *names, ')")')


def verify_key() -> JSON:
    """Return the check of the API key; the product of the key must contain this proxy."""
    return element(
        "VerifyAPIKey",
        element("DisplayName", KEY),
        element("APIKey", ref="request.header.x-api-key"),
        name=KEY,
        enabled="true",
        continueOnError="false",
    )


def spike_arrest(rate: Rate, *, has_key: bool) -> JSON:
    """Return the rate, smoothed: per key where there are keys, else for all callers together."""
    identifier = [element("Identifier", ref=CLIENT)] if has_key else []
    return element(
        "SpikeArrest",
        element("DisplayName", RATE),
        *identifier,
        element("Rate", rate_text(rate)),
        element("UseEffectiveCount", "true"),
        name=RATE,
        enabled="true",
        continueOnError="false",
    )


def rate_text(rate: Rate) -> str:
    """Return a rate with its unit: per second, or per minute where that is no whole number; at least 1 per minute."""
    if rate.per_second == int(rate.per_second):
        return f"{int(rate.per_second)}ps"
    return f"{max(1, int(rate.per_second * SECONDS_PER_MINUTE))}pm"


def quota(wanted: Quota) -> JSON:
    """Return the quota per key; the product of the key may say another number without a new revision."""
    limit = f"verifyapikey.{KEY}.apiproduct.developer.quota.limit"
    return element(
        "Quota",
        element("DisplayName", QUOTA),
        element("Identifier", ref=CLIENT),
        element("Allow", count=str(wanted.limit), countRef=limit),
        element("Interval", "1"),
        element("TimeUnit", wanted.period),
        element("Distributed", "true"),
        element("Synchronous", "true"),
        name=QUOTA,
        enabled="true",
        continueOnError="false",
    )


def body_threats(container_depth: int, entry_count: int, name_length: int) -> JSON:
    """Return the limits of what a JSON body may nest; the length of arrays is the size's matter."""
    return element(
        "JSONThreatProtection",
        element("DisplayName", BODY),
        element("ContainerDepth", str(container_depth)),
        element("ObjectEntryCount", str(entry_count)),
        element("ObjectEntryNameLength", str(name_length)),
        element("Source", "request"),
        name=BODY,
        enabled="true",
        continueOnError="false",
    )
