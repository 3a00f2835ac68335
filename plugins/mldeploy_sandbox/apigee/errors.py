"""Errors of Google's management APIs.

Sources: https://cloud.google.com/apis/design/errors (the JSON form),
https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto (codes and their HTTP status)
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from mldeploy_sandbox.answer import Answer


class Code(Enum):
    """Canonical codes; the value is the HTTP status, with a mark where two codes share one."""

    FAILED_PRECONDITION = (400, "precondition")
    INVALID_ARGUMENT = (400, "argument")
    UNAUTHENTICATED = (401, "")
    PERMISSION_DENIED = (403, "")
    NOT_FOUND = (404, "")
    ALREADY_EXISTS = (409, "")
    RESOURCE_EXHAUSTED = (429, "")
    INTERNAL = (500, "")
    UNIMPLEMENTED = (501, "")
    UNAVAILABLE = (503, "")


class GoogleError(Exception):
    """An answer that is an error.

    Arguments:
        details: messages with an `@type` each.
    """

    def __init__(self, code: Code, message: str, details: Sequence[Mapping[str, Any]] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.status = code.value[0]
        self.message = message
        self.details = details

    def answer(self) -> Answer:
        """Return the error as an HTTP answer."""
        error: dict[str, Any] = {"code": self.status, "message": self.message, "status": self.code.name}
        if self.details:
            error["details"] = list(self.details)
        return json_answer(self.status, {"error": error})


def json_answer(status: int, document: Any) -> Answer:
    """Return a JSON document as an HTTP answer."""
    headers = [("Content-Type", "application/json; charset=UTF-8")]
    return Answer(status=status, headers=headers, body=json.dumps(document, indent=2).encode())


def invalid(*, reason: str) -> GoogleError:
    """Return the error for a request that can never work."""
    return GoogleError(Code.INVALID_ARGUMENT, f"generic::invalid_argument: {reason}")


def not_found(*, resource: str) -> GoogleError:
    """Return the error for a resource that does not exist."""
    return GoogleError(Code.NOT_FOUND, f"generic::not_found: {resource} not found")


def already_exists(*, resource: str) -> GoogleError:
    """Return the error for a name that is taken."""
    return GoogleError(Code.ALREADY_EXISTS, f"generic::already_exists: {resource} already exists")


def failed_precondition(subject: str, kind: str, description: str) -> GoogleError:
    """Return the error for something that the present state forbids, with one violation."""
    violation = {"type": kind, "subject": subject, "description": description}
    details = [{"@type": "type.googleapis.com/google.rpc.PreconditionFailure", "violations": [violation]}]
    return GoogleError(Code.FAILED_PRECONDITION, f"generic::failed_precondition: {description}", details)
