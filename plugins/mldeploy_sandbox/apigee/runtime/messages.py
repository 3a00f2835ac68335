"""HTTP messages as flow variables see them.

Source: https://cloud.google.com/apigee/docs/api-platform/reference/variables-reference
"""

from __future__ import annotations

from collections.abc import Iterable
from http.client import responses
from urllib.parse import parse_qsl, urlencode

from werkzeug.datastructures import Headers, MultiDict


class Message:
    """A request, a response or an error; everything in it may change on the way.

    - `uri`: path and query as the caller sent them.
    """

    def __init__(
        self,
        *,
        verb: str = "",
        uri: str = "",
        status: int = 0,
        headers: Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        self.verb = verb
        self.uri = uri
        self.status = status
        self.reason = responses.get(status, "")
        self.headers = Headers(list(headers))
        self.body = body
        path, _, query = uri.partition("?")
        self.path = path
        self.query = MultiDict(parse_qsl(query, keep_blank_values=True))

    def read(self, name: str) -> str | None:
        """Return a part such as `header.content-type`, `queryparam.a`, `verb` or `status.code`."""
        kind, _, rest = name.partition(".")
        if kind == "header" and rest:
            return self.headers.get(rest.removesuffix(".values.string"))
        if kind == "queryparam" and rest:
            return self.query.get(rest)
        parts = {
            "verb": self.verb,
            "uri": self.uri,
            "path": self.path,
            "querystring": urlencode(list(self.query.items(multi=True))),
            "content": self.body.decode(errors="replace"),
            "status.code": str(self.status) if self.status else "",
            "reason.phrase": self.reason,
            "headers.count": str(len(self.headers)),
            "queryparams.count": str(len(self.query)),
            "version": "1.1",
        }
        return parts.get(name) or None

    def write(self, name: str, value: str) -> bool:
        """Change a part; tell whether there is one of this name."""
        kind, _, rest = name.partition(".")
        if kind == "header" and rest:
            self.headers.set(rest, value)
        elif kind == "queryparam" and rest:
            self.query[rest] = value
        elif name == "content":
            self.body = value.encode()
        elif name == "verb":
            self.verb = value
        elif name == "path":
            self.path = value
        elif name == "status.code":
            self.status = int(value)
        elif name == "reason.phrase":
            self.reason = value
        else:
            return False
        return True
