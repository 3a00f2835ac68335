"""The sandbox's own pages: health, status, inventory, calls, keep, shutdown; each needs the token."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qs

from mldeploy_sandbox.answer import Answer

ADMIN_PATH = "/_sandbox"
TOKEN_HEADER = "X-Sandbox-Token"  # noqa: S105 - a header's name

Page = Callable[[Mapping[str, str]], Any]
"""Takes the values of the query, or of a form that was posted, and returns JSON data. A ValueError is answered 400."""


class Admin:
    """A WSGI application; GET pages read, POST pages change."""

    def __init__(self, token: str, reading: Mapping[str, Page], changing: Mapping[str, Page]) -> None:
        self._token = token
        self._pages = {("GET", name): page for name, page in reading.items()}
        self._pages |= {("POST", name): page for name, page in changing.items()}

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request; a wrong token gives 403 and says nothing else."""
        token = str(environ.get("HTTP_X_SANDBOX_TOKEN", ""))
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return _json(403, {"error": "the sandbox token is missing or wrong"}).send(start_response)
        name = environ["PATH_INFO"].removeprefix(f"{ADMIN_PATH}/")
        page = self._pages.get((environ["REQUEST_METHOD"], name))
        if page is None:
            return _json(404, {"error": f"no page {name}"}).send(start_response)
        try:
            return _json(200, page(_values(environ))).send(start_response)
        except ValueError as error:
            return _json(400, {"error": str(error)}).send(start_response)


def _values(environ: Mapping[str, Any]) -> dict[str, str]:
    text = environ.get("QUERY_STRING", "")
    if environ["REQUEST_METHOD"] == "POST":
        text = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    return {key: values[-1] for key, values in parse_qs(text).items()}


def _json(status: int, document: Any) -> Answer:
    body = json.dumps(document).encode()
    return Answer(status=status, headers=[("Content-Type", "application/json")], body=body)
