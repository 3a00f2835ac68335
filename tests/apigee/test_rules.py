"""What release.yaml may not ask of Apigee, said before anything is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mldeploy.errors import ReleaseError
from tests.apigee.described import problems_of

ISSUER = {"issuer": "https://login.example.com/", "jwksUri": "https://login.example.com/keys"}
ASKED = {
    "endpoint": "https://login.example.com/introspect",
    "clientId": "gateway",
    "clientSecret": "secretsmanager:login/gateway",
}
AUTH = ("expose", "auth")
WAF = "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/a/b"
REFUSED: list[tuple[dict[str, Any], tuple[str, ...], str]] = [
    ({"auth": {"audience": "sentiment"}}, ("expose", "auth", "audience"), "error"),
    ({"auth": {**ISSUER, "audience": "{private.key}"}}, ("expose", "auth", "audience"), "error"),
    ({"auth": {**ISSUER, "users": {"callbackUrls": ["https://a.example"]}}}, ("expose", "auth", "users"), "error"),
    ({"auth": {"introspection": ASKED, "jwksUri": ISSUER["jwksUri"]}}, (*AUTH, "jwksUri"), "error"),
    ({"auth": {"introspection": ASKED, "users": {"callbackUrls": ["https://a.example"]}}}, (*AUTH, "users"), "error"),
    ({"auth": {"introspection": ASKED, "audience": 'a" or "b'}}, (*AUTH, "audience"), "error"),
    ({"auth": {"introspection": ASKED, "issuer": 'https://a/"x'}}, (*AUTH, "issuer"), "error"),
    ({"auth": {"introspection": {**ASKED, "clientId": "{a}"}}}, (*AUTH, "introspection", "clientId"), "error"),
    ({"auth": {"introspection": ASKED, "jwt": False}}, (*AUTH, "introspection"), "error"),
    ({"answerHeaders": {"X-Leak": "{private.origin.key}"}}, ("expose", "answerHeaders", "X-Leak"), "error"),
    ({"rate": {"perSecond": 0.001}}, ("expose", "rate", "perSecond"), "error"),
    ({"rate": {"burst": 10}}, ("expose", "rate", "burst"), "note"),
    ({"quota": {"limit": 10}, "auth": {"apiKey": False}}, ("expose", "quota"), "error"),
    ({"auth": {"apiKey": False, "jwt": False}}, ("expose", "auth"), "warning"),
    ({"waf": WAF}, ("expose", "waf"), "error"),
    ({"accessLogs": {"enabled": True}}, ("expose", "accessLogs"), "warning"),
]


@pytest.mark.parametrize(("expose", "path", "severity"), REFUSED, ids=lambda value: str(value)[:40])
def test_what_a_proxy_cannot_keep_is_said_at_its_place(
    tmp_path: Path, expose: dict[str, Any], path: tuple[str, ...], severity: str
) -> None:
    found = problems_of(tmp_path, {"expose": expose})

    assert [(item.path, item.severity) for item in found] == [(path, severity)]


@pytest.mark.req("7.4", "D2")
@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": "http://login.example.com/introspect"},
        {"clientSecret": "the-secret-itself"},
        {"clientSecret": "env:SECRET"},
        {"clientSecret": "secretsmanager:a b"},
        {"clientId": ""},
        {"cacheSeconds": -1},
        {"cacheSeconds": 86_400},
        {"timeoutSeconds": 0},
        {"unknown": 1},
    ],
    ids=str,
)
def test_introspection_has_a_form_and_no_place_for_secrets(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(ReleaseError) as caught:
        problems_of(tmp_path, {"expose": {"auth": {"introspection": {**ASKED, **change}}}})
    assert {problem.path[:3] for problem in caught.value.problems} == {(*AUTH, "introspection")}
    assert "the-secret-itself" not in str(caught.value)


@pytest.mark.req("7.4")
def test_api_gateway_refuses_what_it_cannot_ask(tmp_path: Path) -> None:
    found = problems_of(tmp_path, {"expose": {"gateway": "api-gateway", "auth": {"introspection": ASKED}}})

    assert [(item.path, item.severity) for item in found] == [((*AUTH, "introspection"), "error")]


@pytest.mark.parametrize(
    "apigee",
    [
        {"organization": "UPPER"},
        {"environment": "a/../b"},
        {"hostname": "https://api.example.com"},
        {"basePath": "/a/<b>"},
        {"basePath": "no-slash"},
        {"basePath": "/a/"},
        {"serviceAccount": "somebody@example.com"},
        {"readySeconds": 1},
        {"originAllowedCidrs": []},
        {"originAllowedCidrs": ["203.0.113.7"]},
        {"originAllowedCidrs": ["everywhere/0"]},
        {"bodyLimits": {"containerDepth": 0}},
        {"unknown": 1},
    ],
    ids=str,
)
def test_places_have_a_form(tmp_path: Path, apigee: dict[str, Any]) -> None:
    with pytest.raises(ReleaseError) as caught:
        problems_of(tmp_path, {"apigee": apigee})
    assert next(iter(caught.value.problems)).path[0] == "apigee"


@pytest.mark.parametrize(("env", "missing"), [("prod", ["organization"]), ("qa", ["organization", "environment"])])
def test_a_real_environment_has_to_say_where_the_proxy_goes(tmp_path: Path, env: str, missing: list[str]) -> None:
    config = {"expose": {"accessLogs": {"enabled": False}}, "apigee": {"originAllowedCidrs": ["203.0.113.7/32"]}}
    found = problems_of(tmp_path, config, env)

    assert [(item.path, item.severity) for item in found] == [(("apigee", key), "incomplete") for key in missing]
    assert f"environments.{env}" in found[0].hint


@pytest.mark.parametrize(
    ("cidrs", "expected"),
    [
        (None, [((), "warning")]),
        (["203.0.113.7/32", "2001:db8::/64"], []),
        (["203.0.113.7/32", "0.0.0.0/0"], [((), "warning")]),
        (["203.0.113.7/32", "203.0.113.7/24"], [((1,), "error")]),
        (["203.0.113.700/32"], [((0,), "error")]),
        (["203.0.113.7/33"], [((0,), "error")]),
    ],
    ids=str,
)
def test_an_origin_that_anybody_can_reach_is_warned_of(
    tmp_path: Path, cidrs: list[str] | None, expected: list[tuple[tuple[Any, ...], str]]
) -> None:
    place = {"organization": "my-company-apis", **({"originAllowedCidrs": cidrs} if cidrs else {})}
    found = problems_of(tmp_path, {"expose": {"accessLogs": {"enabled": False}}, "apigee": place}, "prod")

    path = ("apigee", "originAllowedCidrs")
    assert [(item.path, item.severity) for item in found] == [((*path, *rest), kind) for rest, kind in expected]
