"""The part of GitHub's REST API that the action uses, on a loopback port."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LONGEST_BODY = 65_536
PER_PAGE = 30
PATH = re.compile(r"/repos/(?P<repository>[^/]+/[^/]+)/issues/(?:(?P<number>\d+)/)?comments(?:/(?P<id>\d+))?")


@dataclass
class GithubApi:
    """Comments of pull requests in memory; `login` is the account of the token, or None for an installation's token."""

    comments: list[dict[str, Any]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    calls: list[str] = field(default_factory=list)
    login: str | None = None
    writable: bool = True

    def add(self, body: str, *, login: str = "github-actions[bot]", kind: str = "Bot") -> dict[str, Any]:
        comment = {"id": 1000 + len(self.comments), "body": body, "user": {"login": login, "type": kind}}
        self.comments.append(comment)
        return comment

    def __enter__(self) -> GithubApi:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, body: Any, token: str) -> tuple[int, Any, dict[str, str]]:
        """Return status, document and headers."""
        self.calls.append(f"{method} {target}")
        self.tokens.add(token)
        parts = urlsplit(target)
        if parts.path == "/user":
            denied = {"message": "Resource not accessible by integration"}
            return (200, {"login": self.login}, {}) if self.login else (403, denied, {})
        found = PATH.fullmatch(parts.path)
        if found is None:
            return 404, {"message": "Not Found"}, {}
        if method == "GET":
            return self._page(parts.path, parse_qs(parts.query))
        if not self.writable:
            return 403, {"message": "Resource not accessible by integration"}, {}
        if len(body["body"]) > LONGEST_BODY:
            return 422, {"message": "Body is too long (maximum is 65536 characters)"}, {}
        if method == "POST":
            comment = self.add(body["body"])
        else:
            comment = next(one for one in self.comments if one["id"] == int(found["id"]))
            comment["body"] = body["body"]
        return 201, comment | {"html_url": f"https://github.com/someone/reviews/pull/7#{comment['id']}"}, {}

    def _page(self, path: str, query: dict[str, list[str]]) -> tuple[int, Any, dict[str, str]]:
        """Return a page of at most 30, though more were asked for: whoever counts on the size misses the rest."""
        page = int(query.get("page", ["1"])[0])
        shown = self.comments[(page - 1) * PER_PAGE : page * PER_PAGE]
        more = len(self.comments) > page * PER_PAGE
        return 200, shown, {"Link": f'<{self.url}{path}?page={page + 1}>; rel="next"'} if more else {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        api = self

        class Handler(BaseHTTPRequestHandler):
            def handle_any(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                token = self.headers.get("Authorization", "").removeprefix("Bearer ")
                body = json.loads(content) if content else None
                status, document, headers = api.answer(self.command, self.path, body, token)
                payload = json.dumps(document).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(payload))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(payload)

            do_GET = do_POST = do_PATCH = handle_any  # noqa: N815 - names of the standard library

            def log_message(self, *_arguments: object) -> None:
                """Say nothing."""

        return Handler
