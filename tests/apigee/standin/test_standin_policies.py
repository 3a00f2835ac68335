"""Each policy for itself: what it lets through, what it refuses, and with which of Apigee's codes."""

from __future__ import annotations

import base64
import json
import time

import pytest
import requests
from standin_client import ENVIRONMENT, ISSUER, Apigee
from tests.installation import ROOT

from mldeploy_sandbox.apigee.policies import POLICIES
from mldeploy_sandbox.apigee.shapes import policy

VERIFY = """
    <VerifyJWT name="J"><Algorithm>RS256</Algorithm><PublicKey><JWKS uri="http://{backend}/keys"/></PublicKey>
      <Issuer>{issuer}</Issuer><Audience>api</Audience><TimeAllowance>30s</TimeAllowance>
      <AdditionalClaims><Claim name="use">access</Claim></AdditionalClaims></VerifyJWT>"""


def code(response: requests.Response) -> tuple[int, str]:
    return response.status_code, response.json()["fault"]["detail"]["errorcode"]


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.fixture(scope="module")
def secured(shared_apigee: Apigee) -> str:
    """The URL of a proxy that asks for tokens."""
    shared_apigee.inject("")
    verify = VERIFY.format(backend=shared_apigee.backend, issuer=ISSUER)
    return shared_apigee.serve(policies={"J": verify}, request=["J"])


def since(seconds: int) -> int:
    """Return the time some seconds ago, or to come; when the test asks, not when it was collected."""
    return int(time.time()) - seconds


TOKENS = {
    "FailedToDecode": lambda issuer: "a.b.c",
    "AlgorithmMismatch": lambda issuer: issuer.token(use="access", algorithm="RS384"),
    "NoAlgorithmFoundInHeader": lambda issuer: f"{part({'kid': 'one'})}.{part({})}.AA",
    "KeyIdMissing": lambda issuer: issuer.token(use="access", kid=""),
    "NoMatchingPublicKey": lambda issuer: issuer.token(use="access", kid="two"),
    "InvalidToken": lambda issuer: issuer.token(use="access")[:-8] + "AAAAAAAA",
    "TokenExpired": lambda issuer: issuer.token(use="access", exp=since(60)),
    "TokenNotYetValid": lambda issuer: issuer.token(use="access", nbf=since(-600)),
    "JwtIssuerMismatch": lambda issuer: issuer.token(use="access", iss=f"{ISSUER}.evil.example.com"),
    "JwtAudienceMismatch": lambda issuer: issuer.token(use="access", aud=["other"]),
    "InvalidClaim": lambda issuer: issuer.token(use="id"),
}


