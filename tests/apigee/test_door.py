"""How we log in to Google, and that Google's own client gets on with what we deploy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mldeploy.errors import CredentialsError, UsageError
from mldeploy_apigee import door
from mldeploy_apigee.world import Apigee
from mldeploy_aws.patience import Patience
from tests.apigee.described import NAME
from tests.apigee.stand_in import OPEN, Place, opened

ACCOUNT = "deployer@my-company-apis.iam.gserviceaccount.com"
POOL = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/ci/providers/github"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with opened(tmp_path_factory.mktemp("place")) as found:
        yield found


@pytest.fixture
def credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes application default credentials."""

    def write(document: dict[str, Any]) -> None:
        file = tmp_path / "credentials.json"
        file.write_text(json.dumps(document))
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(file))

    (tmp_path / "job-token").write_text("the.token.of-a-job")
    return write


def federated(place: Place, folder: Path, **more: str) -> dict[str, Any]:
    """Return what google-github-actions/auth writes: how to exchange the token of a CI job."""
    return {
        "type": "external_account",
        "audience": POOL,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{place.url}/google/v1/token",
        "credential_source": {"file": str(folder / "job-token")},
        **more,
    }


@pytest.mark.req("8.13")
@pytest.mark.parametrize("impersonates", [False, True])
def test_the_token_of_a_job_is_exchanged_and_opens_the_management_api(
    place: Place, tmp_path: Path, credentials: Any, impersonates: bool
) -> None:
    account = f"{place.url}/google/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
    credentials(federated(place, tmp_path, **({"service_account_impersonation_url": account} if impersonates else {})))

    token = door.GoogleToken()
    found = Apigee(place.url, token, patience=Patience(), renew=token.renew)

    assert found.get("organizations/local")["name"] == "local"
    first = token()
    assert token() == first, "it is kept until it ends"
    token.renew()
    assert token() != first


@pytest.mark.req("8.13")
def test_the_key_of_a_service_account_is_refused(place: Place, credentials: Any) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    text = key.private_bytes(*form).decode()
    account = {"client_email": ACCOUNT, "private_key": text, "token_uri": f"{place.url}/google/token"}
    credentials({"type": "service_account", "project_id": "p", "private_key_id": "k", "client_id": "1", **account})

    with pytest.raises(CredentialsError, match="key of a service account") as caught:
        door.GoogleToken()
    assert text not in f"{caught.value.message} {caught.value.hint}"


def test_credentials_that_cannot_be_read_or_exchanged_say_how_to_log_in(
    place: Place, tmp_path: Path, credentials: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials({**federated(place, tmp_path), "token_url": f"{place.url}/google/nothing-here"})
    with pytest.raises(CredentialsError, match="no access token") as caught:
        door.GoogleToken()()
    assert "gcloud auth application-default login" in caught.value.hint

    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "missing.json"))
    with pytest.raises(CredentialsError, match="no usable Google credentials"):
        door.GoogleToken()


def test_without_google_auth_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(UsageError) as caught:
        door.GoogleToken()
    assert "mldeploy[apigee]" in caught.value.hint


@pytest.mark.parametrize(
    ("variables", "address"),
    [
        ({}, "https://apigee.googleapis.com"),
        ({"CLOUDSDK_API_ENDPOINT_OVERRIDES_APIGEE": "http://127.0.0.1:1/"}, "http://127.0.0.1:1"),
        ({"APIGEE_ENDPOINT_URL": "http://a", "CLOUDSDK_API_ENDPOINT_OVERRIDES_APIGEE": "http://b/"}, "http://a"),
    ],
)
def test_the_address_can_be_another_one(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], address: str
) -> None:
    for name in door.ADDRESS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert door.address() == address


@pytest.mark.full
@pytest.mark.req("7.6")
def test_gcloud_deploys_our_revision_to_the_stand_in(place: Place, tmp_path: Path) -> None:
    if shutil.which("gcloud") is None:
        pytest.skip("gcloud is not installed")
    deployment = place.deployment(OPEN)
    deployment.run()
    api = f"{NAME}-local"
    place.apigee().call("DELETE", f"organizations/local/environments/local/apis/{api}/revisions/1/deployments")
    assert place.predict(deployment).status_code == 404
    (tmp_path / "token").write_text(place.token())
    environment = {
        **os.environ,
        "CLOUDSDK_CONFIG": str(tmp_path / "gcloud"),
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_APIGEE": f"{place.url}/",
        "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": str(tmp_path / "token"),
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
    }
    command = ["gcloud", "apigee", "apis", "deploy", "1", f"--api={api}", "--environment=local", "--override"]

    done = subprocess.run(
        [*command, "--organization=local"], env=environment, capture_output=True, text=True, timeout=120, check=False
    )

    assert done.returncode == 0, done.stderr
    assert place.predict(deployment).status_code == 200
    assert place.changes(OPEN) == {}
