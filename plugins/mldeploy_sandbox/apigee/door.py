"""The door `apigee` of environment `local`: the stand-in of the project's sandbox."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import requests

from mldeploy_apigee.world import Apigee
from mldeploy_aws.patience import Patience
from mldeploy_sandbox import client
from mldeploy_sandbox.apigee.pages import TOKENS
from mldeploy_sandbox.door import FOLDER

if TYPE_CHECKING:
    from mldeploy import Context

TIMEOUT_SECONDS = 30


def sandbox_apigee(context: Context) -> Apigee:
    """Return the stand-in of the sandbox that the door `aws` opens and closes."""
    aws = context.provider("aws")
    url = client.ensure(context.workdir / FOLDER, kept=False).url
    token = SandboxToken(f"{url}{TOKENS}/token")

    def guard() -> None:  # another one while a lock is held
        aws.contract.guard()

    apigee = Apigee(url, token, patience=Patience.of(context, "Apigee"), renew=token.renew, guard=guard)
    context.resources.callback(apigee.close)
    return apigee


class SandboxToken:
    """A token of the stand-in, got when it is first needed; thread-safe."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._token = ""

    def __call__(self) -> str:
        """Return the token."""
        with self._lock:
            self._token = self._token or self._ask()
            return self._token

    def renew(self) -> None:
        """Get another one: this one was refused."""
        with self._lock:
            self._token = self._ask()

    def _ask(self) -> str:
        answer = requests.post(self._url, data={"grant_type": "client_credentials"}, timeout=TIMEOUT_SECONDS)
        answer.raise_for_status()
        return str(answer.json()["access_token"])
