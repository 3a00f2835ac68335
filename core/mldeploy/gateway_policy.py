"""What a gateway has to enforce, as data: every gateway plugin compiles the same policy into its own words.

So that one environment is no laxer than another: what `expose` says means the same behind any gateway. A plugin that
cannot do a part of it says so with a `Problem` at that part's path, and never leaves it out in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mldeploy.model import JSON, Release

PERIOD_SECONDS = {"day": 86_400, "week": 604_800, "month": 2_592_000}
"""How long a period of a quota is, for gateways that count in seconds; a month is 30 days."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """An auth service that says what a token is worth (RFC 7662).

    - `client_secret`: where the secret of the client is, under which the gateway asks; never the secret itself.
    - `cache_seconds`: how long an answer is remembered; 0 asks every time.
    - `timeout_seconds`: how long the service may take; without an answer, nobody gets in.
    """

    endpoint: str
    client_id: str
    client_secret: str
    cache_seconds: int
    timeout_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenPolicy:
    """Which access tokens let a caller in: JSON Web Tokens signed with RS256 (RFC 7519, RFC 8725), or opaque ones.

    - `issuer`: who signs them (the claim `iss`); empty: an issuer that the plugin makes.
    - `audience`: what the claim `aud` has to name; empty: not checked, as access tokens of some issuers have none.
    - `jwks_uri`: where the issuer's keys are; empty: as its discovery document says.
    - `scopes`: one of them must be in the token, as release.yaml names them.
    - `seconds`: how long a token is valid that the plugin's own issuer gives.
    - `introspection`: who is asked about a token; None: its signature is checked.
    """

    issuer: str
    audience: str
    jwks_uri: str
    scopes: tuple[str, ...]
    seconds: int
    introspection: Introspection | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Requests that one key may make per period of `day`, `week` or `month`."""

    limit: int
    period: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Requests that one key may make: per second on the long run, and at once."""

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Cors:
    """Web pages of which origins may call and with which headers (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

    origins: tuple[str, ...]
    headers: tuple[str, ...]
    max_age_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayPolicy:
    """Everything that stands in front of a service.

    - `asks_for_key`: callers show an API key in the header `x-api-key`; without it, nobody's requests are counted.
    - `token`: which tokens let in; None when none is asked for. With both, both are needed.
    - `timeout_seconds`, `max_body_bytes`: what the hops on the way leave of what release.yaml asks for.
    - `answer_headers`: what every answer carries, the gateway's own refusals included.
    """

    asks_for_key: bool
    token: TokenPolicy | None
    quota: Quota | None
    rate: Rate
    cors: Cors | None
    timeout_seconds: float
    max_body_bytes: int
    answer_headers: Mapping[str, str]


EXPOSED = "X-Cache, X-Request-Id, Retry-After"
"""What web pages may read of an answer beside its body."""


def answer_headers(release: Release) -> dict[str, str]:
    """Return the headers of every answer: those that release.yaml names, and those that web pages need.

    An error without the latter is invisible to a page.
    """
    headers = dict(release.value("expose.answerHeaders") or {})
    origins = release.value("expose.cors.allowOrigins")
    if not origins:
        return headers
    return {**headers, "Access-Control-Allow-Origin": origins[0], "Access-Control-Expose-Headers": EXPOSED}


def gateway_policy(release: Release, hop: str) -> GatewayPolicy:
    """Return the policy that `expose` describes.

    Arguments:
        hop: the name of the gateway's hop in the limit chain.
    """
    expose = release.config["expose"]
    cors, quota = expose.get("cors"), expose.get("quota")
    return GatewayPolicy(
        asks_for_key=expose["auth"]["apiKey"],
        token=_token(expose["auth"]),
        quota=Quota(limit=quota["limit"], period=quota["period"]) if quota else None,
        rate=Rate(per_second=expose["rate"]["perSecond"], burst=expose["rate"]["burst"]),
        cors=_cors(cors) if cors else None,
        timeout_seconds=release.chain.budget(hop),
        max_body_bytes=int(min(release.chain.max_bytes, expose.get("maxBodyBytes") or release.chain.max_bytes)),
        answer_headers=answer_headers(release),
    )


def _token(auth: Mapping[str, JSON]) -> TokenPolicy | None:
    if not auth["jwt"]:
        return None
    return TokenPolicy(
        issuer=auth.get("issuer", ""),
        audience=auth.get("audience", ""),
        jwks_uri=auth.get("jwksUri", ""),
        scopes=tuple(auth["scopes"]),
        seconds=auth["accessTokenValiditySeconds"],
        introspection=_introspection(auth.get("introspection")),
    )


def _introspection(wanted: Mapping[str, JSON] | None) -> Introspection | None:
    if not wanted:
        return None
    return Introspection(
        endpoint=wanted["endpoint"],
        client_id=wanted["clientId"],
        client_secret=wanted["clientSecret"],
        cache_seconds=wanted["cacheSeconds"],
        timeout_seconds=wanted["timeoutSeconds"],
    )


def _cors(cors: Mapping[str, JSON]) -> Cors:
    return Cors(
        origins=tuple(cors["allowOrigins"]),
        headers=tuple(cors["allowHeaders"]),
        max_age_seconds=cors["maxAgeSeconds"],
    )