@pytest.mark.req("7.2")
@pytest.mark.parametrize("name", TOKENS)
def test_a_bad_token_is_refused_by_its_code(apigee: Apigee, secured: str, name: str) -> None:
    token = TOKENS[name](apigee.issuer)
    answer = requests.get(secured, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert code(answer) == (401, f"steps.jwt.{name}")


@pytest.mark.req("7.2")
def test_good_tokens_get_in_and_keys_are_fetched_once(apigee: Apigee, secured: str) -> None:
    for claims in ({}, {"exp": since(5)}, {"aud": ["x", "api"]}):
        token = apigee.issuer.token(use="access", **claims)
        assert requests.get(secured, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code == 200
    assert apigee.handler.fetched == 1


@pytest.mark.parametrize("header", [{}, {"Authorization": "Basic YTpi"}])
def test_a_request_without_a_token_is_refused(secured: str, header: dict[str, str]) -> None:
    status, name = code(requests.get(secured, headers=header, timeout=10))
    assert (status, name.startswith("steps.jwt.Failed")) == (401, True)


def test_keys_that_cannot_be_had_let_nobody_in(apigee: Apigee) -> None:
    verify = VERIFY.format(backend="127.0.0.1:1", issuer=ISSUER)
    url = apigee.serve(policies={"J": verify}, request=["J"])
    token = apigee.issuer.token(use="access")
    answer = requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert code(answer) == (401, "steps.jwt.UnknownException")


KEY = '<VerifyAPIKey name="K"><APIKey ref="request.header.x-api-key"/></VerifyAPIKey>'
QUOTA = """
    <Quota name="Q"><Identifier ref="verifyapikey.K.client_id"/>
      <Allow count="100" countRef="verifyapikey.K.apiproduct.developer.quota.limit"/>
      <Interval>1</Interval><TimeUnit>day</TimeUnit></Quota>"""


def sell(apigee: Apigee, name: str, proxy: str, **more: object) -> str:
    """Make a product for a proxy and return a key for it."""
    product = {"name": name, "displayName": name, "proxies": [proxy], "environments": ["local"], **more}
    apigee.ok("POST", "apiproducts", product)
    person = {"email": f"{name}@example.com", "firstName": "A", "lastName": "B", "userName": name}
    apigee.ok("POST", "developers", person)
    app = apigee.ok("POST", f"developers/{name}@example.com/apps", {"name": "app", "apiProducts": [name]})
    return app["credentials"][0]["consumerKey"]


@pytest.mark.req("7.3")
def test_a_key_opens_what_its_product_has_as_often_as_it_says(own_apigee: Apigee) -> None:
    url = own_apigee.serve(policies={"K": KEY, "Q": QUOTA}, request=["K", "Q"])
    proxy = url.rpartition("/")[2]
    limits = {"quota": "2", "quotaInterval": "1", "quotaTimeUnit": "day", "apiResources": ["/open/*"]}
    key, other = sell(own_apigee, "two", proxy, **limits), sell(own_apigee, "more", proxy, **limits)

    def ask(value: str, path: str = "/open/x") -> requests.Response:
        return requests.get(url + path, headers={"x-api-key": value} if value else {}, timeout=10)

    assert code(ask("")) == (401, "steps.oauth.v2.FailedToResolveAPIKey")
    assert code(ask("wrong")) == (401, "oauth.v2.InvalidApiKey")
    assert code(ask(key, "/closed")) == (401, "oauth.v2.InvalidApiKeyForGivenResource")
    assert [ask(key).status_code for _ in range(3)] == [200, 200, 429]
    assert code(ask(key)) == (429, "policies.ratelimit.QuotaViolation")
    assert ask(other).status_code == 200, "everybody has a quota of their own"
    own_apigee.clock.advance(86_400)
    own_apigee.log_in()
    assert ask(key).status_code == 200, "a new day"
    own_apigee.ok("POST", f"developers/two@example.com/apps/app/keys/{key}?action=revoke", {})
    assert ask(key).status_code == 401


@pytest.mark.req("7.3")
@pytest.mark.parametrize(("rate", "passing"), [("", 1), ("<UseEffectiveCount>true</UseEffectiveCount>", 5)])
def test_spikes_are_cut_off_for_each_identifier(apigee: Apigee, rate: str, passing: int) -> None:
    policy = f'<SpikeArrest name="S"><Rate>5pm</Rate><Identifier ref="request.header.x-who"/>{rate}</SpikeArrest>'
    url = apigee.serve(policies={"S": policy}, request=["S"])
    answers = [requests.get(url, headers={"x-who": "a"}, timeout=10) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * passing + [429] * (6 - passing)
    assert code(answers[-1]) == (429, "policies.ratelimit.SpikeArrestViolation")
    assert requests.get(url, headers={"x-who": "b"}, timeout=10).status_code == 200


BODIES = {
    "fine": ('{"a": [1, {"b": "four"}]}', True),
    "too deep": ('{"a": [{"b": []}]}', False),
    "endless": ("[" * 100_000, False),
    "too many names": ('{"a": 1, "b": 2, "c": 3}', False),
    "one name too often": ('{"a": 1, "a": 2, "a": 3}', False),
    "long name": ('{"abcdef": 1}', False),
    "long list": ("[1, 2, 3, 4]", False),
    "long text": ('["12345678901"]', False),
    "no JSON": ("{", False),
    "empty": ("", True),
}


@pytest.mark.req("7.5")
def test_json_that_is_too_large_in_any_way_is_refused(apigee: Apigee) -> None:
    policy = """
        <JSONThreatProtection name="T"><ContainerDepth>3</ContainerDepth><ObjectEntryCount>2</ObjectEntryCount>
          <ObjectEntryNameLength>5</ObjectEntryNameLength><ArrayElementCount>3</ArrayElementCount>
          <StringValueLength>10</StringValueLength><Source>request</Source></JSONThreatProtection>"""
    url = apigee.serve(policies={"T": policy}, request=["T"])
    for kind, (body, good) in BODIES.items():
        answer = requests.post(url, data=body, headers={"Content-Type": "application/json; charset=utf-8"}, timeout=10)
        assert (answer.status_code == 200) == good, kind
        if not good:
            assert code(answer) == (500, "steps.jsonthreatprotection.ExecutionFailed")
    assert requests.post(url, data="{", headers={"Content-Type": "text/plain"}, timeout=10).status_code == 200


@pytest.mark.req("7.5")
def test_pages_of_allowed_origins_may_call(apigee: Apigee) -> None:
    policy = """
        <CORS name="C"><AllowOrigins>https://a.example.com, https://b.example.com</AllowOrigins>
          <AllowMethods>POST</AllowMethods><AllowHeaders>x-api-key</AllowHeaders>
          <ExposeHeaders>X-Cache</ExposeHeaders><MaxAge>60</MaxAge></CORS>"""
    url = apigee.serve(policies={"C": policy}, request=["C"])

    def headers(method: str, origin: str, **more: str) -> dict[str, str]:
        answer = requests.request(method, url, headers={"Origin": origin, **more}, timeout=10)
        assert answer.status_code == 200
        kept = {name: value for name, value in answer.headers.items() if name.startswith("Access-Control")}
        return kept | {"backend": answer.headers.get("X-Backend", "no")}

    ask = {"Access-Control-Request-Method": "POST"}
    assert headers("OPTIONS", "https://b.example.com", **ask) == {
        "Access-Control-Allow-Origin": "https://b.example.com",
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "x-api-key",
        "Access-Control-Max-Age": "60",
        "backend": "no",
    }
    assert headers("OPTIONS", "https://evil.example.com", **ask) == {"backend": "no"}
    assert headers("POST", "https://a.example.com") == {
        "Access-Control-Allow-Origin": "https://a.example.com",
        "Access-Control-Expose-Headers": "X-Cache",
        "backend": "yes",
    }
    assert headers("POST", "https://evil.example.com") == {"backend": "yes"}


def test_only_private_variables_take_values_of_maps(apigee: Apigee) -> None:
    read = '<KeyValueMapOperations name="M" mapIdentifier="origin">{0}</KeyValueMapOperations>'
    get = '<Get assignTo="{0}"><Key><Parameter>key</Parameter></Key></Get>'
    header = '<Header name="X-Key">{private.key}</Header>'
    show = f'<AssignMessage name="A"><Set><Headers>{header}</Headers></Set></AssignMessage>'
    apigee.ok("POST", f"{ENVIRONMENT}/keyvaluemaps", {"name": "origin", "maskedValues": True})
    apigee.ok("POST", f"{ENVIRONMENT}/keyvaluemaps/origin/entries", {"name": "key", "value": "hush"})
    policies = {"M": read.format(get.format("private.key")), "A": show}
    url = apigee.serve(policies=policies, target_request=["M", "A"])
    assert requests.get(url, timeout=10).json()["headers"]["X-Key"] == "hush"
    open_url = apigee.serve(policies={"M": read.format(get.format("key"))}, request=["M"])
    assert code(requests.get(open_url, timeout=10)) == (500, "steps.keyvaluemapoperations.SetVariableFailed")


def test_a_raised_fault_has_the_answer_that_it_was_given(apigee: Apigee) -> None:
    policy = """
        <RaiseFault name="R"><FaultResponse><Set><StatusCode>405</StatusCode>
          <Headers><Header name="Allow">POST</Header></Headers>
          <Payload contentType="application/problem+json">{"title": "no"}</Payload></Set></FaultResponse>
        </RaiseFault>"""
    answer = requests.get(apigee.serve(policies={"R": policy}, request=["R"]), timeout=10)
    assert (answer.status_code, answer.headers["Allow"], answer.json()) == (405, "POST", {"title": "no"})
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_page_lists_what_is_carried_out() -> None:
    page = (ROOT / "docs" / "reference" / "apigee-stand-in.md").read_text(encoding="utf-8")
    section = page.partition("## Which policies")[2].partition("\n## ")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    listed = {name.strip(" `"): set(elements.replace("`", "").replace(" ", "").split(",")) for name, elements in rows}
    shared = policy().children.keys()
    assert listed == {name: kind.SHAPE.children.keys() - shared for name, kind in POLICIES.items()}
