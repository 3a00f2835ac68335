"""Errors as the API server gives them: a `Status` object.

https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md#response-status-kind
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One of several reasons of an error; `field` is a path such as `spec.selector`."""

    reason: str
    message: str
    field: str


class ApiError(Exception):
    """An error answer: HTTP status, reason and message, and the object that it is about."""

    def __init__(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        group: str = "",
        kind: str = "",
        name: str = "",
        causes: Sequence[Cause] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self._about = {"name": name, "group": group, "kind": kind}
        self._causes = causes

    def status(self) -> dict[str, Any]:
        """Return the `Status` object."""
        details: dict[str, Any] = {key: value for key, value in self._about.items() if value}
        if self._causes:
            details["causes"] = [
                {"reason": cause.reason, "message": cause.message, "field": cause.field} for cause in self._causes
            ]
        document: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "code": self.code,
        }
        return document | ({"reason": self.reason} if self.reason else {}) | ({"details": details} if details else {})


def bad_request(message: str) -> ApiError:
    """Return the error for a request that cannot be understood."""
    return ApiError(400, "BadRequest", message)


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> ApiError:
    """Return the error for an object whose values are not allowed."""
    whole = f"{kind}.{group}" if group else kind
    texts = [f"{cause.field}: {cause.message}" for cause in causes]
    listed = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
    message = f'{whole} "{name}" is invalid: {listed}'
    return ApiError(422, "Invalid", message, group=group, kind=kind, name=name, causes=causes)
