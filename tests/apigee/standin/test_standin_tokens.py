"""The token endpoints, as google-auth asks them."""

from __future__ import annotations

from typing import Any

import pytest
from standin_client import Apigee

EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/providers/github",
    "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
    "subject_token": "token-of-the-job",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
}
IMPERSONATE = "/google/v1/projects/-/serviceAccounts/deployer@p.iam.gserviceaccount.com:generateAccessToken"


def works(apigee: Apigee, token: str) -> bool:
    return apigee.call("GET", "apis", token=token).status_code == 200


@pytest.mark.req("7.6")
def test_the_token_of_a_job_is_exchanged_and_a_service_account_impersonated(apigee: Apigee) -> None:
    exchanged = apigee.post("/google/v1/token", data=EXCHANGE).get_json()
    assert (exchanged["expires_in"], exchanged["issued_token_type"]) == (3600, EXCHANGE["requested_token_type"])
    headers = {"Authorization": f"Bearer {exchanged['access_token']}"}
    given = apigee.post(IMPERSONATE, json={"scope": []}, headers=headers).get_json()
    assert works(apigee, given["accessToken"])
    assert given["expireTime"].endswith("Z")


def test_impersonation_needs_a_token(apigee: Apigee) -> None:
    assert apigee.post(IMPERSONATE, json={}).status_code == 401


def test_a_service_account_shows_its_own_token(apigee: Apigee) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}
    assert works(apigee, apigee.post("/google/token", data=form).get_json()["access_token"])


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "unsupported_grant_type"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({**EXCHANGE, "subject_token": ""}, "invalid_request"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
    ],
)
def test_a_request_that_lacks_something_gets_no_token(apigee: Apigee, form: dict[str, Any], error: str) -> None:
    answer = apigee.post("/google/v1/token", data=form)
    assert (answer.status_code, answer.get_json()["error"]) == (400, error)
