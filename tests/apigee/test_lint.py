"""Apigee's own linter finds nothing in any bundle: no error and no warning."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.apigee.described import bundle_of
from tests.installation import ROOT

pytestmark = pytest.mark.full  # `make check` runs all of this file
LINTER = ROOT / ".cache" / "apigeelint" / "node_modules" / ".bin" / "apigeelint"
OWN = {"issuer": "https://login.example.com/", "audience": "a & b", "jwksUri": "https://login.example.com/keys?a=1&b=2"}
ASKED = {
    "introspection": {
        "endpoint": "https://login.example.com/introspect?a=1&b=2",
        "clientId": "gateway",
        "clientSecret": "secretsmanager:login/gateway",
    }
}
PAGES = {"allowOrigins": ["https://app.example.com", "https://other.example.com:8443"], "maxAgeSeconds": 0}
LOGGED = {"apigee": {"serviceAccount": "proxies@my-company-apis.iam.gserviceaccount.com"}}
EXPOSED: dict[str, dict[str, Any]] = {
    "plain": {},
    "open": {"auth": {"apiKey": False, "jwt": False}},
    "key only": {"auth": {"jwt": False}},
    "token only": {"auth": {"apiKey": False}},
    "own issuer": {"auth": OWN},
    "own issuer, no key": {"auth": {**OWN, "apiKey": False}},
    "introspection": {"auth": ASKED},
    "introspection of much": {"auth": {**ASKED, "issuer": OWN["issuer"], "audience": "api.one"}, "quota": {"limit": 5}},
    "introspection, no key, no memory": {
        "auth": {"apiKey": False, "introspection": {**ASKED["introspection"], "cacheSeconds": 0}}
    },
    "introspection, pages": {"auth": ASKED, "cors": PAGES},
    "scopes": {"auth": {"scopes": ["predict", "v1.admin", "team:read"]}},
    "quota per day": {"quota": {"limit": 1}},
    "quota per week": {"quota": {"limit": 10, "period": "week"}},
    "quota per month": {"quota": {"limit": 1_000_000, "period": "month"}},
    "slow": {"rate": {"perSecond": 0.5}},
    "uneven": {"rate": {"perSecond": 1.5}},
    "fast": {"rate": {"perSecond": 10_000}},
    "one page": {"cors": {"allowOrigins": ["https://app.example.com"]}},
    "pages": {"cors": PAGES},
    "pages, open": {"cors": PAGES, "auth": {"apiKey": False, "jwt": False}},
    "pages, own issuer": {"cors": PAGES, "auth": OWN, "quota": {"limit": 5}},
    "short": {"timeoutSeconds": 3},
    "small": {"maxBodyBytes": 1},
    "headers": {"answerHeaders": {"X-Frame-Options": "DENY", "X-Odd": "<a> & b"}},
    "no headers": {"answerHeaders": {}},
}
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    **{name: {"expose": expose} for name, expose in EXPOSED.items()},
    "logged": {**LOGGED, "expose": {"accessLogs": {"enabled": True}}},
    "path": {"apigee": {"basePath": "/a/b.c/d~e", "bodyLimits": {"containerDepth": 3}}},
    "function": {"cache": {"enabled": True}},
}
CHOSEN = {
    "any page": ({"cors": {"allowOrigins": ["*"]}}, "wildcard for AllowOrigins"),
    "many scopes": ({"auth": {"scopes": [f"scope.{number}:read" for number in range(30)]}}, "Overly long condition"),
}
"""What a user may want all the same, and what the linter thinks of it."""


@pytest.fixture(scope="module")
def linter() -> Path:
    if not LINTER.exists() or shutil.which("node") is None:
        pytest.skip("apigeelint is not installed: `make apigeelint` does that where npm is")
    return LINTER


@pytest.mark.req("7.1")
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_the_linter_finds_nothing(linter: Path, tmp_path: Path, name: str) -> None:
    assert _findings(linter, tmp_path, bundle_of(tmp_path, CONFIGURATIONS[name])) == []


@pytest.mark.parametrize("name", CHOSEN)
def test_the_linter_finds_only_what_somebody_chose(linter: Path, tmp_path: Path, name: str) -> None:
    expose, said = CHOSEN[name]

    (finding,) = _findings(linter, tmp_path, bundle_of(tmp_path, {"expose": expose}))

    assert said in finding


def test_the_linter_finds_what_is_broken(linter: Path, tmp_path: Path) -> None:
    files = bundle_of(tmp_path, {})
    del files["apiproxy/policies/VerifyJWT-Token.xml"]

    assert _findings(linter, tmp_path, files)


def _findings(linter: Path, folder: Path, files: dict[str, bytes]) -> list[str]:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    command = [str(linter), "-s", str(folder / "apiproxy"), "--profile", "apigeex", "-f", "json.js"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    reports = json.loads(done.stdout)
    return [f"{Path(report['filePath']).name}: {item['message']}" for report in reports for item in report["messages"]]
