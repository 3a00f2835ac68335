"""Opaque tokens: the deployed proxy asks an auth service, and whatever that says or does not, only good ones get in."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from mldeploy.errors import DeployError
from mldeploy_apigee.bundle.introspection import CREDENTIALS_ENTRY
from mldeploy_sandbox.clock import Clock
from mldeploy_sandbox.tls_authority import server_certificate
from tests.apigee.auth_service import AuthService, Reply, running, said
from tests.apigee.stand_in import Place, opened

pytestmark = pytest.mark.req("7.4")
ISSUER, AUDIENCE, SCOPE = "https://login.example.com/", "api.sentiment", "predict"
MAP = "organizations/local/environments/local/keyvaluemaps/mldeploy-probe-local/entries"


def claims(**changes: Any) -> dict[str, Any]:
    """Return what the service says of a good token, with changes; None leaves a claim out."""
    good = {"active": True, "iss": ISSUER, "aud": AUDIENCE, "scope": f"openid {SCOPE}", "exp": int(time.time()) + 900}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def later(seconds: int) -> int:
    return int(time.time()) + seconds


GOOD = {
    "plain": lambda: said(claims()),
    "audience-in-a-list": lambda: said(claims(aud=["other", AUDIENCE])),
    "only-audience-of-a-list": lambda: said(claims(aud=[AUDIENCE])),
    "one-scope": lambda: said(claims(scope=SCOPE)),
    "with-charset": lambda: said(claims(), content_type="application/json; charset=utf-8"),
    "with-much-else": lambda: said(claims(sub="x" * 4000, extra={"active": False})),
    "odd.characters~of+a/token==": lambda: said(claims()),
}
BAD = {
    "inactive": lambda: (401, said({"active": False})),
    "inactive-with-claims": lambda: (401, said(claims(active=False))),
    "inactive-as-text": lambda: (401, said(claims(active="false"))),
    "active-is-missing": lambda: (401, said(claims(active=None))),
    "active-is-a-number": lambda: (401, said(claims(active=1))),
    "active-is-a-list": lambda: (401, said(claims(active=[True]))),
    "active-deeper": lambda: (401, said({"data": claims()})),
    "another-issuer": lambda: (401, said(claims(iss="https://evil.example.com/"))),
    "issuer-and-more": lambda: (401, said(claims(iss=f"{ISSUER}evil"))),
    "issuer-without-slash": lambda: (401, said(claims(iss=ISSUER.rstrip("/")))),
    "no-issuer": lambda: (401, said(claims(iss=None))),
    "another-audience": lambda: (401, said(claims(aud="other"))),
    "audience-and-more": lambda: (401, said(claims(aud=f"{AUDIENCE}.evil"))),
    "audience-with-any-dot": lambda: (401, said(claims(aud="apiXsentiment"))),
    "audience-of-others": lambda: (401, said(claims(aud=["a", "b"]))),
    "audience-inside-another": lambda: (401, said(claims(aud=[f"x,{AUDIENCE},y", f"x {AUDIENCE} y"]))),
    "audience-in-quotes-inside-another": lambda: (401, said(claims(aud=[f'x","{AUDIENCE}","y', "z"]))),
    "audience-is-an-object": lambda: (401, said(claims(aud={"a": AUDIENCE}))),
    "empty-audience": lambda: (401, said(claims(aud=[]))),
    "no-audience": lambda: (401, said(claims(aud=None))),
    "expired": lambda: (401, said(claims(exp=later(-1)))),
    "expired-long-ago": lambda: (401, said(claims(exp=100_000_001))),
    "no-end": lambda: (401, said(claims(exp=None))),
    "end-is-text": lambda: (401, said(claims(exp="never"))),
    "end-is-negative": lambda: (401, said(claims(exp=-later(900)))),
    "end-in-milliseconds-ago": lambda: (401, said(claims(exp=later(-900) * 1000))),
    "end-is-huge": lambda: (401, said(claims(exp=10**40))),
    "another-scope": lambda: (403, said(claims(scope="openid admin"))),
    "scope-and-more": lambda: (403, said(claims(scope=f"{SCOPE}ions un{SCOPE}"))),
    "scope-in-another-case": lambda: (403, said(claims(scope=SCOPE.upper()))),
    "empty-scope": lambda: (403, said(claims(scope=""))),
    "no-scope": lambda: (403, said(claims(scope=None))),
    "scopes-as-a-list": lambda: (403, said(claims(scope=[SCOPE]))),
    "a-list": lambda: (401, said([claims()])),
    "a-word": lambda: (401, said("active")),
    "nothing": lambda: (401, Reply()),
    "a-page": lambda: (401, Reply(body=b"<html>active: true</html>", content_type="text/html")),
    "json-as-text": lambda: (401, said(claims(), content_type="text/plain")),
    "half-of-the-json": lambda: (503, Reply(body=json.dumps(claims()).encode()[:-1])),
    "no-json": lambda: (503, Reply(body=b"\xff\xfe\x00active")),
    "deep-json": lambda: (503, Reply(body=b"[" * 200_000)),
    "service-refuses-us": lambda: (503, said(claims(), status=401)),
    "service-fails": lambda: (503, said(claims(), status=500)),
    "service-is-not-there": lambda: (503, said(claims(), status=404)),
    "service-sends-elsewhere": lambda: (401, Reply(status=302)),
    "service-breaks-off": lambda: (503, Reply(breaks=True)),
    "service-is-slow": lambda: (503, Reply(hangs=True)),
}
"""Token → the status that its caller gets, and what the auth service answers."""
HEADERS = {
    "none": {},
    "empty": {"Authorization": ""},
    "no scheme": {"Authorization": "plain"},
    "no token": {"Authorization": "Bearer "},
    "basic": {"Authorization": "Basic cGxhaW46cGxhaW4="},
    "two tokens": {"Authorization": "Bearer plain plain"},
    "a list": {"Authorization": "Bearer plain,plain"},
    "quotes": {"Authorization": 'Bearer "plain"'},
    "a form inside": {"Authorization": "Bearer inactive&token=plain"},
    "a variable": {"Authorization": "Bearer {private.introspection.credentials}"},
    "long": {"Authorization": f"Bearer {'x' * 8001}"},
    "in another header": {"X-Authorization": "Bearer plain"},
}


def released(address: str, **introspection: Any) -> dict[str, Any]:
    auth = {
        "apiKey": False,
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "introspection": {
            "endpoint": address,
            "clientId": "gate way",
            "clientSecret": "secretsmanager:login/gateway",
            "timeoutSeconds": 1,
            **introspection,
        },
    }
    return {"expose": {"auth": auth, "rate": {"perSecond": 10_000}}}


class Guarded:
    """A proxy in front of an echo, and the auth service that it asks."""

    def __init__(self, place: Place, service: AuthService, clock: Clock) -> None:
        self.place, self.service, self.clock = place, service, clock
        self.url = ""

    def deploy(self, address: str = "", **introspection: Any) -> None:
        deployment = self.place.deployment(released(address or self.service.address, **introspection))
        deployment.run()
        self.url = str(deployment.known_outputs("Apigee::Deployment/probe-local")["Url"])

    def ask(self, token: str = "", **headers: str) -> requests.Response:
        shown = {"Authorization": f"Bearer {token}"} if token else {}
        return requests.post(self.url, json={"instances": [1]}, headers={**shown, **headers}, timeout=20)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch, running(folder / "tls") as service:
        patch.setenv("SSL_CERT_FILE", str(server_certificate(folder / "tls").bundle))
        with opened(folder / "place", clock=clock) as place:
            found = Guarded(place, service, clock)
            found.deploy()
            yield found


@pytest.mark.parametrize("token", GOOD)
def test_a_token_that_the_auth_service_vouches_for_gets_in(guarded: Guarded, token: str) -> None:
    guarded.service.replies[token] = GOOD[token]()

    answer = guarded.ask(token)

    assert answer.status_code == 200
    assert "Authorization" not in answer.json()["headers"], "the origin does not see it"


@pytest.mark.parametrize("token", BAD)
def test_every_other_token_is_refused(guarded: Guarded, token: str) -> None:
    status, guarded.service.replies[token] = BAD[token]()

    answers = [guarded.ask(token), guarded.ask(token)]

    assert [answer.status_code for answer in answers] == [status, status], "and no refusal makes the next one a hit"
    assert answers[0].headers["Content-Type"] == "application/problem+json"
    assert answers[0].json()["status"] == status


@pytest.mark.parametrize("name", HEADERS)
def test_what_is_no_bearer_token_is_refused_without_a_question(guarded: Guarded, name: str) -> None:
    guarded.service.replies["plain"] = said(claims())
    before = len(guarded.service.asked)

    assert guarded.ask(**HEADERS[name]).status_code == 401
    assert len(guarded.service.asked) == before


def test_the_auth_service_is_asked_as_the_standard_says(guarded: Guarded) -> None:
    guarded.service.replies["asked+once/=="] = said(claims())
    guarded.ask("asked+once/==")

    form, credentials = guarded.service.asked[-1]
    assert form == {"token": "asked+once/==", "token_type_hint": "access_token"}
    scheme, _, encoded = credentials.partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", "gate+way:the+secret%3A+of+%26+the%2Fgateway")


def test_an_answer_is_remembered_for_a_while_and_no_longer(guarded: Guarded) -> None:
    token, replies = "revoked-soon", guarded.service.replies
    replies[token] = said(claims(exp=later(86_400)))
    assert [guarded.ask(token).status_code for _ in range(3)] == [200] * 3
    assert guarded.service.questions(token) == 1

    replies[token] = said({"active": False})
    assert guarded.ask(token).status_code == 200, "not known yet"
    guarded.clock.advance(61)
    assert guarded.ask(token).status_code == 401


def test_a_remembered_answer_does_not_outlive_the_token(guarded: Guarded) -> None:
    token = "ends-soon"
    guarded.service.replies[token] = said(claims(exp=int(guarded.clock.time()) + 30))
    assert guarded.ask(token).status_code == 200

    guarded.clock.advance(31)

    assert guarded.ask(token).status_code == 401
    assert guarded.service.questions(token) == 1, "no question was needed"


@pytest.mark.full
class TestDeployed:
    """What deployments change; each test deploys what it needs."""

    def test_without_a_memory_every_request_is_a_question(self, guarded: Guarded) -> None:
        guarded.deploy(cacheSeconds=0)
        guarded.service.replies["unremembered"] = said(claims(exp=later(86_400)))

        assert [guarded.ask("unremembered").status_code for _ in range(3)] == [200] * 3
        assert guarded.service.questions("unremembered") == 3

    @pytest.mark.parametrize(
        "address",
        ["https://127.0.0.1:9/introspect", "https://localhost.invalid/introspect"],
        ids=["nobody listens", "no such host"],
    )
    def test_nobody_gets_in_when_the_auth_service_is_down(self, guarded: Guarded, address: str) -> None:
        guarded.deploy(address)
        guarded.service.replies["plain"] = said(claims())

        answer = guarded.ask("plain")

        assert (answer.status_code, answer.json()["detail"]) == (503, "Access tokens cannot be checked now.")

    def test_a_service_with_a_certificate_for_another_name_is_not_asked(self, guarded: Guarded) -> None:
        guarded.deploy(guarded.service.address.replace("127.0.0.1", "127.0.0.2"))
        before = len(guarded.service.asked)

        assert guarded.ask("plain").status_code == 503
        assert len(guarded.service.asked) == before

    def test_a_new_version_of_the_secret_is_seen_and_taken(self, guarded: Guarded) -> None:
        guarded.deploy()
        config = released(guarded.service.address)
        assert guarded.place.changes(config) == {}

        guarded.place.secrets["login/gateway"] = ("v2", "rotated")

        (reason,) = guarded.place.changes(config).values()
        assert "introspection" in reason
        assert "rotated" not in reason
        guarded.deploy()
        assert guarded.place.changes(config) == {}
        entry = guarded.place.apigee().get(f"{MAP}/{CREDENTIALS_ENTRY}")["value"]
        assert base64.b64decode(entry) == b"gate+way:rotated"

    def test_the_credentials_go_when_nobody_is_asked_any_more(self, guarded: Guarded) -> None:
        guarded.deploy()
        key_only = {"expose": {"auth": {"jwt": False}}}
        assert any(kind.startswith("Apigee::KeyValueMap") for kind in guarded.place.changes(key_only))

        guarded.place.deployment(key_only).run()

        left = [entry["name"] for entry in guarded.place.apigee().get(MAP)["keyValueEntries"]]
        assert sorted(left) == ["origin-key", "origin-key-id"]
        assert guarded.place.changes(key_only) == {}

    def test_a_secret_that_is_not_there_stops_the_run_and_says_how_to_make_it(self, guarded: Guarded) -> None:
        with pytest.raises(DeployError) as caught:
            guarded.deploy(clientSecret="secretsmanager:login/forgotten")

        assert "login/forgotten" in caught.value.message
        assert "create-secret" in str(caught.value.hint)


def test_the_secret_stands_in_no_file(guarded: Guarded, tmp_path: Path) -> None:
    guarded.deploy()
    secret = guarded.place.secrets["login/gateway"][1]
    texts = [path.read_text(errors="replace") for path in guarded.place.folder.rglob("*") if path.is_file()]

    assert texts
    assert not any(secret in text or base64.b64encode(secret.encode()).decode() in text for text in texts)
