"""A request that the service should answer, and the same request in other sizes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mldeploy.model import JSON

JSON_TYPES = ("application/json", "application/jsonlines")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A body and its media type. `known` is false for a guess, which the service may well refuse."""

    body: bytes = b"{}"
    content_type: str = "application/json"
    known: bool = True

    @property
    def is_json(self) -> bool:
        """Whether the body is declared to be JSON."""
        return self.content_type.partition(";")[0].strip() in JSON_TYPES

    @property
    def headers(self) -> Mapping[str, str]:
        """What SageMaker passes on with a body."""
        return {"Content-Type": self.content_type, "Accept": "application/json" if self.is_json else "*/*"}

    def padded(self, size: int) -> bytes:
        """Return the body in exactly `size` bytes; JSON keeps its meaning, since white space may follow a value."""
        if size <= len(self.body):
            return self.body[:size]
        if self.is_json:
            return self.body + b" " * (size - len(self.body))
        return (self.body * (size // max(1, len(self.body)) + 1))[:size]


GUESS = Example(known=False)
"""What is sent when no example was given."""


def example_of(request: Mapping[str, JSON]) -> Example:
    """Return a request of `verify.requests` in release.yaml as an example."""
    body = request["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    return Example(body=text.encode(), content_type=request.get("contentType", "application/json"))
