"""A person signs in, in a browser: the authorization code flow with PKCE, and a callback on this machine.

Sources: RFC 8252 (native apps: loopback address, section 7.3), RFC 7636 (PKCE), RFC 6749, section 4.1.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from mldeploy import DeployError
from mldeploy.errors import UsageError

if TYPE_CHECKING:
    from mldeploy import Context

LOOPBACK = "http://localhost:"
SIGN_IN_SECONDS = 300
HTTP_SECONDS = 30
DONE, STALE = b"You are signed in. Close this window.\n", b"This is not the sign-in that was asked for.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleClient:
    """The app client of people: its id, its address at this machine, the scopes, and the pool's two addresses."""

    client_id: str
    callback: str
    scopes: tuple[str, ...]
    authorize_url: str
    token_url: str


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Secrets of one sign-in: what the code comes back with, and what redeems it."""

    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def challenge(self) -> str:
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def loopback_callback(addresses: list[str]) -> str:
    """Return the first callback address that this machine can answer itself.

    Raises:
        UsageError: there is none.
    """
    for address in addresses:
        if address.startswith(LOOPBACK):
            return address
    message = "no callback address of expose.auth.users.callbackUrls leads to this machine"
    raise UsageError(message, hint="add one with a port, such as http://localhost:8400/signed-in, and run")


def access_token(context: Context, client: PeopleClient, announce: Callable[[str], None]) -> str:
    """Wait until somebody has signed in at the announced address, and return the access token.

    Raises:
        DeployError: the sign-in was refused, or the token was.
        UsageError: another program has the callback's port.
        PendingError: nobody signed in within five minutes.
    """
    attempt = _Attempt()
    query = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": client.callback,
        "scope": " ".join(client.scopes),
        "state": attempt.state,
        "code_challenge": attempt.challenge,
        "code_challenge_method": "S256",
    }
    with _callback(client.callback, attempt.state) as answers:
        announce(f"{client.authorize_url}?{urlencode(query)}")
        found = context.wait(lambda: answers[0] if answers else None, seconds=SIGN_IN_SECONDS, what="you to sign in")
    if "code" not in found:
        message = f"the sign-in was refused: {found.get('error', 'no code came back')}"
        raise DeployError(message, hint="check the user in the pool, then ask again")
    return _redeemed(client, attempt, found["code"])


def _redeemed(client: PeopleClient, attempt: _Attempt, code: str) -> str:
    form = {
        "grant_type": "authorization_code",
        "client_id": client.client_id,
        "code": code,
        "redirect_uri": client.callback,
        "code_verifier": attempt.verifier,
    }
    try:
        answer = requests.post(client.token_url, data=form, timeout=HTTP_SECONDS)
    except requests.RequestException as error:
        message = f"no token from {client.token_url}: {error}"
        raise DeployError(message, hint="check the network and sign in again") from error
    if answer.status_code != 200:
        message = f"{client.token_url} answered {answer.status_code}: {answer.text[:200]}"
        raise DeployError(message, hint="codes are good once and for minutes: sign in again")
    return str(answer.json()["access_token"])


@contextmanager
def _callback(address: str, state: str) -> Iterator[list[dict[str, str]]]:
    """Answer the browser that comes back, and collect what it brings; others are turned away."""
    wanted, answers = urlsplit(address), list[dict[str, str]]()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked = urlsplit(self.path)
            given = {name: values[0] for name, values in parse_qs(asked.query).items()}
            ours = asked.path == (wanted.path or "/") and hmac.compare_digest(given.get("state", ""), state)
            if ours:
                answers.append(given)
            body = DONE if ours and "code" in given else STALE
            self.send_response(200 if ours else 400)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing: the address has the code in it."""

    try:
        server = HTTPServer(("127.0.0.1", wanted.port or 80), Handler)
    except OSError as error:
        message = f"port {wanted.port} of the callback address is taken: {error.strerror}"
        raise UsageError(message, hint="end the other program, or name another port in callbackUrls") from error
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="sign-in callback", daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
