"""A person signs in in a browser and gets a token that the gateway takes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from mldeploy.deployment import Deployment
from mldeploy.errors import DeployError, UsageError
from mldeploy_gateway.sign_in import loopback_callback
from tests.plugins.exposed_release import ExposedRelease

USER, PASSWORD = "alice", "Correct-horse-battery-1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    callback = f"http://localhost:{free_port()}/signed-in"
    users = {"callbackUrls": ["https://app.example.com/back", callback], "mfa": "off"}
    return {"expose": {"gateway": "api-gateway", "auth": {"users": users}}}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory, config: dict[str, Any]) -> Iterator[Deployment]:
    project = ExposedRelease(tmp_path_factory.mktemp("people"))
    deployment = project.deployment(config)
    deployment.run()
    cognito = project.sandbox.client("cognito-idp")
    (pool,) = cognito.list_user_pools(MaxResults=9)["UserPools"]
    cognito.admin_create_user(UserPoolId=pool["Id"], Username=USER)
    cognito.admin_set_user_password(UserPoolId=pool["Id"], Username=USER, Password=PASSWORD, Permanent=True)
    yield deployment
    project.close()


def headers_of(deployment: Deployment, password: str, seen: list[requests.Response]) -> Mapping[str, str]:
    """Sign in as a browser would: open the address, send the form, follow it back."""

    def browse(address: str) -> None:
        page = requests.get(address, timeout=10)
        assert 'type="password"' in page.text
        form = {"username": USER, "password": password}
        threading.Thread(target=lambda: seen.append(requests.post(address, data=form, timeout=10))).start()

    found: Mapping[str, str] = deployment.context.provider("caller").sign_in(browse)
    return found


@pytest.mark.req("6.3")
def test_a_person_gets_a_token_that_the_gateway_takes(deployed: Deployment) -> None:
    seen: list[requests.Response] = []
    headers = headers_of(deployed, PASSWORD, seen)
    assert headers.keys() == {"x-api-key", "authorization"}
    answer = deployed.context.provider("caller").send(
        b'{"instances": [1]}', {"content-type": "application/json", **headers}
    )
    assert answer.status == 200


def test_what_is_not_ours_is_turned_away_and_a_refusal_is_told(deployed: Deployment, config: dict[str, Any]) -> None:
    callback = config["expose"]["auth"]["users"]["callbackUrls"][1]
    statuses: list[int] = []

    def forge(address: str) -> None:
        state = dict(part.split("=", 1) for part in address.partition("?")[2].split("&"))["state"]
        queries = ("code=stolen&state=guessed", f"error=access_denied&state={state}")
        statuses.extend(requests.get(f"{callback}?{query}", timeout=10).status_code for query in queries)

    with pytest.raises(DeployError, match="the sign-in was refused: access_denied"):
        deployed.context.provider("caller").sign_in(forge)
    assert statuses == [400, 200]


def test_a_code_that_nobody_gave_is_worth_nothing(deployed: Deployment, config: dict[str, Any]) -> None:
    callback = config["expose"]["auth"]["users"]["callbackUrls"][1]

    def forge(address: str) -> None:
        state = dict(part.split("=", 1) for part in address.partition("?")[2].split("&"))["state"]
        requests.get(f"{callback}?code=made-up&state={state}", timeout=10)

    with pytest.raises(DeployError, match="invalid_grant"):
        deployed.context.provider("caller").sign_in(forge)


def test_a_wrong_password_shows_the_form_again(deployed: Deployment) -> None:
    refused: list[requests.Response] = []

    class SeenError(Exception):
        """Ends the wait of a test that has seen enough."""

    def browse(address: str) -> None:
        refused.append(requests.post(address, data={"username": USER, "password": "wrong"}, timeout=10))
        raise SeenError

    with pytest.raises(SeenError):
        deployed.context.provider("caller").sign_in(browse)
    assert (refused[0].status_code, "Incorrect username or password" in refused[0].text) == (401, True)


def test_no_address_at_this_machine_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leads to this machine"):
        loopback_callback(["https://app.example.com/back"])
