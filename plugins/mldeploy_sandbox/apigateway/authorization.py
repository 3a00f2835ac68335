"""Cognito authorizers: which tokens let a caller in.

Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-enable-cognito-user-pool.html (a method
without scopes takes id tokens only, one with scopes takes access tokens that have one of them),
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import jwt
from moto.backends import get_backend

from mldeploy_sandbox.apigateway.refusals import Kind, Refusal

if TYPE_CHECKING:
    from mldeploy_sandbox.apigateway.deployed import Authorizer, Method
    from mldeploy_sandbox.apigateway.exchange import Exchange
    from mldeploy_sandbox.cognito_keys import PoolKeys
    from mldeploy_sandbox.world import World

AUDIENCE_CLAIMS = {"access": "client_id", "id": "aud"}
EXPIRED = "The incoming token has expired"


class Authorization:
    """Checks the token of a request against the pools of the method's authorizer."""

    def __init__(self, world: World, keys: PoolKeys) -> None:
        self._world = world
        self._keys = keys

    def claims(self, method: Method, exchange: Exchange) -> Mapping[str, str]:
        """Return the claims of the caller, as texts; empty for a method without authorizer.

        Raises:
            Refusal: UNAUTHORIZED, or API_CONFIGURATION_ERROR for an authorizer that the sandbox does not have.
        """
        if method.authorization_type == "NONE":
            return {}
        authorizer = method.authorizer
        if authorizer is None or authorizer.kind != "COGNITO_USER_POOLS":
            reason = f"the sandbox has Cognito authorizers only, not {method.authorization_type}"
            raise Refusal(Kind.API_CONFIGURATION_ERROR, reason=reason)
        token = exchange.header(authorizer.header)
        if not token:
            raise Refusal(Kind.UNAUTHORIZED, reason="no token")
        claims = self._verified(authorizer, _without_scheme(token))
        _check_use(method, authorizer, claims)
        return {name: _text(value) for name, value in claims.items()}

    def _verified(self, authorizer: Authorizer, token: str) -> Mapping[str, Any]:
        refusal = Refusal(Kind.UNAUTHORIZED, reason="no pool of the authorizer accepts the token")
        for arn in authorizer.provider_arns:
            pool_id = arn.rpartition("userpool/")[2]
            clients = self._clients(pool_id)
            if clients is None:
                continue
            try:
                claims = self._keys.verify(pool_id, token)
            except jwt.ExpiredSignatureError:
                refusal = Refusal(Kind.UNAUTHORIZED, EXPIRED)
                continue
            except jwt.InvalidTokenError as error:
                refusal = Refusal(Kind.UNAUTHORIZED, reason=str(error))
                continue
            use = str(claims["token_use"])
            if str(claims.get(AUDIENCE_CLAIMS.get(use, ""))) in clients:
                return claims
        raise refusal

    def _clients(self, pool_id: str) -> set[str] | None:
        """Return the ids of a pool's clients; None when there is no such pool."""
        region = pool_id.split("_", 1)[0]
        with self._world.moto.lock:
            backends = get_backend("cognito-idp")[self._world.account_id]
            pool = backends[region].user_pools.get(pool_id) if region in backends else None
            return None if pool is None else set(pool.clients)


def _check_use(method: Method, authorizer: Authorizer, claims: Mapping[str, Any]) -> None:
    use = claims["token_use"]
    if method.scopes:
        if use != "access" or not set(method.scopes) & set(str(claims.get("scope", "")).split()):
            raise Refusal(Kind.UNAUTHORIZED, reason="not an access token with a scope of the method")
        return
    if use != "id":
        raise Refusal(Kind.UNAUTHORIZED, reason="not an id token")
    expression = authorizer.validation_expression
    if expression and not re.fullmatch(expression, str(claims.get("aud", ""))):
        raise Refusal(Kind.UNAUTHORIZED, reason="the audience does not fit the validation expression")


def _without_scheme(token: str) -> str:
    scheme, _, rest = token.strip().partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else token.strip()


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
