"""An issuer alone is enough where it says itself where its keys are; plans show that, and bad answers stop runs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from mldeploy.deployment import Deployment
from mldeploy.errors import DeployError
from mldeploy.planning.plan_text import plan_text
from mldeploy_apigee.openid_discovery import LARGEST_BYTES, WELL_KNOWN, OpenIdDiscovery
from mldeploy_sandbox.tls_authority import server_certificate
from tests.apigee.auth_service import AuthService, Reply, running, said
from tests.apigee.described import apigee_steps
from tests.apigee.stand_in import Place, opened

pytestmark = pytest.mark.req("7.4")
TENANT = "/tenant/"
DOCUMENT = f"{TENANT.rstrip('/')}{WELL_KNOWN}"


@dataclass
class Login:
    """An auth service with a tenant that signs tokens, and a place whose proxies take them."""

    service: AuthService
    place: Place
    key: rsa.RSAPrivateKey

    @property
    def issuer(self) -> str:
        return f"{self.service.url}{TENANT}"

    def publish(self, path: str = "/keys") -> None:
        """Put the key at a path, and say so in the discovery document."""
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key()))
        self.service.pages[path] = said({"keys": [{**public, "kid": "one", "alg": "RS256", "use": "sig"}]})
        self.service.pages[DOCUMENT] = said({"issuer": self.issuer, "jwks_uri": f"{self.service.url}{path}"})

    def token(self, **changes: Any) -> str:
        claims = {"iss": self.issuer, "aud": "sentiment", "scope": "predict", "exp": int(time.time()) + 600, **changes}
        return jwt.encode(claims, self.key, "RS256", {"kid": "one"})

    def deployment(self) -> Deployment:
        auth = {"issuer": self.issuer, "audience": "sentiment", "apiKey": False}
        return self.place.deployment({"expose": {"auth": auth}})

    def ask(self, token: str) -> int:
        url = self.deployment().known_outputs("Apigee::Deployment/probe-local")["Url"]
        headers = {"Authorization": f"Bearer {token}"}
        return requests.post(str(url), json={"instances": [1]}, headers=headers, timeout=10).status_code


@pytest.fixture(scope="module")
def login(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    folder = tmp_path_factory.mktemp("login")
    bundle = str(server_certificate(folder / "tls").bundle)
    with pytest.MonkeyPatch.context() as patch, running(folder / "tls") as service:
        patch.setenv("SSL_CERT_FILE", bundle)
        patch.setenv("REQUESTS_CA_BUNDLE", bundle)
        with opened(folder / "place") as place:
            yield Login(service, place, rsa.generate_private_key(65537, 2048))


@pytest.fixture
def found(login: Login) -> Login:
    """The same, with a good document."""
    login.publish()
    return login


def test_the_address_of_the_keys_is_what_the_document_says(found: Login) -> None:
    assert OpenIdDiscovery().jwks_uri(found.issuer) == f"{found.service.url}/keys"


BAD = {
    "no page": lambda login: (Reply(status=404), "answered 404"),
    "elsewhere": lambda login: (Reply(status=302), "answered 302"),
    "broken": lambda login: (Reply(breaks=True), "cannot be read"),
    "a page": lambda login: (Reply(body=b"<html>"), "is no JSON object"),
    "a list": lambda login: (said([]), "is no JSON object"),
    "deep": lambda login: (Reply(body=b"[" * 200_000), "is no JSON object"),
    "large": lambda login: (said({"issuer": login.issuer, "x": "x" * LARGEST_BYTES}), "is no JSON object"),
    "another issuer": lambda login: (said({"issuer": "https://evil.example.com/"}), "is the document of"),
    "no slash": lambda login: (said({"issuer": login.issuer.rstrip("/")}), "is the document of"),
    "no keys": lambda login: (said({"issuer": login.issuer}), "names no keys"),
    "keys by http": lambda login: (said({"issuer": login.issuer, "jwks_uri": "http://a.example/k"}), "names no keys"),
    "keys in a variable": lambda login: (
        said({"issuer": login.issuer, "jwks_uri": "https://a.example/{private.origin.key}"}),
        "names no keys",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_document_is_refused_with_its_address(login: Login, name: str) -> None:
    login.service.pages[DOCUMENT], reason = BAD[name](login)

    with pytest.raises(DeployError) as caught:
        OpenIdDiscovery().jwks_uri(login.issuer)

    assert f"{login.service.url}{DOCUMENT}" in caught.value.message
    assert reason in caught.value.message
    assert caught.value.hint


def test_describing_a_release_asks_nobody(login: Login) -> None:
    auth = {"issuer": "https://login.invalid/"}
    steps = {step.kind: step for step in apigee_steps(login.place.folder, {"expose": {"auth": auth}})}

    assert any(ref.key == "JwksUri" for ref in steps["Apigee::Revision"].refs())


def test_a_plan_shows_the_keys_and_the_proxy_checks_with_them(found: Login) -> None:
    assert f"(keys at {found.service.url}/keys)" in plan_text(found.deployment().plan())

    found.deployment().run()

    assert found.ask(found.token()) == 200
    assert found.ask(found.token(aud="other")) == 401
    assert found.deployment().plan().mutations == ()


@pytest.mark.full
def test_keys_that_have_moved_need_another_revision(found: Login) -> None:
    found.deployment().run()
    found.publish("/moved")

    changed = {change.step.kind for change in found.deployment().plan().mutations}

    assert "Apigee::Revision" in changed
    found.deployment().run()
    del found.service.pages["/keys"]
    assert found.ask(found.token()) == 200
    assert found.deployment().plan().mutations == ()


@pytest.mark.full
def test_an_issuer_that_is_down_stops_the_run_and_not_the_service_nor_its_end(found: Login) -> None:
    found.deployment().run()
    assert found.ask(found.token()) == 200
    del found.service.pages[DOCUMENT]

    assert "a run would stop here" in plan_text(found.deployment().plan())
    with pytest.raises(DeployError, match="answered 404"):
        found.deployment().run()
    assert found.ask(found.token()) == 200, "what was deployed serves"

    found.deployment().destroy()
    assert not any(found.place.everything().values())
