"""Requests that both gateways get: tokens, keys, methods, paths, bodies, sizes, origins."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.forgeries import FORGERIES, Forger

ALLOWED = ("https://a.example.com", "https://b.example.com")
ORIGINS = (*ALLOWED, "https://evil.example.com", "http://a.example.com", "https://a.example.com.evil.example", "null")
MAX_BODY_BYTES = 200_000
GOOD = json.dumps({"instances": [1]}).encode()
KEY, TOKEN = "x-api-key", "authorization"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request: good credentials and content type, `changes` of headers (None leaves one out)."""

    name: str
    method: str = "POST"
    path: str = "/predict"
    body: bytes = GOOD
    changes: Mapping[str, str | None] = field(default_factory=dict)

    def headers(self, credentials: Mapping[str, str]) -> dict[str, str]:
        """Return the headers with a gateway's credentials."""
        headers: dict[str, str | None] = {"content-type": "application/json", **credentials, **self.changes}
        return {name: value for name, value in headers.items() if value is not None}


def corpus(forger: Forger) -> list[Case]:
    """Return all cases; their names are different."""
    cases = [*_tokens(forger), *_keys(), *_methods(), *_paths(), *_bodies(), *_origins()]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def _tokens(forger: Forger) -> Iterator[Case]:
    for kind, forge in FORGERIES.items():
        yield Case(name=f"token: {kind}", changes={TOKEN: f"Bearer {forge(forger)}"})
    good = forger.token
    written = {
        "none": None,
        "empty": "",
        "no token after the scheme": "Bearer ",
        "another scheme": f"Basic {good}",
        "scheme in small letters": f"bearer {good}",
        "scheme in capitals": f"BEARER {good}",
        "no scheme": good,
        "two blanks": f"Bearer  {good}",
    }
    for kind, value in written.items():
        yield Case(name=f"header: {kind}", changes={TOKEN: value})
    yield Case(name="token in the query", path=f"/predict?access_token={good}", changes={TOKEN: None})


def _keys() -> Iterator[Case]:
    kinds: dict[str, str | None] = {
        "none": None,
        "empty": "",
        "wrong": "wrong",
        "long": "k" * 3000,
        "star": "*",
        "quoted": '"key"',
        "SQL": "' or 1=1 --",
        "template": "{private.origin.key}",
    }
    for kind, value in kinds.items():
        yield Case(name=f"key: {kind}", changes={KEY: value})
        yield Case(name=f"key: {kind}, and a bad token", changes={KEY: value, TOKEN: "Bearer a.b.c"})
    yield Case(name="key in the query", path="/predict?x-api-key=wrong&apikey=wrong", changes={KEY: None})


def _methods() -> Iterator[Case]:
    for method in ("GET", "PUT", "PATCH", "DELETE", "HEAD", "POST"):
        yield Case(name=f"method: {method}", method=method)
        yield Case(name=f"method: {method}, nobody", method=method, changes={KEY: None, TOKEN: None})


def _paths() -> Iterator[Case]:
    for path in ("", "/", "/predict/", "/predict/x", "/PREDICT", "/invocations", "/ping", "/docs", "/predict%2F", "/x"):
        yield Case(name=f"path: '{path}'", path=path)
        yield Case(name=f"path: '{path}', nobody", path=path, changes={KEY: None, TOKEN: None})
    for query in ("?a=1", "?a=1&a=2", "?a=%20b", "?"):
        yield Case(name=f"query: {query}", path=f"/predict{query}")


def _bodies() -> Iterator[Case]:
    bodies: dict[str, bytes] = {
        "list": b"[1]",
        "number": b"1",
        "text": b'"text"',
        "null": b"null",
        "nothing": b"",
        "blanks": b"  ",
        "nonsense": b"nonsense",
        "cut off": b'{"instances": [1',
        "no UTF-8": b'{"instances": ["\xff"]}',
        "other names": b'{"a": {"b": [1, 2.5, null, true]}}',
        "a name twice": b'{"instances": [1], "instances": [2]}',
        "large number": b'{"instances": [1e999]}',
        "unicode": '{"instances": ["\N{SNOWMAN} \N{HEBREW LETTER ALEF}"]}'.encode(),
        "deep": b'{"a":' * 200 + b"1" + b"}" * 200,
        "very deep": b"[" * 20_000,
        "many names": json.dumps({str(number): 1 for number in range(10_001)}).encode(),
        "just small enough": _of_size(MAX_BODY_BYTES),
        "too large": _of_size(MAX_BODY_BYTES + 1),
        "far too large": _of_size(11 * 1024 * 1024),
    }
    for kind, body in bodies.items():
        yield Case(name=f"body: {kind}", body=body)
    for media_type in (
        "text/plain",
        "text/csv",
        "application/xml",
        "application/json; charset=utf-8",
        "APPLICATION/JSON",
    ):
        yield Case(name=f"type: {media_type}", changes={"content-type": media_type})
        yield Case(name=f"type: {media_type}, nonsense", body=b"nonsense", changes={"content-type": media_type})
    yield Case(name="type: none", changes={"content-type": None})
    for accept in ("application/json", "text/csv", "*/*"):
        yield Case(name=f"accept: {accept}", changes={"accept": accept})


def _origins() -> Iterator[Case]:
    for origin in ORIGINS:
        yield Case(name=f"origin: {origin}", changes={"origin": origin})
        yield Case(name=f"origin: {origin}, bad token", changes={"origin": origin, TOKEN: "Bearer a.b.c"})
        yield Case(name=f"origin: {origin}, bad key", changes={"origin": origin, KEY: "wrong"})
        yield Case(name=f"origin: {origin}, bad body", body=b"[1]", changes={"origin": origin})
        yield _preflight(f"preflight: {origin}", origin=origin)
    ask: dict[str, Any] = {"origin": ALLOWED[0]}
    yield _preflight("preflight: PUT", **ask, method="PUT")
    yield _preflight("preflight: odd header", **ask, headers="x-odd")
    yield _preflight("preflight: another path", **ask, path="/x")
    nobody: dict[str, str | None] = {KEY: None, TOKEN: None, "content-type": None}
    yield Case(name="OPTIONS without an origin", method="OPTIONS", body=b"", changes=nobody)
    yield Case(
        name="OPTIONS without a method to ask for", method="OPTIONS", body=b"", changes={**nobody, "origin": ALLOWED[0]}
    )


def _preflight(
    name: str, *, origin: str, method: str = "POST", headers: str = "x-api-key", path: str = "/predict"
) -> Case:
    """Return what a browser asks before a request; it sends no credentials then."""
    asked = {"origin": origin, "access-control-request-method": method, "access-control-request-headers": headers}
    nobody = {KEY: None, TOKEN: None, "content-type": None}
    return Case(name=name, method="OPTIONS", path=path, body=b"", changes={**nobody, **asked})


def _of_size(size: int) -> bytes:
    """Return a good body of so many bytes."""
    frame = len(b'{"instances": [""]}')
    return b'{"instances": ["' + b"a" * (size - frame) + b'"]}'
