"""Cognito's hosted pages: a person signs in, and the browser takes a code back to the app.

Sources: https://docs.aws.amazon.com/cognito/latest/developerguide/authorization-endpoint.html, RFC 6749 §4.1, RFC 7636.
The code flow with PKCE only; no second factors, no sign-up and no new passwords.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.cognito_clients import Client, stored_client

if TYPE_CHECKING:
    from werkzeug.wrappers import Request

    from mldeploy_sandbox.world import World

CODE_SECONDS = 300
"""How long a code is good (user guide, "Understanding user pool JSON web tokens": five minutes)."""
FORM = (
    '<form method="post" action="{action}"><p>{message}</p>'
    '<input name="username"><input name="password" type="password"><button>Sign in</button></form>'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a code stands for; `ends` in sandbox seconds."""

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    username: str
    subject: str
    ends: float


class SignIn:
    """Shows the form, checks the password, and keeps codes until they are redeemed, once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, Grant] = {}
        self._lock = threading.Lock()

    def page(self, domain: str, request: Request) -> Answer:
        """Answer GET /oauth2/authorize with the form, and the POST of the form with a redirect."""
        asked = request.args.to_dict()
        client = stored_client(self._world, domain, asked.get("client_id", ""))
        redirect = asked.get("redirect_uri", "")
        if client is None or redirect not in client.settings.get("CallbackURLs", []):
            return _html(400, "<p>An error was encountered with the requested page: redirect_mismatch</p>")
        refusal = _refusal(client, asked)
        if refusal:
            return _back(redirect, {"error": refusal, "state": asked.get("state", "")})
        action = html.escape(f"{request.path}?{urlencode(asked)}")
        if request.method != "POST":
            return _html(200, FORM.format(action=action, message="Sign in"))
        user = self._user(client, request.form.get("username", ""), request.form.get("password", ""))
        if user is None:
            return _html(401, FORM.format(action=action, message="Incorrect username or password."))
        return _back(redirect, {"code": self._issue(client, asked, user), "state": asked.get("state", "")})

    def redeem(self, form: Mapping[str, str]) -> Grant | None:
        """Return what a code stands for, if client, address and verifier (RFC 7636 §4.6) are those it was asked for."""
        with self._lock:
            grant = self._codes.pop(form.get("code", ""), None)
        if grant is None or self._world.clock.monotonic() > grant.ends:
            return None
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        same = (form.get("client_id"), form.get("redirect_uri")) == (grant.client_id, grant.redirect_uri)
        return grant if same and hmac.compare_digest(challenge, grant.challenge) else None

    def _issue(self, client: Client, asked: Mapping[str, str], user: Any) -> str:
        code = secrets.token_urlsafe(32)
        grant = Grant(
            client_id=client.client_id,
            redirect_uri=asked["redirect_uri"],
            scopes=tuple(asked.get("scope", "").split()),
            challenge=asked["code_challenge"],
            username=user.username,
            subject=user.id,
            ends=self._world.clock.monotonic() + CODE_SECONDS,
        )
        with self._lock:
            self._codes[code] = grant
        return code

    def _user(self, client: Client, username: str, password: str) -> Any | None:
        """Return moto's user of a name whose password is right and permanent."""
        from moto.backends import get_backend  # noqa: PLC0415 - see cognito_clients

        with self._world.moto.lock:
            for backend in get_backend("cognito-idp")[self._world.account_id].values():
                pool = backend.user_pools.get(client.pool_id)
                user = pool.users.get(username) if pool else None
                if user is not None and user.password and hmac.compare_digest(user.password, password):
                    return user if user.status == "CONFIRMED" else None
        return None


def _refusal(client: Client, asked: Mapping[str, str]) -> str:
    """Return the error code of RFC 6749 §4.1.2.1 that a request gets; nothing when it is good."""
    if asked.get("response_type") != "code" or "code" not in client.settings.get("AllowedOAuthFlows", []):
        return "unauthorized_client"
    if asked.get("code_challenge_method") != "S256" or not asked.get("code_challenge"):
        return "invalid_request"
    scopes = asked.get("scope", "").split()
    allowed = client.settings.get("AllowedOAuthScopes", [])
    return "" if scopes and set(scopes) <= set(allowed) else "invalid_scope"


def _back(address: str, parameters: Mapping[str, str]) -> Answer:
    joined = f"{address}{'&' if '?' in address else '?'}{urlencode(parameters)}"
    return Answer(status=302, headers=[("Location", joined)], body=b"")


def _html(status: int, body: str) -> Answer:
    return Answer(status=status, headers=[("Content-Type", "text/html; charset=utf-8")], body=body.encode())
