"""Cognito's token endpoint, `POST /oauth2/token`, for client credentials and for codes.

Sources: https://docs.aws.amazon.com/cognito/latest/developerguide/token-endpoint.html, RFC 6749 §4.1.3, §4.4 and §5.2.
Every refusal is a 400, also invalid_client, as that page says.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.cognito_clients import Client, stored_client
from mldeploy_sandbox.cognito_keys import PoolKeys, issuer
from mldeploy_sandbox.cognito_rules import STANDARD_SCOPES, token_seconds
from mldeploy_sandbox.cognito_sign_in import SignIn

if TYPE_CHECKING:
    from mldeploy_sandbox.world import World

FORM = "application/x-www-form-urlencoded"


class Refusal(StrEnum):
    """Error codes of RFC 6749 §5.2."""

    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_REQUEST = "invalid_request"
    INVALID_SCOPE = "invalid_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"


class TokenRefusedError(Exception):
    """A request that gets no token."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.value)
        self.refusal = refusal


class TokenEndpoint:
    """Issues access tokens to app clients of the pool that owns a domain."""

    def __init__(self, world: World, keys: PoolKeys, sign_in: SignIn) -> None:
        self._world = world
        self._keys = keys
        self._sign_in = sign_in

    def answer(
        self, domain: str, method: str, content_type: str, authorization: str, form: Mapping[str, str]
    ) -> Answer:
        """Answer a request to the endpoint of a domain; `authorization` is the header, empty if there is none."""
        if method != "POST":
            return _json(405, {"error": Refusal.INVALID_REQUEST.value})
        try:
            if content_type.split(";", maxsplit=1)[0].strip().lower() != FORM:
                raise TokenRefusedError(Refusal.INVALID_REQUEST)
            return _json(200, self._issue(domain, authorization, form))
        except TokenRefusedError as error:
            return _json(400, {"error": error.refusal.value})

    def _issue(self, domain: str, authorization: str, form: Mapping[str, str]) -> dict[str, Any]:
        grant = form.get("grant_type")
        if not grant:
            raise TokenRefusedError(Refusal.INVALID_REQUEST)
        if grant == "authorization_code":
            return self._for_person(domain, form)
        if grant != "client_credentials":
            raise TokenRefusedError(Refusal.UNSUPPORTED_GRANT_TYPE)
        client = self._client(domain, *_credentials(authorization, form))
        if not client.settings.get("AllowedOAuthFlowsUserPoolClient"):
            raise TokenRefusedError(Refusal.INVALID_GRANT)  # boto/boto3#3916
        if "client_credentials" not in client.settings.get("AllowedOAuthFlows", []):
            raise TokenRefusedError(Refusal.UNAUTHORIZED_CLIENT)
        seconds = token_seconds(client.settings, "AccessToken")
        scopes = _scopes(client, form.get("scope", ""))
        token = self._keys.sign(client.pool_id, {"sub": client.client_id, **_claims(client, scopes, seconds)})
        return {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}

    def _for_person(self, domain: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Answer a public client that has a code; refresh and id tokens are not offered here."""
        client = stored_client(self._world, domain, form.get("client_id", ""))
        if client is None or client.secret is not None:
            raise TokenRefusedError(Refusal.INVALID_CLIENT)
        grant = self._sign_in.redeem(form)
        if grant is None:
            raise TokenRefusedError(Refusal.INVALID_GRANT)
        seconds = token_seconds(client.settings, "AccessToken")
        person = {"sub": grant.subject, "username": grant.username}
        token = self._keys.sign(client.pool_id, {**person, **_claims(client, list(grant.scopes), seconds)})
        return {"access_token": token, "expires_in": seconds, "token_type": "Bearer"}

    def _client(self, domain: str, client_id: str, secret: str) -> Client:
        """Find and authenticate the client.

        Raises:
            TokenRefusedError: invalid_client.
        """
        client = stored_client(self._world, domain, client_id)
        if client is None or client.secret is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise TokenRefusedError(Refusal.INVALID_CLIENT)
        return client


def _credentials(authorization: str, form: Mapping[str, str]) -> tuple[str, str]:
    """Read id and secret from HTTP Basic (RFC 6749 §2.3.1: form-encoded inside) or from the body."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TokenRefusedError(Refusal.INVALID_CLIENT) from error
    if form.get("client_id", client_id) != client_id:
        raise TokenRefusedError(Refusal.INVALID_CLIENT)
    return unquote_plus(client_id), unquote_plus(secret)


def _scopes(client: Client, requested: str) -> list[str]:
    """Return what is granted: what is asked for, or all custom scopes of the client."""
    allowed = [scope for scope in client.settings.get("AllowedOAuthScopes", []) if scope not in STANDARD_SCOPES]
    wanted = requested.split() or allowed
    if not wanted or not set(wanted) <= set(allowed):
        raise TokenRefusedError(Refusal.INVALID_SCOPE)
    return wanted


def _claims(client: Client, scopes: list[str], seconds: int) -> dict[str, Any]:
    now = int(time.time())
    return {
        "token_use": "access",
        "scope": " ".join(scopes),
        "auth_time": now,
        "iss": issuer(client.pool_id),
        "exp": now + seconds,
        "iat": now,
        "version": 2,
        "jti": str(uuid.uuid4()),
        "client_id": client.client_id,
    }


def _json(status: int, document: Mapping[str, Any]) -> Answer:
    headers = [("Content-Type", "application/json;charset=UTF-8"), ("Cache-Control", "no-store")]
    return Answer(status=status, headers=headers, body=json.dumps(document).encode())
