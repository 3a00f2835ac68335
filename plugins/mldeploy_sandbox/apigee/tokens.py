"""Access tokens: the endpoints that give them, and the check that every management call passes.

Everybody gets a token, as the sandbox takes everybody's AWS credentials; but it must come from here, and it ends.

Sources: https://datatracker.ietf.org/doc/html/rfc6749#section-5 (answers), rfc7523 (a service account's own JWT),
rfc8693 and https://cloud.google.com/iam/docs/reference/sts/rest (a token of another provider is exchanged),
https://cloud.google.com/iam/docs/reference/credentials/rest (a service account is impersonated)
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from werkzeug.wrappers import Request

from mldeploy_sandbox.answer import Answer
from mldeploy_sandbox.apigee.errors import Code, GoogleError, json_answer
from mldeploy_sandbox.apigee.pages import TOKENS
from mldeploy_sandbox.clock import Clock

LIFE_SECONDS = 3600
"""https://cloud.google.com/iam/docs/create-short-lived-credentials-direct: one hour by default."""

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"  # noqa: S105 - the name of a grant
REQUIRED = {
    JWT_BEARER: ("assertion",),
    "client_credentials": (),
    "refresh_token": ("refresh_token",),
    TOKEN_EXCHANGE: ("audience", "requested_token_type", "subject_token", "subject_token_type"),
}
"""Grant → what a request must bring."""


class Tokens:
    """Gives tokens and knows them again; thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._ends: dict[str, float] = {}

    def issue(self) -> str:
        """Return a new token, good for `LIFE_SECONDS` of the sandbox's clock."""
        token = f"ya29.{secrets.token_urlsafe(32)}"
        with self._lock:
            self._ends[token] = self._clock.time() + LIFE_SECONDS
        return token

    def check(self, authorization: str) -> None:
        """Check the header Authorization of a call.

        Raises:
            GoogleError: UNAUTHENTICATED.
        """
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            ends = self._ends.get(token, 0.0) if scheme.lower() == "bearer" else 0.0
        if ends <= self._clock.time():
            message = (
                "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
                "valid authentication credential."
            )
            raise GoogleError(Code.UNAUTHENTICATED, message)


class TokenPages:
    """Serves `token` (OAuth), `v1/token` (STS) and `v1/projects/-/serviceAccounts/{email}:generateAccessToken`."""

    def __init__(self, tokens: Tokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request."""
        request = Request(environ)
        page = request.path.removeprefix(TOKENS)
        if request.method == "POST" and page in {"/token", "/v1/token"}:
            return self._grant(request).send(start_response)
        if request.method == "POST" and page.endswith(":generateAccessToken"):
            return self._impersonate(request).send(start_response)
        return json_answer(404, {"error": "not_found"}).send(start_response)

    def _grant(self, request: Request) -> Answer:
        form = request.form if request.form else (request.get_json(silent=True) or {})
        names = {_snake(name): value for name, value in form.items()}
        grant = str(names.get("grant_type", ""))
        if grant not in REQUIRED:
            return json_answer(400, {"error": "unsupported_grant_type", "error_description": f"grant_type '{grant}'"})
        missing = [name for name in REQUIRED[grant] if not names.get(name)]
        if missing:
            return json_answer(400, {"error": "invalid_request", "error_description": f"no {', '.join(missing)}"})
        document = {"access_token": self._tokens.issue(), "token_type": "Bearer", "expires_in": LIFE_SECONDS}
        if grant == TOKEN_EXCHANGE:
            document["issued_token_type"] = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - a type
        return json_answer(200, document)

    def _impersonate(self, request: Request) -> Answer:
        try:
            self._tokens.check(request.headers.get("Authorization", ""))
        except GoogleError as error:
            return error.answer()
        ends = datetime.fromtimestamp(self._clock.time() + LIFE_SECONDS, UTC)
        document = {"accessToken": self._tokens.issue(), "expireTime": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return json_answer(200, document)


def _snake(name: str) -> str:
    """Return grantType as grant_type: Google's endpoints take both."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
